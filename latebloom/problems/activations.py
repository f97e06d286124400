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


def tanh(z: Array) -> Array:
    """Return tanh(z)."""
    return namespace(z).tanh(z)


def square(z: Array) -> Array:
    """Return z^2."""
    return z * z


def gelu(z: Array) -> Array:
    """Return z times the normal distribution function of z, without approximation."""
    if namespace(z) is np:
        from scipy.special import erf
    else:
        from jax.scipy.special import erf
    return z * (1 + erf(z * 0.5**0.5)) / 2


def identity(z: Array) -> Array:
    """Return z."""
    return z


def _step(z: Array) -> Array:
    return (z > 0).astype(z.dtype)


def _sigmoid(z: Array) -> Array:
    """Return 1/(1 + exp(-z)) to full relative precision at both ends."""
    return namespace(z).exp(-softplus(-z))


def _bell(z: Array) -> Array:
    """Return the derivative of the sigmoid."""
    return namespace(z).exp(-softplus(-z) - softplus(z))


def _tanh_first(z: Array) -> Array:
    return 4 * _bell(2 * z)


def _tanh_second(z: Array) -> Array:
    return -2 * namespace(z).tanh(z) * _tanh_first(z)


def _zero(z: Array) -> Array:
    return namespace(z).zeros_like(z)


ACTIVATIONS: dict[str, Function] = {
    "relu": relu,
    "tanh": tanh,
    "softplus": softplus,
    "square": square,
    "gelu": gelu,
    "identity": identity,
}
# The first and second derivatives of those that a teacher may have.
FIRST: dict[str, Function] = {
    "relu": _step,
    "tanh": _tanh_first,
    "softplus": _sigmoid,
    "square": lambda z: 2 * z,
}
SECOND: dict[str, Function] = {
    "relu": _zero,
    "tanh": _tanh_second,
    "softplus": _bell,
    "square": lambda z: 2 * namespace(z).ones_like(z),
}
# Those with a non-zero second derivative; that of the others is zero wherever it exists, so that a
# penalty on second derivatives would see nothing.
SMOOTH = ("tanh", "softplus", "square", "gelu")
