"""The interface of models: how parameters make the predictor a."""

import abc

import numpy as np
from jaxtyping import Float

from latebloom.core.arrays import Array

Shape = tuple[int, ...]


class Model(abc.ABC):
    """A map from parameters (one array) to the predictor a of a least squares problem.

    `unknown` is the shape of a: (n,) for a vector, (n1, n2) for a matrix.
    """

    @abc.abstractmethod
    def shape(self, unknown: Shape) -> Shape:
        """Return the shape of the parameters."""

    @abc.abstractmethod
    def predictor(self, params: Array, unknown: Shape) -> Array:
        """Return a, of the shape `unknown`."""

    def initial(self, zeta: float, unknown: Shape) -> Float[np.ndarray, "..."]:
        """Return the initialization called zeta: zeta * ones."""
        return np.full(self.shape(unknown), float(zeta))

    def used(self, unknown: Shape) -> Float[np.ndarray, "..."] | float:
        """Return ones on the entries of the parameters that the model has, zeros on padding."""
        return 1.0
