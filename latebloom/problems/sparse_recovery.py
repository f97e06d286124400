"""Sparse recovery: find a sparse vector from few linear measurements."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.spec import register

from .base import VectorLeastSquares
from .bases import BASES, basis
from .drawn import Drawn, floor_of, freeze
from .least_squares_data import LinearData

SIGNALS = ("gaussian", "signs")
VARIANCES = ("1/n", "1/N")
GENERATORS = ("independent", "shared")


class Instance(NamedTuple):
    """The arrays of one drawn problem: X = M Phi, y* = X a* + noise."""

    X: Float[np.ndarray, "N n"]
    y_star: Float[np.ndarray, " N"]
    a_star: Float[np.ndarray, " n"]
    noise: Float[np.ndarray, " N"]
    M: Float[np.ndarray, "N n"]
    Phi: Float[np.ndarray, "n n"]


@register("problem")
@dataclass(frozen=True)
class SparseRecovery(Drawn, VectorLeastSquares):  # pyright: ignore
    r"""Recover an s-sparse $a^* \in \mathbb R^n$ from $y^* = X a^* + \xi$, $X = M\Phi$, N
    measurements.

    The support of $a^*$ is uniform, its values are N(0, 1/n) (`gaussian`) or $\pm 1/\sqrt n$
    (`signs`), so $E\|a^*\|^2 = s/n$. M has iid Gaussian rows of variance 1/n or 1/N, except that a
    fraction `tau` of the rows are columns of $\Phi$ (coherent measurements). The noise is Gaussian
    with $\sigma_\xi^2 = E\|a^*\|^2/(N\,\mathrm{SNR})$.

    **Arguments:**

    - `n`, `s`, `N`: dimension, number of non-zeros, number of measurements.
    - `seed`: seeds signal, measurements, noise and basis, each with its own stream;
      `signal_seed`, `measurement_seed`, `noise_seed` replace it for one of them.
    - `basis`: `identity`, `orthonormal`, `gaussian` or `fourier` (real orthonormal Fourier basis).
    - `signal`: `gaussian` or `signs`.
    - `snr`: signal-to-noise ratio; None is no noise.
    - `tau`: fraction of coherent rows, in [0, 1]: floor(tau N) rows are columns of Phi.
    - `row_variance`: `1/n` or `1/N`, the variance of the entries of M.
    - `generator`: `independent` streams for every purpose; or `shared`, which restarts one legacy
      generator from the same seed for each of them, so that the noise is a multiple of the first N
      entries of the first row of X. It exists to reproduce published instances, see `code`.

    **Raises:** `InvalidInput` for impossible sizes and values.

    Source: arXiv 2506.05718, section 3.1 and appendix G.1.2.

    >>> from latebloom.problems import SparseRecovery
    >>> problem = SparseRecovery(n=20, s=2, N=10, seed=1)
    >>> problem.X.shape, int((problem.a_star != 0).sum())
    ((10, 20), 2)
    """

    PURPOSES = ("signal", "measurement", "noise", "basis")

    n: int = 100  # the paper's dimension
    s: int = 5  # the paper's sparsity
    N: int = 30  # above the recovery threshold of s = 5, far below n
    seed: int = 0
    signal_seed: int | None = None
    measurement_seed: int | None = None
    noise_seed: int | None = None
    basis: str = "orthonormal"  # the text's choice; with Gaussian M it changes no law
    signal: str = "gaussian"
    snr: float | None = None
    tau: float = 0.0
    row_variance: str = "1/n"  # the text's choice; the public code uses 1/N
    generator: str = "independent"

    def __post_init__(self) -> None:
        check.integer("n", self.n, low=1)
        check.integer("N", self.N, low=1)
        check.integer("s", self.s, low=0, high=self.n, why=f" (n = {self.n})")
        self.check_law()
        check.one_of("basis", self.basis, BASES)
        check.one_of("signal", self.signal, SIGNALS)
        check.one_of("row_variance", self.row_variance, VARIANCES)
        check.one_of("generator", self.generator, GENERATORS)
        if self.generator == "shared" and self.basis != "identity":
            raise InvalidInput(
                f"basis = {self.basis!r}: generator 'shared' reproduces published instances, which "
                "use the identity; set basis = 'identity' or generator = 'independent'"
            )
        rows = max(self.N, self.n)  # X is N x n, the basis n x n
        if rows * self.n > 2**31:
            raise InvalidInput(
                f"n = {self.n}, N = {self.N}: an array of {rows} x {self.n} numbers would need "
                f"{rows * self.n * 8 / 2**30:.0f} GiB; choose n and N with max(n, N) n below 2^31"
            )

    @classmethod
    def text(cls, **settings: Any) -> "SparseRecovery":
        """Return the problem with the conventions of the paper's text (appendix G.1.2).

        Orthonormal basis, row variance 1/n, independent noise with SNR 1e8.
        """
        return cls(**{"snr": 1e8, **settings})

    @classmethod
    def code(cls, **settings: Any) -> "SparseRecovery":
        """Return the problem with the conventions of the paper's public code.

        Identity basis, row variance 1/N, SNR 1e8, and one seed (default 1) restarted for signal,
        measurements and noise, so that the noise repeats the first row of X up to a factor.
        """
        published = {"basis": "identity", "row_variance": "1/N", "generator": "shared"}
        return cls(**{"seed": 1, "snr": 1e8, **published, **settings})

    @staticmethod
    def from_arrays(
        X: Float[np.ndarray, "N n"],
        y_star: Float[np.ndarray, " N"],
        a_star: Float[np.ndarray, " n"] | None = None,
    ) -> LinearData:
        """Return the problem with explicit arrays; see `LinearData`."""
        return LinearData(X=X, y_star=y_star, a_star=a_star)

    @property
    def noise_std(self) -> float:
        r"""The standard deviation $\sigma_\xi = \sqrt{s/(n N \mathrm{SNR})}$ of the noise."""
        if self.snr is None or self.noiseless:
            return 0.0
        return math.sqrt(self.s / self.n / (self.N * self.snr))

    @property
    def X(self) -> Float[np.ndarray, "N n"]:  # pyright: ignore
        """The design matrix, shape (N, n)."""
        return self.instance.X

    @property
    def coherent_rows(self) -> int:
        """The number min(floor(tau N), n) of measurement rows that are columns of Phi."""
        return min(floor_of(self.tau, self.N), self.n)

    @cached_property
    def instance(self) -> Instance:
        """The drawn arrays."""
        n, k, shared = self.n, self.coherent_rows, self.generator == "shared"

        def rng(purpose: str) -> Any:  # either kind has the methods used here
            if shared:
                return np.random.RandomState(self.seed_of(purpose))
            return self.rng(purpose)

        signal, rows = rng("signal"), rng("measurement")
        support, a_star = signal.choice(n, self.s, replace=False), np.zeros(n)
        gaussian = self.signal == "gaussian"
        values = signal.standard_normal(self.s) if gaussian else signal.choice([-1.0, 1.0], self.s)
        # The published code multiplies by the inverse, which rounds differently.
        a_star[support] = values * (1 / np.sqrt(n)) if shared else values / np.sqrt(n)
        Phi = basis(self.basis, n, self.rng("basis"))
        scale = np.sqrt(1 / n if self.row_variance == "1/n" else 1 / self.N)
        M = scale * rows.standard_normal((self.N, n))
        if shared and k:
            M[:k] = scale * Phi[:, rows.choice(n, k, replace=False)].T
        else:
            M[:k] = Phi.T[:k]
        X = M if self.basis == "identity" else M @ Phi
        noise = self.noise_std * rng("noise").standard_normal(self.N)
        arrays = Instance(X, X @ a_star + noise, a_star, noise, M, Phi)
        freeze(*arrays)
        return arrays
