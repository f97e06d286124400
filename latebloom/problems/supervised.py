"""Supervised problems, which networks are trained on: their interface, and data from arrays."""

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Float, Shaped

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.spec import register

from .base import Problem
from .drawn import freeze, set_fields

Loss = Literal["cross_entropy", "stablemax", "mse"]
LOSSES: tuple[str, ...] = get_args(Loss)
# More classes or tokens than any data set here could use; a typing error is caught before a
# network of this size is made.
MAX_CLASSES = 2**20


class Split(NamedTuple):
    """One side of a data set.

    - `inputs`: shape (N, ...): tokens as integers, anything else as float32.
    - `targets`: class labels, shape (N,), integers; or real outputs, shape (N, C), float32.
    """

    inputs: Shaped[np.ndarray, "N ..."]
    targets: Shaped[np.ndarray, "N ..."]


class Supervised(Problem):
    r"""Examples (x, y) to fit, and others to generalize to.

    The training loss g is the mean over the training examples of

    - `cross_entropy`: $-\log\mathrm{softmax}(f(x))_y$;
    - `stablemax`: the same with $s(z) = z + 1$ for $z \ge 0$, $1/(1 - z)$ below, in place of exp
      (arXiv 2501.04697, equation 8);
    - `mse`: the square of $f(x) - y$, averaged over the outputs as well; classes are one-hot then.

    The error is the fraction of wrong classes; for real outputs the relative error
    $(\sum\|f(x) - y\|^2/\sum\|y\|^2)^{1/2}$. Members give these, as fields or as properties:

    - `sides`: what to train on and what to test on, two `Split`; `train` and `test` are these.
    - `outputs`: the number of outputs C.
    - `tokens`: the number of different tokens if the inputs are tokens, else None.
    - `loss`: the name of the loss.
    """

    sides: tuple[Split, Split]
    outputs: int
    tokens: int | None
    loss: str
    # The problem with explicit arrays.
    from_arrays: ClassVar[type["SupervisedData"]]

    @property
    def train(self) -> Split:
        """The examples to train on."""
        return self.sides[0]

    @property
    def test(self) -> Split:
        """The examples to test on."""
        return self.sides[1]

    @property
    def classification(self) -> bool:
        """Whether the targets are classes."""
        return self.train.targets.ndim == 1

    @property
    def jacobian(self) -> Float[np.ndarray, "N C d"] | None:
        """The truth's first derivatives at the training inputs, or None where unknown."""
        return None

    @property
    def hessian(self) -> Float[np.ndarray, "N C d d"] | None:
        """The truth's second derivatives at the training inputs, or None where unknown."""
        return None

    def validate(self) -> None:
        """Raise `InvalidInput` if a side is empty, targets do not fit or the loss is unknown."""
        check.one_of("loss", self.loss, LOSSES)
        for name, side in (("train", self.train), ("test", self.test)):
            if not len(side.inputs):
                raise InvalidInput(
                    f"the {name} side is empty: move the train fraction or the sizes so that both "
                    "sides have examples"
                )
            if len(side.inputs) != len(side.targets):
                raise InvalidInput(
                    f"{name}: {len(side.inputs)} inputs for {len(side.targets)} targets"
                )
            if not self.classification:
                if not side.targets.any():
                    raise InvalidInput(
                        f"{name}: the outputs are all 0, which leaves the relative error undefined"
                    )
                continue
            low, high = int(side.targets.min()), int(side.targets.max())
            if low < 0 or high >= self.outputs:
                bad = low if low < 0 else high
                raise InvalidInput(
                    f"{name}: label {bad} is outside 0..{self.outputs - 1}, the classes of "
                    f"{self.outputs} outputs"
                )
        if self.loss != "mse" and not self.classification:
            raise InvalidInput(
                f"loss = {self.loss!r}: needs class labels, and the targets are real outputs; "
                "use loss = 'mse'"
            )


def stream(seed: int, purpose: int = 0) -> np.random.Generator:
    """Return the generator of one purpose of a problem's seed.

    Not default_rng([seed, 0]): NumPy pads a seed with zeros, so that this is default_rng(seed),
    from which the models draw their parameters. A student would start with its teacher's numbers.
    """
    return np.random.default_rng([seed, purpose + 1])


def read_only(inputs: np.ndarray, targets: np.ndarray) -> Split:
    """Return one side of a data set, read-only."""
    freeze(inputs, targets)
    return Split(inputs, targets)


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
            arrays[name] = _reals(name, array) if count is None else _whole(name, array, count)
        freeze(*arrays.values())
        set_fields(self, outputs=outputs, **arrays)  # outputs given or not: the same problem
        self.validate()

    @property
    def sides(self) -> tuple[Split, Split]:  # pyright: ignore
        """The arrays to train on, and those to test on."""
        return Split(self.x_train, self.y_train), Split(self.x_test, self.y_test)


Supervised.from_arrays = SupervisedData


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
