"""The minimizer of least squares with the nuclear norm, and the proof that it is one."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.problems.nuclear_recovery import injective_on_symmetric
from latebloom.problems.operators import Operator
from latebloom.problems.svd import compact_svd
from latebloom.problems.tangent import Data, Left, Matrix, Right, Rows, Tangent, douglas_rachford

from .certificates import Certificate, least_gap

# A minimizer is proved by six digits of the part of the objective that beta decides.
PROVED = 1e-6
# Iterations of the splitting, and the first after which Newton's method is tried; the next trials
# are at intervals that grow by the factor, so that they cost no more than the splitting.
LIMIT, FIRST, GROWTH = 20_000, 20, 1.4
# Below the fraction LADDER of the largest useful beta we descend by factors of RUNG: at a tiny beta
# the splitting hardly moves in singular values of the order of beta. A step may take RUNG_LIMIT.
LADDER, RUNG, RUNG_LIMIT = 1e-2, 10.0, 2000
# Once a point is proved we go on so many times as long for one of the exact rank.
PATIENCE = 2
# Newton's method doubles the digits: more steps help no more than a better start.
NEWTON = 12
# Eigenvalues below this fraction of the largest are rounding.
ROUNDING = 4 * np.finfo(float).eps
# Singular values of the dual matrix within this fraction of beta may equal beta.
FACE = 1e-4


def nuclear_certificate(
    operator: Operator | Rows, y_star: Data, beta: float, A: Matrix
) -> Certificate:
    r"""Return the certificate of a point for $f = \frac12\|X(A) - y^*\|^2 + \beta\|A\|_*$.

    Let $r = y^* - X(A) = r_\parallel + r_\perp$, its parts in and outside the range of X, and $Z =
    X^\top r$. Then $r_\perp + c\,r_\parallel$ is dual feasible if $|c|\,\|Z\| \le \beta$ (largest
    singular value), and with $A = U\Sigma V^\top$ its gap is

    $\frac12(1-c)^2\|r_\parallel\|^2 + \sum_i \sigma_i\,(\beta - c\,u_i^\top Zv_i)$,

    a sum of terms that are not negative, so nothing cancels. We take the best c. `kkt` is the
    largest singular value of $Z - \beta(UV^\top + W)$ with the W that is next to $P_{T^\perp}Z$.
    The dual vector is flat; for observed entries zero-filled as the data are.

    **Arguments:**

    - `operator`: X, or X decomposed.
    - `y_star`: the measurements.
    - `beta`: the regularization strength, positive.
    - `A`: the point, shape (n1, n2).

    **Returns:** a `Certificate`, its gap relative to $\beta\|A\|_*$.

    **Raises:** `InvalidInput` for a beta that is not positive.

    Source: Fenchel-Rockafellar duality, as for `lasso_certificate`; Watson, Linear Algebra Appl.
    170 (1992) for the subdifferential.

    >>> import numpy as np
    >>> from latebloom.problems.operators import Entries
    >>> y, A = np.diag([3.0, 0.5]), np.diag([2.0, 0.0])
    >>> nuclear_certificate(Entries(np.ones((2, 2))), y, 1.0, A).gap
    0.0
    """
    check.real("beta", beta, low=0, strict=True)
    rows, y = operator if isinstance(operator, Rows) else Rows(operator), y_star
    operator, beta = rows.operator, float(beta)
    r = y - operator.forward(A)
    Z = operator.adjoint(r)
    inside = rows.inside(r)
    U, s, Vt = compact_svd(A)
    length = float(s.sum())
    primal = 0.5 * float((r * r).sum()) + beta * length

    size, largest = float((inside * inside).sum()), float(np.linalg.norm(Z, 2))
    limit, along = beta / largest if largest else np.inf, ((U.T @ Z) * Vt).sum(axis=1)
    alignment = float((inside * y).sum())
    gap, c = least_gap(size, alignment, limit, lambda c: s * (beta - c * along))

    off = Z - U @ (U.T @ Z)
    off = off - (off @ Vt.T) @ Vt
    P, t, Qt = np.linalg.svd(off, full_matrices=False)
    distance = (Z - off - beta * (U @ Vt)) + (P * np.maximum(t - beta, 0.0)) @ Qt
    kkt = float(np.linalg.norm(distance, 2))
    # y's own part outside the range: far from the minimum r's rounding is too large.
    dual_vector = (y - rows.inside(y) + c * inside).ravel()
    return Certificate.of(primal, gap, kkt, (beta * length or primal, beta), dual_vector)


def unique_minimizer(operator: Operator, y_star: Data, beta: float, A: Matrix) -> bool:
    r"""Return whether the minimizer A of $\frac12\|X(A) - y^*\|^2 + \beta\|A\|_*$ is proved unique.

    All minimizers share $Z = X^\top(y^* - X(A))$ and are of the form $U_1MV_1^\top$ with symmetric
    M, where the columns of $U_1$, $V_1$ are the singular vectors of Z with the value beta. So A is
    unique if X is injective on these matrices.

    **Arguments:**

    - `operator`, `y_star`, `beta`: the objective.
    - `A`: its minimizer, as `solve_regularized` returns it.

    **Returns:** True if A is the only minimizer; False if there may be others.

    Source: the equality case of $\langle Z, A\rangle \le \|Z\|\,\|A\|_*$.

    >>> import numpy as np
    >>> from latebloom.problems.operators import Entries
    >>> mask, y = np.eye(2), np.eye(2)
    >>> unique_minimizer(Entries(mask), y, 0.5, np.eye(2) / 2)
    False
    """
    Z = operator.adjoint(y_star - operator.forward(A))
    U, s, Vt = np.linalg.svd(Z, full_matrices=False)
    k = int((s >= (1 - FACE) * beta).sum())
    return k == 0 or injective_on_symmetric(operator, U[:, :k], Vt[:k])


def solve_regularized(
    operator: Operator,
    y_star: Data,
    beta: float,
    shape: tuple[int, int],
    start: Matrix | None = None,
) -> Matrix:
    r"""Return the minimizer of $\frac12\|X(A) - y^*\|^2 + \beta\|A\|_*$.

    Douglas-Rachford, whose iterates take on the rank of the minimizer, then Newton's method on the
    matrices of that rank; a small beta is reached from larger ones. The end is proved by
    `nuclear_certificate` to six digits of $\beta\|A\|_*$ or better; the best point known is
    returned in any case.

    **Arguments:**

    - `operator`: X.
    - `y_star`: the measurements.
    - `beta`: the regularization strength, positive.
    - `shape`: (n1, n2).
    - `start`: a matrix near the minimizer, if one is known.

    **Returns:** the minimizer, shape (n1, n2).

    **Raises:** `InvalidInput` for a beta that is not positive or a start of another shape,
    `Unsupported` for more than `MAX_GRAM` measurements that are not entries.

    Source: Lions and Mercier, SIAM J. Numer. Anal. 16 (1979); Vandereycken, Low-rank matrix
    completion by Riemannian optimization, SIAM J. Optim. 23 (2013), for the second derivative.

    >>> import numpy as np
    >>> from latebloom.problems.operators import Entries
    >>> y = np.diag([3.0, 0.5])
    >>> solve_regularized(Entries(np.ones((2, 2))), y, 1.0, (2, 2)).round(9) + 0.0
    array([[2., 0.],
           [0., 0.]])
    """
    check.real("beta", beta, low=0, strict=True)
    beta = float(beta)
    if start is not None and start.shape != shape:
        raise InvalidInput(f"start has shape {start.shape}: must be {shape}")
    rows = Rows(operator)
    top = float(np.linalg.norm(operator.adjoint(y_star), 2))
    if top <= beta:
        return np.zeros(shape)
    rungs = max(int(np.log(LADDER * top / beta) / np.log(RUNG)), 0) if start is None else 0
    A, before = start, None
    for j in range(rungs, -1, -1):
        strength = beta * RUNG**j
        if A is not None and rungs:
            # Small singular values are proportional to beta: the points lie almost on a line.
            guess = A if before is None else A - (A - before) / RUNG
            point = _newton(rows, y_star, strength, guess, compact_svd(A).s.size)
            if nuclear_certificate(rows, y_star, strength, point).relative_gap <= PROVED:
                A, before = point, A
                continue
        A, before = _split(rows, y_star, strength, A, LIMIT if j == 0 else RUNG_LIMIT), A
    assert A is not None
    return A


def _split(rows: Rows, y: Data, beta: float, start: Matrix | None, limit: int) -> Matrix:
    """Return the minimizer by Douglas-Rachford and, from there, Newton's method."""
    operator = rows.operator
    pair = None
    if start is not None:
        U, s, Vt = np.linalg.svd(operator.adjoint(y - operator.forward(start)), full_matrices=False)
        pair = start, (U * np.minimum(s / beta, 1.0)) @ Vt
    best, least, rank, trial, last = None, np.inf, -1, FIRST, limit
    for k, A, B, _ in douglas_rachford(rows, y, beta, limit, pair):
        best = B if best is None else best
        if k < trial:
            continue
        trial = int(k * GROWTH)
        before, rank = rank, compact_svd(B).s.size
        if rank == before:
            point = _newton(rows, y, beta, B, rank)
            if nuclear_certificate(rows, y, beta, point).relative_gap <= PROVED:
                return point
        # A has the exact residual, but only almost the rank; B the reverse.
        for point in (A, B):
            gap = nuclear_certificate(rows, y, beta, point).relative_gap
            if gap < least:
                best, least = point, gap
        if least <= PROVED:
            last = min(last, PATIENCE * k)
        if k >= last:
            break
    assert best is not None
    return best


