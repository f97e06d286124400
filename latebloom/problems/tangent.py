"""What low-rank problems are solved with: equations on the row space of X and on the tangent space
of the matrices of rank r, and a splitting method."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float

from latebloom.core.errors import Unsupported
from latebloom.core.lazy import sparse_linalg as linalg

from .operators import MAX_GRAM, Entries, Operator, RankOne, Tensor, iterated

Matrix = Float[np.ndarray, "n1 n2"]
Data = Float[np.ndarray, "..."]
Left = Float[np.ndarray, "n1 r"]  # singular vectors
Right = Float[np.ndarray, "r n2"]

# Up to so many unknowns equations are decomposed (a tenth of a second), beyond them we iterate.
DENSE = 400
# Squared cosines below it are zero: the kernel of X meets the tangent space (rounding is 1e-15).
CUT = 1e-11
# Sizes below it, of rows and matrices of norm 1, are rounding; so often we correct to get there.
FITS, CORRECTIONS = 1e-12, 5
# Conjugate gradients stop there, or after so many products: rounding allows no more.
CG_TOLERANCE, CG_LIMIT = 1e-14, 1000
# Lanczos gives the least eigenvalue to a percent, from a search space of this size.
LANCZOS = {"tol": 1e-2, "ncv": 40}
# The first step of a splitting, over the size of the solution.
START = 0.3
# Over-relaxation saves a quarter of the iterations; from 2 on they need not converge.
RELAX = 1.6
# The step is corrected after so many iterations, then at intervals that grow by the factor: a
# finite number of times, as convergence needs. One correction is at most BALANCE.
FIRST, GROWTH, BALANCE = 20, 1.5, 5.0


def unit_rows(operator: Operator) -> Operator:
    """Return the measurements with rows of norm 1, without rows of zeros: the matrices that fit are
    the same, but a Gram matrix shows which rows are dependent only if they have one size.

    >>> import numpy as np
    >>> unit_rows(RankOne(np.array([[1e-9], [0.0]]), np.ones((2, 1)))).left
    array([[1.]])
    """
    if not isinstance(operator, RankOne | Tensor):
        return operator
    kept = np.logical_and.reduce([a.reshape(a.shape[0], -1).any(axis=1) for a in operator])
    if not kept.any():
        kept[:1] = True  # the arrays are not to be empty
    scaled = []
    for array in operator:
        flat = array.reshape(kept.size, -1)[kept]
        for norm in (np.inf, 2):  # first the largest entry: squares neither vanish nor overflow
            sizes = np.linalg.norm(flat, norm, axis=1, keepdims=True)
            flat = flat / np.where(sizes > 0, sizes, 1.0)
        scaled.append(flat.reshape(-1, *array.shape[1:]))
    return type(operator)(*scaled)


def least_symmetric(operator: Operator, U: Left, Vt: Right) -> tuple[float, Matrix]:
    r"""Return the least $\|X(D)\|^2$ of $D = UMV^\top$ with symmetric M and norm 1, and that D."""
    units, columns = [], []
    for i, j in zip(*np.tril_indices(U.shape[1]), strict=True):
        M = np.zeros((U.shape[1],) * 2)
        M[i, j] = M[j, i] = 1.0
        units.append(M / np.linalg.norm(M))
        columns.append(operator.forward(U @ units[-1] @ Vt).ravel())
    X = np.array(columns)
    values, vectors = np.linalg.eigh(X @ X.T)
    return float(values[0]), U @ np.tensordot(vectors[:, 0], np.array(units), 1) @ Vt


def injective_on_symmetric(operator: Operator, U: Left, Vt: Right) -> bool:
    r"""Return whether $X(UMV^\top) = 0$ with symmetric M only for M = 0."""
    return least_symmetric(operator, U, Vt)[0] > CUT * operator.largest()


class Rows:
    r"""The equations $(XX^\top + \mu I)\nu = r$ for the range of X, decomposed once.

    >>> import numpy as np
    >>> from latebloom.problems.operators import Entries
    >>> Rows(Entries(np.eye(2))).project(np.ones((2, 2)))
    array([[1., 0.],
           [0., 1.]])
    """

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        if isinstance(operator, Entries):
            self.rank = int(np.count_nonzero(operator.mask))
            return
        if not isinstance(operator, RankOne | Tensor):
            raise Unsupported(
                f"{type(operator).__name__} does not measure a matrix: give Entries, RankOne or "
                "Tensor"
            )
        N = operator[0].shape[0]
        if N > MAX_GRAM:
            raise Unsupported(
                f"N = {N}: a certificate decomposes the N x N matrix X X^T, offered "
                f"up to {MAX_GRAM}; for more measurements observe entries"
            )
        values, vectors = np.linalg.eigh(operator.gram())
        kept = values > N * np.finfo(float).eps * values[-1]
        self.rank = int(kept.sum())
        self._values, self._vectors = values[kept], vectors[:, kept]

    def solve(self, r: Data, mu: float = 0.0) -> Data:
        r"""Return $(XX^\top + \mu I)^{-1}$ times the part of r in the range of X."""
        if isinstance(self.operator, Entries):
            return self.operator.mask * r / (1.0 + mu)
        return self._vectors @ ((self._vectors.T @ r) / (self._values + mu))

    def project(self, Z: Matrix) -> Matrix:
        r"""Return $X^\dagger XZ$, the projection on the row space of X."""
        return self.operator.adjoint(self.solve(self.operator.forward(Z)))

    def unseen(self, D: Matrix) -> bool:
        """Return whether D is in the kernel of X, for rows of norm 1 and to rounding."""
        return float(np.abs(self.operator.forward(D)).max()) <= FITS * float(np.linalg.norm(D))

    def kernel(self, D: Matrix) -> Matrix | None:
        """Return the part of D in the kernel of X; None if rounding hides it, as where rows that
        almost depend on each other count as dependent."""
        for _ in range(CORRECTIONS):
            seen = self.project(D)
            D = D - seen
            if np.linalg.norm(seen) <= FITS * np.linalg.norm(D):
                return D if self.unseen(D) else None
        return None

    def inside(self, r: Data) -> Data:
        r"""Return $XX^\dagger r$, the part of r in the range of X."""
        if isinstance(self.operator, Entries):
            return self.operator.mask * r
        return self._vectors @ (self._vectors.T @ r)


class Complement:
    r"""An orthonormal basis of what is orthogonal to U, as the last columns of the reflection
    $R = I - W(I + H)^{-1}W^\top$: nothing of the size n x n is formed.

    With the polar decomposition $HP$ of the first rows of U and $E = [I; 0]$, $W = UP^\top + E$
    and $RE = -UP^\top$; H is positive semidefinite, so that nothing cancels.
    """

    def __init__(self, U: Float[np.ndarray, "n r"]) -> None:
        self._r = r = U.shape[1]
        left, s, right = np.linalg.svd(U[:r])
        self._W = U @ (left @ right).T + np.eye(*U.shape)
        self._inverse = (left / (1.0 + s)) @ left.T

    def _reflect(self, Z: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n k"]:
        return Z - self._W @ (self._inverse @ (self._W.T @ Z))

    def coordinates(self, Z: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "m k"]:
        """Return the coordinates of the columns of Z."""
        return self._reflect(Z)[self._r :]

    def combine(self, K: Float[np.ndarray, "m k"]) -> Float[np.ndarray, "n k"]:
        """Return the combinations of the basis with the columns of K."""
        return self._reflect(np.vstack([np.zeros((self._r, K.shape[1])), K]))


class Tangent:
    r"""Equations $P_T\,N(H) = P_T B$ on the tangent space $T = \{UB^\top + CV^\top\}$, N symmetric.

    Coordinates of H are the entries of $U^\top H[V\,V_\perp]$ and $U_\perp^\top HV$. Small systems
    are decomposed, which also answers whether they are singular; large ones are solved by conjugate
    gradients, and Lanczos finds their least eigenvalue.

    >>> import numpy as np
    >>> e1, e2 = np.eye(2)[:, :1], np.eye(2)[:1]
    >>> Tangent(e1, e2, lambda H: H).project(np.ones((2, 2)))
    array([[1., 1.],
           [1., 0.]])
    """

    def __init__(self, U: Left, Vt: Right, normal: Callable[[np.ndarray], np.ndarray]) -> None:
        self.U, self.Vt, self.normal = U, Vt, normal
        self._U_off, self._V_off = Complement(U), Complement(Vt.T)
        self.dimension = U.shape[1] * (U.shape[0] + Vt.shape[1] - U.shape[1])

    def off(self, Z: Matrix) -> Matrix:
        r"""Return $P_{T^\perp}Z$."""
        Z = Z - self.U @ (self.U.T @ Z)
        return Z - (Z @ self.Vt.T) @ self.Vt

    def project(self, Z: Matrix) -> Matrix:
        r"""Return $P_TZ$."""
        return Z - self.off(Z)

    def _coordinates(self, Z: Matrix) -> Float[np.ndarray, " d"]:
        left, right = self.U.T @ Z, Z @ self.Vt.T
        off = self._V_off.coordinates(left.T).T, self._U_off.coordinates(right)
        return np.concatenate([part.ravel() for part in (left @ self.Vt.T, *off)])

    def _matrix(self, h: Float[np.ndarray, " d"]) -> Matrix:
        r, n2 = self.Vt.shape
        M, N, K = np.split(h, [r * r, r * n2])
        left = M.reshape(r, r) @ self.Vt + self._V_off.combine(N.reshape(r, n2 - r).T).T
        return self.U @ left + self._U_off.combine(K.reshape(-1, r)) @ self.Vt

    def _times(self, h: Float[np.ndarray, " d"]) -> Float[np.ndarray, " d"]:
        return self._coordinates(self.normal(self._matrix(h.ravel())))

    @cached_property
    def _product(self) -> "linalg.LinearOperator":
        return iterated(self._times, None, (self.dimension,) * 2)

    @cached_property
    def _decomposed(self) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, "d d"]]:
        columns = np.column_stack([self._times(e) for e in np.eye(self.dimension)])
        values, vectors = np.linalg.eigh((columns + columns.T) / 2)
        return values, vectors

    @cached_property
    def least(self) -> float:
        r"""The least eigenvalue of $P_TNP_T$ on T; for the projection on the row space of X the
        squared cosine of the largest angle between T and that space."""
        if self.dimension <= DENSE:
            return float(self._decomposed[0][0])
        start = np.random.default_rng(0).standard_normal(self.dimension)  # the same every time
        options: Any = {**LANCZOS, "v0": start, "return_eigenvectors": False}
        try:
            return float(linalg.eigsh(self._product, k=1, which="SA", **options)[0])
        except linalg.ArpackNoConvergence:
            return 0.0  # not known to be positive

    def solve(self, B: Matrix, floor: float = CUT) -> Matrix:
        """Return the shortest H in T that solves the equations (eigenvalues up to the floor are
        zero), in the least squares sense if none does."""
        b = self._coordinates(B)
        if self.dimension <= DENSE:
            values, vectors = self._decomposed
            kept = np.abs(values) > floor
            return self._matrix(vectors[:, kept] @ ((vectors[:, kept].T @ b) / values[kept]))
        found, _ = linalg.cg(self._product, b, rtol=CG_TOLERANCE, maxiter=CG_LIMIT)
        return self._matrix(found)


def douglas_rachford(
    rows: Rows,
    y: Data,
    beta: float,
    limit: int,
    start: tuple[Matrix, Matrix] | None = None,
) -> Iterator[tuple[int, Matrix, Matrix, Matrix]]:
    r"""Yield k, A, B, Y of the splitting of $\frac1{2\beta}\|X(A) - y\|^2 + \|A\|_*$ (beta = 0:
    subject to $X(A) = y$).

    A is the proximal point of the first part, so that $Y = X^\top(y - X(A))/\beta$ without
    cancellation; B, that of the norm, has low rank.

    **Arguments:**

    - `rows`, `y`, `beta`: the problem.
    - `limit`: the number of iterations.
    - `start`: a pair A, Y.
    """
    operator = rows.operator
    shortest = operator.adjoint(rows.solve(y))
    A, Y = start or (shortest, np.zeros_like(shortest))
    size = float(np.linalg.norm(shortest, 2)) or 1.0
    step = START * size
    B, Z = A, A - step * Y
    change_at = FIRST
    for k in range(limit):
        A = Z + operator.adjoint(rows.solve(y - operator.forward(Z), beta / step))
        Y = (A - Z) / step
        U, s, Vt = np.linalg.svd(2 * A - Z, full_matrices=False)
        before, B = B, (U * np.maximum(s - step, 0.0)) @ Vt
        yield k, A, B, Y
        if k == change_at:
            # The step that makes the relative changes of the two sides alike.
            primal = float(np.linalg.norm(A - B)) / size
            moved = float(np.linalg.norm(B - before)) / step / (float(np.linalg.norm(Y)) or 1.0)
            if primal and moved:
                step /= min(max(np.sqrt(primal / moved), 1 / BALANCE), BALANCE)
            change_at = int(k * GROWTH)
            Z = A - step * Y
        else:
            Z = Z + RELAX * (B - A)
