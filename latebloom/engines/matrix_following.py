r"""Follows a run with the nuclear norm: its first steps one by one, then its flow.

The flow is that in slow time $s = \alpha\beta t$, see `slow_flow`, of which proximal gradient is
the explicit Euler method. The subgradient method chatters about the same flow, and the projected
one about its limit $\beta \to 0$ with alpha beta fixed. Brackets come from passages through levels
a little above and below the threshold.
"""

import math
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from latebloom.core.interrupts import check, listening
from latebloom.core.phases import Passage
from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.methods import ProjectedSubgradient, ProximalGradient

from .passages import trackers
from .result import EngineResult
from .slow_flow import ATOL, RTOL, Failed, flow_of, stretches, units
from .slow_passages import CHATTER_MARGIN, MARGIN, WIDEST, Watch, bracket, slip, watches

# Steps taken one by one: t1 is about 100 at ordinary step sizes, and 2,000 steps cost less than the
# integration that follows.
FAST = 2000
# The second integration, whose distance from the first bounds the error of the first.
LOOSER = 10.0

NOTE = "the recorded trajectory after step {k} is that of the flow in slow time s = alpha beta t"
AVERAGE = ", the average about which the run chatters with amplitude alpha beta"
FAILED = (
    "the integration of the flow stopped at step {k} ({why}); use engine 'step', with a larger "
    "alpha beta if that takes too long"
)


