"""Sparse recovery from a null space property: a small norm and a small residual imply it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from latebloom.core.errors import Unsupported
from latebloom.experiment.experiment import Experiment
from latebloom.laws.constants.null_space import NullSpaceConstants, null_space_constants
from latebloom.theory.facts import Facts, Point, noise_constant

from .contexts import regularized_with_truth, small_steps, sparse_recovery
from .descent import drift_constant
from .finding import INEQUALITY, Assumption
from .hitting_times import hitting_time_laws
from .law import Law, NotCovered
from .measures import largest, ratio


@dataclass(frozen=True, eq=False)
class Sparse:
    """A sparse recovery with its truth, and the null space constants of the support, if any."""

    facts: Facts
    truth: np.ndarray
    constants: NullSpaceConstants | None

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
def _sparse(experiment: Experiment) -> Sparse:
    f, truth = sparse_recovery(experiment)
    try:
        constants = null_space_constants(experiment.vector_data.X, np.flatnonzero(truth))
    except Unsupported as error:
        raise NotCovered(str(error)) from error
    return Sparse(f, truth, constants)


def _sparse_regularized(experiment: Experiment) -> Sparse:
    regularized_with_truth(experiment)
    return _sparse(experiment)


def _null_space_property(s: Sparse) -> list[Assumption]:
    what = "robust null space property of supp(a*): rho"
    if s.constants is None:
        needed = "< 1; rho >= 1 on the kernel of X for some signs on the support"
        return [Assumption(what, "fails", 1.0, needed)]
    return [Assumption.of(what, True, s.constants.rho, "< 1")]


def _and_small_steps(s: Sparse) -> list[Assumption]:
    return [*_null_space_property(s), *small_steps(s.facts)]


def _error_over_bound(s: Sparse, steps: np.ndarray, points: Point) -> list[float]:
    ratios = []
    for a in points:
        away = a - s.truth
        seen = float(np.linalg.norm(s.facts.data.operator.forward(away)))
        right = s.stretch * (np.abs(a).sum() - np.abs(s.truth).sum()) + s.slope * seen
        # The norms are known to rounding, and so is the right side.
        right += 1e-14 * s.stretch * float(np.abs(s.truth).sum())
        ratios.append(ratio(float(np.abs(away).sum()), right))
    return ratios


def recovery_constants(s: Sparse) -> tuple[float, float, float]:
    r"""Return $C_1, C_2, C_3$ of theorem C.39, with rho_2 over the range of $X^\top X$."""
    f = s.facts
    C = noise_constant(f) + drift_constant(f)
    inside = math.sqrt(float(f.sigma[0])) * f.radius / (f.alpha * f.beta)
    return s.stretch / 2, C / 2 * s.stretch + inside * s.slope, 2 * s.slope


def _errors(s: Sparse, points: Point) -> tuple[np.ndarray, Callable[[float], float]]:
    assert s.facts.noise is not None
    one, two, three = recovery_constants(s)
    rate, noise = s.facts.alpha * s.facts.beta, float(np.linalg.norm(s.facts.noise))
    errors = np.abs(points - s.truth).sum(axis=1)
    return errors, lambda eta: one * eta + two * rate + three * noise


SYMBOLS = ("X", "a*", "rho", "tau")
NULL_SPACE = (
    Law(
        name="error by the null space property",
        statement="||a - a*||_1 <= (1 + rho)/(1 - rho) (||a||_1 - ||a*||_1) + 2 tau/(1 - rho) "
        "||X(a - a*)|| at every step",
        source="arXiv 2506.05718, theorem C.38 with u = a*; definition with <= (E-20)",
        symbols=SYMBOLS,
        status="corrected",
        erratum="E-20",
        context=_sparse,
        hypotheses=_null_space_property,
        promise=INEQUALITY,
        measure=largest(_error_over_bound),
    ),
    *hitting_time_laws(
        ("recovery in time", "recovery not before"),
        "||a(t) - a*||_1 <= C1 eta + C2 alpha beta + C3 ||xi||",
        _errors,
        "arXiv 2506.05718, theorem 3.3 (C.39)",
        ", rho_2 over the range",
        facts=lambda s: s.facts,
        symbols=(*SYMBOLS, "alpha", "beta", "a(0)"),
        context=_sparse_regularized,
        hypotheses=_and_small_steps,
    ),
)
