"""The reference engine: every update, compiled, with first passages detected at every single step.

Updates run in blocks inside one compiled loop. A block is a scan of `BLOCK` updates whose iterates
and residuals are kept; errors, first passages and records are then taken from the block as a whole,
which costs a fraction of an update per step. Many experiments of one shape advance together
(`vmap`).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from latebloom.core import schedules
from latebloom.core.compilation import use_compilation_cache
from latebloom.core.errors import Unsupported
from latebloom.core.interrupts import check, listening
from latebloom.core.phases import Rules
from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.methods import Oracle, ProjectedSubgradient, Step
from latebloom.models import Linear

from .passages import Tracker
from .result import EngineResult
from .structure import Structure, on_device, one_problem, stack, structure

# 64 updates per block: longer blocks fall out of the first-level cache, shorter ones pay the
# block's own cost too often (measured: benchmarks/step_engine.py).
BLOCK = 64
# In a batch the iterates of a block are as many times larger, and 8 updates keep them in the
# second-level cache.
BATCH_BLOCK = 8
# Updates unrolled in the inner scan, to spread the loop's own cost.
UNROLL = 8
# A compiled call aims at this many seconds, so that progress moves and Ctrl-C is answered.
SECONDS_PER_CALL = 0.3
NEVER = np.iinfo(np.int64).max

use_compilation_cache()  # before JAX compiles anything: it looks for the folder only once


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

    @classmethod
    def of(cls, experiment: Experiment, batched: bool, shared: bool) -> "Program":
        """Return the structure of an experiment, its constants replaced by 1."""
        method, penalty = structure(experiment.method, experiment.penalty)
        truth = experiment.data.a_star is not None
        return cls(method, penalty, experiment.least_squares_model, batched, shared, truth)

    @property
    def block(self) -> int:
        """The number of updates per block: one where t1 must be known at every update."""
        if self.needs_t1:
            return 1
        return BATCH_BLOCK if self.batched else BLOCK


def _block(program: Program, consts: Consts, single: Single, t: Any, last: Any) -> tuple[Any, Any]:
    """Return the state after one block, and the iterates t .. t + block - 1."""
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
    unroll = min(UNROLL, program.block)
    (params, memory, _), (P, R) = lax.scan(update, start, None, length=program.block, unroll=unroll)

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


class Carry(NamedTuple):
    """The state of the loop: the experiments, the step, and the records taken so far."""

    single: Single
    t: Any
    pointer: Any  # the next record to take
    records: Any  # shape ([batch,] R, ...)


@partial(jax.jit, static_argnums=0, donate_argnums=2)
def _advance(
    program: Program, consts: Consts, carry: Carry, due: Any, last: Any, blocks: Any
) -> Carry:
    """Return the state `blocks` blocks later."""
    run = partial(_block, program)
    if program.batched:
        axes = Consts(**{k: None if program.shared and k in SHARED else 0 for k in Consts._fields})
        run = jax.vmap(run, in_axes=(axes, 0, None, None))

    def body(_: Any, carry: Carry) -> Carry:
        single, P = run(consts, carry.single, carry.t, last)
        end = carry.t + program.block

        def more(state: tuple[Any, Any]) -> Any:
            pointer, _ = state
            return (pointer < due.size) & (due[jnp.minimum(pointer, due.size - 1)] < end)

        def take(state: tuple[Any, Any]) -> tuple[Any, Any]:
            pointer, records = state
            index = due[pointer] - carry.t
            if program.batched:
                return pointer + 1, records.at[:, pointer].set(P[:, index])
            return pointer + 1, records.at[pointer].set(P[index])

        pointer, records = lax.while_loop(more, take, (carry.pointer, carry.records))
        return Carry(single, end, pointer, records)

    return lax.fori_loop(0, blocks, body, carry)


def simulate_step(
    experiments: Sequence[Experiment], progress: Progress | None = None
) -> list[EngineResult]:
    """Simulate experiments of one shape update by update.

    **Arguments:**

    - `experiments`: they may differ in numbers (alpha, beta, arrays, init, thresholds), not in
      structure (method, penalty and model types, schedules, shapes, horizon, records).
    - `progress`: called with (steps done, steps in all) a few times a second.

    **Returns:** one `EngineResult` each, first passages exact. Ctrl-C ends the run early with what
    was done, marked `interrupted`.

    **Raises:** `Unsupported` if the experiments do not have one shape.

    >>> import latebloom as lb
    >>> from latebloom.engines.step import simulate_step
    >>> e = lb.Experiment(lb.SparseRecovery(n=20, s=2, N=10), lb.L1(1e-3), steps=100)
    >>> simulate_step([e])[0].done
    100
    """
    first = experiments[0]
    if any(shape(e) != shape(first) for e in experiments[1:]):
        raise Unsupported("engine 'step' batches experiments of one shape: run the others apart")
    program = Program.of(first, len(experiments) > 1, one_problem(experiments))
    with jax.enable_x64(True):
        consts, carry = _setup(experiments, program)
        due, last = jnp.asarray(first.record_steps), first.steps
        blocks, interrupted, t = 1, False, 0
        try:
            with listening():
                while t <= last:
                    began = time.perf_counter()
                    left = -(-(last + 1 - t) // program.block)
                    carry = _advance(program, consts, carry, due, last, min(blocks, left))
                    t += min(blocks, left) * program.block
                    diverged = np.asarray(carry.single.first)[..., 2]
                    check()
                    if progress is not None:
                        progress(min(t, last), last)
                    if (diverged < NEVER).all():
                        break
                    factor = SECONDS_PER_CALL / max(time.perf_counter() - began, 1e-6)
                    blocks = max(1, int(blocks * min(max(factor, 0.2), 16.0)))
        except KeyboardInterrupt:
            interrupted = True
        return _collect(experiments, program, carry, interrupted and t <= last)


def shape(experiment: Experiment) -> tuple[Any, ...]:
    """Return what experiments must share to be simulated in one batch."""
    return (
        Program.of(experiment, batched=True, shared=False),
        type(experiment.data.operator),
        tuple(np.shape(part) for part in experiment.data.operator),
        experiment.start.shape,
        experiment.steps,
        experiment.record,
    )


def consts_of(experiment: Experiment) -> Consts:
    """Return the numbers of an experiment."""
    data = experiment.data
    a_star = np.full(data.shape, np.nan) if data.a_star is None else data.a_star
    projects = isinstance(experiment.method, ProjectedSubgradient)
    start = experiment.least_squares_model.predictor(experiment.start, data.shape)
    train, test = experiment.thresholds
    norm = float(np.linalg.norm(data.y_star))
    largest = max(norm, float(np.linalg.norm(data.operator.forward(start) - data.y_star)))
    limit = Rules().divergence * largest
    truth = test * float(np.linalg.norm(a_star))
    return Consts(
        operator=data.operator,
        y=data.y_star,
        a_star=a_star,
        inverse=data.inverse if projects else np.zeros((0, 0)),
        alpha=schedules.initial(experiment.method.alpha),
        betas=np.array([schedules.initial(term.beta) for term in experiment.terms]),
        levels=np.array([(train * norm) ** 2, truth**2, limit**2]),
    )


def _setup(experiments: Sequence[Experiment], program: Program) -> tuple[Consts, Carry]:
    every = [consts_of(experiment) for experiment in experiments]
    singles = [_start(experiment) for experiment in experiments]
    due, lead = experiments[0].record_steps, ()
    consts, single = every[0], singles[0]
    if program.batched:
        lead, single = (len(experiments),), stack(singles)
        common = SHARED if program.shared else ()
        of_batch = stack([one._replace(**dict.fromkeys(common)) for one in every])
        consts = of_batch._replace(**{name: getattr(consts, name) for name in common})
    records = jnp.zeros((*lead, due.size, *experiments[0].start.shape))
    return on_device(consts), Carry(single, jnp.asarray(0), jnp.asarray(0), records)


def _start(experiment: Experiment) -> Single:
    """Return the state at step 0."""
    params = jnp.asarray(experiment.start)
    return Single(
        params,
        # A method may keep the initial parameters; donated buffers must not be the same twice.
        jax.tree.map(jnp.copy, experiment.method.start(params)),
        jnp.full(3, NEVER, dtype=jnp.int64),
        jnp.full(2, -1, dtype=jnp.int64),
        jnp.zeros((2, *params.shape)),
    )


def _collect(
    experiments: Sequence[Experiment], program: Program, carry: Carry, interrupted: bool
) -> list[EngineResult]:
    host = jax.tree.map(np.asarray, carry)
    t, pointer = int(host.t), int(host.pointer)
    results = []
    for i, experiment in enumerate(experiments):
        pick = (lambda x, i=i: x[i]) if program.batched else (lambda x: x)
        single: Single = jax.tree.map(pick, host.single)
        first = [None if f == NEVER else int(f) for f in single.first]
        done = min(t, experiment.steps)
        if first[2] is not None:
            done = min(done, first[2])
        recorded = zip(experiment.record_steps[:pointer].tolist(), pick(host.records), strict=False)
        seen = zip(first[:2], single.at_first, strict=True)
        records = dict(recorded) | {k: params for k, params in seen if k is not None}
        if interrupted:
            records[t] = single.params
        tracked = [Tracker(0.0), Tracker(0.0)][: 1 + program.has_truth]
        for tracker, k, above in zip(tracked, first[:2], single.last_above, strict=False):
            tracker.first = k if k is not None and k <= done else None
            tracker.last_above, tracker.seen = min(int(above), done), done
        passages = [tracker.passage() for tracker in tracked]
        results.append(
            EngineResult.of(records, passages, done, diverged_at=first[2], interrupted=interrupted)
        )
    return results