def _newton(rows: Rows, y: Data, beta: float, A: Matrix, rank: int) -> Matrix:
    """Return the stationary point of the objective on the matrices of a rank, from near A."""
    operator = rows.operator
    floor = ROUNDING * operator.largest()
    U, s, Vt = compact_svd(A)
    U, s, Vt = U[:, :rank], s[:rank], Vt[:rank]
    best, least = A, np.inf
    for _ in range(NEWTON):
        point = (U * s) @ Vt
        Z = operator.adjoint(y - operator.forward(point))
        tangent = Tangent(U, Vt, lambda H: H)
        slope = tangent.project(Z) - beta * (U @ Vt)
        size = float(np.linalg.norm(slope))
        if not size < least:
            break
        best, least = point, size
        bend = _curvature(U, s, Vt, tangent.off(Z) / beta)
        tangent.normal = lambda H, bend=bend: operator.adjoint(operator.forward(H)) + beta * bend(H)
        U, s, Vt = np.linalg.svd(point + tangent.solve(slope, floor), full_matrices=False)
        U, s, Vt = U[:, :rank], s[:rank], Vt[:rank]
    return best


def _curvature(
    U: Left, s: Float[np.ndarray, " r"], Vt: Right, W: Matrix
) -> Callable[[np.ndarray], np.ndarray]:
    r"""Return the second derivative of the nuclear norm less $\langle UV^\top + W, A\rangle$ along
    the matrices of rank r, as a symmetric map of the tangent space.

    With $H = UMV^\top + U_\perp KV^\top + UNV_\perp^\top$ the point is, to second order,
    $A + H + U_\perp K\Sigma^{-1}NV_\perp^\top$, and the form is $\mathrm{tr}(K\Sigma^{-1}K^\top) +
    \mathrm{tr}(N^\top\Sigma^{-1}N) - 2\langle W, U_\perp K\Sigma^{-1}NV_\perp^\top\rangle +
    \sum_{i<j}(M_{ij} - M_{ji})^2/(\sigma_i + \sigma_j)$.
    """
    twist = 1.0 / (s[:, None] + s)

    def times(H: np.ndarray) -> np.ndarray:
        left, right = U.T @ H, H @ Vt.T
        M = left @ Vt.T
        K = (right - U @ M) / s
        N = (left - M @ Vt) / s[:, None]
        return U @ (twist * (M - M.T)) @ Vt + (K - W @ N.T) @ Vt + U @ (N - K.T @ W)

    return times
