"""The interface of problems: data, ground truth, training loss and test error."""

import abc
import warnings
from collections.abc import Callable
from functools import cached_property

import numpy as np
from jaxtyping import Float

from latebloom.core.errors import InvalidInput, Unsupported
from latebloom.core.lazy import sparse_linalg as linalg

from .concerns import concerns
from .nuclear_recovery import NuclearRecovery, nuclear_recovery
from .operators import MAX_GRAM, Dense, Operator, iterated
from .svd import SVD as SVD
from .svd import compact_svd as compact_svd

# Squares of errors 10^-8 times smaller than the data must still be normal numbers.
TINY = 1e-280


class Problem(abc.ABC):  # noqa: B024 - a family; what it must offer depends on the kind
    """A task: data, ground truth, a training loss g and a test error."""


class LeastSquares(Problem):
    r"""A linear inverse problem with the training loss $g(a) = \frac12\|Xa - y^*\|^2$ (no 1/N).

    The unknown a is a vector or a matrix, X any linear map. Members give these, as fields or as
    properties:

    - `operator`: the linear map X.
    - `shape`: the shape of the unknown.
    - `y_star`: the measurements.
    - `a_star`: the ground truth, of the unknown's shape, or None when it is unknown.
    - `sigma_max`, `a_hat`, `nearest_fit`: as in `VectorLeastSquares` and `MatrixLeastSquares`.
    """

    # Not abstract properties: a dataclass field cannot override one.
    operator: Operator
    shape: tuple[int, ...]
    y_star: Float[np.ndarray, "..."]
    a_star: Float[np.ndarray, "..."] | None
    sigma_max: float
    a_hat: Float[np.ndarray, "..."]
    nearest_fit: Callable[[Float[np.ndarray, "..."]], Float[np.ndarray, "..."]]

    @cached_property
    def inverse(self) -> Float[np.ndarray, "..."]:
        """What the operator needs to project on the unknowns that fit, see `Operator.inverse`."""
        return self.operator.inverse()

    @property
    def truth(self) -> Float[np.ndarray, "..."]:
        """The ground truth `a_star`, where it is known.

        **Raises:** `InvalidInput` where it is not.
        """
        if self.a_star is None:
            raise InvalidInput("the problem has no ground truth (a_star, of a matrix A_star)")
        return self.a_star

    @property
    def alpha_max(self) -> float:
        r"""The largest stable step size of gradient descent on g, $2/\sigma_{\max}(X^\top X)$."""
        return 2.0 / self.sigma_max if self.sigma_max else np.inf

    def validate(self) -> None:
        """Raise `InvalidInput` if relative errors are undefined (zero data or zero ground
        truth) or the squares of the data leave float64."""
        if not self.y_star.any():
            raise InvalidInput(
                "y_star = 0: the relative training error ||Xa - y*||/||y*|| is undefined; "
                "give non-zero measurements (draw them with s >= 1, or r >= 1)"
            )
        with np.errstate(over="ignore", under="ignore"):  # what they give is refused below
            sigma = self.sigma_max
            squares = [float((self.y_star**2).sum()), sigma]
            if self.a_star is not None and self.a_star.any():
                squares.append(float((self.a_star**2).sum()))
        # X = 0 is a problem without a limit; its square may be 0 because it is tiny.
        unit = self.y_star / np.abs(self.y_star).max()
        zero = not sigma and not np.any(self.operator.adjoint(unit))
        if not zero and not all(TINY < square < 1 / TINY for square in squares):
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


class VectorLeastSquares(LeastSquares):
    r"""Least squares in a vector $a \in \mathbb R^n$ with a design matrix X of shape (N, n)."""

    X: Float[np.ndarray, "N n"]

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore
        """The shape (n,) of the unknown."""
        return self.X.shape[1:]

    @cached_property
    def operator(self) -> Operator:  # pyright: ignore
        """X as a linear map."""
        XT = np.ascontiguousarray(self.X.T)
        XT.setflags(write=False)
        return Dense(self.X, XT)

    @cached_property
    def svd(self) -> SVD:
        """The compact SVD of X."""
        return compact_svd(self.X)

    @property
    def sigma_max(self) -> float:  # pyright: ignore
        r"""The largest eigenvalue of $X^\top X$ (the paper's $\sigma_{\max}(X^\top X)$)."""
        return float(self.svd.s[0] ** 2) if self.svd.s.size else 0.0

    @cached_property
    def a_hat(self) -> Float[np.ndarray, " n"]:  # pyright: ignore
        r"""The minimum-norm least squares solution $\hat a = (X^\top X)^\dagger X^\top y^*$."""
        U, s, Vt = self.svd
        return Vt.T @ ((U.T @ self.y_star) / s)

    def nearest_fit(self, a: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        r"""Return the least squares solution nearest to a, $\hat a + P_{\mathrm{null}} a$."""
        Vt = self.svd.Vt
        return self.a_hat + a - Vt.T @ (Vt @ a)


class MatrixLeastSquares(LeastSquares):
    r"""Least squares in a matrix $A \in \mathbb R^{n_1 \times n_2}$ measured by an operator.

    The data have the shape (N,), or for observed entries that of the matrix, zero-filled.
    """

    @cached_property
    def recovery(self) -> NuclearRecovery:
        """Whether the nuclear norm can recover the ground truth; raises `Unsupported` without
        one."""
        if self.a_star is None:
            raise Unsupported("recoverability needs the ground truth: give A_star with the problem")
        return nuclear_recovery(self.operator, self.a_star)

    def validate(self) -> None:
        """Raise as every problem does; warn of the `concerns`, once."""
        super().validate()
        if not getattr(self, "_told", False):
            object.__setattr__(self, "_told", True)
            for concern in self.concerns():
                warnings.warn(concern, stacklevel=2)

    def concerns(self) -> list[str]:
        """Return what a user should know of the data, see `latebloom.problems.concerns`."""
        rank = 0 if self.truth_svd is None else self.truth_svd.s.size
        return concerns(self.operator, self.y_star.size, self.shape, rank)

    @cached_property
    def truth_svd(self) -> SVD | None:
        """The compact SVD of the ground truth, or None without one."""
        return None if self.a_star is None else compact_svd(self.a_star)

    @cached_property
    def sigma_max(self) -> float:  # pyright: ignore
        r"""The largest eigenvalue of $X^\top X$ (the paper's $\sigma_{\max}(X^\top X)$)."""
        return self.operator.largest()

    @cached_property
    def a_hat(self) -> Float[np.ndarray, "n1 n2"]:  # pyright: ignore
        r"""The minimum-norm least squares solution; observed entries filled with zeros."""
        if self.y_star.ndim == 1 and self.y_star.size > MAX_GRAM:
            product = iterated(
                lambda a: self.operator.forward(a.reshape(self.shape)),
                lambda r: self.operator.adjoint(r).ravel(),
                (self.y_star.size, int(np.prod(self.shape))),
            )
            found = linalg.lsqr(product, self.y_star, atol=1e-15, btol=1e-15)[0]  # to rounding
            return found.reshape(self.shape)
        return self.operator.correction(self.y_star, self.inverse)

    def nearest_fit(self, A: Float[np.ndarray, "n1 n2"]) -> Float[np.ndarray, "n1 n2"]:
        r"""Return the least squares solution nearest to A, $A + X^\dagger(y^* - XA)$."""
        X = self.operator
        return A + X.correction(self.y_star - X.forward(A), self.inverse)
