"""Total variation: few jumps between neighbours, the fused lasso."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from latebloom.core.arrays import Array, namespace
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register
from latebloom.penalties import Term


class Path(NamedTuple):
    """A point of the path over the strength: the fit, which neighbours are one group, what of the
    strength is left."""

    fit: Array
    joined: Array
    left: Array


@register("penalty")
@dataclass(frozen=True)
class TotalVariation(Term):
    r"""The total variation $\beta\sum_i |x_{i+1} - x_i|$ of a vector.

    The proximal operator follows its path in the strength. Groups of equal neighbours move at the
    rate (sign of the jump to the right - sign of the jump from the left)/(size of the group), until
    two of them meet; groups never part again (Friedman et al. 2007), so n - 1 meetings are all.

    Source: Tibshirani et al., Journal of the Royal Statistical Society B 67 (2005), 91; Friedman,
    Hastie, Hoefling and Tibshirani, Annals of Applied Statistics 1 (2007), 302.

    >>> import numpy as np
    >>> TotalVariation(1.0).prox(np.array([0.0, 0.0, 6.0, 6.0]), 1.0)
    array([0.5, 0.5, 5.5, 5.5])
    """

    beta: float | Schedule
    of_vector = True

    def value(self, x: Array, beta: Any = None) -> Array:
        """Return beta times the sum of the jumps."""
        flat = x.reshape(-1)
        return self._beta(beta) * namespace(x).abs(flat[1:] - flat[:-1]).sum()

    def subgradient(self, x: Array, beta: Any = None) -> Array:
        """Return beta times the difference of the signs of both jumps of each entry."""
        flat = x.reshape(-1)
        return self._beta(beta) * _pull(namespace(x).sign(flat[1:] - flat[:-1])).reshape(x.shape)

    def prox(self, x: Array, step: Array, beta: Any = None) -> Array:
        """Return where the path over the strength is at step * beta."""
        flat = x.reshape(-1)
        path = Path(flat, flat[1:] == flat[:-1], step * self._beta(beta))
        for _ in range(flat.size):  # a meeting each, and what is left after the last of them
            path = _follow(path)
        return path.fit.reshape(x.shape)


def _pull(signs: Array) -> Array:
    """Return the derivative of the total variation from the signs of the jumps."""
    xp, zero = namespace(signs), np.zeros(1)
    return xp.concatenate([zero, signs]) - xp.concatenate([signs, zero])


def _follow(path: Path) -> Path:
    """Return the path at its next meeting, or at its end."""
    xp = namespace(path.fit)
    jumps = xp.where(path.joined, 0.0, path.fit[1:] - path.fit[:-1])
    first = xp.concatenate([np.zeros(1, dtype=int), xp.cumsum(xp.where(path.joined, 0, 1))])
    same = xp.where(first[:, None] == first[None, :], 1.0, 0.0)
    rate = -(same @ _pull(xp.sign(jumps))) / same.sum(axis=1)
    closing = -(rate[1:] - rate[:-1]) * xp.sign(jumps)  # how fast the size of a jump falls
    meets = xp.where(closing > 0, xp.abs(jumps) / xp.where(closing > 0, closing, 1.0), np.inf)
    next_one = meets.min() if path.fit.size > 1 else np.inf
    time = xp.minimum(next_one, path.left)
    joined = path.joined | (meets <= time)
    return Path(path.fit + time * rate, joined, path.left - time)
