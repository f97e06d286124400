"""Two embedded tokens, combined, then a perceptron: the model of modular arithmetic."""

import math
from dataclasses import dataclass

import numpy as np

from latebloom.core import checks as check
from latebloom.core.arrays import Array, namespace
from latebloom.core.errors import InvalidInput
from latebloom.core.spec import register
from latebloom.problems.activations import ACTIVATIONS
from latebloom.problems.supervised import Supervised

from .matrix_pairs import products
from .mlp import perceptron
from .network import LAWS, Network, Params, check_widths, layers, scaled, weight

COMBINATIONS = ("hadamard", "sum", "concat", "matrix_product")


@register("model")
@dataclass(frozen=True)
class TokenPair(Network):
    r"""Two tokens embedded, combined and classified, $f(x) = \mathrm{MLP}(E_{x_1} \circ E'_{x_2})$.

    **Arguments:**

    - `width`: of the embeddings.
    - `tables`: 2 for separate tables E, E'; 1 for a shared one, E' = E.
    - `combine`: how $\circ$ is read: `hadamard` (entry by entry), `sum`, `concat`, or
      `matrix_product` of the embeddings as square matrices.
    - `hidden`: widths of the hidden layers of the MLP.
    - `activation`, `biases`: of the MLP.
    - `law`, `table_law`: of the weights and of the tables at step 0, see `Network`.

    The paper's text writes $\circ$, the blog post `hadamard` with one table and biases; the public
    code takes `matrix_product` with two tables and none, tables uniform, the rest N(0, 1/rows).

    Source: arXiv 2506.05718, section 2.1 and appendix H.3.1.

    >>> import latebloom as lb
    >>> problem = lb.ModularArithmetic(p=5)
    >>> model = lb.TokenPair(width=4, hidden=(8,))
    >>> model.apply(model.start(problem, seed=0), problem.test.inputs).shape
    (15, 5)
    """

    width: int = 64  # the paper's d1
    tables: int = 2
    combine: str = "hadamard"  # the text's
    hidden: tuple[int, ...] = (64,)  # the paper's d2
    activation: str = "relu"
    biases: bool = False
    law: str = "fan_out"  # the paper's "normal initialization", N(0, 1/rows)
    table_law: str = "uniform"  # the public code's

    def __post_init__(self) -> None:
        check.integer("TokenPair.width", self.width, low=1, high=2**16)
        check.integer("TokenPair.tables", self.tables, low=1, high=2)
        check.one_of("TokenPair.combine", self.combine, COMBINATIONS)
        object.__setattr__(self, "hidden", check_widths("TokenPair.hidden", self.hidden))
        check.boolean("TokenPair.biases", self.biases)
        check.one_of("TokenPair.activation", self.activation, tuple(ACTIVATIONS))
        check.one_of("TokenPair.law", self.law, LAWS)
        check.one_of("TokenPair.table_law", self.table_law, LAWS)
        if self.combine == "matrix_product" and math.isqrt(self.width) ** 2 != self.width:
            raise InvalidInput(
                f"TokenPair.width = {self.width}: combine = 'matrix_product' reads embeddings as "
                "square matrices; use a square such as 64"
            )

    def start(self, problem: Supervised, seed: int, scale: float = 1.0) -> Params:
        """Return the parameters at step 0."""
        assert problem.tokens is not None
        rng = np.random.default_rng(seed)
        params = {
            f"embedding.{k}": weight(rng, self.table_law, self.width, problem.tokens, table=True)
            for k in range(self.tables)
        }
        first = 2 * self.width if self.combine == "concat" else self.width
        sizes = (first, *self.hidden, problem.outputs)
        return scaled({**params, **layers(rng, self.law, sizes, self.biases)}, scale)

    def apply(self, params: Params, inputs: Array) -> Array:
        """Return the outputs, shape (N, C), for pairs of tokens, shape (N, 2)."""
        left = params["embedding.0"][inputs[:, 0]]
        right = params[f"embedding.{self.tables - 1}"][inputs[:, 1]]
        return perceptron(params, self._combined(left, right), self.activation)

    def _combined(self, left: Array, right: Array) -> Array:
        if self.combine == "hadamard":
            return left * right
        if self.combine == "sum":
            return left + right
        if self.combine == "concat":
            return namespace(left).concatenate([left, right], axis=1)
        k = math.isqrt(self.width)
        return products(left.reshape(-1, k, k), right.reshape(-1, k, k)).reshape(-1, self.width)

    def why_not(self, problem: Supervised) -> str | None:
        """Return the reason if the inputs are not pairs of tokens."""
        return not_pairs(problem)


def not_pairs(problem: Supervised) -> str | None:
    """Return why the inputs are not pairs of tokens, or None if they are."""
    if problem.tokens is None:
        return "takes pairs of tokens, and these inputs are real; use MLP"
    if problem.train.inputs.shape[1:] != (2,):
        return f"takes pairs of tokens, and these inputs have shape {problem.train.inputs.shape}"
    return None
