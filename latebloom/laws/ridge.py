"""l2 alone: the whole run in closed form, its floor, and why it is not generalization."""

import math

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.problems import MatrixLeastSquares
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, facts

from .common import late, records
from .law import Assumption, Law, Measurement, Promise, register

STEPS = 300  # updates compared with the closed form
# The distance is known to this share of where it began.
ROUNDING = 1e-13


def _ridge(experiment: Experiment) -> Facts | str:
    found = facts(experiment)
    if isinstance(found, str):
        return found
    if found.h != "none" or found.ridge == 0 or not found.explicit:
        return "it is about gradient descent with the penalty L2 alone"
    if isinstance(found.data, MatrixLeastSquares):
        return "it is about vectors"
    return found


def _stable(f: Facts) -> list[Assumption]:
    top = 2 / (float(f.sigma[0]) + f.ridge)
    return [Assumption.of("alpha", f.alpha < top, f.alpha, f"< 2/(sigma_max + beta) = {top:.4g}")]


def _with_truth(experiment: Experiment) -> Facts | str:
    found = _ridge(experiment)
    if not isinstance(found, str) and found.a_star is None:
        return "it needs the ground truth a_star"
    return found


def solution(f: Facts) -> np.ndarray:
    r"""Return $\hat a = (X^\top X + \beta I)^{-1}X^\top y^*$ by a linear solve."""
    X = f.experiment.vector_data.X
    Q = X.T @ X + f.ridge * np.eye(X.shape[1])
    return np.linalg.solve(Q, X.T @ f.data.y_star)


def _exact(f: Facts) -> Promise:
    return Promise("relative residual", high=1e-10, tolerance=0.0)


def _closed_form(run: Run, f: Facts) -> Measurement:
    X = f.experiment.vector_data.X
    values, basis = np.linalg.eigh(X.T @ X + f.ridge * np.eye(X.shape[1]))
    # By eigh of Q and a linear solve: no code is shared with the engine `spectral`.
    centre = solution(f)
    path = f.path(f.start, min(STEPS, run.experiment.steps))
    mode = basis.T @ (f.start - centre)
    t = np.arange(len(path))[:, None]
    there = centre + ((1 - f.alpha * values) ** t * mode) @ basis.T
    scale = float(np.linalg.norm(f.start)) + float(np.linalg.norm(centre))
    away = np.linalg.norm(path - there, axis=1) / scale
    # A linear solve knows the centre to the condition of Q only.
    scale_of_solve = 1 + np.finfo(float).eps * float(values[-1] / values[0]) / 1e-10
    return Measurement(float(away.max()) / scale_of_solve, f"over {len(path) - 1} steps")


def _one(f: Facts) -> Promise:
    return Promise("largest left side / right side", high=1.0, tolerance=1e-9)


def contraction(f: Facts) -> float:
    r"""Return $\|I - \alpha(X^\top X + \beta I)\|_{2\to2}$; with a kernel at least $1 -
    \alpha\beta$."""
    modes = np.abs(1 - f.alpha * (f.sigma + f.ridge))
    kernel = abs(1 - f.alpha * f.ridge) if f.start.size > f.sigma.size else 0.0
    return float(max(modes.max(), kernel))


def _converges(run: Run, f: Facts) -> Measurement | str:
    found = records(run)
    if isinstance(found, str):
        return found
    steps, points = found
    U, s, Vt = f.experiment.vector_data.svd
    centre = Vt.T @ (s / (s**2 + f.ridge) * (U.T @ f.data.y_star))
    first = float(np.linalg.norm(f.start - centre))
    bound = contraction(f) ** steps.astype(float) * first + ROUNDING * (
        first + float(np.linalg.norm(centre))
    )
    ratio = np.linalg.norm(points - centre, axis=1) / bound
    worst = int(np.argmax(ratio))
    return Measurement(float(ratio[worst]), f"at step {steps[worst]:,}")


