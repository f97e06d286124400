"""The l2 norm without the square: it pulls with strength beta whatever the size of x."""

from dataclasses import dataclass

from latebloom.core.arrays import Array, namespace
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register

from .base import Strength, Term


@register("penalty")
@dataclass(frozen=True)
class Euclidean(Term):
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
    rescales = True

    def value(self, x: Array, beta: Strength = None) -> Array:
        r"""Return $\beta\|x\|_2$."""
        return self._beta(beta) * self.dual_norm(x)

    def subgradient(self, x: Array, beta: Strength = None) -> Array:
        r"""Return $\beta x/\|x\|_2$, or 0 at 0."""
        xp = namespace(x)
        norm = self.dual_norm(x)
        return self._beta(beta) * x / xp.where(norm > 0, norm, 1.0)

    def prox(self, x: Array, step: Array, beta: Strength = None) -> Array:
        r"""Return the block soft threshold of x at step * beta."""
        xp = namespace(x)
        norm = self.dual_norm(x)
        shrink = step * self._beta(beta) / xp.where(norm > 0, norm, 1.0)
        return x * xp.maximum(1 - shrink, 0.0)

    def dual_norm(self, z: Array) -> Array:
        r"""Return $\|z\|_2$: the norm is its own dual."""
        return namespace(z).sqrt((z * z).sum())
