r"""Least norms under linear constraints: the two ends of kernel-to-rich, solved and proved."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.brief import brief
from latebloom.core.errors import InvalidInput
from latebloom.core.lazy import optimize

NORMS = ("l1", "l2")
# Nine digits: the solvers reach rounding after the last exact solve on their active set.
TOLERANCE = 1e-9
# HiGHS is exact to 1e-7 and the scaled data are of order 1: smaller entries are not active.
ACTIVE = 1e-7


@dataclass(frozen=True, eq=False)
class LeastNorm:
    r"""The solution of $\min \|w\|$ under linear constraints, with the vector that proves it.

    **Fields:**

    - `w`: the solution, shape (n,).
    - `norm`: `l1` or `l2`.
    - `value`: $\|w\|$ in that norm; of a classifier 1 over its margin.
    - `dual_vector`: $\nu$ with $\|A^\top\nu\|_* \le 1$, shape (N,): no feasible point has a norm
      below $\langle b, \nu\rangle$. A is X and b is y, of a classifier the rows $y_i x_i$ and 1.
    - `relative_gap`: $1 - \langle b, \nu\rangle/\|w\|$, at most 1e-9.
    - `violation`: the largest violated constraint over the largest $|b_i|$, at most 1e-9.
    """

    w: Float[np.ndarray, " n"]
    norm: str
    value: float
    dual_vector: Float[np.ndarray, " N"]
    relative_gap: float
    violation: float
    __repr__ = brief

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers, JSON-ready, without the vectors."""
        return {k: v for k, v in vars(self).items() if k not in ("w", "dual_vector")}


def max_margin(
    X: Float[np.ndarray, "N n"], y: Float[np.ndarray, " N"], norm: str = "l2"
) -> LeastNorm:
    r"""Return the classifier of the largest margin: $\min \|w\|$ s.t. $y_i\langle x_i, w\rangle
    \ge 1$.

    For every $\nu \ge 0$, $\|w\| \ge \sum_i\nu_i / \|\sum_i \nu_i y_i x_i\|_*$ with the dual norm:
    the largest such bound is the certificate. l1 is a linear program, l2 a non-negative least
    squares problem; both are solved once more, exactly, on the active set.

    **Arguments:**

    - `X`: the points, shape (N, n).
    - `y`: the labels, +1 or -1, shape (N,).
    - `norm`: `l1` or `l2`; the l1 solution need not be unique.

    **Returns:** a `LeastNorm` with a relative gap of at most 1e-9.

    **Raises:** `InvalidInput` for data that no hyperplane through the origin separates, for other
    labels than +1 and -1, and where the gap stays above 1e-9.

    Source: Lawson and Hanson, Solving Least Squares Problems (1974), chapter 23 (least distance);
    the two margins of arXiv 2311.18817, section 3.

    >>> from latebloom.laws.constants.margins import max_margin
    >>> max_margin(np.array([[1.0, 2.0]]), np.array([1.0]), "l1").w
    array([0. , 0.5])
    """
    X, y = _data(X, y, norm)
    wrong = np.flatnonzero(np.abs(y) != 1)
    if wrong.size:
        raise InvalidInput(
            f"y[{wrong[0]}] = {y[wrong[0]]:g}: labels must be +1 or -1; map classes (0, 1) by "
            "2 y - 1"
        )
    Z, scale = _scaled(y[:, None] * X)
    b = 1 / scale
    unit = float(b.max())
    b = b / unit
    pair = _margin_l1(Z, b) if norm == "l1" else least_distance(Z, b)
    if pair is None:
        raise _not_separable(Z)
    w, nu = _active_set(Z, b, *pair, norm, rows=pair[1] > ACTIVE * pair[1].max())
    candidates = [v / worst for v in (pair[0], w) if (worst := float((Z @ v / b).min())) > 0]
    if not candidates:
        raise _not_separable(Z)
    duals = [np.maximum(v, 0.0) for v in (pair[1], nu)]
    return _best(Z, b, scale, unit, candidates, duals, norm, np.zeros(2))


