"""Follows a network to its passages and on to where it rests, whatever the horizon."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from latebloom.core.arrays import double_precision
from latebloom.core.phases import Passage
from latebloom.core.progress import Progress
from latebloom.engines.following import Following
from latebloom.engines.memory import require_memory
from latebloom.engines.network_following import Follower
from latebloom.engines.threads import blas_threads
from latebloom.experiment.experiment import MAX_STEPS, Experiment
from latebloom.experiment.record import At

# Gradients after which a prediction ends, on every machine the same: addition mod 23 at
# beta = 1e-6 of its largest curvature took 57,000.
MOST_GRADIENTS = 200_000
# After the last passage so many times the gradients until there are spent on the floor, and MORE.
FOR_THE_FLOOR, MORE = 1, 1000
DIVERGED = "the updates diverge before step {k:,}: choose a smaller alpha"
NO_LOSS = "the training loss at step 0 is not finite: choose a smaller start"


@dataclass(frozen=True)
class NetworkAhead:
    """What the flow of a network shows.

    **Fields:**

    - `t1`, `t2`: the passages; censored where they were not seen, or not clearly.
    - `passed`: the step, a real number, at which the test error is at its threshold along the
      flow, without any margin; infinite if it was not seen.
    - `errors`: the training and the test error at the end.
    - `at_rest`: whether the flow had come to rest there.
    - `slow_time_per_step`: s per step.
    - `gradients`: how many were computed.
    - `notes`: of the engine, and why it ended.
    - `params`: the parameters at the end.
    - `diverged`: whether the first updates did, so that there is no flow.
    """

    t1: Passage
    t2: Passage
    passed: float
    errors: tuple[float, float]
    at_rest: bool
    slow_time_per_step: float
    gradients: int
    notes: tuple[str, ...]
    params: dict[str, np.ndarray]
    diverged: bool = False

    def why(self, name: str) -> str:
        """Return why a passage has no number."""
        own = [note for note in self.notes if note.startswith(f"{name} is undecided: ")]
        if own:
            return own[0].partition(": ")[2]
        return "; ".join(note for note in self.notes if not note.startswith(("t1 ", "t2 ")))


def ahead_of(
    experiment: Experiment,
    progress: Progress | None = None,
    brackets: bool = True,
) -> NetworkAhead:
    """Return what the flow of a network shows, whatever the horizon.

    **Arguments:**

    - `experiment`: to which the engine `slow` of networks applies.
    - `progress`: called with (gradients computed, gradients at most, a note).
    - `brackets`: whether to compute brackets (a second integration) and the floor.

    **Returns:** what was seen.

    **Raises:** `KeyboardInterrupt` after Ctrl-C; `InvalidInput` if the gradient at the start is not
    finite.
    """

    with double_precision(), blas_threads(experiment.problem):
        require_memory([experiment])
        return _Ahead(experiment, progress, brackets).found()


class _Ending(Following):
    """Follows the flow until there is nothing more to see."""

    brackets = True  # see `ahead_of`
    at_rest = False
    enough = math.inf  # gradients, once the last passage is behind

    def goes_on(self) -> bool:
        """Return whether there is more to see; where passages are missing, say why."""
        return super().goes_on() and not self._nothing_left()

    def _nothing_left(self) -> bool:
        state = self.state
        pending = any(watch.pending for watch in self.watches.values())
        if not pending:
            more = FOR_THE_FLOOR * state.evaluations + MORE if self.brackets else 0
            self.enough = min(self.enough, state.evaluations + more)
        self.at_rest = self.stands
        if pending and self.at_rest:
            self.failure = "the flow comes to rest with the error above its threshold"
        elif pending and state.evaluations > MOST_GRADIENTS:
            self.failure = f"a prediction takes no more than {MOST_GRADIENTS:,} gradients"
        return bool(self.at_rest or self.failure or state.evaluations >= self.enough)

    def repeat(self, laggard: Any = None) -> None:
        """Integrate again, if brackets are wanted."""
        if self.brackets:
            super().repeat(laggard)


class _Ahead(Follower):
    """The first updates and then the flow, whatever the horizon."""

    kind = _Ending

    def __init__(self, experiment: Experiment, progress: Progress | None, brackets: bool) -> None:
        super().__init__(experiment.with_(steps=MAX_STEPS, record=At(())), progress, None)
        self.brackets = brackets

    def found(self) -> NetworkAhead:
        """Return what the flow shows."""
        result = self.run()
        if self.interrupted:
            raise KeyboardInterrupt
        t1, t2 = (Passage.after(self.log.t - 1) if p is None else p for p in result.passages)
        going, errors, notes = self.going, self.log.last.error, result.notes
        diverged = not np.isfinite(self.log.last.loss[0])
        if diverged:
            notes = (*notes, DIVERGED.format(k=self.log.t) if self.log.t else NO_LOSS)
        at_rest, gradients = False, self.log.t
        passed = t2.low if t2.high is not None else math.inf
        if going is not None:
            assert isinstance(going, _Ending)
            watch, notes = going.best.get(1), notes[1:]
            if watch is not None:
                seen = watch.first[0]
                passed = math.inf if seen is None else going.clock.step(seen)
            errors = self.flow.errors(going.state.y, self.of)
            at_rest, gradients = going.at_rest, int(going.clock.origin) + going.gradients
        return NetworkAhead(
            t1, t2, float(passed or 0), (float(errors[0]), float(errors[1])), at_rest,
            self.rates.a * self.rates.beta, gradients, notes, result.params, diverged,
        )  # fmt: skip

    def _begin(self) -> Following:
        going = super()._begin()
        assert isinstance(going, _Ending)
        going.brackets = self.brackets
        return going

    def _report(self) -> None:
        if self.progress is not None and self.going is not None:
            train, test = self.log.last.error
            note = f"error {train:.3g} train, {test:.3g} test"
            self.progress(self.going.state.evaluations, MOST_GRADIENTS, note)
