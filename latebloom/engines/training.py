"""The training of networks: drives the compiled programs from record to record."""

import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from latebloom.core.arrays import double_precision
from latebloom.core.errors import InvalidInput, Unsupported
from latebloom.core.interrupts import GRACE, listening
from latebloom.core.phases import Passage
from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment

from .checkpoint import Checkpoint
from .memory import require_memory
from .network import UNSEEN, UNWATCHED, Measures, Program, State, compiled, setup
from .network_start import without_gradient
from .threads import blas_threads
from .training_log import Log, pack, unpack

# A compiled call takes at most about this many seconds, so that Ctrl-C is answered.
SECONDS_PER_CALL = 0.5
# The progress bar moves at most this often.
SECONDS_PER_MOVE = 0.2
BLIND = (
    "t1 and t2 are not known to the step: the checkpoint is of a run that did not look at every "
    "step; start anew with refine, in another folder"
)


@dataclass(frozen=True)
class TrainingResult:
    """What training one experiment gives.

    - `steps`: the recorded steps, shape (R,).
    - `measures`: what was seen there, arrays of shape (R, ...).
    - `params`: the parameters at the last of them, by name.
    - `passages`: t1 and t2 where they are known better than from the records.
    - `resumed_from`: the step that a checkpoint was taken at, or None.
    - `notes`: sentences that explain the result.
    """

    steps: np.ndarray
    measures: Measures
    params: dict[str, np.ndarray]
    passages: tuple[Passage | None, Passage | None]
    interrupted: bool
    resumed_from: int | None = None
    notes: tuple[str, ...] = ()


def train(
    experiments: Sequence[Experiment],
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
    refine: bool = False,
) -> list[TrainingResult]:
    """Train networks of one shape together.

    **Arguments:**

    - `experiments`: they may differ in numbers (alpha, beta, seeds, radius, data), not in
      structure.
    - `progress`: called with (steps done, steps in all, a note on accuracy and speed).
    - `checkpoint`: where to keep the state; a file found there is gone on from.
    - `refine`: find t1 and t2 to the step, by looking at both errors at every step.

    **Returns:** one `TrainingResult` each. Ctrl-C ends the run early with what was done.

    **Raises:** `Unsupported` if the experiments do not have one shape; `InvalidInput` for a
    checkpoint of another run, or if the batch would not fit into memory.
    """
    require_one_shape(experiments)
    with double_precision(), blas_threads(experiments[0].problem):
        require_memory(experiments)
        return Trainer(experiments, checkpoint, watching=refine).run(progress)


def require_one_shape(experiments: Sequence[Experiment]) -> None:
    """Raise `Unsupported`, naming what differs, unless the experiments have one shape."""
    first = shape(experiments[0])
    for experiment in experiments[1:]:
        for name, value in shape(experiment).items():
            if value != first[name]:
                raise Unsupported(
                    f"networks of one shape are trained together, and these differ in {name}; "
                    "alpha and beta (constants), seeds and the sphere may differ: run the others "
                    "apart"
                )


def shape(experiment: Experiment) -> dict[str, Any]:
    """Return what experiments must share to be trained in one batch, by name."""
    problem = experiment.supervised
    program = Program.of(experiment, batched=True, shared=False)
    names = ("model", "method", "penalty", "loss", "precision")
    return {
        **{name: getattr(program, name) for name in names},
        "parameters": {name: v.shape for name, v in experiment.network_start.items()},
        "data": [a.shape for side in (problem.train, problem.test) for a in side],
        "measure": experiment.measure,
        "steps": experiment.steps,
        "record": experiment.record,
    }


