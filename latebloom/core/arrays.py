"""One code for NumPy and JAX arrays, through the array API standard."""

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from .lazy import jax, jnp

# Up to this size QR iteration is as fast as divide and conquer or faster (10 x 10: up to twice);
# at 100 x 100 it takes twice the time, at 200 x 200 three times.
SMALL = 24
# An array (or scalar) of NumPy or of JAX.
Array = Any
_one_by_one = ContextVar("one_by_one", default=False)


def double_precision() -> AbstractContextManager[None]:
    """Return the context in which JAX computes in float64, whatever the program has set."""
    # Its place before JAX 0.8 is jax.experimental.
    home = jax if hasattr(jax, "enable_x64") else importlib.import_module("jax.experimental")
    return home.enable_x64(True)


@contextmanager
def one_by_one() -> Iterator[None]:
    """Compile the decompositions of a stack, and those under `vmap`, one after the other.

    On the CPU a decomposition of a stack hands its matrices to XLA's threads, and waits for them in
    one of these threads. As many of them at once as there are threads wait for ever: seen with
    jaxlib 0.10.2 on two cores, in a batch of networks. An accelerator has no such threads.
    Gradients do not go through what is compiled here.
    """
    token = _one_by_one.set(jax.default_backend() == "cpu")
    try:
        yield
    finally:
        _one_by_one.reset(token)


def _decomposed(function: Callable[[Array], Any], x: Array) -> Any:
    """Return what the function gives for the matrices in the last two axes of a JAX array."""
    return _in_turn(function)(x) if _one_by_one.get() else function(x)


@cache
def _in_turn(function: Callable[[Array], Any]) -> Callable[[Array], Any]:
    def of_stack(x: Array) -> Any:
        if x.ndim == 2:
            return function(x)
        found = jax.lax.map(function, x.reshape(-1, *x.shape[-2:]))
        return jax.tree.map(lambda y: y.reshape(*x.shape[:-2], *y.shape[1:]), found)

    return jax.custom_batching.sequential_vmap(of_stack)


def eigenvalues(x: Array) -> Array:
    """Return the eigenvalues of the symmetric JAX matrix in the last two axes, ascending."""
    return _decomposed(jnp.linalg.eigvalsh, x)


def _singular(x: Array) -> tuple[Array, Array, Array]:
    small = min(x.shape[-2:]) <= SMALL
    kinds = jax.lax.linalg.SvdAlgorithm
    method = kinds.QR if small else kinds.DEFAULT
    U, s, Vt = jax.lax.linalg.svd(x, full_matrices=False, algorithm=method)
    return U, s, Vt


def namespace(*values: Array) -> ModuleType:
    """Return `jax.numpy` if any value is a JAX array, else `numpy`."""
    for value in values:
        if hasattr(value, "__array_namespace__") and not isinstance(value, np.ndarray | np.generic):
            return value.__array_namespace__()
    return np


def polar(x: Array) -> Array:
    r"""Return $UV^\top$ over the singular values of the matrix above rounding.

    That of a single precision JAX matrix comes from the eigenvalues of its Gram matrix in double
    precision, which has the digits that squaring costs, and takes less time.
    """
    xp = namespace(x)
    if xp is np or x.dtype != np.float32:
        U, s, Vt = thin_svd(x)
        return (U * (s > _rounding(x) * s[..., :1])[..., None, :]) @ Vt
    wide = x.shape[-2] < x.shape[-1]
    z = (x.swapaxes(-1, -2) if wide else x).astype(jnp.float64)
    squares, V = _decomposed(jnp.linalg.eigh, z.swapaxes(-1, -2) @ z)
    s = jnp.sqrt(jnp.maximum(squares, 0.0))
    kept = s > _rounding(x) * s[..., -1:]
    inverse = jnp.where(kept, 1.0 / jnp.where(kept, s, 1.0), 0.0)
    found = z @ ((V * inverse[..., None, :]) @ V.swapaxes(-1, -2))
    return (found.swapaxes(-1, -2) if wide else found).astype(x.dtype)


def _rounding(x: Array) -> float:
    """Return the fraction of the largest singular value below which one is rounding."""
    return max(x.shape[-2:]) * float(np.finfo(x.dtype).eps)


def thin_svd(x: Array) -> tuple[Array, Array, Array]:
    """Return U, s, Vt of the matrix in the last two axes; NaN where x is not finite."""
    if namespace(x) is np:
        try:
            return np.linalg.svd(x, full_matrices=False)
        except np.linalg.LinAlgError:  # a diverged run
            n1, n2 = x.shape[-2:]
            k, lead = min(n1, n2), x.shape[:-2]
            U, s, Vt = (np.full((*lead, *of), np.nan) for of in ((n1, k), (k,), (k, n2)))
            return U, s, Vt
    return _decomposed(_singular, x)
