"""Losses of networks, in JAX."""

from typing import Any

import jax
import jax.numpy as jnp

Array = Any


def losses(name: str, outputs: Array, targets: Array, dtype: Any) -> Array:
    """Return the loss of each example, shape (N,), computed in `dtype`; see `Supervised`.

    **Arguments:**

    - `name`: `cross_entropy`, `stablemax` or `mse`.
    - `outputs`: shape (N, C).
    - `targets`: labels, shape (N,), or real outputs, shape (N, C).
    - `dtype`: of the computation.
    """
    z = outputs.astype(dtype)
    if name == "mse":
        y = one_hot(targets, z) if targets.ndim == 1 else targets.astype(dtype)
        return ((z - y) ** 2).mean(axis=1)
    if name == "stablemax":
        z = log_stable(z)
    chosen = jnp.where(one_hot(targets, z) > 0, z, 0.0).sum(axis=1)
    return jax.nn.logsumexp(z, axis=1) - chosen


def log_stable(z: Array) -> Array:
    """Return log s(z) of StableMax, written so that neither branch divides by zero."""
    return jnp.where(z >= 0, jnp.log1p(jnp.maximum(z, 0.0)), -jnp.log1p(jnp.maximum(-z, 0.0)))


def one_hot(labels: Array, like: Array) -> Array:
    """Return the labels one-hot, of the shape and type of `like`."""
    return (labels[:, None] == jnp.arange(like.shape[1])[None, :]).astype(like.dtype)


def measured(
    name: str, outputs: Array, targets: Array, measure: str | None = None
) -> tuple[Array, Array]:
    r"""Return the mean loss and the error, to the accuracy of the outputs' type.

    **Arguments:**

    - `name`, `outputs`, `targets`: as for `losses`.
    - `measure`: what the error is, see `Experiment`: None is that of `Supervised`.

    In single precision $-\log\mathrm{softmax}$ is 0 as soon as the probability of all others is
    below 10^-7. Written with the largest of the other outputs, m, and the sum S of their
    exponentials, $\log(1 + S e^{m - z_y})$ keeps all its digits, at a fraction of the cost of
    double precision.
    A tie counts as an error. Both are NaN if an output is not finite.
    """
    if targets.ndim == 2:
        z, y = outputs.astype(jnp.float64), targets.astype(jnp.float64)
        loss, relative = ((z - y) ** 2).mean(), jnp.sqrt(((z - y) ** 2).sum() / (y**2).sum())
        return loss, loss if measure == "loss" else relative
    own = targets[:, None] == jnp.arange(outputs.shape[1], dtype=targets.dtype)[None, :]
    z = outputs if name != "stablemax" else log_stable(outputs)
    chosen = jnp.take_along_axis(z, targets[:, None], axis=1)[:, 0]
    rival = jnp.where(own, -jnp.inf, z).max(axis=1)
    error = (chosen <= rival).mean(dtype=jnp.float64)
    if name == "mse":
        loss = losses(name, outputs, targets, jnp.float64).mean()
    else:
        others = jnp.exp(jnp.where(own, -jnp.inf, z - rival[:, None])).sum(axis=1)
        ahead = jnp.log1p(others * jnp.exp(jnp.minimum(rival - chosen, 0.0)))
        behind = jnp.log(others + jnp.exp(jnp.minimum(chosen - rival, 0.0))) + rival - chosen
        each = jnp.where(chosen > rival, ahead, behind)  # -log of the probability of the class
        loss = each.mean(dtype=jnp.float64)
        if measure == "probability":
            error = -jnp.expm1(-each).mean(dtype=jnp.float64)
    if measure == "loss":
        error = loss
    # The extremes pass NaN on; a test of every output would take a tenth of the record.
    finite = jnp.isfinite(outputs.min()) & jnp.isfinite(outputs.max())
    return jnp.where(finite, loss, jnp.nan), jnp.where(finite, error, jnp.nan)
