"""Activations of networks by name, for NumPy and JAX arrays, with two derivatives."""

from collections.abc import Callable

import numpy as np

from latebloom.core.arrays import Array, namespace

Function = Callable[[Array], Array]


def relu(z: Array) -> Array:
    """Return max(z, 0), whose derivative at 0 is 0."""
    # Not maximum(z, 0): JAX takes 1/2 for its derivative at 0. NaN stays NaN.
    return namespace(z).where(z <= 0, 0, z)


def softplus(z: Array) -> Array:
    """Return log(1 + exp(z)) without overflow."""
    return namespace(z).logaddexp(z, 0)


def gelu(z: Array) -> Array:
    """Return z times the normal distribution function of z, without approximation."""
    if namespace(z) is np:
        from scipy.special import erf
    else:
        from jax.scipy.special import erf
    return z * (1 + erf(z * 0.5**0.5)) / 2


def _sigmoid(z: Array) -> Array:
    """Return 1/(1 + exp(-z)) to full relative precision at both ends."""
    return namespace(z).exp(-softplus(-z))


def _bell(z: Array) -> Array:
    """Return the derivative of the sigmoid."""
    return namespace(z).exp(-softplus(-z) - softplus(z))


ACTIVATIONS: dict[str, Function] = {
    "relu": relu,
    "tanh": lambda z: namespace(z).tanh(z),
    "softplus": softplus,
    "square": lambda z: z * z,
    "gelu": gelu,
    "identity": lambda z: z,
}
# The first and second derivatives of those that a teacher may have.
FIRST: dict[str, Function] = {
    "relu": lambda z: (z > 0).astype(z.dtype),
    "tanh": lambda z: 4 * _bell(2 * z),
    "softplus": _sigmoid,
    "square": lambda z: 2 * z,
}
SECOND: dict[str, Function] = {
    "relu": lambda z: namespace(z).zeros_like(z),
    "tanh": lambda z: -2 * namespace(z).tanh(z) * (4 * _bell(2 * z)),
    "softplus": _bell,
    "square": lambda z: 2 * namespace(z).ones_like(z),
}
# Those with a non-zero second derivative; that of the others is zero wherever it exists, so that a
# penalty on second derivatives would see nothing.
SMOOTH = ("tanh", "softplus", "square", "gelu")
