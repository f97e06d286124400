"""The interface of networks: models of supervised problems, with named parameters."""

import abc
import itertools
from typing import Any

import numpy as np

from latebloom.core import checks as check
from latebloom.core.arrays import Array
from latebloom.core.errors import InvalidInput
from latebloom.problems.supervised import Supervised

# Name -> array. A weight has two axes or more, a bias one.
Params = dict[str, Array]
LAWS = ("fan_in", "fan_out", "uniform")
# Numbers in one weight: 1 GiB of float64, before training makes copies of it.
LARGEST = 2**27


class Network(abc.ABC):
    r"""A map from named parameters and inputs to outputs, $f_\theta(x) \in \mathbb R^C$.

    Weights are stored (outputs, inputs), tables (tokens, width). Their laws at step 0 have names:

    - `fan_in`: N(0, 1/inputs); `fan_out`: N(0, 1/outputs), the paper's 1/rows of a layer;
    - `uniform`: on $\pm 1/\sqrt{\mathrm{inputs}}$, what the common frameworks draw by default.

    A table is a layer whose inputs are the tokens, one-hot. Biases start at 0, with `uniform` as
    the weights do.
    """

    @abc.abstractmethod
    def start(self, problem: Supervised, seed: int, scale: float = 1.0) -> Params:
        """Return the parameters at step 0, drawn with `seed` and multiplied by `scale`, float64."""

    @abc.abstractmethod
    def apply(self, params: Params, inputs: Array) -> Array:
        """Return the outputs, shape (N, C), of inputs of shape (N, ...)."""

    @abc.abstractmethod
    def why_not(self, problem: Supervised) -> str | None:
        """Return why the model does not fit the problem's inputs, or None if it does."""

    @property
    def smooth(self) -> bool:
        """Whether the outputs have second derivatives in the inputs that are not all zero."""
        return True

    def require(self, problem: Supervised) -> None:
        """Raise `InvalidInput` if the model does not fit the problem's inputs."""
        reason = self.why_not(problem)
        if reason:
            raise InvalidInput(f"model {type(self).__name__}: {reason}")


def weight(
    rng: np.random.Generator, law: str, outputs: int, inputs: int, table: bool = False
) -> np.ndarray:
    """Return a weight at step 0.

    **Arguments:**

    - `rng`, `law`: what draws it, and one of `LAWS`.
    - `outputs`, `inputs`: its shape.
    - `table`: whether it is a table, of shape (inputs, outputs).
    """
    shape = (inputs, outputs) if table else (outputs, inputs)
    if inputs * outputs > LARGEST:
        raise InvalidInput(
            f"a weight of {outputs} x {inputs} numbers would need "
            f"{inputs * outputs * 8 / 2**30:.0f} GiB: choose smaller widths"
        )
    if law == "uniform":
        return rng.uniform(-1.0, 1.0, shape) / np.sqrt(inputs)
    return rng.standard_normal(shape) / np.sqrt(inputs if law == "fan_in" else outputs)


def bias(rng: np.random.Generator, law: str, outputs: int, inputs: int) -> np.ndarray:
    """Return the bias of a layer at step 0, shape (outputs,).

    **Arguments:** `rng`, `law`, `outputs` and `inputs` as for `weight`.
    """
    if law == "uniform":
        return rng.uniform(-1.0, 1.0, outputs) / np.sqrt(inputs)
    return np.zeros(outputs)


def layers(
    rng: np.random.Generator, law: str, sizes: tuple[int, ...], biases: bool
) -> dict[str, np.ndarray]:
    """Return the weights of the layers between consecutive `sizes`, and their biases if wanted.

    **Arguments:** `rng` and `law` as for `weight`; `sizes`: of the layers; `biases`: have they any.
    """
    params = {}
    for k, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        params[f"layers.{k}.weight"] = weight(rng, law, outputs, inputs)
        if biases:
            params[f"layers.{k}.bias"] = bias(rng, law, outputs, inputs)
    return params


def scaled(params: dict[str, np.ndarray], scale: float) -> dict[str, np.ndarray]:
    """Return the parameters multiplied by `scale`."""
    return {name: scale * value for name, value in params.items()}


def check_widths(name: str, widths: Any) -> tuple[int, ...]:
    """Return the widths as a tuple of positive integers, or raise."""
    if not isinstance(widths, tuple | list):
        raise InvalidInput(f"{name} = {widths!r}: must be a list of widths, such as (64,)")
    for width in widths:
        check.integer(name, width, low=1, high=2**20)
    return tuple(widths)
