"""How the weight of a low-rank matrix is spread over its rows, columns and entries."""

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput

from .svd import compact_svd

Weights = tuple[Float[np.ndarray, " n1"], Float[np.ndarray, " n2"]]  # of rows and of columns


def degrees_of_freedom(n1: int, n2: int, r: int) -> int:
    """Return r (n1 + n2 - r), the dimension of the matrices of rank r: no fewer data determine one.

    Source: arXiv 2506.05718, appendix G.

    >>> degrees_of_freedom(10, 10, 2)
    36
    """
    for name, value in (("n1", n1), ("n2", n2)):
        check.integer(name, value, low=1)
    check.integer("r", r, low=0, high=min(n1, n2), why=", the smaller side")
    return r * (n1 + n2 - r)


def leverage_scores(A: Float[np.ndarray, "n1 n2"]) -> Weights:
    r"""Return $\|U_{i,:}\|^2$ of every row and $\|V_{j,:}\|^2$ of every column of A, each sum r.

    >>> import numpy as np
    >>> rows, columns = leverage_scores(np.outer([1.0, 0.0], [1.0, 1.0]))
    >>> rows.round(6), columns.round(6)
    (array([1., 0.]), array([0.5, 0.5]))
    """
    matrix = check.real_array("A", A, 2)
    if not matrix.size:
        raise InvalidInput(f"A has shape {matrix.shape}: must have at least one entry")
    U, _, Vt = compact_svd(matrix)
    return (U**2).sum(axis=1), (Vt**2).sum(axis=0)


def local_coherence(A: Float[np.ndarray, "n1 n2"]) -> Weights:
    r"""Return $\mu_i = \frac{n_1}{r}\|U_{i,:}\|^2$ and $\nu_j = \frac{n_2}{r}\|V_{j,:}\|^2$.

    Their means are 1. Entry (i, j) is the more informative the larger $\mu_i + \nu_j$.

    Source: arXiv 2506.05718, definition G.9.

    >>> import numpy as np
    >>> mu, nu = local_coherence(np.outer([1.0, 0.0], [1.0, 1.0]))
    >>> mu.round(6), nu.round(6)
    (array([2., 0.]), array([1., 1.]))
    """
    rows, columns = leverage_scores(A)
    r = max(round(float(rows.sum())), 1)  # leverage scores sum to the rank
    return rows * (rows.size / r), columns * (columns.size / r)


def coherence(A: Float[np.ndarray, "n1 n2"]) -> tuple[float, float]:
    r"""Return the coherences $\max_i \mu_i$ and $\max_j \nu_j$ of the column and the row space.

    They lie in [1, n/r]: 1 if all rows have the same weight, n/r if one basis vector lies in the
    space.

    Source: arXiv 2506.05718, definition G.8.

    >>> import numpy as np
    >>> [round(mu, 6) for mu in coherence(np.outer([1.0, 0.0], [1.0, 1.0]))]
    [2.0, 1.0]
    """
    mu, nu = local_coherence(A)
    return float(mu.max()), float(nu.max())
