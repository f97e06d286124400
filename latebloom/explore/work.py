"""Runs and predictions, computed in the background, kept by the hash of their experiment."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from latebloom.core.errors import InvalidInput
from latebloom.experiment.experiment import Experiment
from latebloom.runs.run import Run
from latebloom.simulate import simulate
from latebloom.theory import Prediction
from latebloom.theory.predict import predict_at_once

from .point import Point

T = TypeVar("T")

# A run takes about a quarter of a megabyte.
MOST_KEPT = 200
# Seconds between two calls of `moved`.
EVERY = 0.15
# Seconds before the prediction of a run is computed: while a slider moves, it is not shown.
PAUSE = 0.25


class Cancelled(Exception):
    """Raised inside a computation that nobody waits for any more."""


class Kept(Generic[T]):
    """The results computed last, by key; at most `most` of them.

    >>> kept = Kept(most=1)
    >>> kept.get("a", lambda: 1), kept.get("a", lambda: 2), kept.get("b", lambda: 3)
    (1, 1, 3)
    >>> "a" in kept
    False
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._results: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._results

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return the result of this key, computing it if it is not kept."""
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key]
        result = compute()
        with self._lock:
            self._results[key] = result
            while len(self._results) > self._most:
                self._results.popitem(last=False)
        return result


RUNS: Kept[Run] = Kept()
PREDICTIONS: Kept[Prediction] = Kept()


class Job:
    """A piece of work in a thread of its own, which can be cancelled.

    **Arguments:**

    - `work`: is given the job, calls `job.progress(done, total)` now and then, which raises
      `Cancelled` once the job is cancelled.
    - `moved`: called in that thread after progress, not too often, and whenever `first` or
      `result` is there.

    **Fields:**

    - `done`, `total`, `note`: how far it is; `total` is 0 as long as that is not known.
    - `first`: what is known before the end, see `show`; `result`: what `work` returned.
    - `error`: one line, if it failed.
    - `finished`, `cancelled`: whether it has come to its end, and whether it was asked to.

    >>> job = Job(lambda job: 6 * 7)
    >>> job.run()
    >>> job.result, job.finished
    (42, True)
    """

    def __init__(
        self, work: Callable[["Job"], Any], moved: Callable[["Job"], None] = lambda job: None
    ) -> None:
        self._work, self._moved = work, moved
        self._end, self._shown = threading.Event(), threading.Event()
        self._cancelled = threading.Event()
        self._next = 0.0
        self.done, self.total, self.note = 0, 0, ""
        self.first: Any = None
        self.result: Any = None
        self.error = ""

    @property
    def finished(self) -> bool:
        """Whether the work has come to its end."""
        return self._end.is_set()

    @property
    def cancelled(self) -> bool:
        """Whether the work was asked to stop."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask the work to stop."""
        self._cancelled.set()

    def pause(self, seconds: float) -> None:
        """Wait in the work; raise `Cancelled` as soon as nobody waits for it."""
        if self._cancelled.wait(seconds):
            raise Cancelled

    def wait(self, seconds: float) -> bool:
        """Wait for `first`, or the end, at most so long; return whether it has come."""
        return self._shown.wait(seconds)

    def show(self, first: Any) -> None:
        """Give what is known before the end."""
        self.first = first
        self._shown.set()
        self._moved(self)

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far the work is.

        **Raises:** `Cancelled` if nobody waits for it.
        """
        if self.cancelled:
            raise Cancelled
        self.done, self.total, self.note = done, total, note
        now = time.monotonic()
        if now >= self._next:
            self._next = now + EVERY
            self._moved(self)

    def run(self) -> None:
        """Do the work; to be called in the thread that is meant for it."""
        try:
            self.result = self._work(self)
        except Cancelled:
            pass
        except InvalidInput as error:
            self.error = str(error)
        except Exception as error:
            self.error = f"this is a fault of latebloom: {type(error).__name__}: {error}"
        finally:
            self._end.set()
            self._shown.set()
            self._moved(self)


class Jobs:
    """The jobs of a page: of each name the last one, which ends the one before.

    **Arguments:**

    - `start`: does a piece of work in a thread, or where there are none at once.
    - `closed`: returns whether the page of this thread is gone.

    >>> jobs = Jobs(lambda work: work(), lambda: False)
    >>> jobs.start("run", lambda job: 6 * 7, lambda job: None).result
    42
    """

    def __init__(
        self, start: Callable[[Callable[[], None]], None], closed: Callable[[], bool]
    ) -> None:
        self._start, self._closed = start, closed
        self._jobs: dict[str, Job] = {}

    def start(self, name: str, work: Callable[[Job], Any], moved: Callable[[Job], None]) -> Job:
        """Start a job; `moved` is called only as long as it is the last of its name."""

        def own_moved(job: Job) -> None:
            if self._closed():
                job.cancel()
            elif job is self._jobs.get(name):
                moved(job)

        if name in self._jobs:
            self._jobs[name].cancel()
        job = self._jobs[name] = Job(work, own_moved)
        self._start(job.run)
        return job

    def cancel(self) -> None:
        """Cancel all."""
        for job in self._jobs.values():
            job.cancel()


def run_of(experiment: Experiment, engine: str, job: Job | None = None) -> Run:
    """Return the run of an experiment, at once if it was computed before.

    **Arguments:**

    - `experiment`, `engine`: what is run.
    - `job`: whose progress moves, and with which it is cancelled.

    **Raises:** `InvalidInput` for an unstable step size.
    """
    progress = None if job is None else job.progress
    return RUNS.get(
        (experiment.hash, engine), lambda: simulate(experiment, engine, progress=progress)
    )


def prediction_of(experiment: Experiment) -> Prediction:
    """Return what theory says of an experiment, at once if it was computed before."""
    return PREDICTIONS.get(experiment.hash, lambda: predict_at_once(experiment))


def compute(point: Point, job: Job) -> tuple[Run, Prediction]:
    """Return the run at a point and its prediction; the run is shown as soon as it is there."""
    experiment = point.experiment()
    run = run_of(experiment, point.world.engine, job)
    job.show(run)
    if experiment.hash not in PREDICTIONS:
        job.pause(PAUSE)
    return run, prediction_of(experiment)
