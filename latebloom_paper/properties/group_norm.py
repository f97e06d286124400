"""The group lasso: few groups of entries that are not zero."""

from dataclasses import dataclass
from typing import Any

from latebloom.core import checks as check
from latebloom.core.arrays import Array, namespace
from latebloom.core.errors import InvalidInput
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register
from latebloom.penalties import Term


@register("penalty")
@dataclass(frozen=True)
class GroupNorm(Term):
    r"""The sum of the norms of groups, $\beta\sum_g \|x_g\|_2$.

    **Arguments:**

    - `beta`: the regularization strength.
    - `size`: entries per group, neighbours on the last axis, whose length it divides.

    Source: Yuan and Lin, Journal of the Royal Statistical Society B 68 (2006), 49.

    >>> import numpy as np
    >>> GroupNorm(2.5, size=2).prox(np.array([3.0, 4.0, 1.0, 0.0]), 1.0)
    array([1.5, 2. , 0. , 0. ])
    """

    beta: float | Schedule
    size: int = 1
    prox_order = 10
    rescales = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check.integer("GroupNorm.size", self.size, low=1)

    def _groups(self, x: Array) -> Array:
        """Return x with its groups as the last axis."""
        if x.shape[-1] % self.size:
            raise InvalidInput(f"GroupNorm.size = {self.size}: must divide {x.shape[-1]}")
        return x.reshape(*x.shape[:-1], -1, self.size)

    def value(self, x: Array, beta: Any = None) -> Array:
        """Return beta times the sum of the norms."""
        groups = self._groups(x)
        return self._beta(beta) * namespace(x).sqrt((groups * groups).sum(axis=-1)).sum()

    def subgradient(self, x: Array, beta: Any = None) -> Array:
        """Return beta times each group over its norm, or 0 at 0."""
        xp, groups = namespace(x), self._groups(x)
        norms = xp.sqrt((groups * groups).sum(axis=-1, keepdims=True))
        return self._beta(beta) * (groups / xp.where(norms > 0, norms, 1.0)).reshape(x.shape)

    def prox(self, x: Array, step: Array, beta: Any = None) -> Array:
        """Return the block soft threshold of each group at step * beta."""
        xp, groups = namespace(x), self._groups(x)
        norms = xp.sqrt((groups * groups).sum(axis=-1, keepdims=True))
        shrink = step * self._beta(beta) / xp.where(norms > 0, norms, 1.0)
        return (groups * xp.maximum(1 - shrink, 0.0)).reshape(x.shape)

    def dual_norm(self, z: Array) -> Array:
        """Return the largest norm of a group."""
        groups = self._groups(z)
        return namespace(z).sqrt((groups * groups).sum(axis=-1)).max()
