"""Deep diagonal linear networks: entrywise products of vectors."""

from dataclasses import dataclass

from latebloom.core import checks as check
from latebloom.core.arrays import Array, namespace
from latebloom.core.spec import register

from .base import Model, Shape


@register("model")
@dataclass(frozen=True)
class Hadamard(Model):
    r"""The entrywise product $a = A_1 \odot \dots \odot A_L$, parameters of shape (L, n).

    With `L2(beta)` on the factors and $G = \nabla g(a)$ the update is
    $A_i \leftarrow (1-\alpha\beta) A_i - \alpha\,(\odot_{k \ne i} A_k) \odot G$. Factors that start
    equal stay equal, and then no entry can cross zero: negative entries of the truth are out of
    reach.

    Source: arXiv 2506.05718, section 3.5 and equation 118.

    >>> import numpy as np
    >>> from latebloom.models import Hadamard
    >>> Hadamard(depth=3).predictor(np.full((3, 2), 0.5), (2,))
    array([0.125, 0.125])
    """

    depth: int = 2

    def __post_init__(self) -> None:
        check.integer("depth", self.depth, low=1)

    def shape(self, unknown: Shape) -> Shape:
        """Return the shape of the unknown behind an axis of L."""
        return (self.depth, *unknown)

    def predictor(self, params: Array, unknown: Shape) -> Array:
        """Return the product over the layers."""
        # A loop of products rather than `prod`, whose derivative divides by the entries.
        a = params[0]
        for layer in range(1, self.depth):
            a = a * params[layer]
        return a


@register("model")
@dataclass(frozen=True)
class HadamardDifference(Model):
    r"""The difference of powers $a = u^{\odot L} - v^{\odot L}$, parameters (u, v) of shape (2, n).

    Unlike tied products it reaches negative entries; at equal u and v it starts from a = 0.

    Source: Vaskevicius, Kanade, Rebeschini, arXiv 1909.05122.

    >>> import numpy as np
    >>> from latebloom.models import HadamardDifference
    >>> HadamardDifference(depth=2).predictor(np.array([[1.0, 0.0], [0.0, 2.0]]), (2,))
    array([ 1., -4.])
    """

    depth: int = 2

    def __post_init__(self) -> None:
        check.integer("depth", self.depth, low=1)

    def shape(self, unknown: Shape) -> Shape:
        """Return the shape of the unknown behind an axis of 2."""
        return (2, *unknown)

    def predictor(self, params: Array, unknown: Shape) -> Array:
        """Return u^L - v^L."""
        powers = namespace(params).pow(params, self.depth)
        return powers[0] - powers[1]
