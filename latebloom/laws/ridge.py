"""L2 alone: the whole run in closed form, and the error below which it cannot generalize."""

import math
from dataclasses import replace
from functools import partial

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.problems import MatrixLeastSquares
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, Point, facts

from .finding import IDENTITY, INEQUALITY, Assumption, Measurement, Promise
from .law import Law, NotCovered, Undecided
from .measures import first_updates, largest, records

STEPS = 300  # updates compared with the closed form
# The distance is known to this fraction of the distance at the start.
ROUNDING = 1e-13


def _ridge(experiment: Experiment) -> Facts:
    f = facts(experiment)
    if f.h != "none" or f.ridge == 0 or not f.explicit:
        raise NotCovered("it is about gradient descent with the penalty L2 alone")
    if isinstance(f.data, MatrixLeastSquares):
        raise NotCovered("it is about vectors")
    return f


def _ridge_with_truth(experiment: Experiment) -> Facts:
    f = _ridge(experiment)
    if f.a_star is None:
        raise NotCovered("it needs the ground truth a_star")
    return f


def _stable(f: Facts) -> list[Assumption]:
    top = 2 / (float(f.sigma[0]) + f.ridge)
    return [Assumption.of("alpha", f.alpha < top, f.alpha, f"< 2/(sigma_max + beta) = {top:.4g}")]


def solution(f: Facts) -> np.ndarray:
    r"""Return $\hat a = (X^\top X + \beta I)^{-1}X^\top y^*$ by a linear solve."""
    X = f.experiment.vector_data.X
    Q = X.T @ X + f.ridge * np.eye(X.shape[1])
    return np.linalg.solve(Q, X.T @ f.data.y_star)


def _closed_form(run: Run, f: Facts) -> Measurement:
    X = f.experiment.vector_data.X
    values, basis = np.linalg.eigh(X.T @ X + f.ridge * np.eye(X.shape[1]))
    # By eigh of Q and a linear solve: no code is shared with the engine `spectral`.
    centre = solution(f)
    path = first_updates(run, f, STEPS)
    mode = basis.T @ (f.start - centre)
    t = np.arange(len(path))[:, None]
    there = centre + ((1 - f.alpha * values) ** t * mode) @ basis.T
    scale = float(np.linalg.norm(f.start)) + float(np.linalg.norm(centre))
    away = np.linalg.norm(path - there, axis=1) / scale
    # A linear solve knows the centre to the condition of Q only.
    scale_of_solve = 1 + np.finfo(float).eps * float(values[-1] / values[0]) / 1e-10
    return Measurement(float(away.max()) / scale_of_solve, f"over {len(path) - 1} steps")


def contraction(f: Facts) -> float:
    r"""Return $\|I - \alpha(X^\top X + \beta I)\|_{2\to2}$; with a kernel at least $1 -
    \alpha\beta$."""
    modes = np.abs(1 - f.alpha * (f.sigma + f.ridge))
    kernel = abs(1 - f.alpha * f.ridge) if f.start.size > f.sigma.size else 0.0
    return float(max(modes.max(), kernel))


def _distance_over_bound(f: Facts, steps: np.ndarray, points: Point) -> np.ndarray:
    U, s, Vt = f.experiment.vector_data.svd
    centre = Vt.T @ (s / (s**2 + f.ridge) * (U.T @ f.data.y_star))
    first = float(np.linalg.norm(f.start - centre))
    rounding = ROUNDING * (first + float(np.linalg.norm(centre)))
    bound = contraction(f) ** steps.astype(float) * first + rounding
    return np.linalg.norm(points - centre, axis=1) / bound


def _kernel_part(f: Facts, a: Point) -> float:
    """Return the norm of a in the kernel of X over the norm of the truth."""
    return float(np.linalg.norm(a - f.row(a)) / np.linalg.norm(f.truth))


def _floor(f: Facts) -> Promise:
    return Promise("relative error of the limit", low=_kernel_part(f, f.truth))


def _error_of_limit(run: Run, f: Facts) -> Measurement:
    if f.end is None or f.end.test_error is None:
        raise Undecided("the limit could not be certified")
    return Measurement(f.end.test_error, f"the last record has {_last(run):.4g}")


def _last(run: Run) -> float:
    return float(run.trajectory["test_error"].values[-1])


def _large_start(f: Facts) -> list[Assumption]:
    ratio = _kernel_part(f, f.start)
    return [*_stable(f), Assumption.of("||P_null a(0)||/||a*||", ratio > 10, ratio, "> 10")]


def _late_drop(f: Facts) -> Promise:
    if any(found.state != "holds" for found in _large_start(f)):
        raise NotCovered("the start is not large")
    # The step where the kernel's part has shrunk to ||a*||: there the error leaves its decay.
    step = math.log(_kernel_part(f, f.start)) / (f.alpha * f.ridge)
    return Promise("step of the late drop", step, step, tolerance=0.1)


def _drop(run: Run, f: Facts) -> Measurement:
    steps, points = records(run)
    kernel = np.array([float(np.linalg.norm(a - f.row(a))) for a in points])
    below = np.flatnonzero(kernel <= float(np.linalg.norm(f.truth)))
    if not below.size:
        raise Undecided("the run ends before the start has decayed")
    return Measurement(float(steps[below[0]]), f"the error ends at {_last(run):.3g}")


_ridge_law = partial(Law, symbols=("X", "y*", "alpha", "beta", "a(0)"), hypotheses=_stable)
RIDGE = (
    _ridge_law(
        name="ridge in closed form",
        statement="a(t) = a_hat + (I - alpha Q)^t (a(0) - a_hat), Q = X^T X + beta I",
        source="arXiv 2506.05718, theorem 3.6 (C.51)",
        status="as printed",
        context=_ridge,
        promise=IDENTITY,
        measure=_closed_form,
    ),
    _ridge_law(
        name="rate of ridge",
        statement="||a(t) - a_hat|| <= ||I - alpha Q||^t ||a(0) - a_hat||",
        source="arXiv 2506.05718, theorem 3.6 (C.51)",
        status="as printed",
        context=_ridge,
        promise=replace(INEQUALITY, tolerance=1e-9),
        measure=largest(_distance_over_bound),
    ),
    _ridge_law(
        name="floor of ridge",
        statement="||a_hat - a*|| >= ||(I - V V^T) a*||: no generalization outside the row space",
        source="arXiv 2506.05718, theorem 3.6 (C.51); the row space, not the column space",
        status="corrected",
        erratum="E-26",
        context=_ridge_with_truth,
        promise=_floor,
        measure=_error_of_limit,
    ),
    Law(
        name="late drop without generalization",
        statement="the kernel part of a large start, which is its test error, shrinks to ||a*|| at "
        "ln(||P_null a(0)||/||a*||)/(alpha beta)",
        source="derived here from the closed form; Figures 7 and 16 of arXiv 2506.05718",
        symbols=("X", "a*", "alpha", "beta", "a(0)"),
        status="ours",
        context=_ridge_with_truth,
        hypotheses=_large_start,
        promise=_late_drop,
        measure=_drop,
    ),
)
