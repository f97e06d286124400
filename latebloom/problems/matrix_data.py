"""Matrix problems given by their arrays."""

from dataclasses import dataclass

import numpy as np

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.spec import register

from .base import MatrixLeastSquares
from .operators import DENSE_EIGENVALUES, Entries, Operator, RankOne, Tensor
from .svd import compact_svd

NAMED = 5  # so many rows or columns are named in a message


def empty_lines(mask: np.ndarray) -> list[str]:
    """Return a sentence that names the rows and columns without an observed entry, if any.

    >>> import numpy as np
    >>> empty_lines(np.array([[1.0, 1.0], [0.0, 0.0]]))
    ['no entry is observed in row 1 (counted from 0): nothing can recover what is there']
    """
    found = []
    for name, axis in (("row", 1), ("column", 0)):
        empty = np.flatnonzero(~mask.any(axis=axis))
        if empty.size:
            some = ", ".join(map(str, empty[:NAMED])) + (", ..." if empty.size > NAMED else "")
            found.append(f"{name}{'s' if empty.size > 1 else ''} {some}")
    if not found:
        return []
    return [
        f"no entry is observed in {' and '.join(found)} (counted from 0): nothing can recover what "
        "is there"
    ]


@register("problem")
@dataclass(frozen=True, eq=False)
class MaskedMatrix(MatrixLeastSquares):
    """Matrix completion with a given mask.

    **Arguments:**

    - `mask`: True or 1 on the observed entries, shape (n1, n2).
    - `Y`: the values, those of `A_star` if left out; what is off the mask does not matter (it may
      be NaN) and is kept as zero.
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
        _set_truth(self, mask.shape)
        values = self.A_star if self.Y is None else self.Y
        if values is None:
            raise InvalidInput("give A_star (the truth), Y (the observed values), or both")
        try:
            values = np.asarray(values)
        except ValueError:
            raise InvalidInput("Y: must be an array, its rows of equal length") from None
        if np.shape(values) != mask.shape:
            raise InvalidInput(
                f"Y has shape {np.shape(values)}: must be that of mask, {mask.shape}"
            )
        Y = check.real_array("Y (on the mask)", np.where(mask > 0, values, 0.0), 2)
        object.__setattr__(self, "mask", mask)
        object.__setattr__(self, "Y", Y)

    @property
    def operator(self) -> Operator:  # pyright: ignore
        """The mask as a linear map."""
        return Entries(self.mask)

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore
        """The shape (n1, n2) of the unknown."""
        return self.mask.shape

    @property
    def y_star(self) -> np.ndarray:  # pyright: ignore
        """The observed values, zero elsewhere."""
        assert self.Y is not None  # since __post_init__
        return self.Y

    @property
    def a_star(self) -> np.ndarray | None:  # pyright: ignore
        """The ground truth, or None."""
        return self.A_star

    def concerns(self) -> list[str]:
        """Return what every matrix problem does, and rows and columns without entries."""
        return [*super().concerns(), *empty_lines(self.mask)]


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
        object.__setattr__(self, "y", y)
        if (self.X is None) == (self.left is None) or (self.left is None) != (self.right is None):
            raise InvalidInput("give the measurements as left and right, or as X")
        for name, ndim in (("left", 2), ("right", 2), ("X", 3)):
            value = getattr(self, name)
            if value is not None:
                array = check.real_array(name, value, ndim)
                if array.shape[0] != y.size or 0 in array.shape:
                    raise InvalidInput(
                        f"{name} has shape {array.shape}: must have one non-empty entry for each "
                        f"of the {y.size} data"
                    )
                object.__setattr__(self, name, array)
        _set_truth(self, self.shape)

    @property
    def operator(self) -> Operator:  # pyright: ignore
        """The measurements as a linear map."""
        if self.X is not None:
            return Tensor(self.X)
        assert self.left is not None
        assert self.right is not None
        return RankOne(self.left, self.right)

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore
        """The shape (n1, n2) of the unknown."""
        if self.X is not None:
            return self.X.shape[1:]
        assert self.left is not None
        assert self.right is not None
        return (self.left.shape[1], self.right.shape[1])

    @property
    def y_star(self) -> np.ndarray:  # pyright: ignore
        """The data."""
        return self.y

    @property
    def a_star(self) -> np.ndarray | None:  # pyright: ignore
        """The ground truth, or None."""
        return self.A_star

    def concerns(self) -> list[str]:
        """Return what every matrix problem does, and dependent measurements."""
        return [*super().concerns(), *dependent(self.operator, self.y.size)]


def _set_truth(problem: MaskedMatrix | SensedMatrix, shape: tuple[int, ...]) -> None:
    if problem.A_star is None:
        return
    A_star = check.real_array("A_star", problem.A_star, 2)
    if A_star.shape != shape:
        raise InvalidInput(f"A_star has shape {A_star.shape}: must be {shape}")
    object.__setattr__(problem, "A_star", A_star)


def dependent(operator: Operator, N: int) -> list[str]:
    """Return a sentence if the N measurements are linearly dependent; looks only where that is
    quick."""
    if N > DENSE_EIGENVALUES or not isinstance(operator, RankOne | Tensor):
        return []
    rank = compact_svd(operator.gram()).s.size
    if rank == N:
        return []
    return [
        f"the {N} measurements have rank {rank}: {N - rank} of them repeat others (with noise they "
        "contradict each other, and the data cannot be fitted)"
    ]
