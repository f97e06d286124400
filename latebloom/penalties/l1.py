"""The l1 norm: sparsity."""

from dataclasses import dataclass

from latebloom.core.arrays import Array, namespace
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register

from .base import Strength, Term


@register("penalty")
@dataclass(frozen=True)
class L1(Term):
    r"""The l1 norm $\beta\|x\|_1 = \beta\sum_i |x_i|$.

    Its subgradient is $\beta\,\mathrm{sign}(x)$ with sign(0) = 0, the paper's choice; its proximal
    operator is the soft threshold $\mathrm{sign}(x)\max(|x| - \mathrm{step}\,\beta, 0)$.

    Source: arXiv 2506.05718, section 3.1 and appendix D.

    >>> import numpy as np
    >>> from latebloom.penalties import L1
    >>> L1(beta=1.0).prox(np.array([3.0, -0.5]), 1.0)
    array([ 2., -0.])
    """

    beta: float | Schedule
    prox_order = 0

    def value(self, x: Array, beta: Strength = None) -> Array:
        r"""Return $\beta\|x\|_1$."""
        return self._beta(beta) * namespace(x).abs(x).sum()

    def subgradient(self, x: Array, beta: Strength = None) -> Array:
        r"""Return $\beta\,\mathrm{sign}(x)$."""
        return self._beta(beta) * namespace(x).sign(x)

    def prox(self, x: Array, step: Array, beta: Strength = None) -> Array:
        r"""Return the soft threshold of x at step * beta."""
        xp = namespace(x)
        return xp.sign(x) * xp.maximum(xp.abs(x) - step * self._beta(beta), 0.0)

    def dual_norm(self, z: Array) -> Array:
        r"""Return $\|z\|_\infty$."""
        return namespace(z).abs(z).max()
