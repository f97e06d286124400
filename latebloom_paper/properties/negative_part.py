"""The negative part: a constraint on the sign, as a penalty with a strength."""

from dataclasses import dataclass
from typing import Any

from latebloom.core.arrays import Array, namespace
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register
from latebloom.penalties import Term


@register("penalty")
@dataclass(frozen=True)
class NegativePart(Term):
    r"""The sum of what is below zero, $\beta\sum_i \max(-x_i, 0)$: 0 where no entry is negative.

    With a constraint `x >= 0` itself the strength has no effect, and there is no delay; this is
    the exact penalty of it. If the data fix the sum of the entries, it asks for a point of the
    simplex.

    >>> import numpy as np
    >>> NegativePart(1.0).prox(np.array([2.0, -0.5, -3.0]), 1.0)
    array([ 2.,  0., -2.])
    """

    beta: float | Schedule

    def value(self, x: Array, beta: Any = None) -> Array:
        """Return beta times the sum of the negative entries, with a plus sign."""
        return self._beta(beta) * namespace(x).maximum(-x, 0.0).sum()

    def subgradient(self, x: Array, beta: Any = None) -> Array:
        """Return -beta where x is negative, else 0."""
        xp = namespace(x)
        return -self._beta(beta) * xp.where(x < 0, 1.0, 0.0)

    def prox(self, x: Array, step: Array, beta: Any = None) -> Array:
        """Return x with its negative entries raised by step * beta, at most to 0."""
        xp = namespace(x)
        return xp.where(x < 0, xp.minimum(x + step * self._beta(beta), 0.0), x)