def floor(f: Facts) -> float:
    r"""Return $\|(I - VV^\top)a^*\|/\|a^*\|$, what l2 cannot get below."""
    assert f.a_star is not None
    return float(np.linalg.norm(f.a_star - f.row(f.a_star)) / np.linalg.norm(f.a_star))


def _floor(f: Facts) -> Promise:
    return Promise("relative error of the limit", low=floor(f))


def _error_of_limit(run: Run, f: Facts) -> Measurement | str:
    if f.end is None or f.end.test_error is None:
        return "the limit could not be certified"
    return Measurement(f.end.test_error, f"the last record has {_last(run):.4g}")


def _last(run: Run) -> float:
    return float(run.trajectory["test_error"].values[-1])


def decay_time(f: Facts) -> float:
    r"""Return $\ln(\|P_{\mathrm{null}}a_0\|/\|a^*\|)/(\alpha\beta)$."""
    assert f.a_star is not None
    outside = float(np.linalg.norm(f.start - f.row(f.start)))
    return math.log(outside / float(np.linalg.norm(f.a_star))) / (f.alpha * f.ridge)


def _large_start(f: Facts) -> list[Assumption]:
    assert f.a_star is not None
    outside = float(np.linalg.norm(f.start - f.row(f.start)))
    ratio = outside / float(np.linalg.norm(f.a_star))
    return [*_stable(f), Assumption.of("||P_null a(0)||/||a*||", ratio > 10, ratio, "> 10")]


def _late_drop(f: Facts) -> Promise | str:
    if not all(a.state == "holds" for a in _large_start(f)):
        return "the start is not large"
    # The step where the kernel's part has shrunk to ||a*||: there the error leaves its decay.
    return Promise("step of the late drop", decay_time(f), decay_time(f), tolerance=0.1)


def _drop(run: Run, f: Facts) -> Measurement | str:
    found = late(run, 0)
    if isinstance(found, str):
        return found
    assert f.a_star is not None
    steps, points = found
    kernel = np.array([float(np.linalg.norm(a - f.row(a))) for a in points])
    below = np.flatnonzero(kernel <= float(np.linalg.norm(f.a_star)))
    if not below.size:
        return "the run ends before the start has decayed"
    return Measurement(float(steps[below[0]]), f"the error ends at {_last(run):.3g}")


COMMON = {"symbols": ("X", "y*", "alpha", "beta", "a(0)"), "assume": _stable}
register(
    Law(
        name="ridge in closed form",
        statement="a(t) = a_hat + (I - alpha Q)^t (a(0) - a_hat), Q = X^T X + beta I",
        source="arXiv 2506.05718, theorem 3.6 (C.51)",
        status="as printed",
        know=_ridge,
        foretell=_exact,
        measure=_closed_form,
        **COMMON,
    ),
    Law(
        name="rate of ridge",
        statement="||a(t) - a_hat|| <= ||I - alpha Q||^t ||a(0) - a_hat||",
        source="arXiv 2506.05718, theorem 3.6 (C.51)",
        status="as printed",
        know=_ridge,
        foretell=_one,
        measure=_converges,
        **COMMON,
    ),
    Law(
        name="floor of ridge",
        statement="||a_hat - a*|| >= ||(I - V V^T) a*||: no generalization outside the row space",
        source="arXiv 2506.05718, theorem 3.6 (C.51); the row space, not the column space",
        status="corrected",
        erratum="E-26",
        know=_with_truth,
        foretell=_floor,
        measure=_error_of_limit,
        **COMMON,
    ),
    Law(
        name="late drop without generalization",
        statement="the kernel part of a large start, which is its test error, shrinks to ||a*|| at "
        "ln(||P_null a(0)||/||a*||)/(alpha beta)",
        source="derived here from the closed form; Figures 7 and 16 of arXiv 2506.05718",
        symbols=("X", "a*", "alpha", "beta", "a(0)"),
        status="ours",
        know=_with_truth,
        assume=_large_start,
        foretell=_late_drop,
        measure=_drop,
    ),
)
