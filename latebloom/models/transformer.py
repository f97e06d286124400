"""A small transformer of one layer for pairs of tokens."""

from dataclasses import dataclass

import numpy as np

from latebloom.core import checks as check
from latebloom.core.arrays import Array, namespace
from latebloom.core.errors import InvalidInput
from latebloom.core.spec import register
from latebloom.problems.activations import ACTIVATIONS
from latebloom.problems.supervised import Supervised

from .network import LAWS, Network, Params, scaled, weight
from .token_pair import not_pairs


@register("model")
@dataclass(frozen=True)
class Transformer(Network):
    r"""One transformer layer that reads `x1 x2 =` and answers at the last position.

    With $h_i = E_{x_i} + P_i$: attention of the last position over all three, then a perceptron,
    both added to the stream, no normalization: $h = h_3 + O\,\mathrm{att}(h)$,
    $f = U(h + W_2\phi(W_1 h))$. Only the last position is computed: nothing reads the others.

    **Arguments:**

    - `width`, `heads`: of the stream and the attention; `heads` divides `width`.
    - `hidden`: width of the perceptron.
    - `activation`: of the perceptron.
    - `law`: of all weights at step 0, see `Network`; no biases.

    Source: the setting of Nanda et al., arXiv 2301.05217, section 3.

    >>> import latebloom as lb
    >>> problem = lb.ModularArithmetic(p=5)
    >>> model = lb.Transformer(width=8, heads=2, hidden=16)
    >>> model.apply(model.start(problem, seed=0), problem.test.inputs).shape
    (15, 5)
    """

    width: int = 128  # this and the next three: the cited setting
    heads: int = 4
    hidden: int = 512
    activation: str = "relu"
    law: str = "fan_in"  # keeps the stream of order one at every width

    def __post_init__(self) -> None:
        for name in ("width", "heads", "hidden"):
            check.integer(f"Transformer.{name}", getattr(self, name), low=1, high=2**16)
        check.one_of("Transformer.activation", self.activation, tuple(ACTIVATIONS))
        check.one_of("Transformer.law", self.law, LAWS)
        if self.width % self.heads:
            raise InvalidInput(
                f"Transformer.heads = {self.heads}: must divide width = {self.width}"
            )

    def start(self, problem: Supervised, seed: int, scale: float = 1.0) -> Params:
        """Return the parameters at step 0."""
        assert problem.tokens is not None
        rng, d = np.random.default_rng(seed), self.width
        shapes = {
            **{f"attention.{name}": (d, d) for name in ("query", "key", "value", "output")},
            "layers.0.weight": (self.hidden, d),
            "layers.1.weight": (d, self.hidden),
            "unembedding": (problem.outputs, d),
        }
        # A looked-up row of a table is itself the signal: N(0, 1/width), whatever the vocabulary.
        params = {
            "embedding": rng.standard_normal((problem.tokens + 1, d)) / np.sqrt(d),
            "position": rng.standard_normal((3, d)) / np.sqrt(d),
        }
        params |= {name: weight(rng, self.law, *shape) for name, shape in shapes.items()}
        return scaled(params, scale)

    def apply(self, params: Params, inputs: Array) -> Array:
        """Return the outputs, shape (N, C), for pairs of tokens, shape (N, 2)."""
        xp, N, d = namespace(params["embedding"]), len(inputs), self.width
        head = d // self.heads
        # The last token, "=", is the same for all examples: it is added beside them.
        pair = params["embedding"][inputs] + params["position"][:2]
        last = params["embedding"][-1] + params["position"][2]
        stream = xp.concatenate([pair, xp.broadcast_to(last, (N, 1, d))], axis=1)
        query = (params["attention.query"] @ last).reshape(self.heads, head)
        key = (stream @ params["attention.key"].T).reshape(N, 3, self.heads, head)
        value = (stream @ params["attention.value"].T).reshape(N, 3, self.heads, head)
        score = (key * query).sum(axis=-1) / np.sqrt(head)
        weights = xp.exp(score - score.max(axis=1, keepdims=True))
        weights = weights / weights.sum(axis=1, keepdims=True)
        mixed = (weights[..., None] * value).sum(axis=1).reshape(N, d)
        h = last + mixed @ params["attention.output"].T
        phi = ACTIVATIONS[self.activation]
        h = h + phi(h @ params["layers.0.weight"].T) @ params["layers.1.weight"].T
        return h @ params["unembedding"].T

    def why_not(self, problem: Supervised) -> str | None:
        """Return the reason if the inputs are not pairs of tokens."""
        return not_pairs(problem)
