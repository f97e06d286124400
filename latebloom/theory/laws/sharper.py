"""Laws of our own: the slow time of generalization, a lower bound, and the floor of two terms."""

import math
from functools import lru_cache

import numpy as np

from latebloom.experiment import MAX_STEPS, Experiment
from latebloom.methods import ProximalGradient
from latebloom.problems import MatrixLeastSquares
from latebloom.record import At
from latebloom.run import Run

from ..facts import Facts, regularized, with_truth
from ..foretold import OF_FLOOR, floor_share
from ..lower_bound import delay_lower_bound
from ..slow_path import SlowPassage, slow_path
from ..two_term_floor import TwoTermFloor, two_term_floor
from .law import Assumption, Law, Measurement, Promise, register

# The next order in beta, as a share of the first correction, that still counts as small.
SMALL = 0.1
# The share of the floor in the threshold from which on the law is not asked; below, what it leaves
# out was up to OF_FLOOR times its square in a thousand experiments.
NEAR = 0.3
AT_ONCE = "the test error is below its threshold as soon as the data are fitted"
# Fast modes count as gone after this many time constants, slow events after this factor.
RELAXED, LATER = 30.0, 1.2
# Records sample a chatter of some ten percent.
LEVEL = 0.1
# A flow integrated to 0.2 % gives t2 to that, and the threshold is crossed at whole steps.
FLOW = 0.02


class Timed:
    """A sparse recovery with the slow time of its passage, or why there is none."""

    def __init__(self, facts: Facts, passage: SlowPassage | None, why: str) -> None:
        self.facts, self.passage, self.why = facts, passage, why
        self.rate = facts.alpha * facts.beta


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
    path = slow_path(experiment, (truth, radius))
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
    from latebloom.engines.slow import simulate_slow
    from latebloom.engines.slow import why_not as slow_why_not

    times = []
    for beta in (f.beta / 10, f.beta):
        proximal = f.experiment.with_(
            method=ProximalGradient(f.alpha),
            penalty=type(f.experiment.penalty)(beta),  # pyright: ignore
            steps=MAX_STEPS,
            record=At(()),
        )
        reason = slow_why_not(proximal)
        if reason:
            return f"engine 'slow': {reason}"
        t2 = simulate_slow(proximal).t2
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
    share = abs(t.passage.correction) * t.facts.beta / t.passage.s if t.passage.s else 0.0
    when = (t.passage.s + t.facts.beta * t.passage.correction) / t.rate
    # What is left out is of second order; whole steps and the chatter of subgradients besides.
    left = FLOW + SMALL * share + OF_FLOOR * _near(t) ** 2 + 2 / max(when, 1.0)
    return Promise("t2", when, when, tolerance=left)


def _t2(run: Run, t: Timed) -> Measurement | str:
    found = run.phases.t2
    if found.low is None or found.high is None:
        return f"t2 was not seen: {found}"
    return Measurement(0.5 * (found.low + found.high))


def _any_path(experiment: Experiment) -> Facts | str:
    from ..facts import facts

    found = facts(experiment)
    if isinstance(found, str):
        return found
    bound = delay_lower_bound(experiment)
    return bound if isinstance(bound, str) else found


def _nothing(f: Facts) -> list[Assumption]:
    return []


def _at_least(f: Facts) -> Promise | str:
    bound = delay_lower_bound(f.experiment)
    if isinstance(bound, str):
        return bound
    if bound == 0:
        return "the start is within the threshold in the kernel of X already"
    return Promise("t2", low=bound)


def _not_before(run: Run, f: Facts) -> Measurement | str:
    t2 = run.phases.t2
    if t2.low is None:
        return "the run never generalizes"
    if t2.high is None:
        bound = delay_lower_bound(f.experiment)
        assert not isinstance(bound, str)
        if t2.low < bound:
            return f"t2 was not seen: {t2}"
    return Measurement(float(t2.high if t2.high is not None else t2.low))


class Floored:
    """A sparse recovery with the floor of its test error."""

    def __init__(self, facts: Facts, floor: TwoTermFloor) -> None:
        self.facts, self.floor = facts, floor


def _floored(experiment: Experiment) -> Floored | str:
    found = regularized(experiment)
    if isinstance(found, str):
        return found
    floor = two_term_floor(experiment)
    return floor if isinstance(floor, str) else Floored(found, floor)