class MatrixFollower:
    """One run: its first steps, then its flow, in which lengths are divided by `scale`."""

    def __init__(self, experiment: Experiment, progress: Progress | None, most: float) -> None:
        self.experiment, self.progress, self.most = experiment, progress, most
        data, self.method = experiment.data, experiment.method
        assert experiment.penalty is not None  # why_not
        self.penalty = experiment.penalty.terms[0]
        self.alpha, self.rate, self.scale = units(experiment)
        self.X, self.y, self.a_star = data.operator, data.y_star, data.a_star
        self.projects = isinstance(self.method, ProjectedSubgradient)
        self.settles = isinstance(self.method, ProximalGradient)  # does not chatter
        self.inverse = data.inverse if self.projects else np.zeros((0, 0))
        self.A = np.array(experiment.start, dtype=float)
        self.H: np.ndarray | None = None  # a subgradient of the nuclear norm at A
        self.k = self.switch = 0  # steps done, and those of them taken one by one
        self.exact = trackers(experiment)
        self.watches: dict[int, Watch] = {}  # of the errors in `exact` that the steps left above
        self.slips: dict[int, float] = {}  # how far their passages may be off, in slow time
        self.records: dict[int, np.ndarray] = {}
        self.decompositions = 0
        self.interrupted = False
        self.failure = ""

    def run(self) -> EngineResult:
        """Take the first steps, follow the flow, and return the result; Ctrl-C ends it early."""
        try:
            with listening():
                self.steps()
                if self.k < self.experiment.steps:
                    self.follow()
        except KeyboardInterrupt:
            self.interrupted = True
        return self.result()

    def steps(self) -> None:
        """Take the first steps of the method itself."""
        last = min(FAST, self.experiment.steps)
        due = set(self.experiment.record_steps.tolist())
        for k in range(last + 1):
            if k:
                check()
                self._update()
            self.k = self.switch = k
            r = self.X.forward(self.A) - self.y
            self.exact[0].step(k, float((r * r).sum()))
            if self.a_star is not None:
                self.exact[1].step(k, float(((self.A - self.a_star) ** 2).sum()))
            if k in due or k in (tracker.first for tracker in self.exact):
                self.records[k] = self.A
        self._report()

    def _update(self) -> None:
        A, self.decompositions = self.A, self.decompositions + 1
        if isinstance(self.method, ProximalGradient):
            Z = A - self.alpha * self.X.adjoint(self.X.forward(A) - self.y)
            self.A = self.penalty.prox(Z, self.alpha)
            self.H = (Z - self.A) / self.rate
            return
        step = self.alpha * self.penalty.subgradient(A)
        if self.projects:
            A = A - step
            self.A = A - self.X.correction(self.X.forward(A) - self.y, self.inverse)
        else:
            self.A = A - self.alpha * self.X.adjoint(self.X.forward(A) - self.y) - step

    def _report(self) -> None:
        check()
        if self.progress is not None:
            self.progress(self.k, self.experiment.steps)

    def follow(self) -> None:
        """Follow the flow from the last of the steps to the horizon."""
        c, A = self.scale, self.A / self.scale
        H = self.penalty.subgradient(self.A, 1.0) if self.H is None else self.H
        flow = flow_of(self.experiment)
        z = (A + flow.mu * H).reshape(-1)  # thresholded at mu it is A
        skip = {i for i, tracker in enumerate(self.exact) if tracker.first is not None}
        self.watches = watches(self.experiment, A, skip)
        last, due = self.experiment.steps, self.experiment.record_steps
        length = (last - self.switch) * self.rate / c
        marked: set[int] = set()
        try:
            for count, stretch in enumerate(stretches(flow, z, length)):
                if count == self.most:
                    raise Failed(f"a prediction takes no more than {count:,} of its steps")
                begin, end = self.k, stretch.unknown(stretch.end)
                for watch in self.watches.values():
                    watch.follow(stretch, end)
                now = last if stretch.end >= length else int(self._step(stretch.end))
                self.A, self.k = c * end, min(now, last)
                mine = due[(due > begin) & (due <= self.k)].tolist()
                for i, watch in self.watches.items():
                    if i not in marked and watch.first[0] is not None:
                        marked.add(i)
                        mine.append(min(math.ceil(self._step(watch.first[0])), self.k))
                for k in mine:
                    self.records[k] = c * stretch.unknown((k - self.switch) * self.rate / c)
                self._report()
                if len(self.slips) < len(self.watches) and not any(
                    watch.pending for watch in self.watches.values()
                ):
                    self._repeat(z, A)
        except Failed as failure:
            self.failure = str(failure)
        self.decompositions += flow.decompositions
        if len(self.slips) < len(self.watches):
            self._repeat(z, A)

    def _step(self, s: float) -> float:
        """Return the step, as a real number, at slow time s."""
        return self.switch + s * self.scale / self.rate

    def _repeat(self, z: Float[np.ndarray, " n"], A: Float[np.ndarray, "n1 n2"]) -> None:
        """Integrate once more, less exactly, to the passages, to see how far they may be off."""
        self.slips = dict.fromkeys(self.watches, math.inf)
        reached = {i: w for i, w in self.watches.items() if w.first[0] is not None}
        again = {i: Watch(w.error, w.lipschitz, w.levels[:1], A) for i, w in reached.items()}
        far = max((w.first[0] or 0.0 for w in reached.values()), default=0.0) * (1 + WIDEST)
        if far == 0:
            return
        flow = flow_of(self.experiment)
        try:
            for stretch in stretches(flow, z, far, LOOSER * RTOL, LOOSER * ATOL):
                end = stretch.unknown(stretch.end)
                for watch in again.values():
                    watch.follow(stretch, end)
                if not any(watch.pending for watch in again.values()):
                    break
        except Failed:
            pass  # then nothing bounds the error, and the passage stays undecided
        self.decompositions += flow.decompositions
        self.slips.update({i: slip(self.watches[i].first, w.first) for i, w in again.items()})

    def result(self) -> EngineResult:
        """Return what was found."""
        notes = [FAILED.format(k=self.k, why=self.failure)] if self.failure else []
        if self.k > self.switch:
            notes.insert(0, NOTE.format(k=self.switch) + ("" if self.settles else AVERAGE))
        found: list[Passage] = []
        for i, tracker in enumerate(self.exact):
            if i in self.watches:
                margin = MARGIN if self.settles else CHATTER_MARGIN
                apart = margin * self.k * self.rate / self.scale  # of flow and run, in slow time
                passage, note = bracket(
                    ("t1", "t2")[i],
                    self.watches[i],
                    self.slips.get(i, math.inf),
                    self._step,
                    margin,
                    self.k,
                    apart,
                )
                notes += [note] if note else []
            else:
                passage = tracker.passage()
                if self.k > tracker.seen and passage.step is not None:
                    # What the steps saw of the end is not the end.
                    passage = replace(passage, sustained=None, sustained_from=None)
            found.append(passage)
        self.records.setdefault(self.k, self.A)
        return EngineResult.of(
            self.records,
            found,
            self.k,
            interrupted=self.interrupted,
            events=self.decompositions,
            notes=tuple(notes),
        )
