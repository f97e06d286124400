"""Sparse recovery from a null space property: what a small norm and a small residual force."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from latebloom.core.errors import Unsupported
from latebloom.experiment.experiment import Experiment
from latebloom.laws.constants.null_space import NullSpaceConstants, null_space_constants
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, facts, noise_constant, with_truth

from .common import assume_step_sizes, late, records
from .descent import ETAS, drift_constant
from .law import Assumption, Law, Measurement, Promise, register


@dataclass(frozen=True, eq=False)
class Sparse:
    """The facts of a sparse recovery, and the null space constants of its support."""

    facts: Facts
    constants: NullSpaceConstants | None
    why: str = ""

    @property
    def stretch(self) -> float:
        r"""$(1+\rho)/(1-\rho)$."""
        assert self.constants is not None
        return (1 + self.constants.rho) / (1 - self.constants.rho)

    @property
    def slope(self) -> float:
        r"""$2\tau/(1-\rho)$."""
        assert self.constants is not None
        return 2 * self.constants.tau / (1 - self.constants.rho)


@lru_cache(maxsize=8)
def _sparse(experiment: Experiment) -> Sparse | str:
    found = facts(experiment)
    if isinstance(found, str):
        return found
    if found.a_star is None or found.a_star.ndim != 1:
        return "it is about sparse recovery: vectors with a ground truth a_star"
    try:
        constants = null_space_constants(experiment.vector_data.X, np.flatnonzero(found.a_star))
    except Unsupported as error:
        return str(error)
    why = "" if constants else "rho >= 1 on the kernel of X for some signs on the support"
    return Sparse(found, constants, why)


def _regularized(experiment: Experiment) -> Sparse | str:
    known = with_truth(experiment)
    return known if isinstance(known, str) else _sparse(experiment)


def _assume(s: Sparse) -> list[Assumption]:
    what = "robust null space property of supp(a*): rho"
    if s.constants is None:
        return [Assumption(what, "fails", 1.0, f"< 1; {s.why}")]
    return [Assumption.of(what, True, s.constants.rho, "< 1")]


def _assume_all(s: Sparse) -> list[Assumption]:
    return [*_assume(s), *assume_step_sizes(s.facts)]


def _one(s: Sparse) -> Promise:
    return Promise("largest left side / right side", high=1.0)


def _along_the_run(run: Run, s: Sparse) -> Measurement | str:
    found = records(run)
    if isinstance(found, str):
        return found
    truth = s.facts.a_star
    assert truth is not None
    worst = (-math.inf, 0)
    for step, a in zip(*found, strict=True):
        away = a - truth
        seen = float(np.linalg.norm(s.facts.data.operator.forward(away)))
        right = s.stretch * (np.abs(a).sum() - np.abs(truth).sum()) + s.slope * seen
        left = float(np.abs(away).sum())
        # The norms are known to rounding: so is the right side.
        right += 1e-14 * s.stretch * float(np.abs(truth).sum())
        worst = max(worst, (left / right if right > 0 else math.inf, int(step)))
    return Measurement(worst[0], f"at step {worst[1]:,}")


def recovery_constants(s: Sparse) -> tuple[float, float, float]:
    r"""Return $C_1, C_2, C_3$ of theorem C.39, with rho_2 over the range of $X^\top X$."""
    f = s.facts
    assert s.constants is not None
    C = noise_constant(f) + drift_constant(f)
    inside = math.sqrt(float(f.sigma[0])) * f.radius / (f.alpha * f.beta)
    return s.stretch / 2, C / 2 * s.stretch + inside * s.slope, 2 * s.slope


def _hitting(run: Run, s: Sparse) -> list[tuple[float, float]] | str:
    found = late(run, s.facts.t1)
    if isinstance(found, str):
        return found
    steps, points = found
    f, truth = s.facts, s.facts.a_star
    assert truth is not None
    assert f.noise is not None
    one, two, three = recovery_constants(s)
    rate = f.alpha * f.beta
    errors = np.abs(points - truth).sum(axis=1)
    far = float(((points[0] - truth) ** 2).sum())
    out = []
    for eta in ETAS:
        level = one * eta + two * rate + three * float(np.linalg.norm(f.noise))
        reached, bound = np.flatnonzero(errors <= level), int(steps[0]) + far / (rate * eta)
        if reached.size:
            out.append((float(steps[reached[0]]), bound))
        elif steps[-1] >= bound:
            out.append((math.inf, bound))
    if steps[0] == far == 0:
        return "the run starts at the truth: every level is reached at step 0, as promised"
    return out or "the run ends before the time by which a level must be reached"


def _latest(run: Run, s: Sparse) -> Measurement | str:
    found = _hitting(run, s)
    if isinstance(found, str):
        return found
    return Measurement(max(hit / bound for hit, bound in found), f"{len(found)} levels eta")


def _earliest(run: Run, s: Sparse) -> Measurement | str:
    found = _hitting(run, s)
    if isinstance(found, str):
        return found
    return Measurement(min(hit / bound for hit, bound in found), f"{len(found)} levels eta")


def _at_most(s: Sparse) -> Promise:
    return Promise("hitting time / (t1 + Delta t)", high=1.0)


def _not_before(s: Sparse) -> Promise:
    return Promise("hitting time / (t1 + Delta t)", low=1.0)


LEVEL = "||a(t) - a*||_1 <= C1 eta + C2 alpha beta + C3 ||xi||"
SYMBOLS = ("X", "a*", "rho", "tau")
register(
    Law(
        name="error by the null space property",
        statement="||a - a*||_1 <= (1 + rho)/(1 - rho) (||a||_1 - ||a*||_1) + 2 tau/(1 - rho) "
        "||X(a - a*)|| at every step",
        source="arXiv 2506.05718, theorem C.38 with u = a*; definition with <= (E-20)",
        symbols=SYMBOLS,
        status="corrected",
        erratum="E-20",
        know=_sparse,
        assume=_assume,
        foretell=_one,
        measure=_along_the_run,
    ),
    Law(
        name="recovery in time",
        statement=f"{LEVEL} by t1 + ||a(t1) - a*||^2/(alpha beta eta), for every eta > 0",
        source="arXiv 2506.05718, theorem 3.3 (C.39), rho_2 over the range",
        symbols=(*SYMBOLS, "alpha", "beta", "a(0)"),
        status="corrected",
        erratum="E-01",
        know=_regularized,
        assume=_assume_all,
        foretell=_at_most,
        measure=_latest,
    ),
    Law(
        name="recovery not before",
        statement=f"{LEVEL} not before t1 + Delta t ('if and only if')",
        source="arXiv 2506.05718, theorem 3.3 (C.39)",
        symbols=(*SYMBOLS, "alpha", "beta", "a(0)"),
        status="printed",
        erratum="E-01",
        know=_regularized,
        assume=_assume_all,
        foretell=_not_before,
        measure=_earliest,
    ),
)
