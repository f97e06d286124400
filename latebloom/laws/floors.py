"""Where the test error ends: a bias of order beta, an oscillation of order alpha beta.

An error is measured once a run has settled, and when that is the laws say, not the curve: a plateau
of a run that is still moving looks the same.
"""

import math
from functools import lru_cache

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, facts, regularized
from latebloom.theory.two_term_floor import TwoTermFloor, two_term_floor

from .common import chatter_missing
from .law import Assumption, Law, Measurement, Promise, register
from .ridge import contraction
from .slow_time import whole_path

# Fast modes count as gone after this many time constants, slow events after this factor.
RELAXED, LATER = 30.0, 1.2
# Records sample a chatter of some ten percent.
LEVEL = 0.1


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
    found = facts(experiment)
    if isinstance(found, str):
        return found
    relaxed = RELAXED / -math.log(found.rho) if 0 < found.rho < 1 else 1.0
    if found.h == "none":
        slowest = contraction(found) if found.ridge > 0 else found.rho
        return RELAXED / -math.log(slowest) if 0 < slowest < 1 else relaxed
    if found.h == "l1" and found.ridge == 0:
        path = whole_path(experiment)
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
    missing = chatter_missing(run)
    if missing:
        return missing
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
