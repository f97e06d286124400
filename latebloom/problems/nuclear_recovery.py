"""Can the nuclear norm recover a low-rank matrix at all? A dual certificate, and the program."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .concerns import lines
from .operators import Entries, Operator
from .svd import compact_svd
from .tangent import (
    CUT,
    FITS,
    RELAX,
    START,
    Data,
    Matrix,
    Rows,
    Tangent,
    douglas_rachford,
    injective_on_symmetric,
    least_symmetric,
    unit_rows,
)

Bounds = tuple[float, float] | None

# Norms differ if they differ by this fraction, a dual point counts below 1 - MARGIN, and the
# program is solved at this relative gap: the iterations are far more exact than that.
MARGIN = 1e-6
# Equations for a dual point that have a solution are solved to about 1e-13, others to 0.01.
EXACT = 1e-8
# Eigenvalues below it times the dimension are rounding; those from there to CUT are only used to
# find a dual point, corrected so many times and its error charged at this floor.
ROUNDING, TIMES = 1e-14, 3
# Iterations between two tests, which cost a decomposition of their own.
CHECK = 10
# Limits of iterations above and up to SMALL entries (of 2 ms and more, of 0.1 ms at 10 x 10):
# recoverable 10 x 10 instances take 100 to 1000. A large program is left once it has answered.
PROGRAM, SEARCH, SMALL = (1000, 4000), 2000, 2500


@dataclass(frozen=True)
class NuclearRecovery:
    r"""Whether $A^*$ is the unique solution of $\min \|A\|_*$ subject to $X(A) = X(A^*)$.

    **Fields:**

    - `recoverable`: the answer; None if rounding hides it or the iterations did not find it.
    - `reason`: it, in one sentence with the numbers.
    - `by_least_squares`: whether only $A^*$ solves $X(A) = X(A^*)$, so that no penalty is needed.
    - `injective_on_tangent`: whether X is injective on the tangent space T of the matrices of rank
      r at $A^*$ (on angles with it down to 3e-6); where it is, a recoverable $A^*$ is recovered
      from noisy data with an error proportional to the noise. None where that was not needed.
    - `dual_norm_off_tangent`: the least $\|P_{T^\perp}Y\|$ (largest singular value) found among
      $Y = X^\top\nu$ with $P_T Y = UV^\top$; below 1 it proves uniqueness. None without such a Y.
    - `program_error`: the relative error $\|A - A^*\|_F/\|A^*\|_F$ of the solution of the program.
      None where it was not needed.
    - `gap`: the relative duality gap of that solution.
    """

    recoverable: bool | None
    reason: str
    by_least_squares: bool = False
    injective_on_tangent: bool | None = None
    dual_norm_off_tangent: float | None = None
    program_error: float | None = None
    gap: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, JSON-ready."""
        return dict(vars(self))


def nuclear_recovery(operator: Operator, a_star: Matrix) -> NuclearRecovery:
    r"""Say whether the least nuclear norm recovers the ground truth from noiseless measurements.

    Let $A^* = U\Sigma V^\top$ and T the tangent space $\{UB^\top + CV^\top\}$. $A^*$ is the unique
    solution if some $Y = X^\top\nu$ has $P_TY = UV^\top$ and $\|P_{T^\perp}Y\| < 1$, and X is
    injective on $\{UMV^\top : M = M^\top\}$. It is no solution if there is no such Y at all, or if
    a matrix of smaller norm fits. The shortest Y is tried first, then its norm is made smaller.

    **Arguments:**

    - `operator`: X.
    - `a_star`: the ground truth, shape (n1, n2).

    **Returns:** a `NuclearRecovery`.

    **Raises:** `Unsupported` for more than `MAX_GRAM` measurements that are not entries.

    Source: Candes and Recht, Exact matrix completion via convex optimization, Found. Comput. Math.
    9 (2009), lemma 3.1; for D in T, $\|A^* + D\|_* = \|A^*\|_* + \langle UV^\top, D\rangle$ only if
    $D = UMV^\top$ with symmetric M.

    >>> import numpy as np
    >>> from latebloom.problems.operators import Entries
    >>> mask = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 0.0]])
    >>> nuclear_recovery(Entries(mask), np.ones((3, 3))).recoverable
    True
    """
    a_star = np.asarray(a_star, dtype=float)
    if not a_star.any():
        return NuclearRecovery(True, "A* = 0 has the least nuclear norm of all", False, True, 0.0)
    rows = Rows(operator := unit_rows(operator))
    if rows.rank == a_star.size:
        reason = f"X is injective (rank n1 n2 = {a_star.size}): least squares alone recovers A*"
        return NuclearRecovery(True, reason, True, True, 0.0)
    if isinstance(operator, Entries) and (unseen := _unseen(operator.mask, a_star)):
        return NuclearRecovery(False, unseen, injective_on_tangent=False)
    U, _, Vt = compact_svd(a_star)
    tangent = Tangent(U, Vt, rows.project)
    injective = tangent.least > CUT
    found = None
    # Off T a certificate leaves only the directions U M V^T with symmetric M to X.
    if injective or injective_on_symmetric(operator, U, Vt):
        found = _least_dual_norm(rows, tangent)
        if found and found[0] < 1 - MARGIN:
            reason = f"the dual certificate has norm {found[0]:.6g} < 1 off the tangent space"
            reason += ": A* is the unique matrix of least nuclear norm with X(A) = X(A*)"
            return NuclearRecovery(True, reason, False, injective, found[0])
    return _program(rows, a_star, tangent, found)


