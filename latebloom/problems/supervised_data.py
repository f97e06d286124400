"""A supervised problem given by its arrays."""

from dataclasses import dataclass

import numpy as np

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.spec import register

from .supervised import LOSSES, Split, Supervised

# More classes or tokens than any data set here could use; a typing error is caught before a
# network of this size is made.
MAX_CLASSES = 2**20


@register("problem")
@dataclass(frozen=True, eq=False)
class SupervisedData(Supervised):
    """Examples given by arrays rather than drawn from a law.

    **Arguments:**

    - `x_train`, `x_test`: inputs, shapes (N, ...) and (N_test, ...), at least one axis after the
      first; kept as float32, or as integers where `tokens` says that they are tokens.
    - `y_train`, `y_test`: class labels, whole numbers from 0, shapes (N,) and (N_test,); or real
      outputs, shapes (N, C) and (N_test, C), kept as float32.
    - `loss`: `cross_entropy`, `stablemax` or `mse`, see `Supervised`; real outputs need `mse`.
    - `outputs`: the number of outputs C; by default the columns of y, or the largest label + 1.
    - `tokens`: the number of different tokens, if the inputs are tokens 0..tokens-1.

    **Raises:** `InvalidInput` for complex, non-finite or misshapen arrays, and for labels and
    tokens that are no whole numbers or out of range.

    >>> from latebloom.problems import SupervisedData
    >>> x, y = np.eye(3), np.array([0, 1, 0])
    >>> SupervisedData(x[:2], y[:2], x[2:], y[2:], loss="mse").outputs
    2
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    loss: str
    outputs: int | None = None  # pyright: ignore
    tokens: int | None = None

    def __post_init__(self) -> None:
        check.one_of("loss", self.loss, LOSSES)
        for name in ("outputs", "tokens"):
            if getattr(self, name) is not None:
                check.integer(name, getattr(self, name), low=1, high=MAX_CLASSES)
        names = ("x_train", "y_train", "x_test", "y_test")
        arrays = {name: check.real_array(name, getattr(self, name)) for name in names}
        _check_shapes(arrays)
        outputs, labels = self.outputs, arrays["y_train"].ndim == 1
        if not labels:
            columns = arrays["y_train"].shape[1]
            if outputs is not None and outputs != columns:
                raise InvalidInput(
                    f"outputs = {outputs}: y_train has {columns} columns; must be equal, or leave "
                    "outputs out"
                )
            outputs = columns
        elif outputs is None:
            largest = max(arrays["y_train"].max(), arrays["y_test"].max())
            outputs = int(np.clip(largest, 0, MAX_CLASSES - 1)) + 1
        counts = {"x": self.tokens, "y": outputs if labels else None}
        for name, array in arrays.items():
            count = counts[name[0]]
            kept = _reals(name, array) if count is None else _whole(name, array, count)
            kept.setflags(write=False)
            object.__setattr__(self, name, kept)
        object.__setattr__(self, "outputs", outputs)  # given or not: the same problem
        self.validate()

    @property
    def sides(self) -> tuple[Split, Split]:  # pyright: ignore
        """The arrays to train on, and those to test on."""
        return Split(self.x_train, self.y_train), Split(self.x_test, self.y_test)


def _check_shapes(arrays: dict[str, np.ndarray]) -> None:
    for side in ("train", "test"):
        x, y = arrays[f"x_{side}"], arrays[f"y_{side}"]
        if x.ndim < 2 or 0 in x.shape:
            raise InvalidInput(
                f"x_{side} has shape {x.shape}: must have an example per row, (N, ...), and no "
                "axis of length 0; x[:, None] makes a column of one number per example"
            )
        if y.ndim not in (1, 2) or 0 in y.shape:
            raise InvalidInput(
                f"y_{side} has shape {y.shape}: must be labels (N,) or real outputs (N, C)"
            )
        if len(x) != len(y):
            raise InvalidInput(
                f"y_{side} has {len(y)} entries but x_{side} has {len(x)} rows: must be equal"
            )
    for kind in ("x", "y"):
        train, test = arrays[f"{kind}_train"], arrays[f"{kind}_test"]
        if train.shape[1:] != test.shape[1:]:
            raise InvalidInput(
                f"{kind}_test has shape {test.shape}, {kind}_train {train.shape}: must be equal "
                "but for the number of examples"
            )


def _reals(name: str, array: np.ndarray) -> np.ndarray:
    """Return the numbers as float32, or raise if one is too large for it."""
    if np.abs(array).max() > np.finfo(np.float32).max:
        raise InvalidInput(
            f"{name} contains {array.ravel()[np.abs(array).argmax()]}: too large for float32, "
            "rescale the data to about 1"
        )
    return array.astype(np.float32)


def _whole(name: str, array: np.ndarray, count: int) -> np.ndarray:
    """Return the numbers as int32, or raise if one is not whole or not in 0..count-1."""
    broken = (array != np.floor(array)) | (array < 0) | (array >= count)
    if broken.any():
        what, hint = "tokens", f" (tokens = {count})"
        if name[0] == "y":
            what, hint = "labels", f" (outputs = {count}); real outputs are columns, y[:, None]"
        raise InvalidInput(
            f"{name} contains {array[broken][0]:g}: {what} must be whole numbers in "
            f"0..{count - 1}{hint}"
        )
    return array.astype(np.int32)
