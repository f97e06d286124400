"""Matrix sensing: find a low-rank matrix from random linear measurements."""

from dataclasses import dataclass

import numpy as np

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.spec import register

from .low_rank import LowRankProblem
from .matrix_data import SensedMatrix
from .operators import Operator, RankOne, Tensor
from .svd import compact_svd
from .tangent import Matrix

MEASUREMENTS = ("rank_one", "full")
VARIANCES = ("1/n", "1/n^2", "1/N")


@register("problem")
@dataclass(frozen=True)
class MatrixSensing(LowRankProblem):
    r"""Recover $A^* \in \mathbb R^{n_1 \times n_2}$ of rank r from N random linear measurements.

    `rank_one`: $y_k = l_k^\top A^* r_k + \xi_k$ with independent Gaussian vectors; `full`:
    $y_k = \langle X_k, A^*\rangle + \xi_k$ with Gaussian matrices. The first
    $\min(\lfloor\tau N\rfloor, n_1)$ left vectors are those of an orthonormal basis that begins
    with the left singular vectors of the truth, likewise on the right. The noise is Gaussian with
    $\sigma_\xi^2 = \|X A^*\|^2/(N\,\mathrm{SNR})$.

    **Arguments:**

    - `n1`, `n2`, `r`, `N`: size, rank, number of measurements.
    - `measurements`: `rank_one` or `full`.
    - `variance`: of the entries, by name. `1/n`: 1/n1 on the left and 1/n2 on the right (of `full`
      1/(n1 n2)), so that a measurement has norm about 1. `1/n^2`: 1/n1^2 and 1/n2^2, the text's
      sigma = 1/n read as a standard deviation. `1/N`: 1/N on both sides, the public code's.
    - the others as in `MatrixCompletion`; `tau` needs `rank_one`.

    **Raises:** `InvalidInput` for impossible sizes and values. Fewer measurements than degrees of
    freedom and linearly dependent ones are warnings.

    Source: arXiv 2506.05718, section 3.2 and appendix D.2.

    >>> from latebloom.problems import MatrixSensing
    >>> problem = MatrixSensing(n1=6, n2=5, r=1, N=20, seed=1)
    >>> problem.y_star.shape, problem.recovery.recoverable
    ((20,), True)
    """

    measurements: str = "rank_one"  # the paper's
    variance: str = "1/n"  # measurements of norm 1: alpha means the same at every size

    def __post_init__(self) -> None:
        super().__post_init__()
        check.one_of("measurements", self.measurements, MEASUREMENTS)
        check.one_of("variance", self.variance, VARIANCES)
        full = self.measurements == "full"
        if full and self.tau > 0:
            raise InvalidInput(
                f"tau = {self.tau!r}: the singular vectors of the truth as measurements need "
                "measurements = 'rank_one'"
            )
        numbers = self.N * (self.n1 * self.n2 if full else self.n1 + self.n2)
        if numbers > 2**28:
            raise InvalidInput(
                f"N = {self.N}: the measurements would take {numbers * 8 / 2**30:.0f} GiB; choose "
                "a smaller N" + (", or measurements = 'rank_one'" if full else "")
            )

    from_arrays = SensedMatrix

    def _std(self, n: int) -> float:
        return {"1/n": n**-0.5, "1/n^2": 1.0 / n, "1/N": self.N**-0.5}[self.variance]

    def draw_operator(self, a_star: Matrix, rng: np.random.Generator) -> Operator:
        """Return the Gaussian measurements, the first ones coherent with the truth."""
        if self.measurements == "full":
            n = self.n1 * self.n2
            return Tensor(self._std(n) * rng.standard_normal((self.N, self.n1, self.n2)))
        left = self._std(self.n1) * rng.standard_normal((self.N, self.n1))
        right = self._std(self.n2) * rng.standard_normal((self.N, self.n2))
        if self.coherent:
            U, _, Vt = compact_svd(a_star)
            for vectors, own in ((left, U), (right, Vt.T)):
                n, r = own.shape
                k = min(self.coherent, n)
                # The basis goes on in random directions.
                Q = np.linalg.qr(np.hstack([own, rng.standard_normal((n, max(k - r, 0)))]))[0]
                Q[:, :r] = own
                vectors[:k] = Q[:, :k].T
        return RankOne(left, right)
