r"""Sparse recovery: how far from the truth a vector with a small norm and residual can be.

With the robust null space property of the support S, $\|u_S\|_1 \le \rho\|u_{\bar S}\|_1 +
\tau\|Xu\|$ for all u, the bound holds for all signs on the support.

A run needs only the signs of its own truth. Let $X_S^\top\nu = \mathrm{sign}(a^*_S)$,
$\|X_{\bar S}^\top\nu\|_\infty \le \rho < 1$, $\|\nu\| \le \tau$ and $u = a - a^*$. Then $\|a\|_1
\ge \|a^*\|_1 + \langle\nu, Xu\rangle + (1-\rho)\|u_{\bar S}\|_1$, and $X_Su_S = Xu - X_{\bar
S}u_{\bar S}$ bounds the error on the support.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from latebloom.core.errors import Unsupported
from latebloom.experiment.experiment import Experiment
from latebloom.laws.constants.null_space import (
    NullSpaceConstants,
    null_space_constants,
    sign_constants,
)
from latebloom.theory.facts import Facts, Point, facts, regularized_with_truth

from .contexts import small_steps
from .descent import drift_constant, noise_constant
from .finding import INEQUALITY, Assumption
from .hitting_times import hitting_time_laws
from .law import Hypotheses, Law, Measure, NotCovered
from .measures import largest, ratio

# From ||a||_1 - ||a*||_1 and ||X(a - a*)|| to the bound of ||a - a*||_1.
Bound = Callable[[float, float], float]


@dataclass(frozen=True, eq=False)
class Sparse:
    """A sparse recovery, its truth, and the constants of the support or its signs, if any."""

    facts: Facts
    truth: np.ndarray
    constants: NullSpaceConstants | None

    @property
    def size(self) -> float:
        """The l1 norm of the truth."""
        return float(np.abs(self.truth).sum())

    @property
    def factors(self) -> tuple[float, float]:
        r"""$(1+\rho)/(1-\rho)$ and $2\tau/(1-\rho)$."""
        assert self.constants is not None
        rho, tau = self.constants.rho, self.constants.tau
        return (1 + rho) / (1 - rho), 2 * tau / (1 - rho)


def _vectors(experiment: Experiment) -> tuple[Facts, np.ndarray]:
    f = facts(experiment)
    if f.a_star is None or f.a_star.ndim != 1:
        raise NotCovered("it is about sparse recovery: vectors with a ground truth a_star")
    return f, f.a_star


@lru_cache(maxsize=8)
def _support(experiment: Experiment) -> Sparse:
    """Return the recovery with the constants of the support."""
    f, truth = _vectors(experiment)
    try:
        constants = null_space_constants(experiment.vector_data.X, np.flatnonzero(truth))
    except Unsupported as error:
        raise NotCovered(str(error)) from error
    return Sparse(f, truth, constants)


@lru_cache(maxsize=8)
def _signs(experiment: Experiment) -> Sparse:
    """Return the recovery with the constants of the signs of the truth."""
    f, truth = _vectors(experiment)
    support = np.flatnonzero(truth)
    constants = sign_constants(experiment.vector_data.X, support, np.sign(truth[support]))
    return Sparse(f, truth, constants)


def _regularized(experiment: Experiment) -> Sparse:
    regularized_with_truth(experiment)
    return _support(experiment)


def _constants_exist(what: str, otherwise: str) -> Hypotheses:
    def hypotheses(s: Sparse) -> list[Assumption]:
        if s.constants is None:
            return [Assumption(what, "fails", 1.0, otherwise)]
        return [Assumption.of(what, True, s.constants.rho, "< 1")]

    return hypotheses


_null_space_property = _constants_exist(
    "robust null space property of supp(a*): rho",
    "< 1; rho >= 1 on the kernel of X for some signs on the support",
)


def _property_and_small_steps(s: Sparse) -> list[Assumption]:
    return [*_null_space_property(s), *small_steps(s.facts)]


def support_bound(s: Sparse) -> Bound:
    r"""Return the bound of $\|a - a^*\|_1$ by the constants of the support."""
    stretch, slope = s.factors
    # The norms are known to rounding, and so is the bound.
    rounding = 1e-14 * stretch * s.size
    return lambda excess, seen: stretch * excess + slope * seen + rounding


def sign_bound(s: Sparse) -> Bound:
    r"""Return the bound of $\|a - a^*\|_1$ by the constants of the signs."""
    assert s.constants is not None
    rho, tau, X, on = (
        s.constants.rho,
        s.constants.tau,
        s.facts.experiment.vector_data.X,
        s.truth != 0,
    )
    longest = float(np.linalg.norm(X[:, ~on], axis=0).max(initial=0.0))
    least = float(np.linalg.svd(X[:, on], compute_uv=False).min(initial=math.inf))
    root = math.sqrt(on.sum()) / least

    def bound(excess: float, seen: float) -> float:
        outside = (excess + 1e-14 * s.size + tau * seen) / (1 - rho)
        return outside * (1 + root * longest) + root * seen

    return bound


def _error_over(bound: Callable[[Sparse], Bound]) -> Measure:
    def ratios(s: Sparse, steps: np.ndarray, points: Point) -> list[float]:
        found, right = [], bound(s)
        for a in points:
            away = a - s.truth
            seen = float(np.linalg.norm(s.facts.data.operator.forward(away)))
            excess = float(np.abs(a).sum() - np.abs(s.truth).sum())
            found.append(ratio(float(np.abs(away).sum()), right(excess, seen)))
        return found

    return largest(ratios)


def recovery_constants(s: Sparse) -> tuple[float, float, float]:
    r"""Return $C_1, C_2, C_3$ of theorem C.39, with rho_2 over the range of $X^\top X$."""
    f, (stretch, slope) = s.facts, s.factors
    C = noise_constant(f) + drift_constant(f)
    inside = math.sqrt(float(f.sigma[0])) * f.radius / (f.alpha * f.beta)
    return stretch / 2, C / 2 * stretch + inside * slope, 2 * slope


def _errors(s: Sparse, points: Point) -> tuple[np.ndarray, Callable[[float], float]]:
    assert s.facts.noise is not None
    one, two, three = recovery_constants(s)
    rate, noise = s.facts.alpha * s.facts.beta, float(np.linalg.norm(s.facts.noise))
    errors = np.abs(points - s.truth).sum(axis=1)
    return errors, lambda eta: one * eta + two * rate + three * noise


_recovery_law = partial(Law, symbols=("X", "a*", "rho", "tau"), promise=INEQUALITY)
NULL_SPACE = (
    _recovery_law(
        name="error by the null space property",
        statement="||a - a*||_1 <= (1 + rho)/(1 - rho) (||a||_1 - ||a*||_1) + 2 tau/(1 - rho) "
        "||X(a - a*)|| at every step",
        source="arXiv 2506.05718, theorem C.38 with u = a*; definition with <= (E-20)",
        status="corrected",
        erratum="E-20",
        context=_support,
        hypotheses=_null_space_property,
        measure=_error_over(support_bound),
    ),
    *hitting_time_laws(
        ("recovery in time", "recovery not before"),
        "||a(t) - a*||_1 <= C1 eta + C2 alpha beta + C3 ||xi||",
        _errors,
        "arXiv 2506.05718, theorem 3.3 (C.39)",
        ", rho_2 over the range",
        facts=lambda s: s.facts,
        symbols=("X", "a*", "rho", "tau", "alpha", "beta", "a(0)"),
        context=_regularized,
        hypotheses=_property_and_small_steps,
    ),
    _recovery_law(
        name="error by the dual certificate",
        statement="||(a - a*) off S||_1 <= (||a||_1 - ||a*||_1 + tau ||X(a - a*)||)/(1 - rho), and "
        "on S <= sqrt(s) (||X(a - a*)|| + max ||X_j|| ||(a - a*) off S||_1)/sigma_min(X_S)",
        source="derived here from convexity; needs the signs of a* only",
        status="ours",
        context=_signs,
        hypotheses=_constants_exist(
            "dual certificate of the signs of a*: rho",
            "< 1: a* is not the only sparse solution",
        ),
        measure=_error_over(sign_bound),
    ),
)
