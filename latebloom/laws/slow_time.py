"""The slow time of generalization: t2 = s2/(alpha beta), and its first correction in beta."""

from functools import lru_cache

import numpy as np

from latebloom.experiment.experiment import MAX_STEPS, Experiment
from latebloom.experiment.record import At
from latebloom.methods import ProximalGradient
from latebloom.problems import MatrixLeastSquares
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, regularized, with_truth
from latebloom.theory.intervals import OF_FLOOR, floor_share
from latebloom.theory.slow_path import SlowPassage, SlowPath, slow_path

from .law import Assumption, Law, Measurement, Promise, register

# The next order in beta, as a share of the first correction, that still counts as small.
SMALL = 0.1
# The share of the floor in the threshold from which on the law is not asked. Below it the tolerance
# grows with its square, as the intervals of `predict` do.
NEAR = 0.3
AT_ONCE = "the test error is below its threshold as soon as the data are fitted"
# A flow integrated to 0.2 % gives t2 to that, and the threshold is crossed at whole steps.
FLOW = 0.02


class Timed:
    """A sparse recovery with the slow time of its passage, or why there is none."""

    def __init__(self, facts: Facts, passage: SlowPassage | None, why: str) -> None:
        self.facts, self.passage, self.why = facts, passage, why
        self.rate = facts.alpha * facts.beta


@lru_cache(maxsize=8)  # several laws follow it, each to its own end
def whole_path(experiment: Experiment) -> SlowPath | str:
    """Return the slow flow of an experiment to where it rests."""
    return slow_path(experiment)


@lru_cache(maxsize=8)
def timed(experiment: Experiment) -> Timed | str:
    """Return the slow time of generalization, or a sentence that says why there is none."""
    found = with_truth(experiment)
    if isinstance(found, str):
        return found
    if found.h == "nuclear":
        return _flowing(found)
    truth = found.a_star
    assert truth is not None
    radius = experiment.thresholds[1] * float(np.linalg.norm(truth))
    path = whole_path(experiment)
    if isinstance(path, str):
        return path
    passage = path.passage(truth, radius)
    why = ""
    if passage is None:
        left = float(np.linalg.norm(path.A[-1] - truth) / np.linalg.norm(truth))
        why = f"the slow flow ends at an error of {left:.3g}, above the threshold"
    return Timed(found, passage, why)


def _flowing(f: Facts) -> Timed | str:
    """Return the slow time of a matrix: from the flow at two strengths, and their difference."""
    assert isinstance(f.data, MatrixLeastSquares)
    if f.data.recovery.recoverable is False:
        return Timed(f, None, "the nuclear norm does not recover A*: the flow ends elsewhere")
    from latebloom.engines.slow import SLOW

    times = []
    for beta in (f.beta / 10, f.beta):
        proximal = f.experiment.with_(
            method=ProximalGradient(f.alpha),
            penalty=type(f.experiment.penalty)(beta),  # pyright: ignore
            steps=MAX_STEPS,
            record=At(()),
        )
        reason = SLOW.why_not(proximal)
        if reason:
            return f"engine 'slow': {reason}"
        t2 = SLOW.run(proximal).t2
        if t2 is None or t2.low is None or t2.high is None:
            return Timed(f, None, "the flow does not get there, or too near to be sure")
        times.append(0.5 * (t2.low + t2.high) * f.alpha * beta)
    slope = (times[1] - times[0]) / (0.9 * f.beta)
    return Timed(f, SlowPassage(times[0] - slope * f.beta / 10, slope), "")


def _reached(t: Timed) -> list[Assumption]:
    if t.passage is None:
        return [Assumption("slow time of generalization", "fails", None, t.why)]
    share = abs(t.passage.correction) * t.facts.beta / t.passage.s if t.passage.s else 0.0
    found = [Assumption.of("beta s2'/s2", share < SMALL, share, f"< {SMALL:g}: small beta")]
    if t.facts.h == "l1":
        # Near the floor the expansion in beta has no small parameter.
        near = _near(t)
        found.append(Assumption.of("floor/threshold", near < NEAR, near, f"< {NEAR:g}"))
    return found


def _near(t: Timed) -> float:
    """Return the floor over the threshold, 0 for matrices, whose flow includes it."""
    if t.facts.h != "l1":
        return 0.0
    return _floor_share(t.facts.experiment)


@lru_cache(maxsize=8)
def _floor_share(experiment: Experiment) -> float:
    found = regularized(experiment)
    assert not isinstance(found, str)
    return floor_share(experiment, found.alpha)


def _s2(t: Timed) -> Promise | str:
    if t.passage is None:
        return t.why
    if t.passage.s == 0:
        return AT_ONCE
    when = t.passage.s / t.rate
    return Promise("t2", when, when, tolerance=2 * SMALL + OF_FLOOR * _near(t) ** 2)


def _s2_corrected(t: Timed) -> Promise | str:
    if t.passage is None:
        return t.why
    if t.passage.s == 0:
        return AT_ONCE
    share = abs(t.passage.correction) * t.facts.beta / t.passage.s
    when = (t.passage.s + t.facts.beta * t.passage.correction) / t.rate
    # What is left out is of second order; whole steps and the chatter of subgradients besides.
    left = FLOW + SMALL * share + OF_FLOOR * _near(t) ** 2 + 2 / max(when, 1.0)
    return Promise("t2", when, when, tolerance=left)


def _t2(run: Run, t: Timed) -> Measurement | str:
    found = run.phases.t2
    if found.low is None or found.high is None:
        return f"t2 was not seen: {found}"
    return Measurement(0.5 * (found.low + found.high))


HERE = "derived in the documentation, page 'Sharper laws'"
SYMBOLS = ("X", "y*", "a*", "alpha", "beta", "a(0)")
register(
    Law(
        name="slow time",
        statement="t2 = s2/(alpha beta) (1 + O(beta)), s2 one number of the instance, the start "
        "and the threshold",
        source=HERE,
        symbols=SYMBOLS,
        status="ours",
        know=timed,
        assume=_reached,
        foretell=_s2,
        measure=_t2,
    ),
    Law(
        name="slow time, first correction",
        statement="t2 = (s2 + beta s2')/(alpha beta)",
        source=HERE,
        symbols=SYMBOLS,
        status="ours",
        know=timed,
        assume=_reached,
        foretell=_s2_corrected,
        measure=_t2,
    ),
)
