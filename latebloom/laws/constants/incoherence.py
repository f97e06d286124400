"""Coherences of vectors: how alike the columns of a matrix, or the elements of two bases, are."""

import math

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput


def coherence_between(A: Float[np.ndarray, "n p"], B: Float[np.ndarray, "n q"]) -> float:
    r"""Return $\mu(A, B) = \max_{ij} |\langle A_i, B_j\rangle|/(\|A_i\|\|B_j\|)$ over columns.

    It does not depend on the scale of either.

    **Raises:** `InvalidInput` for a zero column.

    Source: arXiv 2506.05718, definition G.2.

    >>> round(coherence_between(np.eye(2), np.ones((2, 1))), 6)
    0.707107
    """
    return float(np.abs(_unit(A).T @ _unit(B)).max())


def mutual_coherence(A: Float[np.ndarray, "m n"]) -> float:
    r"""Return $\mu(A) = \max_{i \ne j} |\langle A_i, A_j\rangle|/(\|A_i\|\|A_j\|)$.

    **Raises:** `InvalidInput` for a zero column.

    Source: Foucart and Rauhut, A Mathematical Introduction to Compressive Sensing (2013), 5.1.

    >>> mutual_coherence(np.array([[1.0, 0.0, 3.0], [0.0, 2.0, 4.0]]))
    0.8
    """
    return float(_gram(A).max(initial=0.0))


def cumulative_coherence(A: Float[np.ndarray, "m n"], s: int) -> float:
    r"""Return $\mu_1(A, s) = \max_i \max_{|J| \le s, i \notin J}\sum_{j \in J}
    |\langle A_i, A_j\rangle|$ of the normalized columns, at most $s\mu(A)$.

    **Raises:** `InvalidInput` for a zero column, or s below 1.

    Source: Foucart and Rauhut (2013), definition 5.2.

    >>> cumulative_coherence(np.array([[1.0, 0.0, 3.0], [0.0, 1.0, 4.0]]), 2)
    1.4
    """
    check.integer("s", s, low=1)
    return float(np.sort(_gram(A), axis=1)[:, ::-1][:, :s].sum(axis=1).max())


def restricted_isometry(A: Float[np.ndarray, "m n"], support: np.ndarray) -> float:
    r"""Return $\|A_J^\top A_J - I\|_{2\to2}$ of one support J; its largest over $|J| = s$ is
    $\delta_s$, for unit columns and s = 2 the mutual coherence.

    Source: arXiv 2506.05718, appendix G; Foucart and Rauhut (2013), definition 6.1.

    >>> restricted_isometry(np.eye(3), np.array([0, 1]))
    0.0
    """
    part = A[:, support]
    return float(np.abs(np.linalg.eigvalsh(part.T @ part) - 1).max())


def welch_bound(m: int, n: int) -> float:
    r"""Return $\sqrt{(n-m)/(m(n-1))}$, which the coherence of n vectors in $\mathbb R^m$ is at
    least; 0 for $n \le m$.

    **Raises:** `InvalidInput` for numbers below 1.

    Source: Welch, IEEE Transactions on Information Theory 20 (1974).

    >>> welch_bound(2, 3)
    0.5
    """
    check.integer("m", m, low=1)
    check.integer("n", n, low=1)
    return math.sqrt((n - m) / (m * (n - 1))) if n > m else 0.0


def _unit(A: np.ndarray) -> np.ndarray:
    A = check.real_array("A", A, 2)
    norm = np.linalg.norm(A, axis=0)
    if (norm == 0).any():
        zero = int(np.flatnonzero(norm == 0)[0])
        raise InvalidInput(f"column {zero} is zero: its coherence is undefined; leave it out")
    return A / norm


def _gram(A: np.ndarray) -> np.ndarray:
    """Return the absolute inner products of the normalized columns, zero on the diagonal."""
    unit = _unit(A)
    gram = np.abs(unit.T @ unit)
    np.fill_diagonal(gram, 0.0)
    return gram
