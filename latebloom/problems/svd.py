"""The compact singular value decomposition, cut at the numerical rank."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


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