def _unseen(mask: np.ndarray, a_star: Matrix) -> str:
    """Return a sentence about rows and columns that are not zero and of which nothing is seen:
    with zeros in their place the norm is smaller."""
    rows, columns = (np.greater(a_star.any(axis=k), mask.any(axis=k)) for k in (1, 0))
    found = lines(rows, columns, 3, " and more")
    if not found:
        return ""
    one = len(found) == 1 and "s " not in found[0]
    their = "has no observed entry: its" if one else "have no observed entry: their"
    return f"{' and '.join(found)} (counted from 0) {their} entries cannot be recovered"


def _least_dual_norm(rows: Rows, tangent: Tangent) -> Bounds:
    r"""Return $\|P_{T^\perp}Y\|$ of a Y in the row space with $P_TY = UV^\top$, and a lower bound
    of all such norms; or None if none was found.

    The first Y is the shortest. Douglas-Rachford lowers the norm until it or the bound decides.
    """
    UV = tangent.U @ tangent.Vt
    floor, exact_to, times = CUT, EXACT, 1
    if tangent.least <= CUT:
        # An error along a direction of T in the kernel cannot be charged: it has to be rounding.
        floor = min(CUT, ROUNDING * tangent.dimension)
        exact_to, times = min(FITS, floor), TIMES

    def nearest(Z: Matrix) -> Matrix:
        Y = rows.project(Z)
        for _ in range(times):
            Y = Y + rows.project(tangent.solve(UV - Y, floor))
        return Y

    Z = nearest(np.zeros_like(UV))
    if np.linalg.norm(tangent.project(UV - Z)) > exact_to:
        return None
    step = START * float(np.linalg.norm(tangent.off(Z), "nuc"))
    best, bound = np.inf, 0.0
    for k in range(SEARCH):
        Y = nearest(Z)
        if k % CHECK == 0:
            exact = nearest(Y)  # a second time: corrects rounding
            error = float(np.linalg.norm(tangent.project(UV - exact)))
            # <UV^T - Y, D> <= error / sqrt(floor) ||P_off D|| for D in the kernel: charged to Y.
            norm = float(np.linalg.norm(tangent.off(exact), 2)) + error / float(np.sqrt(floor))
            best = min(best, norm if error <= exact_to else np.inf)
            # Y - Z is normal to the Ys: the sum of D in the kernel of X and a part in T, and
            # <UV^T, D> = -<P_off Y, D> for every Y.
            D = Y - Z
            D = rows.kernel(D - tangent.solve(rows.project(D), floor))
            if D is not None and (size := float(np.linalg.norm(tangent.off(D), "nuc"))):
                slope = abs(float((UV * D).sum())) - EXACT * float(np.linalg.norm(D))
                bound = max(bound, slope / size)
            if best < 1 - MARGIN or bound > 1 + MARGIN:
                break
        R = 2 * Y - Z
        M = tangent.off(R)
        U, s, Vt = np.linalg.svd(M, full_matrices=False)
        # The proximal point of the largest singular value: cut at the level where step is cut off.
        levels = (np.cumsum(s) - step) / np.arange(1, s.size + 1)
        W = R - M + (U * np.minimum(s, max(levels.max(), 0.0))) @ Vt
        Z = Z + RELAX * (W - Y)
    return (best, bound) if best < np.inf else None


def _falls(rows: Rows, tangent: Tangent) -> bool:
    """Return whether a direction in the kernel of X is found along which the norm does not grow:
    one of T along which it falls, or U M V^T with symmetric M, along which it is linear."""
    if rows.unseen(least_symmetric(rows.operator, tangent.U, tangent.Vt)[1]):
        return True
    UV = tangent.U @ tangent.Vt
    # What is left of the equations for a dual point is orthogonal to all that they can reach.
    D = rows.kernel(tangent.project(UV - rows.project(tangent.solve(UV))))
    if D is None:
        return False
    slope = abs(float((UV * D).sum())) - float(np.linalg.norm(tangent.off(D), "nuc"))
    return slope > EXACT * float(np.linalg.norm(D))


