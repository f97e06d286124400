"""Certificates: numbers that prove that a point minimizes its objective."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core import schedules
from latebloom.core.brief import brief
from latebloom.core.errors import InvalidInput, Unsupported
from latebloom.penalties import L1, L2, Penalty, Strengths, strengths
from latebloom.problems import VectorLeastSquares


def constant_strengths(penalty: Penalty | None) -> Strengths:
    r"""Return the strengths $(\beta_1, \beta_2)$ of a penalty made of L1 and L2 with constant beta.

    **Raises:** `Unsupported` for another penalty or a scheduled beta.
    """
    for term in penalty.terms if penalty else ():
        name = type(term).__name__
        if type(term) not in (L1, L2):
            raise Unsupported(f"penalty {name}: the laws cover sums of L1 and L2; use one of these")
        if schedules.constant(term.beta) is None:
            raise Unsupported(
                f"{name}.beta = {term.beta!r}: the laws need a constant strength; "
                "give the value whose objective you ask about"
            )
    return strengths(penalty)


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
    __repr__ = brief

    @classmethod
    def of(
        cls, primal: float, gap: float, kkt: float, units: tuple[float, float], dual: np.ndarray
    ) -> "Certificate":
        """Return the certificate with gap and KKT error relative to their `units`.

        **Arguments:**

        - `primal`, `gap`, `kkt`: the fields of these names.
        - `units`: what gap and kkt are divided by; 0 only where gap and kkt are 0.
        - `dual`: the dual vector.
        """
        relative = (x / unit if unit else 0.0 for x, unit in zip((gap, kkt), units, strict=True))
        relative_gap, relative_kkt = relative
        return cls(primal, primal - gap, gap, relative_gap, kkt, relative_kkt, dual)

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
    if not isinstance(problem, VectorLeastSquares):
        raise InvalidInput(
            f"lasso_certificate takes least squares in a vector, and this is of type "
            f"{type(problem).__name__}; of an experiment give experiment.problem"
        )
    if penalty is not None:
        check.instance("penalty", penalty, Penalty, ", such as L1(1e-5)")
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
        size = float(inside @ inside) + l2 * float(a @ a)  # of the stacked problem (X, sqrt(l2) I)
        alignment, largest = float(inside @ y), float(np.abs(z).max())
        limit = l1 / largest if largest else np.inf
        gap, c = least_gap(size, alignment, limit, lambda c: l1 * np.abs(a) - c * a * z)
        # y's own part outside the range, not r's: far from the minimum r is large, and its rounding
        # would make the scaled-down point infeasible.
        dual_vector = y - problem.svd.U @ (problem.svd.U.T @ y) + c * inside
        unit = l1
    else:
        kkt, unit = np.abs(z), float(np.abs(X.T @ y).max())
        gap = 0.5 * float(z @ z) / l2 if l2 > 0 else 0.5 * float(inside @ inside)
        dual_vector = r if l2 > 0 else r - inside
    scale = l1 * float(np.abs(a).sum()) or (primal if l1 + l2 > 0 else 0.5 * float(y @ y))
    return Certificate.of(primal, gap, float(kkt.max()), (scale, unit), dual_vector)


def least_gap(
    size: float,
    alignment: float,
    limit: float,
    terms: Callable[[float], Float[np.ndarray, " k"]],
) -> tuple[float, float]:
    r"""Return the gap of the best feasible dual point $c\,r_\parallel$ (plus $r_\perp$), and c.

    **Arguments:**

    - `size`: $\|r_\parallel\|^2$.
    - `alignment`: $\langle r_\parallel, y^*\rangle$; the best c is alignment/size.
    - `limit`: the largest feasible absolute value of c.
    - `terms`: c to the terms of the gap besides $\frac12(1-c)^2$ size.
    """
    c = min(max(alignment / size if size else 0.0, -limit), limit)
    # No term is negative; rounding at the largest feasible c must not make it so.
    return 0.5 * (1 - c) ** 2 * size + float(np.maximum(terms(c), 0.0).sum()), c
