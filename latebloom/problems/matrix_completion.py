"""Matrix completion: find a low-rank matrix from some of its entries."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from latebloom.core.spec import register

from .coherence import local_coherence
from .low_rank import LowRankProblem
from .matrix_data import MaskedMatrix
from .operators import Entries, Operator
from .tangent import Matrix


@register("problem")
@dataclass(frozen=True)
class MatrixCompletion(LowRankProblem):
    r"""Recover $A^* \in \mathbb R^{n_1 \times n_2}$ of rank r from N of its entries.

    $g(A) = \frac12\|P_\Omega(A) - Y\|_F^2$ with $\Omega$ the observed entries and Y their values,
    zero elsewhere. $P_\Omega$ is a projection, so gradient descent is stable for alpha < 2. A
    fraction tau of the entries are those with the largest local coherence $\mu_i + \nu_j$ of the
    truth, the others are uniform among the rest. The noise is Gaussian with
    $\sigma_\xi^2 = \|P_\Omega(A^*)\|_F^2/(N\,\mathrm{SNR})$.

    **Arguments:**

    - `n1`, `n2`, `r`, `N`: size, rank, number of observed entries.
    - `seed`: seeds target, entries and noise, each with its own stream; `target_seed`,
      `measurement_seed`, `noise_seed` replace it for one of them.
    - `target`: `orthogonal`, `gaussian`, `incoherent` or `coherent`, see
      `latebloom.problems.low_rank_target`; `singular_values` and `norm` (Frobenius) rescale it.
    - `snr`: signal-to-noise ratio; None is no noise.
    - `tau`: fraction of entries chosen by coherence, in [0, 1]: floor(tau N) of them.
    - `recoverable`: draw again until nuclear norm minimization is certified to recover A*;
      `rejected_fraction` says how many draws were not.

    **Raises:** `InvalidInput` for impossible sizes and values. Fewer entries than degrees of
    freedom and rows or columns without entries are warnings.

    Source: arXiv 2506.05718, sections 3.2 and 3.4, appendix G.

    >>> from latebloom.problems import MatrixCompletion
    >>> problem = MatrixCompletion(n1=6, n2=5, r=1, N=20, seed=1)
    >>> problem.y_star.shape, int(problem.mask.sum()), problem.recovery.recoverable
    ((6, 5), 20, True)
    """

    most_why = " (n1 n2 entries)"

    @property
    def most_measurements(self) -> int:
        """The number n1 n2 of entries."""
        return self.n1 * self.n2

    @classmethod
    def text(cls, **settings: Any) -> "MatrixCompletion":
        """Return the problem with the conventions of the paper's text: N = 70, random orthogonal
        model with singular values 1/sqrt(r)."""
        return cls(**settings)

    @classmethod
    def code(cls, **settings: Any) -> "MatrixCompletion":
        """Return the problem with the conventions of the paper's public code.

        N = 80, a product of Gaussian factors scaled to Frobenius norm sqrt(n1 n2). The published
        truth is unseeded: only its distribution can be reproduced.
        """
        n1, n2 = settings.get("n1", 10), settings.get("n2", 10)
        published = {"N": 80, "target": "gaussian", "norm": float(np.sqrt(n1 * n2))}
        return cls(**{**published, **settings})

    @staticmethod
    def from_arrays(
        mask: Shaped[np.ndarray, "n1 n2"],
        A_star: Float[np.ndarray, "n1 n2"] | None = None,
        Y: Float[np.ndarray, "n1 n2"] | None = None,
    ) -> MaskedMatrix:
        """Return the problem with explicit arrays; see `MaskedMatrix`."""
        return MaskedMatrix(mask=mask, Y=Y, A_star=A_star)

    def draw_operator(self, a_star: Matrix, rng: np.random.Generator) -> Operator:
        """Return the mask: the most coherent entries, and uniform ones among the rest."""
        mask = np.zeros(self.n1 * self.n2)
        k = self.coherent
        if k:
            mu, nu = local_coherence(a_star)
            score = (mu[:, None] + nu[None, :]).ravel()
            mask[np.argsort(-score, kind="stable")[:k]] = 1.0
        rest = np.flatnonzero(mask == 0)
        mask[rng.choice(rest, self.N - k, replace=False)] = 1.0
        return Entries(mask.reshape(self.n1, self.n2))

    @property
    def mask(self) -> Float[np.ndarray, "n1 n2"]:
        """Ones on the observed entries, zeros elsewhere."""
        return self.operator.mask  # pyright: ignore