def min_norm_interpolant(
    X: Float[np.ndarray, "N n"], y: Float[np.ndarray, " N"], norm: str = "l2"
) -> LeastNorm:
    r"""Return the smallest solution of the equations: $\min \|w\|$ subject to $Xw = y$.

    For every $\nu$, $\|w\| \ge \langle y, \nu\rangle/\|X^\top\nu\|_*$ with the dual norm: the
    largest such bound is the certificate. l1 is basis pursuit, l2 the pseudo-inverse.

    **Arguments:**

    - `X`: the measurements, shape (N, n).
    - `y`: their values, shape (N,).
    - `norm`: `l1` or `l2`; the l1 solution need not be unique.

    **Returns:** a `LeastNorm` with a relative gap and a violation of at most 1e-9.

    **Raises:** `InvalidInput` for equations without a solution, and where the gap stays above 1e-9.

    Source: Chen, Donoho and Saunders, Atomic decomposition by basis pursuit, SIAM J. Sci. Comput.
    20 (1998); the two interpolants of arXiv 2311.18817, section 3.

    >>> from latebloom.laws.constants.margins import min_norm_interpolant
    >>> min_norm_interpolant(np.array([[1.0, 2.0]]), np.array([3.0]), "l1").w
    array([0. , 1.5])
    """
    X, y = _data(X, y, norm)
    A, scale = _scaled(X)
    b = y / scale
    unit = float(np.abs(b).max())
    if unit == 0:
        return LeastNorm(np.zeros(X.shape[1]), norm, 0.0, np.zeros(y.size), 0.0, 0.0)
    b = b / unit
    least = np.linalg.lstsq(A, b, rcond=None)[0]
    misfit = float(np.abs(A @ least - b).max())
    if misfit > TOLERANCE:
        raise InvalidInput(
            f"no w fits X w = y: least squares leave a relative residual of {misfit:.2g} (X has "
            f"rank {np.linalg.matrix_rank(A)}, {y.size} rows); take fewer rows or noiseless y"
        )
    if norm == "l2":
        pairs = [(least, np.linalg.lstsq(A.T, least, rcond=None)[0])]
    else:
        found = optimize.linprog(
            np.ones(2 * least.size), A_eq=np.hstack([A, -A]), b_eq=b, method="highs"
        )
        if not found.success:
            raise InvalidInput(f"basis pursuit found no solution: HiGHS says {found.message!r}")
        pair = (found.x[: least.size] - found.x[least.size :], found.eqlin.marginals)
        pairs = [pair, _active_set(A, b, *pair, norm, rows=np.ones(b.size, dtype=bool))]
    points, duals = map(list, zip(*pairs, strict=True))
    misfits = np.array([np.abs(A @ w - b).max() for w in points])
    return _best(A, b, scale, unit, points, duals, norm, misfits)


Pair = tuple[np.ndarray, np.ndarray]


def _data(X: Any, y: Any, norm: str) -> Pair:
    """Return X and y checked: real, of fitting shapes, not empty."""
    check.one_of("norm", norm, NORMS)
    X, y = check.real_array("X", X, 2), check.real_array("y", y, 1)
    if len(X) != y.size or X.size == 0:
        raise InvalidInput(
            f"X has shape {X.shape} and y {y.shape}: must be (N, n) and (N,) with N, n >= 1"
        )
    return X, y


def _scaled(A: np.ndarray) -> Pair:
    """Return the rows scaled to norm 1, and the scales: solvers have absolute tolerances."""
    scale = np.linalg.norm(A, axis=1)
    scale = np.where(scale > 0, scale, 1.0)
    return A / scale[:, None], scale


def _margin_l1(Z: np.ndarray, b: np.ndarray) -> Pair | None:
    """Return HiGHS's solution of min ||w||_1 s.t. Z w >= b, None if there is none."""
    n = Z.shape[1]
    found = optimize.linprog(np.ones(2 * n), A_ub=np.hstack([-Z, Z]), b_ub=-b, method="highs")
    return (found.x[:n] - found.x[n:], -found.ineqlin.marginals) if found.success else None


