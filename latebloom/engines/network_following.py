"""Follows a network: its first updates one by one, then its flow from record to record."""

import math
import time
import warnings
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from latebloom.core.errors import InvalidInput
from latebloom.core.interrupts import listening
from latebloom.core.phases import Passage
from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.experiment.record import LogSpaced

from . import chebyshev
from .checkpoint import Checkpoint
from .memory import require_memory
from .network import State
from .network_flow import Arguments, arguments, flow_of, rates
from .network_passages import EDGE, NOTE, REST, STOPPED, Clock, Watch, bracket
from .network_search import Search, passages_of
from .slow_passages import slip
from .threads import blas_threads
from .training import SECONDS_PER_MOVE, Trainer, TrainingResult
from .training_log import Log, pack, pack_tree, unpack, unpack_tree

# The updates that are made one by one: to twice t1, at least LEAST (a run may start memorized), at
# most MOST (on addition mod 11, 200 of them leave an error of t2 of 5e-4, 20,000 one of 2.5e-4).
FAST, LEAST, MOST = 2, 100, 20_000
# Tolerances of the two integrations, whose distance bounds the error of the first. A threshold of
# 0.1 goes with the largest; smaller errors of real outputs need smaller ones, in proportion.
RTOL, LOOSER = 1e-4, 10.0
WITH, SMALLEST_RTOL = 0.1, 1e-6
# More gradients than this many times those of the first integration are not spent on another: at
# kinks their number grows with the inverse of the tolerance.
PATIENCE = 4
# The flow is left where it has cost so many gradients per step that it skips, but not among the
# first ones: at kinks that it slides along its steps are shorter than those of the method.
FUTILE, GRACE = 3, 2000
# How long Z - A of a proximal flow takes to follow, in parts of the time of the first updates: what
# comes later changes on longer times. And how much longer in the integration that shows its effect.
LAG, LAGGARD = 0.01, 3.0
# Measurements per decade beside the records, among which t1 is looked for.
PER_DECADE = 60
# The flow is at rest where as much time again would move it by less than this part of its size.
AT_REST = 1e-3
FILE = "flow.safetensors"


def follow(
    experiment: Experiment, progress: Progress | None = None, checkpoint: Checkpoint | None = None
) -> TrainingResult:
    """Follow one network to its horizon.

    **Arguments:** as for `train`, of which `checkpoint` keeps a second file of the flow.

    **Returns:** a `TrainingResult`. Ctrl-C ends the run early with what was done.

    **Raises:** as `train`.
    """
    with jax.enable_x64(True), blas_threads(experiment.problem):
        require_memory([experiment])
        return Follower(experiment, progress, checkpoint).run()


