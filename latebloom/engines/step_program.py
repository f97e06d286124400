"""One block of updates of the engine `step`, as JAX compiles it.

A block is a scan of `BLOCK` updates whose iterates and residuals are kept; errors and first
passages are then taken from the block as a whole, which costs a fraction of an update per step.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from latebloom.experiment.experiment import Experiment
from latebloom.methods import Oracle, Step
from latebloom.models import Linear

from .structure import Structure, structure

# 64 updates per block: longer blocks fall out of the first-level cache, shorter ones pay the
# block's own cost too often (measured: benchmarks/step_engine.py).
BLOCK = 64
# In a batch the iterates of a block are as many times larger, and 8 updates keep them in the
# second-level cache.
BATCH_BLOCK = 8
# Updates unrolled in the inner scan of a long run, to spread the loop's own cost: 0.16 to 0.25 us
# of 1.1 to 1.2 us an update of Figure 3. The longer program takes 0.4 s more to compile.
UNROLL = 8
LONG = 200_000
NEVER = np.iinfo(np.int64).max


class Consts(NamedTuple):
    """The numbers one experiment depends on; all of them may differ within a batch."""

    operator: Any  # X as a linear map, a tuple of arrays
    y: Any
    a_star: Any
    inverse: Any  # what projecting with the operator needs; else empty
    alpha: Any  # the constant; ignored for a schedule
    betas: Any  # the constants, one per term; ignored for schedules
    levels: Any  # of the squared errors: train, test, divergence


# What is the same for experiments on one problem.
SHARED = ("operator", "y", "a_star", "inverse")


class Single(NamedTuple):
    """The state of one experiment between blocks."""

    params: Any
    memory: Any
    first: Any  # first passages of train, test and divergence; NEVER if not yet
    last_above: Any  # last steps above the levels of train and test
    at_first: Any  # parameters at the first passages of train and test


@dataclass(frozen=True)
class Program(Structure):
    """The structure of a least squares experiment."""

    has_truth: bool
    unroll: int  # updates of the inner scan

    @classmethod
    def of(cls, experiment: Experiment, batched: bool, shared: bool) -> "Program":
        """Return the structure of an experiment, its constants replaced by 1."""
        method, penalty = structure(experiment.method, experiment.penalty)
        truth = experiment.data.a_star is not None
        model, unroll = experiment.least_squares_model, UNROLL if experiment.steps >= LONG else 1
        return cls(method, penalty, model, batched, shared, truth, unroll)

    @property
    def block(self) -> int:
        """The number of updates per block: one where t1 must be known at every update."""
        if self.needs_t1:
            return 1
        return BATCH_BLOCK if self.batched else BLOCK


def advance_block(
    program: Program, consts: Consts, single: Single, t: Any, last: Any
) -> tuple[Any, Any]:
    """Return the state after one block, and its iterates.

    **Arguments:**

    - `program`, `consts`: the structure and the numbers of an experiment.
    - `single`, `t`: the state, and its step.
    - `last`: the horizon; what a block computes beyond it does not count.
    """
    model, penalty, method = program.model, program.penalty, program.method
    X, unknown = consts.operator, consts.a_star.shape

    def predictor(params: Any) -> Any:
        return model.predictor(params, unknown)

    def residual(params: Any) -> Any:
        return X.forward(predictor(params)) - consts.y

    def gradient(params: Any) -> Any:
        if isinstance(model, Linear):
            return X.adjoint(residual(params))
        a, pullback = jax.vjp(predictor, params)
        return pullback(X.adjoint(X.forward(a) - consts.y))[0]

    def project(params: Any) -> Any:
        return params - X.correction(residual(params), consts.inverse)

    oracle = Oracle(gradient, project)

    def update(state: tuple[Any, Any, Any], _: None) -> tuple[Any, Any]:
        params, memory, t = state
        r = residual(params)
        t1 = -1
        if program.needs_t1:
            now = jnp.where((r * r).sum() <= consts.levels[0], t, -1)
            t1 = jnp.where(single.first[0] < NEVER, single.first[0], now)
        alpha, beta = program.alpha(consts, t, t1), program.strength(consts, t, t1)
        new, memory = method.update(params, memory, Step(oracle, penalty, alpha, beta, t))
        return (new, memory, t + 1), (params, r)

    start = (single.params, single.memory, t)
    length, unroll = program.block, min(program.unroll, program.block)
    (params, memory, _), (P, R) = lax.scan(update, start, None, length=length, unroll=unroll)

    steps = t + jnp.arange(program.block)
    valid = steps <= last
    train = _squares(R)
    test = _squares(jax.vmap(predictor)(P) - consts.a_star)
    below = jnp.stack([train <= consts.levels[0], test <= consts.levels[1]])
    # Written so that a NaN counts as divergence.
    diverged = ~(train <= consts.levels[2])
    hits = jnp.concatenate([below, diverged[None]]) & valid
    first = jnp.min(jnp.where(hits, steps, NEVER), axis=1)
    above = jnp.max(jnp.where(~below & valid, steps, -1), axis=1)
    new_hit = (first < NEVER) & (single.first == NEVER)
    chosen = P[jnp.clip(first[:2] - t, 0, program.block - 1)]
    mask = new_hit[:2].reshape((2,) + (1,) * (chosen.ndim - 1))
    return Single(
        params,
        memory,
        jnp.minimum(single.first, first),
        jnp.maximum(single.last_above, above),
        jnp.where(mask, chosen, single.at_first),
    ), P


def _squares(rows: Any) -> Any:
    """Return the squared norm of each entry of the first axis."""
    return (rows * rows).sum(axis=tuple(range(1, rows.ndim)))
