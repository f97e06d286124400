"""The Frobenius norm without the square, matrix by matrix."""

from dataclasses import dataclass

from latebloom.core.arrays import Array, namespace
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register

from .unsquared import Unsquared


@register("penalty")
@dataclass(frozen=True)
class Frobenius(Unsquared):
    r"""The unsquared Frobenius norm $\beta\|A\|_F$, summed over a stack of matrices.

    On one matrix it is the l2 norm of its entries (`Euclidean`); on the factors of a product each
    factor has its own. The subgradient is $\beta A/\|A\|_F$, and 0 at 0.

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

    def norms(self, x: Array) -> Array:
        r"""Return $\|A\|_F$ of each matrix of a stack, with the last two axes kept."""
        return namespace(x).sqrt((x * x).sum(axis=(-2, -1), keepdims=True))