def _program(rows: Rows, a_star: Matrix, tangent: Tangent, found: Bounds) -> NuclearRecovery:
    """Answer by solving the convex program, where no dual point was found."""
    unit = float(np.linalg.norm(a_star, 2))  # no tolerance depends on it
    A_star = a_star / unit
    goal = float(np.linalg.norm(A_star, "nuc"))
    small = A_star.size <= SMALL
    best, gap, error, shortest = np.inf, None, None, A_star
    for k, A, _, Y in douglas_rachford(rows, rows.operator.forward(A_star), 0.0, PROGRAM[small]):
        if k % CHECK:
            continue
        length, reached = _gap(A, Y)
        if length < best:
            best, shortest = length, A
        if reached <= MARGIN:
            gap, error = reached, float(np.linalg.norm(A - A_star) / np.linalg.norm(A_star))
        if gap is not None or (best < goal * (1 - MARGIN) and not small):
            break
    singular = tangent.least <= ROUNDING * tangent.dimension
    why = "X is not injective on the tangent space, and " if singular else ""
    if rows.rank < tangent.dimension:
        need = f"r (n1 + n2 - r) = {tangent.dimension} degrees of freedom"
        why = f"X has rank {rows.rank}, below the {need}, and "
    answer: bool | None = False
    # A witness has to fit all rows, those too that rounding hid from the decomposition.
    D = rows.kernel(shortest - A_star)
    if D is not None and (best := float(np.linalg.norm(A_star + D, "nuc"))) < goal * (1 - MARGIN):
        reason = f"a matrix of smaller nuclear norm fits: {best * unit:.6g} < {goal * unit:.6g}"
    elif found and found[1] > 1 + MARGIN:
        reason = f"all dual points have norm {found[1]:.6g} > 1 or more off the tangent space"
    elif found is None and _falls(rows, tangent):
        reason = "the nuclear norm does not grow along a direction in the kernel of X"
    else:
        answer = None
        reason = "undecided: no matrix of smaller nuclear norm was found to fit"
        if found:
            reason += f"; the least dual norm lies in [{found[1]:.6g}, {found[0]:.6g}]"
        else:
            reason += f"; the least squared cosine of T and the rows of X is {tangent.least:.2g}"
    norm = found and found[0]
    return NuclearRecovery(answer, why + reason, False, tangent.least > CUT, norm, error, gap)


def solve_nuclear(
    operator: Operator,
    y: Data,
    shape: tuple[int, int],
    tolerance: float = 1e-9,
    limit: int = 20_000,
) -> tuple[Matrix, float, int]:
    r"""Return a matrix of least nuclear norm that fits the data, its proof, and the iterations.

    $\min \|A\|_*$ subject to $X(A) = y$, or $X(A) = XX^\dagger y$ where nothing fits y. The
    relative gap is $1 - \langle Y, A\rangle/\|A\|_*$ with $Y = X^\top\nu$, $\|Y\| \le 1$: no matrix
    that fits has a norm below $(1 - \mathrm{gap})\|A\|_*$.

    **Arguments:**

    - `operator`: X.
    - `y`: the measurements.
    - `shape`: (n1, n2).
    - `tolerance`: the relative gap at which to stop.
    - `limit`: the largest number of iterations, one singular value decomposition each.

    **Returns:** A, its relative gap and the number of iterations.

    Source: Lions and Mercier, SIAM J. Numer. Anal. 16 (1979).

    >>> import numpy as np
    >>> from latebloom.problems.operators import Entries
    >>> mask = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 0.0]])
    >>> A, gap, _ = solve_nuclear(Entries(mask), mask, (3, 3))
    >>> round(float(A[2, 2]), 6), gap < 1e-8
    (1.0, True)
    """
    A, gap, k = np.zeros(shape), 0.0, 0
    for k, A, _, Y in douglas_rachford(Rows(operator), y, 0.0, limit):
        if k % CHECK == 0 or k == limit - 1:
            _, gap = _gap(A, Y)
            if gap <= tolerance:
                break
    return A, gap, k + 1


def _gap(A: Matrix, Y: Matrix) -> tuple[float, float]:
    """Return the nuclear norm of A and its relative gap, proved by a point of the row space."""
    length = float(np.linalg.svd(A, compute_uv=False).sum())
    if not length:
        return 0.0, 0.0
    return length, 1 - float((Y * A).sum()) / max(1.0, float(np.linalg.norm(Y, 2))) / length
