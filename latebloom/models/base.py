"""The interface of models: how parameters make the predictor a."""

import abc

import numpy as np
from jaxtyping import Float

from latebloom._arrays import Array


class Model(abc.ABC):
    """A map from parameters (one array) to the predictor a, shape (n,), of a least squares
    problem."""

    @abc.abstractmethod
    def shape(self, n: int) -> tuple[int, ...]:
        """Return the shape of the parameters for a predictor of n entries."""

    @abc.abstractmethod
    def predictor(self, params: Array) -> Array:
        """Return a, shape (n,)."""

    def initial(self, zeta: float, n: int) -> Float[np.ndarray, "..."]:
        """Return the constant initialization zeta * ones."""
        return np.full(self.shape(n), float(zeta))
