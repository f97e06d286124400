"""Initializations that are more than a number."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.spec import register


@register("init")
@dataclass(frozen=True)
class Gaussian:
    r"""Parameters $\zeta\,N(0, 1/n)$, iid, so that a vector of n entries has norm near zeta.

    For matrices n is the larger side: every row or column then has norm at most about zeta.

    Source: arXiv 2506.05718, appendix G.1.2 (a) and section 3.5 (every layer of a product).

    >>> from latebloom.experiment.initialization import Gaussian
    >>> Gaussian(zeta=1e-6, seed=0).draw((2, 100), 100).shape
    (2, 100)
    """

    zeta: float
    seed: int = 0

    def __post_init__(self) -> None:
        check.real("zeta", self.zeta, low=0)
        check.integer("seed", self.seed, low=0)

    def draw(self, shape: tuple[int, ...], n: int) -> Float[np.ndarray, "..."]:
        """Return the parameters, of the given shape."""
        return self.zeta * np.random.default_rng(self.seed).standard_normal(shape) / np.sqrt(n)


@register("init")
@dataclass(frozen=True)
class Drawn:
    """The parameters of a network drawn from its model's own law, times a scale.

    **Arguments:**

    - `seed`: of the draw.
    - `scale`: what all parameters are multiplied by; large ones make training lazy.

    >>> from latebloom.experiment.initialization import Drawn
    >>> Drawn(seed=3)
    Drawn(seed=3, scale=1.0)
    """

    seed: int = 0
    scale: float = 1.0

    def __post_init__(self) -> None:
        check.seeds(self, "seed")
        check.real("Drawn.scale", self.scale, low=0, strict=True)
