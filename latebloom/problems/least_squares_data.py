"""A least squares problem given by its arrays."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.spec import register

from .base import VectorLeastSquares
from .drawn import set_fields


@register("problem")
@dataclass(frozen=True, eq=False)
class LinearData(VectorLeastSquares):
    """A linear inverse problem given by arrays rather than drawn from a law.

    **Arguments:**

    - `X`: design matrix, shape (N, n), real and finite.
    - `y_star`: measurements, shape (N,).
    - `a_star`: ground truth, shape (n,); without it everything but the test error works.

    **Raises:** `InvalidInput` for complex, non-finite or misshapen arrays.

    >>> import numpy as np
    >>> from latebloom.problems import LinearData
    >>> problem = LinearData(X=np.eye(2), y_star=np.array([1.0, 0.0]))
    >>> problem.alpha_max
    2.0
    """

    X: np.ndarray
    y_star: np.ndarray
    a_star: np.ndarray | None = None

    def __post_init__(self) -> None:
        X = check.real_array("X", self.X, 2)
        y_star = check.real_array("y_star", self.y_star, 1)
        if min(X.shape) == 0:
            raise InvalidInput(f"X has shape {X.shape}: needs at least one row and one column")
        if y_star.shape[0] != X.shape[0]:
            raise InvalidInput(
                f"y_star has {y_star.shape[0]} entries but X has {X.shape[0]} rows: must be equal"
            )
        a_star: Float[np.ndarray, " n"] | None = None
        if self.a_star is not None:
            a_star = check.real_array("a_star", self.a_star, 1)
            if a_star.shape[0] != X.shape[1]:
                raise InvalidInput(
                    f"a_star has {a_star.shape[0]} entries but X has {X.shape[1]} columns: "
                    "must be equal"
                )
        set_fields(self, X=X, y_star=y_star, a_star=a_star)
