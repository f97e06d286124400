"""Transforms of the gradient, applied before the optimizer sees it."""

import abc
from dataclasses import dataclass
from typing import Any

from latebloom.core import checks as check
from latebloom.core.arrays import Array
from latebloom.core.errors import InvalidInput
from latebloom.core.lazy import jax, jnp
from latebloom.core.spec import register


class Transform(abc.ABC):
    """A map of gradients, of the structure of the parameters; members are frozen dataclasses."""

    def start(self, params: Any) -> Any:
        """Return the memory at step 0."""
        return ()

    @abc.abstractmethod
    def apply(self, gradient: Any, memory: Any, params: Any) -> tuple[Any, Any]:
        """Return the new gradient and the memory."""


@register("transform")
@dataclass(frozen=True)
class GrokfastEMA(Transform):
    r"""Amplify slow gradients: $\mu \leftarrow \rho\mu + (1 - \rho)g$, then $g + \lambda\mu$ for g.

    **Arguments:**

    - `decay`: the memory rho, in [0, 1).
    - `gain`: the amplification lambda.

    Source: arXiv 2405.20233, algorithm 2 (memory from the first gradient on).

    >>> from latebloom.methods import GrokfastEMA
    >>> GrokfastEMA(decay=0.98, gain=2.0).gain
    2.0
    """

    decay: float = 0.98  # this and the next: the source's values for modular arithmetic
    gain: float = 2.0

    def __post_init__(self) -> None:
        check.real("GrokfastEMA.gain", self.gain, low=0)
        check.fraction("GrokfastEMA.decay", self.decay)
        if self.decay == 1:
            raise InvalidInput("GrokfastEMA.decay = 1: must be below 1, or nothing is remembered")

    def start(self, params: Any) -> Any:
        """Return no gradient seen, and none remembered."""
        return jnp.asarray(False), jax.tree.map(jnp.zeros_like, params)

    def apply(self, gradient: Any, memory: Any, params: Any) -> tuple[Any, Any]:
        """Return the amplified gradient and the new average."""
        seen, average = memory

        def average_of(m: Array, g: Array) -> Array:
            # The average starts at the first gradient, not at 0.
            return jnp.where(seen, self.decay * m + (1 - self.decay) * g, g).astype(g.dtype)

        average = jax.tree.map(average_of, average, gradient)
        amplified = jax.tree.map(lambda g, m: g + self.gain * m, gradient, average)
        return amplified, (jnp.asarray(True), average)


@register("transform")
@dataclass(frozen=True)
class OrthogonalGradient(Transform):
    r"""Take away the gradient's part along the parameter, $g \leftarrow g - \frac{\langle\theta,
    g\rangle}{\langle\theta, \theta\rangle}\theta$, parameter by parameter; keep its norm.

    Scaling the logits up lowers the loss without changing a prediction; this takes the direction
    away.

    Source: arXiv 2501.04697, section 5 (the projected gradient is rescaled to the old norm).

    >>> from latebloom.methods import OrthogonalGradient
    >>> OrthogonalGradient()
    OrthogonalGradient(rescale=True)
    """

    rescale: bool = True  # as in the source's public code

    def apply(self, gradient: Any, memory: Any, params: Any) -> tuple[Any, Any]:
        """Return the projected gradient."""

        def project(g: Array, w: Array) -> Array:
            square = (w * w).sum()
            new = g - (w * g).sum() / jnp.where(square > 0, square, 1.0) * w
            if not self.rescale:
                return new
            size = jnp.sqrt((new * new).sum())
            return new * jnp.sqrt((g * g).sum()) / jnp.where(size > 0, size, 1.0)

        return jax.tree.map(project, gradient, params), memory