def least_distance(Z: np.ndarray, b: np.ndarray) -> Pair | None:
    """Return Lawson and Hanson's solution of min ||w||_2 s.t. Z w >= b with its multipliers, None
    if there is none.

    The residual r of min ||(Z^T; b^T) u - (0; 1)|| over u >= 0 gives w = -r_1/r_2, and is 0 if and
    only if no w exists.
    """
    E = np.vstack([Z.T, b])
    goal = np.zeros(len(E))
    goal[-1] = 1.0
    try:
        u = optimize.nnls(E, goal, maxiter=30 * b.size)[0]
    except RuntimeError:  # the active set cycles, as it may only where the residual is rounding
        return None
    r = E @ u - goal
    if -r[-1] <= np.finfo(float).eps * b.size:
        return None
    return -r[:-1] / r[-1], -u / r[-1]


def _not_separable(Z: np.ndarray) -> InvalidInput:
    """Return the error, with the non-negative combination of the rows that is nearest to zero."""
    u, _ = optimize.nnls(np.vstack([Z.T, np.ones(len(Z))]), np.append(np.zeros(Z.shape[1]), 1.0))
    size = float(np.linalg.norm(Z.T @ u) / u.sum())
    return InvalidInput(
        f"the {len(Z)} points in {Z.shape[1]} dimensions are not separable by a hyperplane through "
        f"the origin: a mean of the y_i x_i/||x_i|| has norm {size:.2g}; take fewer points, more "
        "features, or append a column of ones for a bias"
    )


def _active_set(
    A: np.ndarray, b: np.ndarray, w: np.ndarray, nu: np.ndarray, norm: str, rows: np.ndarray
) -> Pair:
    """Return the pair once more, from the equations that hold on its active set."""
    nu = np.where(rows, nu, 0.0)
    if norm == "l2":
        w = np.linalg.lstsq(A[rows], b[rows], rcond=None)[0]
        nu[rows] = np.linalg.lstsq(A[rows].T, w, rcond=None)[0]
        return w, nu
    on = np.abs(w) > ACTIVE * np.abs(w).max()
    w = np.where(on, w, 0.0)
    sub = A[np.ix_(rows, on)]
    # Corrections of least norm, which also exist where the vertex is degenerate.
    w[on] += np.linalg.lstsq(sub, b[rows] - sub @ w[on], rcond=None)[0]
    nu[rows] += np.linalg.lstsq(sub.T, np.sign(w[on]) - sub.T @ nu[rows], rcond=None)[0]
    return w, nu


def _best(
    A: np.ndarray,
    b: np.ndarray,
    scale: np.ndarray,
    unit: float,
    points: list[np.ndarray],
    duals: list[np.ndarray],
    norm: str,
    misfits: np.ndarray,
) -> LeastNorm:
    """Return the best of the points with the best of the bounds, in the data's own units."""

    def size(v: np.ndarray) -> float:
        return float(np.abs(v).sum() if norm == "l1" else np.linalg.norm(v))

    def dual_size(v: np.ndarray) -> float:
        return float(np.abs(v).max() if norm == "l1" else np.linalg.norm(v))

    feasible = [k for k in range(len(points)) if misfits[k] <= TOLERANCE]
    k = min(feasible or [0], key=lambda k: size(points[k]))
    w, violation = points[k], float(misfits[k])
    nu = max((v / (dual_size(A.T @ v) or 1.0) for v in duals), key=lambda v: float(b @ v))
    gap = max(1 - float(b @ nu) / size(w), 0.0)  # rounding may make it negative
    if gap > TOLERANCE or violation > TOLERANCE:
        raise InvalidInput(
            f"the {norm} solution is proved to a relative gap of {gap:.2g} only (violation "
            f"{violation:.2g}; 1e-09 is needed): nearly dependent rows; drop some of them"
        )
    w = w * unit
    return LeastNorm(w, norm, size(w), nu / scale, gap, violation)
