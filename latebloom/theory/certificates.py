"""Certificates: numbers that prove that a point minimizes its objective."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.penalties import Penalty
from latebloom.problems import VectorLeastSquares

from .strengths import constant_strengths


@dataclass(frozen=True, eq=False)
class Certificate:
    r"""How far a point can be from the minimum of $f = \frac12\|Xa-y^*\|^2 + \beta h(a)$, proved.

    **Fields:**

    - `primal`: f at the point.
    - `dual`: the value of a feasible dual point, a lower bound of the minimum.
    - `gap`: primal - dual >= 0: f(a) exceeds the minimum by at most this.
    - `relative_gap`: the gap over $\beta_1\|a\|_1$, the part of f that decides between
      interpolators; over the primal value where that is 0; over $\frac12\|y^*\|^2$ without a
      penalty, where the minimum itself may be 0.
    - `kkt`: distance of $-\nabla$ of the smooth part from $\beta_1\partial\|a\|_1$ in the infinity
      norm.
    - `relative_kkt`: the same over $\beta_1$; over $\|X^\top y^*\|_\infty$ without an l1 term.
    - `dual_vector`: the feasible dual point, shape (N,).
    """

    primal: float
    dual: float
    gap: float
    relative_gap: float
    kkt: float
    relative_kkt: float
    dual_vector: Float[np.ndarray, " N"]

    def proves(self, tolerance: float = 1e-6) -> bool:
        """Return whether the relative gap is at most `tolerance`, by default six digits."""
        return self.relative_gap <= tolerance

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers, JSON-ready, without the dual vector."""
        return {k: v for k, v in vars(self).items() if k != "dual_vector"}


def lasso_certificate(
    problem: VectorLeastSquares, penalty: Penalty | None, a: Float[np.ndarray, " n"]
) -> Certificate:
    r"""Return the certificate of a point for lasso, elastic net, ridge or least squares.

    Let $r = y^* - Xa = r_\parallel + r_\perp$, its parts in and outside the range of X, and $z =
    X^\top r - \beta_2 a$. Then $r_\perp + c\,r_\parallel$ is dual feasible (for the elastic net
    together with $-c\sqrt{\beta_2}a$) if $|c|\,\|z\|_\infty \le \beta_1$, and its gap is

    $\frac12(1-c)^2(\|r_\parallel\|^2 + \beta_2\|a\|^2) + \sum_i (\beta_1|a_i| - c\,a_i z_i)$,

    a sum of terms that are not negative, so nothing cancels. We take the best c. Ridge has the gap
    $\|z\|^2/(2\beta_2)$, least squares $\frac12\|r_\parallel\|^2$.

    **Arguments:**

    - `problem`: X and y*.
    - `penalty`: a sum of L1 and L2 with constant strengths, or None.
    - `a`: the point, shape (n,).

    **Returns:** a `Certificate`.

    **Raises:** `Unsupported` for other penalties, `InvalidInput` for a point of another shape.

    Source: Fenchel-Rockafellar duality; Massias et al., Celer, ICML 2018, section 2.

    >>> import numpy as np
    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery.from_arrays(np.eye(2), np.array([3.0, 0.5]))
    >>> lasso_certificate(problem, lb.L1(1.0), np.array([2.0, 0.0])).gap
    0.0
    """
    l1, l2 = constant_strengths(penalty)
    X, y = problem.X, problem.y_star
    a = check.real_array("a", a, 1)
    if a.shape != X.shape[1:]:
        raise InvalidInput(
            f"a has shape {a.shape}: must be ({X.shape[1]},), one entry per column of X"
        )
    r = y - X @ a
    z = X.T @ r - l2 * a
    inside = problem.svd.U @ (problem.svd.U.T @ r)
    primal = 0.5 * float(r @ r) + l1 * float(np.abs(a).sum()) + 0.5 * l2 * float(a @ a)
    if l1 > 0:
        kkt = np.where(a != 0, np.abs(z - l1 * np.sign(a)), np.maximum(np.abs(z) - l1, 0))
        gap, c = _lasso_gap(inside, z, a, y, l1, l2)
        # y's own part outside the range, not r's: far from the minimum r is large, and its rounding
        # would make the scaled-down point infeasible.
        dual_vector = y - problem.svd.U @ (problem.svd.U.T @ y) + c * inside
        unit = l1
    else:
        kkt = np.abs(z)
        unit = float(np.abs(X.T @ y).max())
        gap = 0.5 * float(z @ z) / l2 if l2 > 0 else 0.5 * float(inside @ inside)
        dual_vector = r if l2 > 0 else r - inside
    scale = l1 * float(np.abs(a).sum()) or (primal if l1 + l2 > 0 else 0.5 * float(y @ y))
    worst = float(kkt.max())
    return Certificate(
        primal=primal,
        dual=primal - gap,
        gap=gap,
        relative_gap=gap / scale if scale else 0.0,  # f(a) = 0 is the minimum: the gap is 0 too
        kkt=worst,
        relative_kkt=worst / unit if unit else 0.0,
        dual_vector=dual_vector,
    )


def dual_scale(size: float, alignment: float, largest: float, strength: float) -> float:
    r"""Return the feasible c nearest to the best one, alignment/size, for the dual point c r.

    - `size`: $\|r_\parallel\|^2$.
    - `alignment`: $\langle r_\parallel, y^*\rangle$.
    - `largest`: the dual norm of $X^\top r$; feasible is $|c|\,\mathrm{largest} \le$ `strength`.
    """
    limit = strength / largest if largest else np.inf
    best = alignment / size if size else 0.0
    return min(max(best, -limit), limit)


def _lasso_gap(
    inside: Float[np.ndarray, " N"],
    z: Float[np.ndarray, " n"],
    a: Float[np.ndarray, " n"],
    y: Float[np.ndarray, " N"],
    l1: float,
    l2: float,
) -> tuple[float, float]:
    """Return the gap of the best feasible multiple c of the residual in the range of X, and c."""
    size = float(inside @ inside) + l2 * float(a @ a)  # of the stacked problem (X, sqrt(l2) I)
    c = dual_scale(size, float(inside @ y), float(np.abs(z).max()), l1)
    # Each term is not negative; rounding at |c z_i| = l1 must not make it so.
    linear = np.maximum(l1 * np.abs(a) - c * a * z, 0.0)
    return 0.5 * (1 - c) ** 2 * size + float(linear.sum()), c
