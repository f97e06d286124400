"""From an experiment to a run: picks the engine, drives it, judges what came out."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput, Unsupported, shown
from latebloom.core.lazy import xarray as xr
from latebloom.core.passage import first_passage
from latebloom.core.phases import Ahead, Passage, Phases, Verdict, phases
from latebloom.core.progress import Progress, with_note
from latebloom.core.versions import versions
from latebloom.engines.base import Engine, find_engine, require_engine
from latebloom.engines.checkpoint import Checkpoint
from latebloom.engines.flow_engine import NetworkFlowEngine
from latebloom.engines.result import EngineResult
from latebloom.engines.step_engine import StepEngine, TrainingEngine
from latebloom.engines.threads import blas_threads
from latebloom.experiment.experiment import Experiment
from latebloom.experiment.given import Given, experiment_of
from latebloom.runs.network_trajectory import network_observables
from latebloom.runs.run import Run
from latebloom.runs.trajectory import observables
from latebloom.theory.ahead import ahead_of_least_squares, ahead_of_network

from .problems import Supervised

FOR_NETWORKS = (
    "refine and checkpoint are for networks: the engines of least squares are exact to the step, "
    "and fast enough to start anew"
)

NO_REFINE = (
    "engine {name!r}: refine looks at every step, and only engine 'step' makes every step; "
    "leave refine out, or use engine 'step'"
)
NO_CHECKPOINT = "engine {name!r}: keeps no checkpoint; use engine 'step', or 'slow' of networks"


def simulate(
    experiment: Given,
    engine: str = "auto",
    force: bool = False,
    progress: Progress | None = None,
    refine: bool = False,
    checkpoint: Checkpoint | str | Path | None = None,
) -> Run:
    """Simulate an experiment and judge its phases.

    **Arguments:**

    - `experiment`: what to simulate; also by its name, its TOML file, or a run of it.
    - `engine`: `step` (every update, compiled), `jump` (event by event, exact for proximal
      gradient, a bracket of t2 for subgradient methods), `spectral` (closed form, for ridge and
      unpenalized problems), `slow` (the flow in slow time for the nuclear norm, and for networks
      and products of layers under gradient descent; a bracket of t2), the name of an engine of
      one's own (see `register_engine`), or `auto`: the cheapest exact one.
    - `force`: run although alpha is beyond the stability limit; the verdict then says where it
      diverged.
    - `progress`: called with (steps done, steps in all) now and then, and with a note of networks
      if it takes three arguments; never by `spectral`.
    - `refine`: of networks: find t1 and t2 to the step, by looking at both errors at every step,
      also between records. With as many test as training examples a step takes 1.5 times as long.
    - `checkpoint`: of networks: a folder or a `Checkpoint`, where to keep the state; a file found
      there is gone on from, and the end is the same to the bit as that of an uninterrupted run.

    **Returns:** a `Run`; after Ctrl-C one with what was done, marked `interrupted`.

    **Raises:** `InvalidInput` for an unstable alpha without `force`; `Unsupported` for an engine
    that does not apply, with the reason.

    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery.code(n=20, s=1, N=10, seed=1)
    >>> run = lb.simulate(lb.Experiment(problem, lb.L1(1e-4), lb.ProximalGradient(0.1)))
    >>> run.engine, run.phases.t2.kind
    ('jump', 'exact')
    """
    experiment = experiment_of(experiment, "simulate")
    require_engine(engine)
    progress = with_note(progress)
    require_valid([experiment], force, refine, checkpoint)
    chosen = find_engine(engine, experiment)
    return _runs(chosen, [experiment], progress, refine, checkpoint)[0]


def simulate_batch(
    experiments: Sequence[Given],
    force: bool = False,
    progress: Progress | None = None,
    refine: bool = False,
    checkpoint: Checkpoint | str | Path | None = None,
) -> list[Run]:
    """Simulate experiments of one shape together with the `step` engine.

    **Arguments:**

    - `experiments`: they may differ in numbers (alpha, beta, arrays, seeds, init), not in
      structure.
    - `force`, `progress`, `refine`, `checkpoint`: as for `simulate`.

    **Returns:** one `Run` each, in order; `seconds` is the time of the whole batch divided by their
    number.

    **Raises:** `InvalidInput` for an empty batch or an unstable alpha without `force`;
    `Unsupported` for experiments of different shapes.

    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery(n=20, s=1, N=10)
    >>> batch = [lb.Experiment(problem, lb.L1(b), steps=50) for b in (1e-3, 1e-2)]
    >>> len(lb.simulate_batch(batch))
    2
    """
    if isinstance(experiments, Experiment | str | Path):
        raise InvalidInput("simulate_batch takes a list of experiments; lb.simulate takes one")
    try:
        each = iter(experiments)
    except TypeError:
        raise InvalidInput(
            f"simulate_batch takes a list of experiments, and the argument is {shown(experiments)}"
        ) from None
    every = [experiment_of(one, "simulate_batch") for one in each]
    if not every:
        raise InvalidInput("experiments = []: a batch needs at least one experiment")
    progress = with_note(progress)
    require_valid(every, force, refine, checkpoint)
    engine = find_engine("step", every[0])
    return _runs(engine, every, progress, refine, checkpoint)


def require_valid(
    experiments: Sequence[Experiment],
    force: bool = False,
    refine: bool = False,
    checkpoint: object = None,
) -> None:
    """Raise unless all are networks, or all least squares without options of networks, stable.

    **Arguments:** `experiments`, `force`, `refine`, `checkpoint`: as of `simulate_batch`.
    """
    check.boolean("force", force)
    check.boolean("refine", refine)
    if checkpoint is not None and not isinstance(checkpoint, Checkpoint):
        check.path("checkpoint", checkpoint)
    if isinstance(experiments[0].problem, Supervised):
        for e in experiments:
            _ = e.supervised  # a batch of networks and least squares has no common shape
        return
    if refine or checkpoint is not None:
        raise Unsupported(FOR_NETWORKS)
    if not force:
        for e in experiments:
            e.method.require_stable(e.data, e.penalty, e.least_squares_model)


def _runs(
    engine: Engine,
    experiments: Sequence[Experiment],
    progress: Progress | None,
    refine: bool,
    checkpoint: Checkpoint | str | Path | None,
) -> list[Run]:
    """Return the runs of experiments of one shape, or of a single one."""
    began = time.perf_counter()
    results: Sequence[Any]
    kept = Checkpoint(checkpoint) if isinstance(checkpoint, str | Path) else checkpoint
    if isinstance(engine, TrainingEngine):
        from latebloom.engines.training import train

        results = train(experiments, progress, kept, refine)
    elif isinstance(engine, NetworkFlowEngine) and not refine:
        results = [engine.run(experiments[0], progress, kept)]
    elif refine:
        raise Unsupported(NO_REFINE.format(name=engine.name))
    elif checkpoint is not None:
        raise Unsupported(NO_CHECKPOINT.format(name=engine.name))
    elif type(engine) is StepEngine:
        from latebloom.engines.step import simulate_step

        results = simulate_step(experiments, progress)
    else:
        results = [engine.run(experiment, progress) for experiment in experiments]
    each = (time.perf_counter() - began) / len(experiments)
    # What made a trajectory.
    made = {"engine": engine.name, **{f"version_{name}": v for name, v in versions().items()}}
    fields: Any = _of_network if engine.networks else _of_least_squares
    runs = []
    for experiment, result in zip(experiments, results, strict=True):
        found = fields(experiment, result)
        found["trajectory"].attrs |= made
        runs.append(
            Run(
                experiment=experiment,
                engine=engine.name,
                seconds=each,
                interrupted=result.interrupted,
                records=engine.records(experiment),
                **found,
            )
        )
    return runs


def _of_network(experiment: Experiment, result: Any) -> dict[str, Any]:
    """Return the fields of the run that follow from a `TrainingResult`."""
    trajectory = network_observables(experiment, result.steps, result.measures)
    found = network_phases(experiment, trajectory, result.passages)
    notes = result.notes
    if result.resumed_from is not None:
        notes = (*notes, f"resumed at step {result.resumed_from:,}")
    return {
        "phases": found,
        "trajectory": trajectory,
        "params": result.params,
        "notes": notes,
    }


def network_phases(
    experiment: Experiment,
    trajectory: "xr.Dataset",
    passages: tuple[Passage | None, Passage | None],
) -> Phases:
    """Return the phases of a network: diverged from where the training loss stays not finite."""
    steps = trajectory["step"].values
    sane = np.flatnonzero(np.isfinite(trajectory["train_loss"].values))
    first = int(sane[-1]) + 1 if len(sane) else 0
    diverged_at = int(steps[first]) if first < len(steps) else None
    if first == 0:
        reason = "the run diverged at step 0 (non-finite loss): the start is too large"
        unseen = Passage.after(-1)
        return Phases(unseen, unseen, Verdict.diverged, reason, None, diverged_at)
    errors = []
    for name in ("train_error", "test_error"):
        values = trajectory[name].values.copy()
        # An output that is not finite is a wrong one; as an error of real outputs it is beyond all.
        wrong = 1.0 if experiment.counts else np.finfo(float).max
        values[~np.isfinite(values)] = wrong
        values[first:] = np.inf
        errors.append(values)
    train, test = errors
    known = passages[0]
    t1 = first_passage(steps, train, experiment.thresholds[0]) if known is None else known
    found = phases(
        steps,
        train,
        test,
        experiment.thresholds,
        passages=passages,
        ahead=ahead_of_network(experiment, int(steps[-1]), t1),
        diverged_at=diverged_at,
    )
    if diverged_at is not None and found.diverged_at == diverged_at:  # seen at a record
        seen = f"between steps {steps[first - 1]:,} and {diverged_at:,}"
        found = replace(found, reason=f"the run diverged {seen} (non-finite loss)")
    return found


def _of_least_squares(experiment: Experiment, result: EngineResult) -> dict[str, Any]:
    """Return the fields of the run that follow from an `EngineResult`."""
    t1 = -1 if result.t1.step is None else result.t1.step
    trajectory = observables(experiment, result.steps, result.params, t1=t1)
    with blas_threads(experiment.data):
        found = least_squares_phases(experiment, result, trajectory)
    return {
        "phases": found,
        "trajectory": trajectory,
        "params": result.params[-1],
        "events": result.events,
        "notes": result.notes,
    }


def least_squares_phases(
    experiment: Experiment, result: EngineResult, trajectory: "xr.Dataset"
) -> Phases:
    """Return the phases: passages from the engine, and what theory knows of the rest where a
    passage is missing."""
    passages = (result.t1, result.t2)
    ahead = Ahead(), Ahead()
    missing = any(p is not None and p.high is None for p in passages)
    if missing and result.diverged_at is None:
        ahead = ahead_of_least_squares(experiment, result)
    has_truth = experiment.data.a_star is not None
    return phases(
        trajectory["step"].values,
        trajectory["train_error"].values,
        trajectory["test_error"].values if has_truth else None,
        experiment.thresholds,
        passages=passages,
        ahead=ahead,
        diverged_at=result.diverged_at,
    )
