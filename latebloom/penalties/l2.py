"""The squared l2 norm: weight decay, ridge."""

from dataclasses import dataclass

from latebloom.core.arrays import Array, namespace
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register

from .base import Strength, Term


@register("penalty")
@dataclass(frozen=True)
class L2(Term):
    r"""Half the squared l2 norm, $\frac{\beta}{2}\|x\|_2^2$, with gradient $\beta x$.

    A text that penalizes $\lambda\|x\|^2$ without the half means beta = 2 lambda here. The dual
    norm is that of the norm it squares.

    Source: arXiv 2506.05718, section 3.3.

    >>> import numpy as np
    >>> from latebloom.penalties import L2
    >>> L2(beta=1.0).prox(np.array([3.0, -0.5]), 1.0)
    array([ 1.5 , -0.25])
    """

    beta: float | Schedule
    differentiable = True
    prox_order = 50
    rescales = True

    def value(self, x: Array, beta: Strength = None) -> Array:
        r"""Return $\frac{\beta}{2}\|x\|_2^2$."""
        return 0.5 * self._beta(beta) * (x * x).sum()

    def subgradient(self, x: Array, beta: Strength = None) -> Array:
        r"""Return the gradient $\beta x$."""
        return self._beta(beta) * x

    def prox(self, x: Array, step: Array, beta: Strength = None) -> Array:
        r"""Return $x/(1 + \mathrm{step}\,\beta)$."""
        return x / (1 + step * self._beta(beta))

    def dual_norm(self, z: Array) -> Array:
        r"""Return $\|z\|_2$."""
        return namespace(z).sqrt((z * z).sum())
