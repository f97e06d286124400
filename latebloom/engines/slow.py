r"""The slow-time engine: nuclear-norm runs on matrices at a cost that does not grow with the delay.

After its first steps a run is followed along its flow in slow time $s = \alpha\beta t$, see
`slow_flow`, of which proximal gradient is the explicit Euler method. The subgradient method
chatters about the same flow, and the projected one about its limit $\beta \to 0$ with alpha beta
fixed. Brackets come from passages through levels a little above and below the threshold.
"""

import math
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from latebloom.core import schedules
from latebloom.core.errors import Unsupported
from latebloom.core.installed import lacking
from latebloom.core.interrupts import check, listening
from latebloom.core.phases import Passage
from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.methods import (
    GradientDescent,
    ProjectedSubgradient,
    ProximalGradient,
    Subgradient,
)
from latebloom.models import Linear
from latebloom.penalties import Nuclear

from .base import Engine, register_engine
from .passages import trackers
from .result import EngineResult, Records
from .slow_flow import ATOL, RTOL, Failed, flow_of, stretches, units
from .slow_passages import CHATTER_MARGIN, MARGIN, WIDEST, Watch, bracket, slip, watches
from .threads import few_threads

METHODS = (ProximalGradient, Subgradient, ProjectedSubgradient)
# Steps taken one by one: t1 is about 100 at ordinary step sizes, and 2,000 steps cost less than the
# integration that follows.
FAST = 2000
# At full rank the Jacobian has (n1 n2)^2 entries and is factored a thousand times: 30 x 30 takes
# about two minutes, and the time grows with the third power of n1 n2.
MOST_ENTRIES = 1000
# Steps of the integrator in a bounded run; where the flow ends smoothly it takes a few thousand.
MOST_STRETCHES = 4000
# The second integration, whose distance from the first bounds the error of the first.
LOOSER = 10.0

NOTE = "the recorded trajectory after step {k} is that of the flow in slow time s = alpha beta t"
AVERAGE = ", the average about which the run chatters with amplitude alpha beta"
FAILED = (
    "the integration of the flow stopped at step {k} ({why}); use engine 'step', with a larger "
    "alpha beta if that takes too long"
)


class SlowEngine(Engine):
    r"""The flow in slow time of the nuclear norm: t2 in a bracket of at most 1 %.

    The first 2,000 steps are those of the method: what happens there, t1 as a rule, is exact. A t1
    beyond them is a bracket, of any width. The cost is a few thousand decompositions of
    $n_1 \times n_2$ matrices, whatever alpha beta is. It needs the linear model, a matrix unknown,
    the penalty `Nuclear` alone, and `ProximalGradient`, `Subgradient` or `ProjectedSubgradient`
    with constant alpha and beta.

    Products of layers have another flow, see `deep_flow`: they need `GradientDescent`, a
    differentiable penalty or none, and 20,000 steps come first.

    >>> import latebloom as lb
    >>> from latebloom.engines.slow import SLOW
    >>> e = lb.Experiment(
    ...     lb.MatrixCompletion(n1=7, n2=6, r=1, N=30, seed=1),
    ...     lb.Nuclear(1e-7),
    ...     lb.ProximalGradient(0.5),
    ...     steps=10**9,
    ...     thresholds=(1e-3, 1e-2),
    ... )
    >>> t2 = SLOW.run(e).t2
    >>> t2.kind, t2.high < 1.01 * t2.low
    ('bracketed', True)
    """

    name = "slow"
    closed_form = True

    def why_not(self, experiment: Experiment) -> str | None:
        """Return why the engine does not apply, or None if it does."""
        data, method, terms = experiment.data, experiment.method, experiment.terms
        if not isinstance(experiment.model, Linear):
            return _why_not_deep(experiment)
        if len(data.shape) != 2:
            return f"it needs a matrix problem, and the unknown has shape {data.shape}"
        if not data.a_hat.any():
            return "it needs data that depend on the unknown: here X^T y* = 0"
        if len(terms) != 1 or not isinstance(terms[0], Nuclear):
            return "it needs the penalty Nuclear, and no other"
        if not isinstance(method, METHODS):
            return "it needs ProximalGradient, Subgradient or ProjectedSubgradient"
        alpha, beta = schedules.constant(method.alpha), schedules.constant(terms[0].beta)
        if alpha is None or beta is None:
            return "it needs constant alpha and beta"
        if beta <= 0:
            return f"it needs beta > 0, and beta = {beta:g}"
        n1, n2 = data.shape
        if n1 * n2 <= MOST_ENTRIES or experiment.unstable():
            return experiment.unstable()
        return (
            f"its Jacobian has (n1 n2)^2 entries, and n1 n2 = {n1 * n2} is above {MOST_ENTRIES} "
            f"(choose an alpha beta, now {alpha * beta:g}, that stepping can wait for)"
        )

    def cost(self, experiment: Experiment) -> float:
        """Return ten seconds: some thousand decompositions, whatever the horizon."""
        return 10.0

    def exact(self, experiment: Experiment) -> bool:
        """Return False: t2 is a bracket."""
        return False

    def records(self, experiment: Experiment) -> Records:
        """Return `flow`."""
        return "flow"

    @few_threads
    def run(
        self,
        experiment: Experiment,
        progress: Progress | None = None,
        most: float = math.inf,
    ) -> EngineResult:
        """Simulate; `events` counts the singular value decompositions.

        A passage that the flow does not show clearly is censored, with a note. The run stops after
        `most` steps of the integrator.
        """
        if not isinstance(experiment.model, Linear):
            from .deep_flow import follow  # loads JAX

            return follow(experiment, progress)
        run = _Run(experiment, progress, most)
        try:
            with listening():
                run.steps()
                if run.k < experiment.steps:
                    run.follow()
        except KeyboardInterrupt:
            run.interrupted = True
        return run.result()

    def run_bounded(self, experiment: Experiment) -> EngineResult:
        """Simulate for a bounded number of integrator steps; all but the hardest runs need fewer.

        **Raises:** `Unsupported` for products of layers, whose work grows with the horizon.
        """
        if not isinstance(experiment.model, Linear):
            raise Unsupported("products of layers are simulated up to a horizon, not predicted")
        return self.run(experiment, most=MOST_STRETCHES)


def _why_not_deep(experiment: Experiment) -> str | None:
    """Return why products of layers cannot be followed along their flow, or None."""
    method, terms = experiment.method, experiment.terms
    if not isinstance(method, GradientDescent | Subgradient):
        return f"of a product of layers it needs GradientDescent, not {type(method).__name__}"
    kinks = ", ".join(type(t).__name__ for t in terms if not t.differentiable)
    if kinks:
        return f"{kinks} on layers has kinks; it needs a differentiable penalty such as L2, or none"
    if None in map(schedules.constant, (method.alpha, *(t.beta for t in terms))):
        return "it needs constant alpha and beta"
    if experiment.data.a_star is None:
        return "it needs a problem with a known truth"
    return lacking(["jax"])


class _Run:
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


SLOW = register_engine(SlowEngine())
