"""Modules that are loaded when something of them is first used."""

import importlib
from typing import TYPE_CHECKING, Any


class Lazy:
    """Stands for a module until an attribute is used.

    JAX, or xarray with pandas, takes half of the time that a command needs to start; many commands
    never touch it.

    >>> from latebloom.core.lazy import Lazy
    >>> Lazy("math").sqrt(4.0)
    2.0
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


if TYPE_CHECKING:
    import jax as jax
    import jax.numpy as jnp
    import optax as optax
    import scipy.linalg as linalg
    import scipy.optimize as optimize
    import scipy.sparse.linalg as sparse_linalg
    import scipy.special as special
    import xarray as xarray
else:
    jax, jnp, optax, xarray = map(Lazy, ("jax", "jax.numpy", "optax", "xarray"))
    linalg, optimize = map(Lazy, ("scipy.linalg", "scipy.optimize"))
    sparse_linalg, special = map(Lazy, ("scipy.sparse.linalg", "scipy.special"))
