"""One block of updates of the engine `step`, as JAX compiles it.

A block is a scan of updates whose iterates and squared errors are kept; first passages and records
are then taken from the block as a whole, which costs a fraction of an update per step. A batch is
mapped inside the scan, not around it, so that its iterates stay where the updates leave them.
"""

from dataclasses import dataclass
from functools import partial
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
    update, measure = partial(_update, program), partial(_measure, program)
    observe, pick = partial(_observe, t=t, last=last), _pick
    if program.batched:
        shared = dict.fromkeys(SHARED) if program.shared else {}
        axes = Consts(**dict.fromkeys(Consts._fields, 0))._replace(**shared)
        update = jax.vmap(update, in_axes=(axes, 0, 0, 0, None))
        measure = jax.vmap(measure, in_axes=(axes, 0, 0))
        observe, pick = jax.vmap(observe, in_axes=(0, 1, 1)), jax.vmap(pick, in_axes=(1, 0, 0, 0))

    def body(state: tuple[Any, Any, Any], _: None) -> tuple[Any, Any]:
        params, memory, t = state
        new, memory, r = update(consts, params, memory, single.first, t)
        # Of a batch they are in the cache now; of one run they are taken from the block as a whole.
        return (new, memory, t + 1), (params, measure(consts, params, r) if program.batched else r)

    start = (single.params, single.memory, t)
    length, unroll = program.block, min(program.unroll, program.block)
    (params, memory, _), (P, seen) = lax.scan(body, start, None, length=length, unroll=unroll)
    if not program.batched:
        seen = jax.vmap(measure, in_axes=(None, 0, 0))(consts, P, seen)
    train, test = seen
    first, above = observe(consts.levels, train, test)
    new_hit = (first < NEVER) & (single.first == NEVER)
    # Passages are rare, and the iterates of a block are many.
    at_first = lax.cond(
        new_hit[..., :2].any(),
        lambda: pick(P, first[..., :2] - t, new_hit[..., :2], single.at_first),
        lambda: single.at_first,
    )
    return Single(
        params,
        memory,
        jnp.minimum(single.first, first),
        jnp.maximum(single.last_above, above),
        at_first,
    ), P


def _update(
    program: Program, consts: Consts, params: Any, memory: Any, first: Any, t: Any
) -> tuple[Any, Any, Any]:
    """Return the next parameters and memory of one run, and its residual before.

    **Arguments:** `first`: the first passages before the block.
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

    r, t1 = residual(params), -1
    if program.needs_t1:
        now = jnp.where((r * r).sum() <= consts.levels[0], t, -1)
        t1 = jnp.where(first[0] < NEVER, first[0], now)
    alpha, beta = program.alpha(consts, t, t1), program.strength(consts, t, t1)
    step = Step(Oracle(gradient, project), penalty, alpha, beta, t)
    return *method.update(params, memory, step), r


def _measure(program: Program, consts: Consts, params: Any, r: Any) -> tuple[Any, Any]:
    """Return the squared errors of one run, given its residual r."""
    error = program.model.predictor(params, consts.a_star.shape) - consts.a_star
    return (r * r).sum(), (error * error).sum()


def _observe(levels: Any, train: Any, test: Any, t: Any, last: Any) -> tuple[Any, Any]:
    """Return the first passages of one run in a block, and the last steps above."""
    steps = t + jnp.arange(train.size)
    valid = steps <= last
    below = jnp.stack([train <= levels[0], test <= levels[1]])
    # Written so that a NaN counts as divergence.
    diverged = ~(train <= levels[2])
    hits = jnp.concatenate([below, diverged[None]]) & valid
    first = jnp.min(jnp.where(hits, steps, NEVER), axis=1)
    return first, jnp.max(jnp.where(~below & valid, steps, -1), axis=1)


def _pick(P: Any, index: Any, where: Any, otherwise: Any) -> Any:
    """Return the iterates at two places of a block, where they are wanted."""
    mask = where.reshape((2,) + (1,) * (otherwise.ndim - 1))
    return jnp.where(mask, P[jnp.clip(index, 0, P.shape[0] - 1)], otherwise)
