"""The linear model: the parameters are the predictor."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from latebloom.core.arrays import Array
from latebloom.core.spec import register

from .base import Model, Shape


@register("model")
@dataclass(frozen=True)
class Linear(Model):
    """The linear model a = x: parameters of the shape of a.

    >>> from latebloom.models import Linear
    >>> Linear().initial(0.5, (2,))
    array([0.5, 0.5])
    """

    def shape(self, unknown: Shape) -> Shape:
        """Return the shape of the unknown."""
        return unknown

    def predictor(self, params: Array, unknown: Shape) -> Array:
        """Return the parameters."""
        return params

    def initial(self, zeta: float, unknown: Shape) -> Float[np.ndarray, "..."]:
        """Return zeta * ones for a vector, zeta * identity for a matrix (the paper's choices)."""
        return zeta * np.eye(*unknown) if len(unknown) == 2 else np.full(unknown, float(zeta))