class Follower:
    """One run: the training of its first updates, and what its flow showed so far."""

    def __init__(
        self, experiment: Experiment, progress: Progress | None, checkpoint: Checkpoint | None
    ) -> None:
        self.experiment, self.progress = experiment, progress
        marks = LogSpaced(PER_DECADE).steps(experiment.steps)
        self.due = np.union1d(experiment.record_steps, marks)
        self.trainer = Trainer([experiment], checkpoint, self.due, self._slow_enough)
        self.log: Log = self.trainer.log
        self.rates = rates(experiment)
        self.flow = flow_of(self.trainer.program)
        self.of = arguments(experiment, self.trainer.data, self.trainer.numbers, nu=1.0)
        self.checkpoint = replace(checkpoint, file=FILE) if checkpoint else None
        self.clock = Clock(0, 1 / self.rates.a)
        fine = 1.0 if experiment.supervised.classification else experiment.thresholds[1] / WITH
        self.rtol = max(SMALLEST_RTOL, RTOL * min(1.0, fine))
        self.start: Any = None  # the unknown of the flow at its begin
        self.state: chebyshev.State | None = None
        self.watches: dict[int, Watch] = {}  # of the errors that the updates left above
        self.slips: dict[int, float] = {}  # how far their passages may be off, in flow time
        self.search = Search(self.flow, self.of)
        self.repeated = 0  # gradients of the second integration
        self.failure, self.interrupted = "", False
        self.resumed_from: int | None = None

    def _slow_enough(self, log: Log) -> bool:
        """Return whether the flow may take over from here."""
        t1 = log.passed.get((0, 0), (0, None))[1]
        return log.t >= MOST or (t1 is not None and log.t >= max(FAST * t1, LEAST))

    def run(self) -> TrainingResult:
        """Make the first updates, follow the flow, and return the result."""
        first = self.trainer.run(self.progress, refine=True)[0]
        self.log, self.interrupted = self.trainer.log, first.interrupted
        self.resumed_from = first.resumed_from
        finite = np.isfinite(self.log.last.loss[0])
        if not self.interrupted and finite and self.log.t < self.experiment.steps:
            try:
                with listening():
                    self._begin()
                    self._follow()
            except chebyshev.Collapsed as why:
                self.failure = STOPPED.format(k=f"{self.log.t:,}", why=why)
            except KeyboardInterrupt:
                self.interrupted = True
            try:
                with listening():
                    if not self.interrupted:
                        self._repeat()
            except KeyboardInterrupt:
                self.interrupted = True
            self._save()
        return self._result(first)

    def _begin(self) -> None:
        """Prepare the flow, or take it from its file."""
        log, e = self.log, self.experiment
        self.clock = Clock(log.t, 1 / self.rates.a, self.rates.memory)
        self.length = (e.steps - log.t) * self.rates.a
        self.of = self.of._replace(nu=jax.numpy.asarray(LAG * self.rates.a * log.t))
        classes = e.supervised.classification
        for i, side in enumerate((e.supervised.train, e.supervised.test)):
            if (0, i) not in log.passed:
                self.watches[i] = Watch.of(e.thresholds[i], len(side.targets) if classes else None)
        self.search = Search(self.flow, self.of)
        self.start = self.flow.begin(log.state.params, self.of)
        self.state = chebyshev.start(self.flow.field, self.of, self.start, self.length)
        found = self.checkpoint.load([e]) if self.checkpoint else None
        if found is None:
            return
        arrays, info = found
        try:
            self.log = unpack(arrays, info, log.state, self.due, False)
            self.state = _numbers(unpack_tree("flow", self.state, arrays))
            for i, watch in self.watches.items():
                watch.unpack(info["watches"][str(i)])
        except (KeyError, IndexError, ValueError, TypeError) as error:
            assert self.checkpoint is not None
            raise self.checkpoint.damaged(error) from None
        self.resumed_from = self.log.t

    def _follow(self) -> None:
        """Integrate to the horizon, from record to record."""
        assert self.state is not None
        saved, moved = (time.monotonic(), self.log.t), 0.0
        while self.state.t < self.length and not self._at_the_edge():
            with listening(math.inf):  # a step comes to its end
                state, stretch = chebyshev.advance(
                    self.flow.field, self.of, self.state, self.length, self.rtol
                )
                self._take(stretch, state.t == self.length)
            self.state = state
            step = int(self.clock.step(state.t))
            if state.evaluations > max(GRACE, FUTILE * (step - self.clock.origin)):
                raise chebyshev.Collapsed("it takes more gradients than steps, as at kinks")
            now = time.monotonic()
            if self.progress is not None and now - moved > SECONDS_PER_MOVE:
                self._report()
                moved = now
            if self.checkpoint and self.checkpoint.due(now - saved[0], step - saved[1]):
                self._save()
                saved = now, step
        self._report()

    def _at_the_edge(self) -> bool:
        """Return whether gradient descent leaves the flow here, and say so."""
        assert self.state is not None
        x = float(self.experiment.method.alpha) * self.state.radius  # pyright: ignore - constant
        if x <= self.rates.limit:
            return False
        k = f"{int(self.clock.step(self.state.t)):,}"
        self.failure = EDGE.format(k=k, x=x, limit=self.rates.limit)
        return True

    def _take(self, stretch: chebyshev.Stretch, last: bool) -> None:
        """Measure what is due in a step of the integrator, and look for passages."""
        values: dict[float, Any] = {}
        while self.log.count < len(self.due):
            k = int(self.due[self.log.count])
            t = (
                stretch.end
                if last and k == self.due[-1]
                else (k - self.clock.origin) * self.rates.a
            )
            if t > stretch.end:
                break
            state = State(self.flow.params(stretch.at(t), self.of), self.log.state.memory)
            trainer = self.trainer
            measures = trainer.evaluate(trainer.data, trainer.numbers, state, k, -1)
            found = jax.tree.map(np.asarray, measures)
            values[t] = found.error
            self.log = replace(self.log, state=state, t=k).kept(found)
        self.search.take(stretch, self.watches, values)

    def _repeat(self) -> None:
        """Integrate again, to see how far the passages may be off: less exactly, a proximal flow
        with a larger nu, and more exactly where that does not do."""
        reached = {i: w for i, w in self.watches.items() if w.first[0] is not None}
        if not reached:
            return
        slips = self._again(self.of, LOOSER * self.rtol, reached)[0]
        if any(w.disagrees(slips[i], self.clock) for i, w in reached.items()):
            more, tighter = self._again(self.of, self.rtol / LOOSER, reached)
            if all(map(math.isfinite, more.values())):
                slips, reached = more, tighter
        if self.trainer.program.method.coupling == "proximal":
            laggard = self.of._replace(nu=LAGGARD * self.of.nu)
            more = self._again(laggard, self.rtol, self.watches)[0]
            # The error of nu grows with nu, so that it is less than this part of the distance.
            slips = {i: slips[i] + more[i] / (LAGGARD - 1) for i in slips}
        self.slips = slips
        self.watches = self.watches | reached

    def _again(
        self, of: Arguments, rtol: float, reached: dict[int, Watch]
    ) -> tuple[dict[int, float], dict[int, Watch]]:
        """Return how far the passages of another integration are from these, and its own."""
        assert self.state is not None
        start = self.flow.begin(self.flow.params(self.start, self.of), of)
        most = PATIENCE * self.state.evaluations
        found, count = passages_of(self.flow, of, start, reached, rtol, most)
        self.repeated += count
        return {i: slip(reached[i].first, found[i].first) for i in reached}, found

    def _report(self) -> None:
        if self.progress is not None and self.state is not None:
            s, done = self.rates.beta * self.state.t, int(self.clock.step(self.state.t))
            train, test = self.log.last.error
            note = f"error {train:.3g} train, {test:.3g} test, slow time {s:.3g}"
            self.progress(done, self.experiment.steps, note)

    def _save(self) -> None:
        if self.checkpoint is None or self.state is None:
            return
        arrays, info = pack(self.log, self.due)
        info["watches"] = {str(i): watch.pack() for i, watch in self.watches.items()}
        try:
            flow = pack_tree("flow", self.state)
            self.checkpoint.save([self.experiment], arrays | flow, info)
        except InvalidInput as error:  # a full disk must not cost what was computed
            warnings.warn(f"{error}; the run goes on without", stacklevel=2)

    def _rest(self) -> list[str]:
        """Return a note if the flow ended at a point with a test error above its threshold."""
        state, watch = self.state, self.watches.get(1)
        if state is None or watch is None or watch.first[1] is not None:
            return []
        left = float(chebyshev.norm(state.F)) * state.t / float(chebyshev.norm(state.y))
        if left > AT_REST:
            return []
        end, error = f"{self.experiment.steps:,}", float(self.log.last.error[1])
        return [REST.format(k=end, error=error, threshold=self.experiment.thresholds[1])]

    def _result(self, first: TrainingResult) -> TrainingResult:
        passages, notes = list(first.passages), []
        log, last = self.log, int(self.log.t)
        if self.state is not None:
            n = self.state.evaluations + self.repeated
            s, k = self.rates.beta * self.state.t, self.clock.origin
            gone = int(self.clock.step(self.state.t)) - k
            notes.append(NOTE.format(k=f"{k:,}", s=s, n=n, m=gone))
            last = k + gone if self.failure or self.interrupted else self.experiment.steps
        for i, watch in self.watches.items():
            slips = self.slips.get(i, math.inf)
            found, note = bracket(("t1", "t2")[i], watch, slips, self.clock, last)
            if self.failure and found.high is None:  # what comes after the last record is not known
                found = Passage.after(min(found.low or 0, log.t) - 1)
            passages[i] = found
            notes += [note] if note else []
        notes += [self.failure] if self.failure else []
        notes += self._rest() if last == self.experiment.steps else []
        kept = np.isin(self.due[: log.count], self.experiment.record_steps)
        kept[-1] = True  # where it ended
        measures = jax.tree.map(lambda *rows: np.stack(rows)[kept], *log.measures)
        params = jax.tree.map(np.asarray, log.recorded[1].params)
        return TrainingResult(
            self.due[: log.count][kept], measures, params, (passages[0], passages[1]),
            self.interrupted, self.resumed_from, tuple(notes),
        )  # fmt: skip


def _numbers(state: chebyshev.State) -> chebyshev.State:
    """Return the state read from a file, its numbers as such."""
    plain = {
        name: value.item()
        for name, value in state._asdict().items()
        if name not in ("y", "F", "direction")
    }
    return state._replace(**plain)
