"""Low-rank ground truths: how the singular vectors and values of A* are drawn."""

import numpy as np
from jaxtyping import Float

from .bases import basis

TARGETS = ("orthogonal", "gaussian", "incoherent", "coherent")


def low_rank_target(
    kind: str,
    n1: int,
    n2: int,
    r: int,
    rng: np.random.Generator,
    singular_values: tuple[float, ...] | None = None,
    norm: float | None = None,
) -> Float[np.ndarray, "n1 n2"]:
    r"""Return $A^* = U\Sigma V^\top$ of rank r.

    - `orthogonal`: the random orthogonal model, U and V uniform r-frames; singular values
      $1/\sqrt r$, so that $\|A^*\|_F = 1$.
    - `gaussian`: $GH^\top/\sqrt r$ with iid standard Gaussian factors.
    - `incoherent`: U and V are columns of the real Fourier basis, signs of the rows drawn, so that
      every row has nearly the same weight (coherence at most 2); singular values $1/\sqrt r$.
    - `coherent`: U and V are frames of $DG$ with $D_{ii} = 1/i$, rows in random order: a few rows
      carry most of the weight; singular values $1/\sqrt r$.

    **Arguments:**

    - `kind`, `n1`, `n2`, `r`: as above.
    - `rng`: where the randomness comes from.
    - `singular_values`: r positive numbers that replace the model's own.
    - `norm`: rescale A* to this Frobenius norm.

    **Returns:** A*, shape (n1, n2).

    Source: arXiv 2506.05718, definition G.6 and section 3.2; for power-law rows Chen, Bhojanapalli,
    Sanghavi, Ward, ICML 2014.

    >>> import numpy as np
    >>> A = low_rank_target("orthogonal", 6, 5, 2, np.random.default_rng(0))
    >>> np.linalg.svd(A)[1].round(6)
    array([0.707107, 0.707107, 0.      , 0.      , 0.      ])
    """
    if r == 0:
        return np.zeros((n1, n2))
    if kind == "gaussian":
        A = rng.standard_normal((n1, r)) @ rng.standard_normal((n2, r)).T / np.sqrt(r)
        if singular_values is not None:
            U, _, Vt = np.linalg.svd(A, full_matrices=False)
            A = (U[:, :r] * np.array(singular_values)) @ Vt[:r]
    else:
        values = np.full(r, r**-0.5) if singular_values is None else np.array(singular_values)
        U, V = (_frame(kind, n, r, rng) for n in (n1, n2))
        A = (U * values) @ V.T
    return A if norm is None else A * (norm / np.linalg.norm(A))


def _frame(kind: str, n: int, r: int, rng: np.random.Generator) -> Float[np.ndarray, "n r"]:
    """Return r orthonormal vectors of length n, drawn as `kind` says."""
    if kind == "incoherent":
        # Without the constant: r columns of sines and cosines in random order.
        columns = rng.permutation(np.arange(1, n))[:r] if r < n else np.arange(n)
        return rng.choice([-1.0, 1.0], n)[:, None] * basis("fourier", n, rng)[:, columns]
    G = rng.standard_normal((n, r))
    if kind == "coherent":
        G = (G / np.arange(1, n + 1)[:, None])[rng.permutation(n)]
    Q, R = np.linalg.qr(G)
    return Q * np.sign(np.diag(R))  # uniform for Gaussian G
