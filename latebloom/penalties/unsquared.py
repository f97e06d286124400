"""The l2 norms without the square, of all entries and matrix by matrix."""

import abc
from dataclasses import dataclass

from latebloom.core.arrays import Array, namespace
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register

from .base import Strength, Term


class Unsquared(Term):
    r"""A sum of l2 norms $\beta\sum_i\|x_i\|_2$ over blocks of the parameters, each its own dual.

    Its subgradient is $\beta x_i/\|x_i\|_2$, and 0 at 0; its proximal operator the block soft
    threshold $x_i\max(1 - \mathrm{step}\,\beta/\|x_i\|_2, 0)$.
    """

    rescales = True

    @abc.abstractmethod
    def norms(self, x: Array) -> Array:
        """Return the norm of each block, of a shape that x can be divided by."""

    def value(self, x: Array, beta: Strength = None) -> Array:
        """Return beta times the sum of the norms."""
        return self._beta(beta) * self.norms(x).sum()

    def subgradient(self, x: Array, beta: Strength = None) -> Array:
        """Return beta times each block over its norm, or 0 at 0."""
        norms = self.norms(x)
        return self._beta(beta) * x / namespace(x).where(norms > 0, norms, 1.0)

    def prox(self, x: Array, step: Array, beta: Strength = None) -> Array:
        """Return the block soft threshold of x at step * beta."""
        xp, norms = namespace(x), self.norms(x)
        shrink = step * self._beta(beta) / xp.where(norms > 0, norms, 1.0)
        return x * xp.maximum(1 - shrink, 0.0)

    def dual_norm(self, z: Array) -> Array:
        """Return the largest norm of a block."""
        return self.norms(z).max()


@register("penalty")
@dataclass(frozen=True)
class Euclidean(Unsquared):
    r"""The unsquared l2 norm $\beta\|x\|_2$.

    Its subgradient is $\beta x/\|x\|_2$, and 0 at 0; its proximal operator the block soft threshold
    $x\,\max(1 - \mathrm{step}\,\beta/\|x\|_2, 0)$. The paper's public code penalizes networks with
    it.

    Source: arXiv 2506.05718, public code (see the preset `code`).

    >>> import numpy as np
    >>> from latebloom.penalties import Euclidean
    >>> Euclidean(beta=2.5).prox(np.array([3.0, 4.0]), 1.0)
    array([1.5, 2. ])
    """

    beta: float | Schedule
    of_vector = True
    prox_order = 40

    def norms(self, x: Array) -> Array:
        r"""Return $\|x\|_2$."""
        return namespace(x).sqrt((x * x).sum())


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
