"""The multilayer perceptron."""

from dataclasses import dataclass

import numpy as np

from latebloom.core import checks as check
from latebloom.core.arrays import Array
from latebloom.core.spec import register
from latebloom.problems.activations import ACTIVATIONS, SMOOTH
from latebloom.problems.supervised import Supervised

from .network import LAWS, Network, Params, check_widths, layers, scaled


@register("model")
@dataclass(frozen=True)
class MLP(Network):
    r"""A perceptron of real inputs, $f(x) = W_k\phi(\cdots\phi(W_1 x + b_1)\cdots) + b_k$.

    **Arguments:**

    - `widths`: of the hidden layers.
    - `activation`: of the hidden layers, see `latebloom.problems.activations`.
    - `biases`: whether layers have biases.
    - `law`: of the weights at step 0, see `Network`.

    Source: arXiv 2506.05718, section 4 and appendix H.3 (one hidden layer of 500 ReLU, no biases).

    >>> from latebloom.models import MLP
    >>> MLP(widths=(32, 32), activation="tanh").smooth
    True
    """

    widths: tuple[int, ...] = (500,)  # the paper's teacher and student
    activation: str = "relu"
    biases: bool = False  # the published networks have none
    law: str = "fan_out"  # the paper's "normal initialization", N(0, 1/rows)

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", check_widths("MLP.widths", self.widths))
        check.boolean("MLP.biases", self.biases)
        check.one_of("MLP.activation", self.activation, tuple(ACTIVATIONS))
        check.one_of("MLP.law", self.law, LAWS)

    def start(self, problem: Supervised, seed: int, scale: float = 1.0) -> Params:
        """Return the parameters at step 0."""
        inputs = int(np.prod(problem.train.inputs.shape[1:]))
        rng = np.random.default_rng(seed)
        sizes = (inputs, *self.widths, problem.outputs)
        return scaled(layers(rng, self.law, sizes, self.biases), scale)

    def apply(self, params: Params, inputs: Array) -> Array:
        """Return the outputs, shape (N, C)."""
        return perceptron(params, inputs.reshape(len(inputs), -1), self.activation)

    def why_not(self, problem: Supervised) -> str | None:
        """Return the reason if the inputs are tokens."""
        if problem.tokens is not None:
            return "takes real inputs, and these are tokens; use TokenPair or Transformer"
        return None

    @property
    def smooth(self) -> bool:
        """Whether the activation is smooth."""
        return bool(self.widths) and self.activation in SMOOTH


def perceptron(params: Params, x: Array, activation: str) -> Array:
    """Return the output of the layers called layers.0, layers.1, ..."""
    phi = ACTIVATIONS[activation]
    k = 0
    while f"layers.{k}.weight" in params:
        x = (phi(x) if k else x) @ params[f"layers.{k}.weight"].T
        if f"layers.{k}.bias" in params:
            x = x + params[f"layers.{k}.bias"]
        k += 1
    return x
