"""The Frobenius norm without the square, matrix by matrix."""

from dataclasses import dataclass

from latebloom.core.arrays import Array, namespace
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register

from .base import Strength, Term


@register("penalty")
@dataclass(frozen=True)
class Frobenius(Term):
    r"""The unsquared Frobenius norm $\beta\|A\|_F$, summed over a stack of matrices.

    On one matrix it is the l2 norm of its entries (`Euclidean`); on the factors of a product it
    pulls at each of them with strength beta. Its subgradient is $\beta A/\|A\|_F$, and 0 at 0.

    Source: arXiv 2506.05718, public code.

    >>> import numpy as np
    >>> from latebloom.penalties import Frobenius
    >>> Frobenius(beta=2.5).prox(np.diag([3.0, 4.0]), 1.0)
    array([[1.5, 0. ],
           [0. , 2. ]])
    """

    beta: float | Schedule
    of_matrices = True
    prox_order = 30
    rescales = True

    def value(self, x: Array, beta: Strength = None) -> Array:
        r"""Return $\beta\|A\|_F$."""
        return self._beta(beta) * _norms(x).sum()

    def subgradient(self, x: Array, beta: Strength = None) -> Array:
        r"""Return $\beta A/\|A\|_F$, or 0 at 0."""
        norm = _norms(x)
        return self._beta(beta) * x / namespace(x).where(norm > 0, norm, 1.0)

    def prox(self, x: Array, step: Array, beta: Strength = None) -> Array:
        r"""Return $A\max(1 - \mathrm{step}\,\beta/\|A\|_F, 0)$."""
        xp, norm = namespace(x), _norms(x)
        shrink = step * self._beta(beta) / xp.where(norm > 0, norm, 1.0)
        return x * xp.maximum(1 - shrink, 0.0)

    def dual_norm(self, z: Array) -> Array:
        r"""Return $\|Z\|_F$, the largest over a stack."""
        return _norms(z).max()


def _norms(x: Array) -> Array:
    """Return the norm of each matrix, with the last two axes kept."""
    return namespace(x).sqrt((x * x).sum(axis=(-2, -1), keepdims=True))
