"""Follows a network: its first updates one by one, then its flow from record to record."""

import math
import time
import warnings
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from latebloom.core.arrays import double_precision
from latebloom.core.errors import InvalidInput
from latebloom.core.interrupts import listening
from latebloom.core.phases import Passage
from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.experiment.record import LogSpaced

from . import chebyshev
from .checkpoint import Checkpoint
from .following import LAGGARD, Following
from .memory import require_memory
from .network_flow import arguments, flow_of, rates
from .network_passages import BELOW, NOTE, REST, STOPPED, UNRESOLVED, WIDE, Watch
from .network_start import without_gradient
from .network_steps import Moved
from .threads import blas_threads
from .training import SECONDS_PER_MOVE, Trainer, TrainingResult
from .training_log import Log, pack, pack_tree, unpack, unpack_tree

# The updates that are made one by one: to twice t1, at least LEAST (a run may start memorized), at
# most MOST (on addition mod 11, 200 of them leave an error of t2 of 5e-4, 20,000 one of 2.5e-4).
FAST, LEAST, MOST = 2, 100, 20_000
# And at least this many times the memory of the momentum: what it holds of the first updates is
# forgotten then (of quadratic units, 10 times leave errors of t2 of up to 2 %, 30 times of 0.1 %).
FORGOTTEN = 60
# The tolerance of a step. A threshold of 0.1 goes with it; smaller errors of real outputs need
# smaller ones, in proportion.
RTOL, WITH, SMALLEST_RTOL = 1e-4, 0.1, 1e-6
# How long Z - A of a proximal flow takes to follow, in parts of the time of the first updates: what
# comes later changes on longer times.
LAG = 0.01
# Measurements per decade beside the records: among the first updates, where t1 is looked for, and
# along the flow, which has the points of its own search.
PER_DECADE, ALONG = 60, 20
FILE = "flow.safetensors"


def follow(
    experiment: Experiment, progress: Progress | None = None, checkpoint: Checkpoint | None = None
) -> TrainingResult:
    """Follow one network to its horizon.

    **Arguments:** as for `train`, of which `checkpoint` keeps a second file of the flow.

    **Returns:** a `TrainingResult`. Ctrl-C ends the run early with what was done.

    **Raises:** as `train`; `InvalidInput` if the gradient at the start is not finite.
    """
    with double_precision(), blas_threads(experiment.problem):
        require_memory([experiment])
        return Follower(experiment, progress, checkpoint).run()


