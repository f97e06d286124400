"""The l2 norm without the square: its gradient has length beta whatever the size of x."""

from dataclasses import dataclass

from latebloom.core.arrays import Array, namespace
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register

from .unsquared import Unsquared


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
