"""The linear model: the parameters are the predictor."""

from dataclasses import dataclass

from latebloom._arrays import Array
from latebloom.spec import register

from .base import Model


@register("model")
@dataclass(frozen=True)
class Linear(Model):
    """The linear model a = x, parameters of shape (n,).

    >>> from latebloom.models import Linear
    >>> Linear().initial(0.5, 2)
    array([0.5, 0.5])
    """

    def shape(self, n: int) -> tuple[int, ...]:
        """Return (n,)."""
        return (n,)

    def predictor(self, params: Array) -> Array:
        """Return the parameters."""
        return params