class Follower:
    """One run: the training of its first updates, and what its flow showed so far."""

    kind: type[Following] = Following  # how the flow is followed

    def __init__(
        self, experiment: Experiment, progress: Progress | None, checkpoint: Checkpoint | None
    ) -> None:
        self.experiment, self.progress = experiment, progress
        first, along = (LogSpaced(n).steps(experiment.steps) for n in (PER_DECADE, ALONG))
        marks = np.concatenate([first[first < FAST * MOST], along])
        self.due = np.union1d(experiment.record_steps, marks)
        self.trainer = Trainer([experiment], checkpoint, self.due, self._slow_enough, watching=True)
        self.log: Log = self.trainer.log
        self.rates = rates(experiment)
        self.flow = flow_of(self.trainer.program)
        self.of = arguments(experiment, self.trainer.data, self.trainer.numbers, nu=1.0)
        self.checkpoint = replace(checkpoint, file=FILE) if checkpoint else None
        self.rtol = RTOL
        self.going: Following | None = None
        self.failure, self.interrupted = "", False
        self.resumed_from: int | None = None
        self.saved, self.shown = (0.0, 0), 0.0  # when, and at which step

    def _slow_enough(self, log: Log) -> bool:
        """Return whether the flow may take over from here."""
        t1 = int(log.state.first[0])
        least = max(LEAST, FORGOTTEN * self.rates.memory / self.rates.a)
        return log.t >= MOST or (t1 >= 0 and log.t >= max(FAST * t1, least))

    def run(self) -> TrainingResult:
        """Make the first updates, follow the flow, and return the result."""
        first = self.trainer.run(self.progress)[0]
        self.log, self.interrupted = self.trainer.log, first.interrupted
        self.resumed_from = first.resumed_from
        finite = np.isfinite(self.log.last.loss[0])
        if not finite:
            trainer, loss = self.trainer, float(self.log.measures[0].loss[0])
            of = trainer.program, trainer.data, trainer.numbers, trainer.start
            if why := without_gradient(*of, loss):
                raise InvalidInput(why)
        if not self.interrupted and finite and self.log.t < self.experiment.steps:
            try:
                with listening():
                    going = self._begin()
                self.saved = time.monotonic(), self.log.t
                self.interrupted = going.run(self._measured, self._after, self._laggard())
            except chebyshev.Collapsed as why:
                self.failure = STOPPED.format(k=f"{self.log.t:,}", why=why)
            except KeyboardInterrupt:
                self.interrupted = True
            self._report()
            self._save()
        return self._result(first)

    def _begin(self) -> Following:
        """Prepare the flow, or take it from its file."""
        log, e = self.log, self.experiment
        self.of = self.of._replace(nu=jax.numpy.asarray(LAG * self.rates.a * log.t))
        watches, classes = {}, e.counts
        for i, side in enumerate((e.supervised.train, e.supervised.test)):
            if log.state.first[i] < 0:
                watches[i] = Watch.of(e.thresholds[i], len(side.targets) if classes else None)
        if not classes:
            least = min((watch.levels[0] for watch in watches.values()), default=WITH)
            self.rtol = max(SMALLEST_RTOL, RTOL * min(1.0, least / WITH))
        start = self.flow.begin(log.state.params, self.of)
        going = self.kind(self.flow, self.of, self.rates, log.t, e.steps, start, watches, self.rtol)
        self.going = going
        found = self.checkpoint.load([e]) if self.checkpoint else None
        if found is None:
            return going
        arrays, info = found
        try:
            self.log = unpack(arrays, info, log.state, self.due)
            going.moved = _numbers(unpack_tree("flow", going.moved, arrays))
            for i, watch in watches.items():
                watch.unpack(info["watches"][str(i)])
        except (KeyError, IndexError, ValueError, TypeError) as error:
            assert self.checkpoint is not None
            raise self.checkpoint.damaged(error) from None
        self.resumed_from = self.log.t
        return going

    def _after(self) -> None:
        """Report and save from time to time."""
        assert self.going is not None
        now, step = time.monotonic(), self.going.step
        if now - self.shown > SECONDS_PER_MOVE:
            self._report()
            self.shown = now
        if self.checkpoint and self.checkpoint.due(now - self.saved[0], step - self.saved[1]):
            self._save()
            self.saved = now, step

    def _measured(self, stretch: chebyshev.Stretch) -> dict[float, Any]:
        """Measure what is due in a step of the integrator."""
        assert self.going is not None
        values: dict[float, Any] = {}
        while self.log.count < len(self.due):
            k = int(self.due[self.log.count])
            t = self.going.time(k)
            if t > stretch.end:
                break
            params, trainer = self.flow.params(stretch.at(t), self.of), self.trainer
            state = self.log.state._replace(params=params)
            t1 = np.array(-1)  # an array, as in training: a number would be another program
            measures = trainer.evaluate(trainer.data, trainer.numbers, params, k, t1)
            found = jax.tree.map(np.asarray, measures)
            values[t] = found.error
            self.log = replace(self.log, state=state, t=k).kept(found)
        return values

    def _blurred(self, found: dict[int, Passage]) -> list[str]:
        """Return what to say of training losses that the flow does not resolve; a t1 that such a
        loss has not shown is taken back from what was `found`."""
        assert self.going is not None
        state, k = self.going.state, self.going.clock.origin
        # What an error of the size of the tolerance adds where the loss is curved most.
        level = 0.5 * state.radius * (self.rtol * chebyshev.moving(state)) ** 2
        pairs = zip(self.due, self.log.measures, strict=False)
        if not any(step > k and seen.loss[0] < level for step, seen in pairs):
            return []
        notes, targets = [UNRESOLVED.format(level=level, k=f"{k:,}")], self.trainer.data.train[1]
        threshold = math.inf
        if self.experiment.measure == "loss":
            threshold = self.experiment.thresholds[0]
        elif targets.ndim == 2:  # the square of a relative error times that of the outputs
            threshold = self.experiment.thresholds[0] ** 2 * float((targets**2).mean())
        if 0 in found and found[0].high is None and threshold < level:
            found[0] = Passage.after(k)
            notes.append(WIDE.format(name="t1", why=BELOW))
        return notes

    def _laggard(self) -> Any:
        """Return the arguments of a proximal flow that follows later, or None."""
        proximal = self.trainer.program.method.coupling == "proximal"
        return self.of._replace(nu=LAGGARD * self.of.nu) if proximal else None

    def _report(self) -> None:
        if self.progress is not None and self.going is not None:
            s = self.rates.beta * self.going.state.t
            train, test = self.log.last.error
            note = f"error {train:.3g} train, {test:.3g} test, slow time {s:.3g}"
            self.progress(self.going.step, self.experiment.steps, note)

    def _save(self) -> None:
        if self.checkpoint is None or self.going is None:
            return
        arrays, info = pack(self.log, self.due)
        info["watches"] = {str(i): watch.pack() for i, watch in self.going.watches.items()}
        try:
            flow = pack_tree("flow", self.going.moved)
            self.checkpoint.save([self.experiment], arrays | flow, info)
        except InvalidInput as error:  # a full disk must not cost what was computed
            warnings.warn(f"{error}; the run goes on without", stacklevel=2)

    def _result(self, first: TrainingResult) -> TrainingResult:
        passages, notes, log = list(first.passages), [], self.log
        if self.going is not None:
            going, k = self.going, self.going.clock.origin
            notes.append(
                NOTE.format(
                    k=f"{k:,}", s=self.rates.beta * going.state.t, n=going.gradients,
                    m=going.step - k,
                )
            )  # fmt: skip
            found, more = going.passages(log.t)
            blurred = self._blurred(found)
            for i, passage in found.items():
                passages[i] = passage
            notes += more + blurred
            if going.rests():
                end, error = f"{going.last:,}", float(log.last.error[1])
                threshold = self.experiment.thresholds[1]
                notes.append(REST.format(k=end, error=error, threshold=threshold))
        if self.failure:  # at the begin of the flow
            passages = [found or Passage.after(log.t - 1) for found in passages]
            notes.append(self.failure)
        kept = np.isin(self.due[: log.count], self.experiment.record_steps)
        kept[-1] = True  # where it ended
        measures = jax.tree.map(lambda *rows: np.stack(rows)[kept], *log.measures)
        params = jax.tree.map(np.asarray, log.recorded[1].params)
        return TrainingResult(
            self.due[: log.count][kept], measures, params, (passages[0], passages[1]),
            self.interrupted, self.resumed_from, tuple(notes),
        )  # fmt: skip


def _numbers(moved: Moved) -> Moved:
    """Return what was read from a file, its numbers as such."""
    plain = {
        name: value.item()
        for name, value in moved.state._asdict().items()
        if name not in ("y", "F", "direction")
    }
    state = moved.state._replace(**plain)
    return moved._replace(state=state, since=float(moved.since))
