"""The interface of problems: data, ground truth, training loss and test error."""

import abc
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from latebloom._errors import InvalidInput

# Squares of errors 10^-8 times smaller than the data must still be normal numbers.
TINY = 1e-280


class SVD(NamedTuple):
    """Compact singular value decomposition ``X = U diag(s) Vt`` with the numerical rank r."""

    U: Float[np.ndarray, "N r"]
    s: Float[np.ndarray, " r"]
    Vt: Float[np.ndarray, "r n"]


def compact_svd(X: Float[np.ndarray, "N n"]) -> SVD:
    r"""Return the SVD of `X` cut at singular values below $\max(N, n)\,\epsilon\,\sigma_{\max}$.

    The cut is NumPy's own for the rank of a matrix; below it a singular value is rounding error.
    """
    if X.size == 0 or not X.any():
        return SVD(np.zeros((X.shape[0], 0)), np.zeros(0), np.zeros((0, X.shape[1])))
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    r = int(np.sum(s > max(X.shape) * np.finfo(float).eps * s[0]))
    return SVD(U[:, :r], s[:r], Vt[:r])


class Problem(abc.ABC):  # noqa: B024 - a family; what it must offer depends on the kind
    """A task: data, ground truth, a training loss g and a test error."""


class LeastSquares(Problem):
    r"""A linear inverse problem with the training loss $g(a) = \frac12\|Xa - y^*\|_2^2$ (no 1/N).

    Members give these three, as fields or as properties; what follows from them is computed here,
    once, and cached:

    - `X`: the design matrix, shape (N, n).
    - `y_star`: the measurements, shape (N,).
    - `a_star`: the ground truth, shape (n,), or None when it is unknown.
    """

    # Not abstract properties: a dataclass field cannot override one.
    X: Float[np.ndarray, "N n"]
    y_star: Float[np.ndarray, " N"]
    a_star: Float[np.ndarray, " n"] | None

    @cached_property
    def svd(self) -> SVD:
        """The compact SVD of X."""
        return compact_svd(self.X)

    @property
    def sigma_max(self) -> float:
        r"""The largest eigenvalue of $X^\top X$ (the paper's $\sigma_{\max}(X^\top X)$)."""
        return float(self.svd.s[0] ** 2) if self.svd.s.size else 0.0

    @property
    def alpha_max(self) -> float:
        r"""The largest stable step size of gradient descent on g, $2/\sigma_{\max}(X^\top X)$."""
        return 2.0 / self.sigma_max if self.sigma_max else np.inf

    @cached_property
    def a_hat(self) -> Float[np.ndarray, " n"]:
        r"""The minimum-norm least squares solution $\hat a = (X^\top X)^\dagger X^\top y^*$."""
        U, s, Vt = self.svd
        return Vt.T @ ((U.T @ self.y_star) / s)

    def validate(self) -> None:
        """Raise `InvalidInput` if relative errors are undefined (zero data or zero ground
        truth) or the squares of the data leave float64."""
        if not self.y_star.any():
            raise InvalidInput(
                "y_star = 0: the relative training error ||Xa - y*||/||y*|| is undefined; "
                "give non-zero measurements (for SparseRecovery use s >= 1)"
            )
        squares = [float(self.y_star @ self.y_star), self.sigma_max]
        if self.a_star is not None and self.a_star.any():
            squares.append(float(self.a_star @ self.a_star))
        if self.X.any() and not all(TINY < square < 1 / TINY for square in squares):
            sizes = ", ".join(f"{square:.3g}" for square in squares)
            raise InvalidInput(
                f"the squared sizes of y_star, X and a_star ({sizes}) are too large or too small "
                "for float64: rescale the data to about 1"
            )
        if self.a_star is not None and not self.a_star.any():
            raise InvalidInput(
                "a_star = 0: the relative test error ||a - a*||/||a*|| is undefined; "
                "give a non-zero ground truth, or leave a_star out"
            )
