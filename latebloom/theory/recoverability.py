"""Can l1 recover the ground truth at all? Basis pursuit, and a dual certificate of uniqueness."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from latebloom.core.errors import Unsupported
from latebloom.core.lazy import optimize
from latebloom.experiment.given import Given, experiment_of
from latebloom.problems import (
    LeastSquares,
    MatrixLeastSquares,
    NuclearRecovery,
    Problem,
    VectorLeastSquares,
)
from latebloom.problems.base import compact_svd

# A dual vector counts as strictly feasible below 1 - MARGIN; HiGHS itself is exact to 1e-7.
MARGIN = 1e-6


@dataclass(frozen=True)
class Recoverability:
    r"""Whether $a^*$ is the unique solution of $\min \|a\|_1$ subject to $Xa = Xa^*$.

    **Fields:**

    - `recoverable`: the answer.
    - `reason`: it, in one sentence with the numbers.
    - `by_least_squares`: whether $a^*$ is the only solution of $Xa = Xa^*$, so that no penalty is
      needed.
    - `dual_norm_off_support`: the least $\|X_{S^c}^\top\nu\|_\infty$ among
      $X_S^\top\nu = \mathrm{sign}(a^*_S)$; below 1 it proves uniqueness. None where there is no
      such $\nu$.
    - `basis_pursuit_error`: the relative error $\|a - a^*\|/\|a^*\|$ of the solution that HiGHS
      finds (one of several if it is not unique). None for $a^* = 0$, or if the solver failed.
    """

    recoverable: bool
    reason: str
    by_least_squares: bool
    dual_norm_off_support: float | None
    basis_pursuit_error: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, JSON-ready."""
        return dict(vars(self))


def recoverability(problem: LeastSquares | Given) -> Recoverability | NuclearRecovery:
    r"""Say whether l1 (of a matrix: nuclear norm) minimization recovers the ground truth from
    noiseless measurements.

    $a^*$ with support S is the unique minimizer of $\|a\|_1$ subject to $Xa = Xa^*$ if and only if
    $X_S$ has full column rank and some $\nu$ has $X_S^\top\nu = \mathrm{sign}(a^*_S)$ and
    $\|X_{S^c}^\top\nu\|_\infty < 1$. The least such norm is a linear program, and $\nu$ is checked
    by us.

    **Arguments:**

    - `problem`: X and a*; of an experiment, or its name, its problem.

    **Returns:** a `Recoverability`, of a matrix a `NuclearRecovery`.

    **Raises:** `Unsupported` without a ground truth.

    Source: arXiv 2506.05718, section 3.1 (problem P1); Zhang, Yin and Cheng, Necessary and
    sufficient conditions of solution uniqueness in l1 minimization, J. Optim. Theory Appl. 164
    (2015).

    >>> import latebloom as lb
    >>> recoverability(lb.SparseRecovery(n=30, s=2, N=15)).recoverable
    True
    """
    problem = _least_squares(problem)
    a_star = problem.a_star
    if a_star is None:
        raise Unsupported(
            "recoverability needs the ground truth: give it with the problem (a_star, of a matrix "
            "A_star)"
        )
    if isinstance(problem, MatrixLeastSquares):
        return problem.recovery
    assert isinstance(problem, VectorLeastSquares)
    n = a_star.size
    support = np.flatnonzero(a_star)
    s, rank = support.size, problem.svd.s.size
    if rank == n:
        error = 0.0 if s else None  # the feasible set is the single point a*
        reason = f"X has full column rank n = {n}: least squares alone recovers a*"
        return Recoverability(True, reason, True, 0.0, error)
    # Rows and a* of order 1: linear programs are solved to absolute tolerances.
    norm = np.linalg.norm(problem.X, axis=1)
    X = problem.X[norm > 0] / norm[norm > 0, None]
    error = _basis_pursuit_error(X, a_star) if s else None
    on = compact_svd(X[:, support])
    if on.s.size < s:
        reason = (
            f"the {s} columns of X on the support of a* are linearly dependent (rank X = {rank}): "
            "other vectors with the same support fit as well"
        )
        return Recoverability(False, reason, False, None, error)
    off = np.setdiff1d(np.arange(n), support)
    # nu = base + W w keeps the equations on the support, so the program has inequalities only.
    base = on.U @ ((on.Vt @ np.sign(a_star[support])) / on.s)
    t = 0.0
    if s:
        W = np.linalg.svd(on.U.T)[2][s:].T
        t = least_dual_norm(X[:, off].T @ base, X[:, off].T @ W)
    if t is None:
        return Recoverability(False, "HiGHS found no dual vector", False, None, error)
    reason = f"the least dual norm off the support is {t:.6g}"
    unique = t < 1 - MARGIN
    if unique:
        reason += " < 1: a* is the unique basis pursuit solution"
    else:
        reason += ", not below 1: a* is not the unique vector of least l1 norm with X a = X a*"
    return Recoverability(unique, reason, False, t, error)


def _basis_pursuit_error(
    X: Float[np.ndarray, "M n"], a_star: Float[np.ndarray, " n"]
) -> float | None:
    """Return the relative error of the basis pursuit solution that HiGHS finds."""
    b = a_star / np.abs(a_star).max()
    n = b.size
    found = optimize.linprog(np.ones(2 * n), A_eq=np.hstack([X, -X]), b_eq=X @ b, method="highs")
    if not found.success:
        return None
    return float(np.linalg.norm(found.x[:n] - found.x[n:] - b) / np.linalg.norm(b))


def least_dual_norm(inner: Float[np.ndarray, " m"], free: Float[np.ndarray, "m k"]) -> float | None:
    r"""Return the least $\max_i |(b + Fz)_i|$ over z, from a z that we check; None if HiGHS fails.

    **Arguments:**

    - `inner`: the vector b, shape (m,).
    - `free`: the matrix F, shape (m, k).

    >>> least_dual_norm(np.array([1.0, 3.0]), np.array([[1.0], [1.0]]))
    1.0
    """
    if not inner.size:
        return 0.0
    bound = np.ones((inner.size, 1))
    found = optimize.linprog(
        np.append(np.zeros(free.shape[1]), 1.0),
        A_ub=np.block([[free, -bound], [-free, -bound]]),
        b_ub=np.concatenate([-inner, inner]),
        bounds=[(None, None)] * free.shape[1] + [(0, None)],
        method="highs",
    )
    return float(np.abs(inner + free @ found.x[:-1]).max()) if found.success else None


def _least_squares(given: LeastSquares | Given) -> LeastSquares:
    """Return the problem that an argument stands for."""
    if isinstance(given, LeastSquares):
        return given
    if isinstance(given, Problem):
        raise Unsupported(
            f"recoverability: is of least squares, and {type(given).__name__} is for networks"
        )
    return experiment_of(given, "recoverability").data
