"""The interface of supervised problems: what networks are trained on."""

from typing import Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Float, Shaped

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput

from .base import Problem

Loss = Literal["cross_entropy", "stablemax", "mse"]
LOSSES: tuple[str, ...] = get_args(Loss)


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

    The error is the share of wrong classes; for real outputs the relative error
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

    @staticmethod
    def from_arrays(
        x_train: Shaped[np.ndarray, "N ..."],
        y_train: Shaped[np.ndarray, "N ..."],
        x_test: Shaped[np.ndarray, "M ..."],
        y_test: Shaped[np.ndarray, "M ..."],
        loss: str,
        outputs: int | None = None,
        tokens: int | None = None,
    ) -> "Supervised":
        """Return the problem with explicit arrays; see `SupervisedData`."""
        from .supervised_data import SupervisedData  # a member: it imports this file

        return SupervisedData(x_train, y_train, x_test, y_test, loss, outputs, tokens)

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


def freeze(*arrays: np.ndarray) -> None:
    """Make arrays read-only: they are shared, and specs do not change."""
    for array in arrays:
        array.setflags(write=False)
