"""One code for NumPy and JAX arrays, through the array API standard."""

from types import ModuleType
from typing import Any

import numpy as np

# An array (or scalar) of NumPy or of JAX.
Array = Any


def namespace(*values: Array) -> ModuleType:
    """Return `jax.numpy` if any value is a JAX array, else `numpy`."""
    for value in values:
        if hasattr(value, "__array_namespace__") and not isinstance(value, np.ndarray | np.generic):
            return value.__array_namespace__()
    return np
