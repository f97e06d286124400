"""The reference engine: every update, compiled, with first passages detected at every single step.

Updates run in blocks (`step_program`) inside one compiled loop, which takes the records from them.
Many experiments of one shape advance together (`vmap`).
"""

import time
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from latebloom.core import schedules
from latebloom.core.arrays import double_precision
from latebloom.core.compilation import use_compilation_cache
from latebloom.core.errors import Unsupported
from latebloom.core.interrupts import check, listening
from latebloom.core.phases import Rules
from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.methods import ProjectedSubgradient

from .passages import Tracker
from .result import EngineResult
from .step_program import NEVER, SHARED, Consts, Program, Single, advance_block
from .structure import on_device, one_problem, stack

# Room for so many records, where they take no more than so many numbers: runs of different lengths
# share a program.
RECORDS = 512
RECORDED = 2**17
# A compiled call aims at this many seconds, so that progress moves and Ctrl-C is answered.
SECONDS_PER_CALL = 0.3

use_compilation_cache()  # before JAX compiles anything: it looks for the folder only once


class Carry(NamedTuple):
    """The state of the loop: the experiments, the step, and the records taken so far."""

    single: Single
    t: Any
    pointer: Any  # the next record to take
    records: Any  # shape (R, [batch,] ...)


@partial(jax.jit, static_argnums=0, donate_argnums=2)
def _advance(
    program: Program, consts: Consts, carry: Carry, due: Any, last: Any, blocks: Any
) -> Carry:
    """Return the state `blocks` blocks later."""

    def body(_: Any, carry: Carry) -> Carry:
        single, P = advance_block(program, consts, carry.single, carry.t, last)
        end = carry.t + program.block

        def more(state: tuple[Any, Any]) -> Any:
            pointer, _ = state
            return (pointer < due.size) & (due[jnp.minimum(pointer, due.size - 1)] < end)

        def take(state: tuple[Any, Any]) -> tuple[Any, Any]:
            pointer, records = state
            return pointer + 1, records.at[pointer].set(P[due[pointer] - carry.t])

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
    with double_precision():
        consts, carry, due = _setup(experiments, program)
        last = first.steps
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


def _setup(experiments: Sequence[Experiment], program: Program) -> tuple[Consts, Carry, Any]:
    """Return the constants, the state at step 0 and the steps to record, filled up with `NEVER`."""
    every = [consts_of(experiment) for experiment in experiments]
    singles = [_start(experiment) for experiment in experiments]
    due, lead = experiments[0].record_steps, ()
    consts, single = every[0], singles[0]
    if program.batched:
        lead, single = (len(experiments),), stack(singles)
        common = SHARED if program.shared else ()
        of_batch = stack([one._replace(**dict.fromkeys(common)) for one in every])
        consts = of_batch._replace(**{name: getattr(consts, name) for name in common})
    row = experiments[0].start
    room = max(due.size, min(RECORDS, RECORDED // (row.size * len(experiments))))
    due = on_device(np.append(due, np.full(room - due.size, NEVER)))
    zero, records = np.zeros((), np.int64), np.zeros((room, *lead, *row.shape))
    return on_device(consts), Carry(single, zero, zero.copy(), records), due


def _start(experiment: Experiment) -> Single:
    """Return the state at step 0."""
    params = jnp.array(experiment.start)
    return Single(
        params,
        # A method may keep the initial parameters; donated buffers must not be the same twice.
        jax.tree.map(jnp.copy, experiment.method.start(params)),
        np.full(3, NEVER),
        np.full(2, -1),
        np.zeros((2, *params.shape)),
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
        rows = host.records[:, i] if program.batched else host.records
        recorded = zip(experiment.record_steps[:pointer].tolist(), rows, strict=False)
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
