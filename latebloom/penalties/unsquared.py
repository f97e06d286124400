"""What l2 norms without the square have in common."""

import abc

from latebloom.core.arrays import Array, namespace

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