def _gentle(f: Floored) -> list[Assumption]:
    return [
        Assumption.of("alpha sigma_max", f.floor.stiffness < 1, f.floor.stiffness, "< 1"),
    ]


def _two_terms(f: Floored) -> Promise:
    total = f.floor.total
    return Promise("relative test error in the end", total, total, tolerance=LEVEL)


def _one_term(f: Floored) -> Promise:
    """The claim, calibrated where it is made: at a tenth of this alpha it must be a tenth."""
    less = f.facts.experiment.with_(
        method=type(f.facts.experiment.method)(f.facts.alpha / 10)  # pyright: ignore
    )
    smaller = two_term_floor(less)
    total = math.nan if isinstance(smaller, str) else 10 * smaller.total
    return Promise("relative test error in the end", total, total, tolerance=LEVEL)


@lru_cache(maxsize=8)
def _settling(experiment: Experiment) -> float | str:
    """Return a step by which nothing but chatter is left, from the laws alone."""
    from ..facts import facts
    from .ridge import contraction

    found = facts(experiment)
    if isinstance(found, str):
        return found
    relaxed = RELAXED / -math.log(found.rho) if 0 < found.rho < 1 else 1.0
    if found.h == "none":
        slowest = contraction(found) if found.ridge > 0 else found.rho
        return RELAXED / -math.log(slowest) if 0 < slowest < 1 else relaxed
    if found.h == "l1" and found.ridge == 0:
        path = slow_path(experiment)
        if isinstance(path, str):
            return path
        return relaxed + LATER * float(path.s[-1]) / (found.alpha * found.beta)
    return "when this run settles is not known"


def at_rest(run: Run) -> float | str:
    """Return the step from which on a run has settled, from the laws or from its own t2."""
    seen = run.phases.t2.high
    known = _settling(run.experiment)
    if isinstance(known, str):
        return known if seen is None else LATER * seen
    return known if seen is None else max(known, LATER * seen)


def settled_error(run: Run, name: str = "test_error") -> Measurement | str:
    """Return the root mean square of an error well after t2, if it is level there."""
    rest = at_rest(run)
    if isinstance(rest, str):
        return rest
    if rest > run.last_step:
        return f"the run ends at step {run.last_step:,}, and settles by {rest:,.0f}"
    start = max(run.last_step / 2, rest)
    late = run.trajectory[name].sel(step=slice(start, None)).values
    if run.engine in ("jump", "slow") and not isinstance(run.experiment.method, ProximalGradient):
        return f"engine {run.engine!r} gives averages, without the chatter"
    if late.size < 4:
        return "too few records after the last change"
    halves = [float(np.sqrt(np.mean(half**2))) for half in np.array_split(late, 2)]
    if abs(halves[0] - halves[1]) > LEVEL * max(halves):
        return f"the error is still moving: {halves[0]:.3g}, then {halves[1]:.3g}"
    return Measurement(float(np.sqrt(np.mean(late**2))))


def _end(run: Run, f: Floored) -> Measurement | str:
    return settled_error(run)


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
    Law(
        name="lower bound of t2",
        statement="t2 >= max over w in ker X of (|<w, a(0) - a*>| - eps ||a*|| ||w||_2)/(alpha "
        "beta ||w||), ||w|| = ||w||_1 or ||w||_*",
        source=HERE,
        symbols=SYMBOLS,
        status="ours",
        know=_any_path,
        assume=_nothing,
        foretell=_at_least,
        measure=_not_before,
    ),
    Law(
        name="floor of two terms",
        statement="error^2 = (beta bias)^2 + (alpha beta)^2 sum over resting entries of (nu^2 + "
        "1/3), both in closed form",
        source=HERE,
        symbols=SYMBOLS,
        status="ours",
        erratum="E-22",
        know=_floored,
        assume=_gentle,
        foretell=_two_terms,
        measure=_end,
    ),
    Law(
        name="floor proportional to alpha beta",
        statement="the error in the end is proportional to alpha beta",
        source="arXiv 2506.05718, Figures 4 and 6",
        symbols=SYMBOLS,
        status="printed",
        erratum="E-22",
        know=_floored,
        assume=_gentle,
        foretell=_one_term,
        measure=_end,
    ),
)