class Trainer:
    """Drives one batch: programs, arrays and the log.

    **Arguments:**

    - `experiments`, `checkpoint`: as for `train`.
    - `due`: the steps to measure at; by default those that the experiments record.
    - `until`: says of the log, after each of them, whether to end there.
    - `watching`: look at both errors at every step.
    """

    def __init__(
        self,
        experiments: Sequence[Experiment],
        checkpoint: Checkpoint | None,
        due: np.ndarray | None = None,
        until: Callable[[Log], bool] | None = None,
        watching: bool = False,
    ) -> None:
        self.experiments, self.checkpoint, self.until = experiments, checkpoint, until
        self.program, self.data, self.numbers, start = setup(experiments)
        self.start = start
        self.advance, self.evaluate = compiled(self.program, watching)
        self.due = experiments[0].record_steps if due is None else due
        self.thresholds = np.array([e.thresholds for e in experiments])
        self.log, self.watching = Log(start, (-1, start)), watching
        self.resumed_from: int | None = None
        self.interrupted = False
        self.seconds_per_step: float | None = None
        self.saved: Log | None = None
        if checkpoint is not None:
            checkpoint.require_writable()
            found = checkpoint.load(experiments)
            if found is not None:
                try:
                    self.log = unpack(*found, start, self.due)
                except (KeyError, IndexError, ValueError, TypeError) as error:
                    raise checkpoint.damaged(error) from None
                self.resumed_from = self.log.t
        if not watching:
            state = self.log.state
            first = np.where(np.asarray(state.first) == UNSEEN, UNWATCHED, state.first)
            self.log = replace(self.log, state=state._replace(first=first))

    def run(self, progress: Progress | None) -> list[TrainingResult]:
        """Train to the horizon, or until all diverged or Ctrl-C, and return the results."""
        try:
            with listening():
                self._train(progress)
        except KeyboardInterrupt:
            if not self.log.count:
                raise  # nothing was measured: there is nothing to keep
            self.interrupted = True
        if self.checkpoint and self.saved is not self.log:
            self._save()
        if progress is not None:
            progress(self.log.t, int(self.due[-1]), self._note())
        return [self._result(i) for i in range(len(self))]

    def _train(self, progress: Progress | None) -> None:
        """Go from record to record, and keep the state when it is due."""
        saved, moved, last = (time.monotonic(), self.log.t), 0.0, int(self.due[-1])
        every = self.checkpoint.every_steps if self.checkpoint else None
        while True:
            # While it compiles there is nothing to keep. Then an update comes to its end, however
            # large the network.
            with listening(GRACE if self.seconds_per_step is None else math.inf):
                following = int(self.due[min(self.log.count, len(self.due) - 1)])
                if self.log.t == following and self.log.recorded[0] != self.log.t:
                    self._record()
                if self.log.t >= last or not np.isfinite(self.log.last.loss[..., 0]).any():
                    return  # the horizon, or all diverged
                if self.until and self.log.recorded[0] == self.log.t and self.until(self.log):
                    return
                goal = int(self.due[self.log.count])
                self._advance(goal if every is None else min(goal, saved[1] + every))
                now = time.monotonic()
                if progress is not None and now - moved > SECONDS_PER_MOVE:
                    progress(self.log.t, last, self._note())
                    moved = now
                if self.checkpoint and self.checkpoint.due(now - saved[0], self.log.t - saved[1]):
                    self._save()
                    saved = now, self.log.t

    def __len__(self) -> int:
        return len(self.experiments)

    def _t1(self) -> np.ndarray:
        """Return the record at which each experiment had memorized, -1 if it has not."""
        found = [self.log.passed.get((i, 0), -1) for i in range(len(self))]
        return np.array(found) if self.program.batched else np.array(found[0])

    def _advance(self, goal: int) -> None:
        """Make updates up to the step `goal`, or for about SECONDS_PER_CALL."""
        log, known = self.log, self.seconds_per_step
        # The first update compiles, and shows how long a step takes at the most.
        most = int(SECONDS_PER_CALL / known) if known else 1
        count = max(1, min(goal - log.t, most))
        began = time.perf_counter()
        state = self.advance(self.data, self.numbers, log.state, log.t, self._t1(), count)
        jax.block_until_ready(state)
        spent = (time.perf_counter() - began) / count
        self.seconds_per_step = max(spent, 1e-7) if known else SECONDS_PER_CALL
        self.log = replace(log, state=state, t=log.t + count)

    def _measure(self, state: State, t: int, t1: np.ndarray) -> Measures:
        found = self.evaluate(self.data, self.numbers, state.params, t, t1)
        return jax.tree.map(np.asarray, found)

    def _record(self) -> None:
        found = self._measure(self.log.state, self.log.t, self._t1())
        below = np.reshape(found.error, (len(self), 2)) <= self.thresholds
        log = self.log.passes(below)
        if self.program.needs_t1 and log.t in log.passed.values():
            self.log = log
            found = self._measure(log.state, log.t, self._t1())  # the penalty from here on
        self.log = log.kept(found)

    def _note(self) -> str:
        if not self.log.count:
            return ""
        train, test = np.reshape(self.log.last.error, (-1, 2)).mean(axis=0)
        if self.experiments[0].counts:
            note = f"accuracy {1 - train:.3f} train, {1 - test:.3f} test"
        else:
            note = f"error {train:.3g} train, {test:.3g} test"
        speed = self.seconds_per_step
        return f"{note}, {1 / speed:,.0f} steps/s" if speed else note

    def _save(self) -> None:
        assert self.checkpoint is not None
        try:
            self.checkpoint.save(self.experiments, *pack(self.log, self.due))
            self.saved = self.log
        except InvalidInput as error:  # a full disk must not cost what was computed
            warnings.warn(f"{error}; the run goes on without", stacklevel=2)

    def _result(self, i: int) -> TrainingResult:
        def pick(tree: Any) -> Any:
            return jax.tree.map(lambda x: np.asarray(x)[i], tree) if self.program.batched else tree

        log = self.log
        measures = jax.tree.map(lambda *rows: np.stack(rows), *map(pick, log.measures))
        passages, notes = self._passages(i)
        losses = measures.loss[:, 0]
        if len(losses) > 1 and np.isfinite(losses[0]) and not np.isfinite(losses[1]):
            shared = self.program.shared or not self.program.batched
            data = self.data if shared else pick(self.data)
            of = self.program, data, pick(self.numbers), pick(self.start)
            why = without_gradient(*of, float(losses[0]))
            notes += (why,) if why else ()
        return TrainingResult(
            self.due[: log.count],
            measures,
            jax.tree.map(np.asarray, pick(log.recorded[1].params)),
            passages,
            self.interrupted,
            self.resumed_from,
            notes,
        )

    def _passages(self, i: int) -> tuple[tuple[Passage | None, Passage | None], tuple[str, ...]]:
        """Return t1 and t2 of an experiment where they are known to the step, and what to say."""
        first = np.reshape(self.log.state.first, (len(self), 2))[i].tolist()
        t1, t2 = (
            Passage.between(k, k) if self.watching and 0 <= k <= self.log.recorded[0] else None
            for k in first
        )
        blind = self.watching and UNWATCHED in first
        return (t1, t2), (BLIND,) if blind else ()
