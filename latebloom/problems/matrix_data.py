"""Matrix problems given by their arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.spec import register

from .base import MatrixLeastSquares
from .drawn import set_fields
from .operators import Entries, RankOne, Tensor


@register("problem")
@dataclass(frozen=True, eq=False)
class MaskedMatrix(MatrixLeastSquares):
    """Matrix completion with a given mask.

    **Arguments:**

    - `mask`: True or 1 on the observed entries, shape (n1, n2).
    - `Y`: the values, those of `A_star` if left out; what is off the mask does not matter (it may
      be NaN, or masked) and is kept as zero.
    - `A_star`: the ground truth, shape (n1, n2); without it everything but the test error works.

    **Raises:** `InvalidInput` for misshapen or non-finite arrays and masks other than 0 and 1.

    >>> import numpy as np
    >>> from latebloom.problems import MaskedMatrix
    >>> MaskedMatrix(mask=np.array([[1, 1], [1, 0]]), Y=np.ones((2, 2))).y_star
    array([[1., 1.],
           [1., 0.]])
    """

    mask: np.ndarray
    Y: np.ndarray | None = None
    A_star: np.ndarray | None = None

    def __post_init__(self) -> None:
        mask = check.real_array("mask", self.mask, 2)
        if not np.isin(mask, (0.0, 1.0)).all():
            raise InvalidInput("mask: must be 1 (or True) where observed and 0 elsewhere")
        if not mask.any():
            raise InvalidInput("mask: no entry is observed")
        a_star = _truth(self.A_star, mask.shape)
        values: Any = a_star if self.Y is None else self.Y
        if values is None:
            raise InvalidInput("give A_star (the truth), Y (the observed values), or both")
        try:
            if isinstance(values, np.ma.MaskedArray):
                values = np.ma.filled(values.astype(float), np.nan)
            values = np.asarray(values)
        except ValueError:
            raise InvalidInput("Y: must be an array, its rows of equal length") from None
        if np.shape(values) != mask.shape:
            raise InvalidInput(
                f"Y has shape {np.shape(values)}: must be that of mask, {mask.shape}"
            )
        Y = check.real_array("Y (on the mask)", np.where(mask > 0, values, 0.0), 2)
        set_fields(self, mask=mask, Y=Y, A_star=a_star)
        set_fields(self, operator=Entries(mask), shape=mask.shape, y_star=Y, a_star=a_star)


@register("problem")
@dataclass(frozen=True, eq=False)
class SensedMatrix(MatrixLeastSquares):
    r"""Matrix sensing with given measurements, $y_k = l_k^\top A\,r_k$ or $\langle X_k, A\rangle$.

    **Arguments:**

    - `y`: the data, shape (N,).
    - `left`, `right`: rank-one measurements, shapes (N, n1) and (N, n2); or
    - `X`: full measurements, shape (N, n1, n2).
    - `A_star`: the ground truth, shape (n1, n2); without it everything but the test error works.

    **Raises:** `InvalidInput` for misshapen or non-finite arrays.

    >>> import numpy as np
    >>> from latebloom.problems import SensedMatrix
    >>> SensedMatrix(y=np.ones(1), left=np.ones((1, 2)), right=np.ones((1, 3))).shape
    (2, 3)
    """

    y: np.ndarray
    left: np.ndarray | None = None
    right: np.ndarray | None = None
    X: np.ndarray | None = None
    A_star: np.ndarray | None = None

    def __post_init__(self) -> None:
        y = check.real_array("y", self.y, 1)
        if (self.X is None) == (self.left is None) or (self.left is None) != (self.right is None):
            raise InvalidInput("give the measurements as left and right, or as X")
        arrays = []
        for name in ("left", "right") if self.X is None else ("X",):
            array = check.real_array(name, getattr(self, name), 3 if name == "X" else 2)
            if array.shape[0] != y.size or 0 in array.shape:
                raise InvalidInput(
                    f"{name} has shape {array.shape}: must have one non-empty entry for each "
                    f"of the {y.size} data"
                )
            arrays.append(array)
            set_fields(self, **{name: array})
        operator = RankOne(*arrays) if self.X is None else Tensor(*arrays)
        shape = tuple(n for array in arrays for n in array.shape[1:])
        a_star = _truth(self.A_star, shape)
        set_fields(
            self, operator=operator, shape=shape, y=y, y_star=y, A_star=a_star, a_star=a_star
        )


def _truth(given: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray | None:
    A_star = None if given is None else check.real_array("A_star", given, 2)
    if A_star is not None and A_star.shape != shape:
        raise InvalidInput(f"A_star has shape {A_star.shape}: must be {shape}")
    return A_star
