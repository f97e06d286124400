"""SLOPE: a sorted l1 norm, for few entries that are not zero and sizes that agree."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from latebloom.core import checks as check
from latebloom.core.arrays import Array, namespace
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register
from latebloom.penalties import Term


@register("penalty")
@dataclass(frozen=True)
class Slope(Term):
    r"""The sorted l1 norm $\beta\sum_i w_i |x|_{(i)}$, $|x|_{(1)} \ge |x|_{(2)} \ge \dots$

    The weights fall linearly, $w_i = 1 + \theta\,(n - i)/(n - 1)$, which is OSCAR: a sum of
    the l1 norm and of the maxima of all pairs. The proximal operator is an isotonic regression of
    the sorted sizes less their weights, $\min_{j \le i} \max_{k \ge i}$ of the means over j..k.

    **Arguments:**

    - `beta`: the regularization strength.
    - `theta`: how much more the largest entry weighs than the smallest; 0 is the l1 norm.

    Source: Bogdan et al., Annals of Applied Statistics 9 (2015), 1103; Bondell and Reich,
    Biometrics 64 (2008), 115.

    >>> import numpy as np
    >>> Slope(1.0, theta=1.0).prox(np.array([3.0, -2.8]), 1.0)
    array([ 1.4, -1.4])
    """

    beta: float | Schedule
    theta: float = 1.0
    of_vector = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check.real("Slope.theta", self.theta, low=0)

    def _weights(self, n: int) -> np.ndarray:
        return 1 + self.theta * np.arange(n)[::-1] / max(n - 1, 1)

    def value(self, x: Array, beta: Any = None) -> Array:
        """Return beta times the weighted sum of the sorted sizes."""
        xp = namespace(x)
        falling = -xp.sort(-xp.abs(x).reshape(-1))
        return self._beta(beta) * (xp.asarray(self._weights(x.size)) * falling).sum()

    def subgradient(self, x: Array, beta: Any = None) -> Array:
        """Return beta times the sign of each entry times the weight of its rank."""
        xp, flat = namespace(x), x.reshape(-1)
        rank = xp.argsort(xp.argsort(-xp.abs(flat), stable=True))
        weights = xp.asarray(self._weights(x.size))[rank]
        return self._beta(beta) * (weights * xp.sign(flat)).reshape(x.shape)

    def prox(self, x: Array, step: Array, beta: Any = None) -> Array:
        """Return the fit of the sorted sizes less their weights, in the order of x."""
        xp, flat = namespace(x), x.reshape(-1)
        order = xp.argsort(-xp.abs(flat), stable=True)
        size = xp.abs(flat)[order]
        excess = size - step * self._beta(beta) * xp.asarray(self._weights(x.size))
        n = np.arange(x.size)
        total = xp.concatenate([xp.zeros_like(excess[:1]), xp.cumsum(excess)])
        length = n[None, :] - n[:, None] + 1  # of j..k
        means = (total[None, 1:] - total[:-1, None]) / np.where(length > 0, length, 1)
        means = xp.where(length > 0, means, -np.inf)
        largest = xp.maximum.accumulate(means[:, ::-1], axis=1)[:, ::-1]  # over k >= i
        # Where j > i, it is no longer min over j <= i.
        largest = xp.where(n[:, None] <= n[None, :], largest, np.inf)
        fit = xp.maximum(largest.min(axis=0), 0.0)
        return (xp.sign(flat) * fit[xp.argsort(order)]).reshape(x.shape)

    def dual_norm(self, z: Array) -> Array:
        """Return the largest ratio of the sums of the k largest sizes and of the k weights."""
        xp = namespace(z)
        sums = xp.cumsum(-xp.sort(-xp.abs(z).reshape(-1)))
        return (sums / xp.asarray(np.cumsum(self._weights(z.size)))).max()
