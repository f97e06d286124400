"""The slow time of generalization: t2 = s2/(alpha beta), and its first correction in beta."""

from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from latebloom.experiment.experiment import MAX_STEPS, Experiment
from latebloom.experiment.record import At
from latebloom.methods import ProximalGradient
from latebloom.problems import MatrixLeastSquares
from latebloom.theory.facts import Facts, regularized, regularized_with_truth
from latebloom.theory.slow_path import SlowPassage, slow_path
from latebloom.theory.two_term_floor import final_error

from .finding import Assumption, Promise
from .law import Law, NotCovered
from .measures import middle_of_t2

# The next order in beta over the first correction that still counts as small.
SMALL = 0.1
# The floor over the threshold from which on the law does not apply. Below it the tolerance grows
# with so many times its square.
NEAR, OF_FLOOR = 0.3, 3.0
AT_ONCE = "the test error is below its threshold as soon as the data are fitted"
# A flow integrated to 0.2 % gives t2 to that, and the threshold is crossed at whole steps.
FLOW = 0.02


class Timed(NamedTuple):
    """The slow time of a passage, or `why` there is none."""

    facts: Facts
    passage: SlowPassage | None
    why: str = ""

    @property
    def correction(self) -> float:
        """The first correction over the slow time."""
        if self.passage is None or not self.passage.s:
            return 0.0
        return abs(self.passage.correction) * self.facts.beta / self.passage.s

    @property
    def near(self) -> float:
        """The floor over the threshold; 0 for matrices, whose flow includes it."""
        return _floor_fraction(self.facts.experiment) if self.facts.h == "l1" else 0.0


# Several laws use the flow and its passage.
whole_path = lru_cache(maxsize=8)(slow_path)


@lru_cache(maxsize=8)
def timed(experiment: Experiment) -> Timed:
    """Return the slow time of generalization."""
    f = regularized_with_truth(experiment)
    if f.h == "nuclear":
        return _flowing(f)
    truth = f.truth
    path = whole_path(experiment)
    passage = path.passage(truth, experiment.thresholds[1] * float(np.linalg.norm(truth)))
    if passage is None:
        left = float(np.linalg.norm(path.A[-1] - truth) / np.linalg.norm(truth))
        why = f"the slow flow ends at an error of {left:.3g}, above the threshold"
        return Timed(f, None, why)
    return Timed(f, passage)


def _flowing(f: Facts) -> Timed:
    """Return the slow time of a matrix, from the flow at two values of beta."""
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
            raise NotCovered(f"engine 'slow': {reason}")
        t2 = SLOW.run(proximal).t2
        if t2 is None or t2.low is None or t2.high is None:
            return Timed(f, None, "the flow does not get there, or too near to be sure")
        times.append(0.5 * (t2.low + t2.high) * f.alpha * beta)
    slope = (times[1] - times[0]) / (0.9 * f.beta)
    return Timed(f, SlowPassage(times[0] - slope * f.beta / 10, slope))


@lru_cache(maxsize=8)
def _floor_fraction(experiment: Experiment) -> float:
    """Return the floor of the test error over its threshold, 1 where it is not known."""
    proximal = experiment.with_(method=ProximalGradient(regularized(experiment).alpha))
    end = final_error(proximal)
    return 1.0 if end is None else min(1.0, end / experiment.thresholds[1])


def _small_beta(t: Timed) -> list[Assumption]:
    if t.passage is None:
        return [Assumption("slow time of generalization", "fails", None, t.why)]
    small = t.correction < SMALL
    found = [Assumption.of("beta s2'/s2", small, t.correction, f"< {SMALL:g}: small beta")]
    if t.facts.h == "l1":
        # Near the floor the expansion in beta has no small parameter.
        found.append(Assumption.of("floor/threshold", t.near < NEAR, t.near, f"< {NEAR:g}"))
    return found


def _passage(t: Timed) -> SlowPassage:
    if t.passage is None:
        raise NotCovered(t.why)
    if t.passage.s == 0:
        raise NotCovered(AT_ONCE)
    return t.passage


def _rounded(t: Timed, when: float) -> float:
    """Return what whole steps, the chatter of subgradients and the floor change of t2, over t2.

    So do the steps by which the row space of a vector lags behind an event. The flow of matrices
    has them.
    """
    lag = 1 / (t.facts.alpha * float(t.facts.sigma[-1])) if t.facts.h == "l1" else 0.0
    return OF_FLOOR * t.near**2 + (2 + lag) / max(when, 1.0)


def _s2(t: Timed) -> Promise:
    when = _passage(t).s / (t.facts.alpha * t.facts.beta)
    return Promise("t2", when, when, tolerance=2 * SMALL + _rounded(t, when))


def _s2_corrected(t: Timed) -> Promise:
    passage = _passage(t)
    when = (passage.s + t.facts.beta * passage.correction) / (t.facts.alpha * t.facts.beta)
    # What is left out is of second order.
    left = FLOW + SMALL * t.correction + _rounded(t, when)
    return Promise("t2", when, when, tolerance=left)


_slow_law = partial(
    Law,
    source="derived in the documentation, page 'Sharper laws'",
    symbols=("X", "y*", "a*", "alpha", "beta", "a(0)"),
    status="ours",
    context=timed,
    hypotheses=_small_beta,
    measure=middle_of_t2,
)
SLOW_TIME = (
    _slow_law(
        name="slow time",
        statement="t2 = s2/(alpha beta) (1 + O(beta)), s2 one number of the instance, the start "
        "and the threshold",
        promise=_s2,
    ),
    _slow_law(
        name="slow time, first correction",
        statement="t2 = (s2 + beta s2')/(alpha beta)",
        promise=_s2_corrected,
    ),
)
