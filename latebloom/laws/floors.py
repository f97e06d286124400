"""The test error in the end: a bias of order beta, an oscillation of order alpha beta.

An error is measured once a run has converged. The time of convergence follows from the laws. It
does not follow from the curve, because a plateau looks the same.
"""

import math
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, facts, regularized
from latebloom.theory.two_term_floor import TwoTermFloor, two_term_floor

from .finding import Assumption, Measurement, Promise
from .law import Law, NotCovered, Undecided
from .measures import require_chatter
from .ridge import contraction
from .slow_time import whole_path

# Fast modes count as gone after this many time constants, slow events after this factor.
RELAXED, LATER = 30.0, 1.2
# Records sample a chatter of some ten percent.
LEVEL = 0.1


class Floored(NamedTuple):
    """A sparse recovery with the floor of its test error."""

    facts: Facts
    floor: TwoTermFloor


def _floored(experiment: Experiment) -> Floored:
    return Floored(regularized(experiment), two_term_floor(experiment))


def _small_step(f: Floored) -> list[Assumption]:
    stiffness = f.floor.stiffness
    return [Assumption.of("alpha sigma_max", stiffness < 1, stiffness, "< 1")]


def _end(total: float) -> Promise:
    return Promise("relative test error in the end", total, total, tolerance=LEVEL)


def _one_term(f: Floored) -> Promise:
    """The claim, calibrated at a tenth of this alpha: there the error must be a tenth."""
    less = f.facts.experiment.with_(
        method=type(f.facts.experiment.method)(f.facts.alpha / 10)  # pyright: ignore
    )
    return _end(10 * two_term_floor(less).total)


@lru_cache(maxsize=8)
def _convergence_time(experiment: Experiment) -> float:
    """Return a step by which nothing but chatter is left, from the laws alone."""
    f = facts(experiment)
    relaxed = RELAXED / -math.log(f.rho) if 0 < f.rho < 1 else 1.0
    if f.h == "none":
        slowest = contraction(f) if f.ridge > 0 else f.rho
        return RELAXED / -math.log(slowest) if 0 < slowest < 1 else relaxed
    if f.h == "l1" and f.ridge == 0:
        return relaxed + LATER * float(whole_path(experiment).s[-1]) / (f.alpha * f.beta)
    raise NotCovered("when this run settles is not known")


def converged_from(run: Run) -> float:
    """Return the step from which on a run has converged, from the laws and from its own t2."""
    seen = -math.inf if run.phases.t2.high is None else LATER * run.phases.t2.high
    try:
        return max(_convergence_time(run.experiment), seen)
    except NotCovered:
        if seen < 0:
            raise
        return seen


def converged_error(run: Run, name: str = "test_error") -> Measurement:
    """Return the root mean square of an error well after t2.

    **Raises:** `Undecided` if the error is not constant there.
    """
    rest = converged_from(run)
    if rest > run.last_step:
        raise Undecided(f"the run ends at step {run.last_step:,}, and settles by {rest:,.0f}")
    late = run.trajectory[name].sel(step=slice(max(run.last_step / 2, rest), None)).values
    require_chatter(run)
    if late.size < 4:
        raise Undecided("too few records after the last change")
    halves = [float(np.sqrt(np.mean(half**2))) for half in np.array_split(late, 2)]
    if abs(halves[0] - halves[1]) > LEVEL * max(halves):
        raise Undecided(f"the error is still moving: {halves[0]:.3g}, then {halves[1]:.3g}")
    return Measurement(float(np.sqrt(np.mean(late**2))))


_floor_law = partial(
    Law,
    symbols=("X", "y*", "a*", "alpha", "beta", "a(0)"),
    erratum="E-22",
    context=_floored,
    hypotheses=_small_step,
    measure=lambda run, _: converged_error(run),
)
FLOORS = (
    _floor_law(
        name="floor of two terms",
        statement="error^2 = (beta bias)^2 + (alpha beta)^2 sum over resting entries of (nu^2 + "
        "1/3), both in closed form",
        source="derived in the documentation, page 'Sharper laws'",
        status="ours",
        promise=lambda f: _end(f.floor.total),
    ),
    _floor_law(
        name="floor proportional to alpha beta",
        statement="the error in the end is proportional to alpha beta",
        source="arXiv 2506.05718, Figures 4 and 6",
        status="printed",
        promise=_one_term,
    ),
)
