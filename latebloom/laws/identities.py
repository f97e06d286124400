"""The exact identities of least squares that the theorems use, each checked as it is printed."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.problems import VectorLeastSquares
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, Point, facts

from .contexts import explicit
from .contraction import excess
from .finding import IDENTITY, Measurement, Promise
from .law import Law, NotCovered
from .measures import first_updates, largest

# Updates that are compared with the identity of one step: enough to pass memorization.
STEPS = 200
# Two squared norms of about a hundred entries, each of which has a few rounding errors.
ROUNDINGS = 64 * float(np.finfo(float).eps)


def _with_truth(experiment: Experiment) -> Facts:
    f = facts(experiment)
    if f.a_star is None:
        raise NotCovered("it needs the ground truth (a_star, of a matrix A_star)")
    return f


def _relative(difference: np.ndarray, scale: float) -> float:
    return float(np.linalg.norm(difference)) / scale if scale else 0.0


def _residual_of_fit(run: Run, f: Facts) -> Measurement:
    assert f.noise is not None
    X = f.data.operator
    inside = np.asarray(X.forward(X.correction(f.noise, f.inverse)))
    difference = f.residual(f.fitted) + (f.noise - inside)
    return Measurement(_relative(difference, float(np.linalg.norm(f.data.y_star))))


def _error_of_fit(run: Run, f: Facts) -> Measurement:
    assert f.noise is not None
    kernel = f.truth - f.row(f.truth)
    from_noise = np.asarray(f.data.operator.correction(f.noise, f.inverse))
    right = float((f.truth * kernel).sum()) + float((from_noise**2).sum())
    left = float(((f.fitted - f.truth) ** 2).sum())
    return Measurement(abs(left - right) / max(float((f.truth**2).sum()), left))


def _to_rounding(f: Facts) -> Promise:
    """Return the promise that what divides by the singular values of X keeps: rounding of the
    largest times the condition number."""
    if not isinstance(f.data, VectorLeastSquares):
        return IDENTITY
    s = f.data.svd.s
    high = max(IDENTITY.high or 0.0, ROUNDINGS * float(s.max() / s.min()))
    if high >= 1:
        raise NotCovered("X is too ill-conditioned for float64 to tell")
    return replace(IDENTITY, high=high)


def _loss_above_fit(f: Facts, steps: np.ndarray, points: Point) -> list[float]:
    least, residuals = f.loss(f.fitted), []
    for a in points:
        # The difference of two equal losses is rounding of either.
        scale = max(f.loss(a), 0.5 * float((f.data.y_star**2).sum()))
        residuals.append(abs(f.loss(a) - least - excess(f, a)) / scale)
    return residuals


def _one_step(run: Run, f: Facts) -> Measurement:
    path = first_updates(run, f, STEPS)
    X, worst = f.data.operator, 0.0
    for before, after in pairwise(path):
        away = before - f.fitted
        curved = np.asarray(X.adjoint(X.forward(away)))
        right = away - f.alpha * curved - f.alpha * f.beta * f.subgradient(before)
        right = right - f.alpha * f.ridge * before
        scale = float(np.linalg.norm(after)) + float(np.linalg.norm(f.fitted))
        worst = max(worst, _relative(after - f.fitted - right, scale))
    return Measurement(worst, f"over the first {len(path) - 1} steps")


_identity_law = partial(Law, status="as printed", promise=IDENTITY)
IDENTITIES = (
    _identity_law(
        name="residual of least squares",
        statement="X a_hat - y* = -(I - U U^T) xi",
        source="arXiv 2506.05718, equations 69 (without its sign) and 70",
        symbols=("X", "y*", "a*"),
        context=_with_truth,
        measure=_residual_of_fit,
    ),
    _identity_law(
        name="error of least squares",
        statement="||a_hat - a*||^2 = a*^T (I - V V^T) a* + xi^T U Sigma^-1 U^T xi",
        source="arXiv 2506.05718, equation 74",
        symbols=("X", "y*", "a*"),
        context=_with_truth,
        promise=_to_rounding,
        measure=_error_of_fit,
    ),
    _identity_law(
        name="loss above least squares",
        statement="g(a) - g(a_hat) = 1/2 ||X (a - a_hat)||^2",
        source="arXiv 2506.05718, equation 84",
        symbols=("X", "y*"),
        context=facts,
        measure=largest(_loss_above_fit, "largest at step {:,}"),
    ),
    _identity_law(
        name="one step",
        statement="a(t+1) - a_hat = (I - alpha X^T X)(a(t) - a_hat) - alpha beta H(a(t))",
        source="arXiv 2506.05718, equation 75",
        symbols=("X", "y*", "alpha", "beta", "a(0)"),
        context=explicit,
        measure=_one_step,
    ),
)
