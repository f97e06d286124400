"""Linear measurements: how an unknown makes its data, without forming a dense matrix.

Each is a tuple of arrays, so that JAX batches and compiles it, and the same code serves NumPy.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from latebloom.core.arrays import Array
from latebloom.core.errors import InvalidInput
from latebloom.core.lazy import sparse_linalg as linalg

from .svd import compact_svd

# X X^T is N x N; its decomposition takes N^3 operations: a minute and 200 MiB at this N.
MAX_GRAM = 5000
# Rank-one measurements flattened at a time: 8 MiB at 1,000 unknowns.
CHUNK = 1024
# Up to this N a dense eigenvalue solver is at once there; beyond, a few products by iteration.
DENSE_EIGENVALUES = 300

Shape = tuple[int, ...]


@runtime_checkable
class Operator(Protocol):
    """A linear map X from the unknown to the data."""

    def forward(self, a: Array, /) -> Array:
        """Return X a, of the shape of the data."""
        ...

    def adjoint(self, r: Array, /) -> Array:
        r"""Return $X^\top r$, of the shape of the unknown."""
        ...

    def correction(self, r: Array, inverse: Array) -> Array:
        r"""Return $X^\dagger r$ with the help of what `inverse` returned."""
        ...

    def inverse(self) -> np.ndarray:
        """Return what `correction` needs: an array, empty where it needs nothing."""
        ...

    def normal_times(self, columns: Array) -> Array:
        r"""Return $X^\top X$ times each column of an array (n, k), an unknown each, flattened."""
        ...

    def largest(self) -> float:
        r"""Return the largest eigenvalue of $X^\top X$."""
        ...

    def observed(self, r: Array, /) -> Array:
        """Return r where there are data, zero elsewhere."""
        ...

    def __iter__(self) -> Iterator[Array]:
        """Iterate over the arrays."""
        ...


def _everything(operator: Operator, r: Array) -> Array:
    """Return r: all of it are data."""
    return r


class Dense(NamedTuple):
    """The matrix X itself, (N, n), and its transpose in contiguous memory."""

    X: Array
    XT: Array

    def forward(self, a: Array) -> Array:
        return self.X @ a

    def adjoint(self, r: Array) -> Array:
        return self.XT @ r

    def correction(self, r: Array, inverse: Array) -> Array:
        """Return the pseudo-inverse times r."""
        return inverse @ r

    def inverse(self) -> np.ndarray:
        """Return the pseudo-inverse of X."""
        U, s, Vt = compact_svd(self.X)
        return (Vt.T / s) @ U.T

    def normal_times(self, columns: Array) -> Array:
        return self.XT @ (self.X @ columns)

    def largest(self) -> float:
        """Return the square of the largest singular value of X."""
        return float(np.linalg.norm(self.X, 2) ** 2)

    observed = _everything


class Entries(NamedTuple):
    """The entries of a matrix on a mask, (n1, n2) of zeros and ones; the data are zero
    elsewhere."""

    mask: Array

    def forward(self, a: Array) -> Array:
        """Return the observed entries, zero-filled."""
        return self.mask * a

    adjoint = observed = forward  # the map is a projection

    def correction(self, r: Array, inverse: Array) -> Array:
        """Return the observed entries: a projection is its own pseudo-inverse."""
        return self.mask * r

    def inverse(self) -> np.ndarray:
        """Return an empty array."""
        return np.zeros((0, 0))

    def normal_times(self, columns: Array) -> Array:
        """Return the columns with the unobserved entries set to zero."""
        return self.mask.reshape(-1, 1) * columns

    def largest(self) -> float:
        """Return 1, or 0 if nothing is observed."""
        return float(self.mask.any())


def _gram_inverse(operator: "RankOne | Tensor") -> np.ndarray:
    """Return (X X^T)^+, (N, N)."""
    N = operator[0].shape[0]
    if N > MAX_GRAM:
        raise InvalidInput(
            f"N = {N}: projecting on the interpolators needs a {N} x {N} inverse, offered up to "
            f"{MAX_GRAM}; use Subgradient or ProximalGradient"
        )
    U, s, Vt = compact_svd(operator.gram())
    return (Vt.T / s) @ U.T


def _by_gram(operator: "RankOne | Tensor", r: Array, inverse: Array) -> Array:
    """Return X^T (X X^T)^+ r."""
    return operator.adjoint(inverse @ r)


def _largest(operator: "RankOne | Tensor") -> float:
    """Return the largest eigenvalue of X X^T."""
    N = operator[0].shape[0]
    if N <= DENSE_EIGENVALUES:
        return float(np.linalg.eigvalsh(operator.gram())[-1])
    product = iterated(lambda r: operator.forward(operator.adjoint(r)), None, (N, N))
    # A fixed start: the same number every time.
    start = np.random.default_rng(0).standard_normal(N)
    return float(linalg.eigsh(product, k=1, which="LA", v0=start, return_eigenvectors=False)[0])


class RankOne(NamedTuple):
    r"""The bilinear measurements $y_k = l_k^\top A\,r_k$ with the rows of left (N, n1), right
    (N, n2)."""

    left: Array
    right: Array

    def forward(self, a: Array) -> Array:
        """Return the N bilinear forms."""
        return ((self.left @ a) * self.right).sum(axis=-1)

    def adjoint(self, r: Array) -> Array:
        """Return the weighted sum of the rank-one matrices."""
        return self.left.T @ (r[:, None] * self.right)

    def flat(self) -> Array:
        """Return the measurements as the rows of a matrix (N, n1 n2): for small problems."""
        return (self.left[:, :, None] * self.right[:, None, :]).reshape(self.left.shape[0], -1)

    def gram(self) -> Float[np.ndarray, "N N"]:
        r"""Return $XX^\top = (LL^\top) \odot (RR^\top)$."""
        return (self.left @ self.left.T) * (self.right @ self.right.T)

    def normal_times(self, columns: Array) -> Array:
        total = np.zeros_like(columns)
        for k in range(0, self.left.shape[0], CHUNK):  # the flat rows of a few at a time
            flat = RankOne(self.left[k : k + CHUNK], self.right[k : k + CHUNK]).flat()
            total += flat.T @ (flat @ columns)
        return total

    inverse, correction = _gram_inverse, _by_gram
    largest, observed = _largest, _everything


class Tensor(NamedTuple):
    r"""The measurements $y_k = \langle X_k, A\rangle$ with the matrices X_k, (N, n1, n2)."""

    X: Array

    def flat(self) -> Array:
        """Return the measurements as the rows of a matrix (N, n1 n2)."""
        return self.X.reshape(self.X.shape[0], -1)

    def forward(self, a: Array) -> Array:
        """Return the N inner products."""
        return self.flat() @ a.reshape(-1)

    def adjoint(self, r: Array) -> Array:
        """Return the weighted sum of the matrices."""
        return (r @ self.flat()).reshape(self.X.shape[1:])

    def gram(self) -> Float[np.ndarray, "N N"]:
        r"""Return $XX^\top$."""
        return self.flat() @ self.flat().T

    def normal_times(self, columns: Array) -> Array:
        flat = self.flat()
        return flat.T @ (flat @ columns)

    inverse, correction = _gram_inverse, _by_gram
    largest, observed = _largest, _everything


def iterated(
    forward: Callable[[Array], Array], adjoint: Callable[[Array], Array] | None, shape: Shape
) -> "linalg.LinearOperator":
    """Return a matrix of the given shape, known by its products alone, for iterative solvers."""
    make: Any = linalg.LinearOperator  # whose type stubs lack the keywords
    return make(shape, matvec=forward, rmatvec=adjoint, dtype=np.float64)
