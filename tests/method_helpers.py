"""A run of a method in plain NumPy that its tests share."""

import jax.numpy as jnp
import numpy as np
from helpers import (
    iterate,
    jax_oracle,
    numpy_oracle,
    x64,
)

import latebloom as lb
from latebloom.methods import Optimizer


def run(method, penalty, problem, start, steps):
    """Return the iterates of a method on the linear model: in NumPy, of optax's rules in JAX."""
    if isinstance(method, Optimizer):
        with x64():
            oracle = jax_oracle(problem, lb.Linear())
            return np.array(iterate(method, penalty, oracle, jnp.asarray(start), steps))
    return np.array(iterate(method, penalty, numpy_oracle(problem), start, steps))
