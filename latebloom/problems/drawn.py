"""What problems have in common: read-only arrays and fields; streams and noise of drawn ones."""

import math
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check

from .base import LeastSquares


def floor_of(fraction: float, N: int) -> int:
    """Return floor(fraction N) of the decimal numbers: 0.7 * 90 is 62.999... in binary.

    >>> floor_of(0.7, 90)
    63
    """
    return math.floor(fraction * N + 1e-9)


def freeze(*arrays: np.ndarray) -> None:
    """Make arrays read-only: they are shared, and specs do not change."""
    for array in arrays:
        array.setflags(write=False)


def set_fields(spec: Any, **values: Any) -> None:
    """Set fields of a frozen spec, as its `__post_init__` may."""
    for name, value in values.items():
        object.__setattr__(spec, name, value)


class Drawn(LeastSquares):
    """Least squares with drawn data; members have the fields below and those of their seeds.

    Members give `instance`, a cached property: the drawn arrays, `y_star` and `a_star` among them.
    """

    # The position of a purpose in this list is part of its seed: append, never reorder.
    PURPOSES: ClassVar[tuple[str, ...]]
    seed: int
    N: int
    snr: float | None
    tau: float
    instance: Any

    @property
    def y_star(self) -> Float[np.ndarray, "..."]:  # pyright: ignore
        """The measured data."""
        return self.instance.y_star

    @property
    def a_star(self) -> Float[np.ndarray, "..."]:  # pyright: ignore
        """The ground truth."""
        return self.instance.a_star

    @property
    def noiseless(self) -> bool:
        """Whether there is no noise: infinity is no noise, like None."""
        return self.snr is None or self.snr == math.inf

    def check_law(self) -> None:
        """Raise `InvalidInput` for seeds, noise and tau out of range."""
        check.seeds(
            self, "seed", *(f"{p}_seed" for p in self.PURPOSES if hasattr(self, f"{p}_seed"))
        )
        check.fraction("tau", self.tau)
        if not self.noiseless:
            check.real("snr", self.snr, low=0, strict=True)

    def seed_of(self, purpose: str) -> int:
        """Return the seed of a purpose: its own, or that of all."""
        own = getattr(self, f"{purpose}_seed", None)
        return self.seed if own is None else own

    def rng(self, purpose: str, *attempt: int) -> np.random.Generator:
        """Return the generator of a purpose, for one of several attempts."""
        return np.random.default_rng(
            [self.seed_of(purpose), self.PURPOSES.index(purpose), *attempt]
        )
