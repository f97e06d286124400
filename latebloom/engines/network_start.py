"""Tells of a network whose gradient at the start is not finite: no step size helps it."""

import jax
import jax.numpy as jnp
import numpy as np

from latebloom.core.arrays import one_by_one

from .network import Data, Numbers, Program, State

NO_GRADIENT = (
    "the gradient of the training loss at step 0 is not finite in parameter {name!r}, although the "
    "loss is {loss:.3g} there, so that no alpha makes the first update finite; start elsewhere, "
    "or change the function: sqrt(|w|) has an infinite slope at w = 0, and sqrt(w^2 + 1e-12) has "
    "a finite one"
)


def without_gradient(
    program: Program, data: Data, numbers: Numbers, start: State, loss: float
) -> str | None:
    """Return which parameter has no finite gradient at the start, or None.

    **Arguments:**

    - `program`, `data`, `numbers`, `start`: of one experiment, as of `setup`.
    - `loss`: the training loss at the start; where it is not finite, None is returned.
    """
    if not np.isfinite(loss):
        return None
    with one_by_one():
        gradient = program.gradient(start.params, data, numbers, 0, -1)  # pyright: ignore
    for name, array in jax.tree.map(jnp.isfinite, gradient).items():
        if not array.all():
            return NO_GRADIENT.format(name=name, loss=loss)
    return None
