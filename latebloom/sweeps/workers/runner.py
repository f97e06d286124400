"""Running a sweep: batches to workers, results to the store, until nothing is left to do."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from latebloom.core.errors import InvalidInput
from latebloom.core.interrupts import check, listening
from latebloom.core.progress import listener
from latebloom.sweeps.grid.grid import Grid, tasks_of
from latebloom.sweeps.grid.task import Task
from latebloom.sweeps.store.store import Store, create_store

from .base import Lost, Pool
from .batches import Batch, remaining
from .compute import Report, compute, write_failures
from .pools import pool, require
from .summary import Summary, SweepProgress, Watch

# More cells than this need a confirmation: at 10 ms each they take three hours.
MANY = 10**6
# A batch whose worker died so often runs alone: then it is known whether it kills its worker.
DEATHS = 2
# Seconds that running batches have to end after Ctrl-C, and between two looks at the pool.
GRACE, LOOK = 1.5, 0.2
# The files of the store are looked through again after so many times what the last time took.
LOOKING = 20.0
# What Dask and submitit raise when work ended with its worker.
LOST_WORK = ("KilledWorker", "UncompletedJobError")
# Failed cells listed by name.
LISTED = 1000


def run_sweep(
    sweep: Grid,
    store: Store | str | Path,
    executor: str | Executor | Pool = "local",
    workers: int | None = None,
    scheduler: str | None = None,
    retry_failed: bool = False,
    yes: bool = False,
    watch: Watch | None = None,
    any_version: bool = False,
) -> Summary:
    """Compute what a store does not have yet of a sweep.

    **Arguments:**

    - `sweep`: what to compute.
    - `store`: a store, or a folder; it is made if it does not exist.
    - `executor`: `local` (processes), `dask`, `slurm`, any `concurrent.futures.Executor` whose
      workers see the folder of the store, or a pool that outlives the sweep.
    - `workers`: how many; by default one per core.
    - `scheduler`: the address of a running Dask scheduler.
    - `retry_failed`: compute the cells again that failed before.
    - `yes`: also if there are more than a million cells.
    - `watch`: called with a `SweepProgress` now and then.
    - `any_version`: take the results of other versions of the engines as they are; by default they
      are computed anew, because they may differ.

    **Returns:** a `Summary`; after Ctrl-C one marked `interrupted`. The same call goes on.

    **Raises:** `InvalidInput` for a cell that makes no experiment, a store that cannot be written,
    a scheduler that does not answer or goes away.
    """
    watch = listener("watch", watch, "a SweepProgress")
    require(executor, workers, scheduler)  # before, not after, the cells are counted
    if sweep.size > MANY and not yes:
        raise InvalidInput(
            f"{sweep.name}: has {sweep.size:,} cells; more than {MANY:,} are computed only if you "
            "insist (--yes), after a look at --dry-run"
        )
    opened = store if isinstance(store, Store) else create_store(store)
    runner = _Runner(sweep, opened, retry_failed, watch, any_version)
    return runner.run(executor, workers, scheduler)


class _Runner:
    """One call of `run_sweep`."""

    def __init__(
        self,
        sweep: Grid,
        store: Store,
        retry_failed: bool,
        watch: Watch | None,
        any_version: bool,
    ) -> None:
        self.sweep, self.store, self.watch = sweep, store, watch
        self.any_version = any_version
        self.began = time.perf_counter()
        # Absolute: workers of a cluster stand somewhere else.
        self.folder, self.spec = str(store.writable.resolve()), sweep.to_dict()
        store.index.refresh(verify=True)
        damaged = store.tidy()
        keys = store.keys(sweep)
        store.enter(sweep, keys)
        before = store.progress(sweep, any_version)
        self.summary = Summary(before.total, before.done, before.failed)
        self.summary.damaged, self.summary.other = damaged, store.progress(sweep).done - before.done
        self.todo: list[Batch] = []
        # What failed before and is to be done again.
        self.again: set[tuple[Task, str]] = set()
        if before.missing or (retry_failed and before.failed):
            self._plan(keys, retry_failed)
        self.pending: dict[Future[Report], Batch] = {}
        self.deaths: Counter[Batch] = Counter()
        self.suspects: list[Batch] = []
        self.next_look = 0.0

    def _plan(self, keys: Sequence[str], retry_failed: bool) -> None:
        for task in tasks_of(self.sweep):
            places = self.store.index.places(task, self._made_by(task))
            again = {key for key, place in places.items() if place[2] and retry_failed}
            self.again |= {(task, key) for key in again}
            left = remaining(self.sweep, task, keys, places.keys() - again)
            self.summary.failed -= sum(key in again for batch in left for key in batch.keys)
            self.todo += left
        # In no order: the rate so far is then that of the rest, and two processes on one store
        # seldom take the same batch.
        random.SystemRandom().shuffle(self.todo)

    def _made_by(self, task: Task) -> str | None:
        """Return the code whose results count, None for any."""
        return None if self.any_version else self.sweep.made_by(task)

    # The loop -------------------------------------------------------------------------------------

    def run(
        self, executor: str | Executor | Pool, workers: int | None, scheduler: str | None
    ) -> Summary:
        """Compute everything and return the summary."""
        self._show()
        if self.todo:
            try:
                with pool(executor, workers, scheduler, Path(self.folder)) as workers_:
                    self._drive(workers_)
            except KeyboardInterrupt:
                self.summary.interrupted = True
        # Counted anew: other processes may have worked on the same store.
        self.store.index.refresh()
        self.store.save_index()
        after = self.store.progress(self.sweep, self.any_version)
        self.summary.done, self.summary.failed = after.done, after.failed
        self.summary.seconds = time.perf_counter() - self.began
        return self.summary

    def _drive(self, workers: Pool) -> None:
        try:
            with listening():
                while self.todo or self.pending or self.suspects:
                    self._fill(workers)
                    wait(self.pending, timeout=LOOK, return_when=FIRST_COMPLETED)
                    check()
                    workers.alive()
                    self._collect(workers)
                    self._show()
        except KeyboardInterrupt:
            self._end(workers)
            raise
        except Lost as lost:
            raise InvalidInput(
                f"{lost}; what is done is kept in {self.store.label}: the same command goes on"
            ) from None

    def _fill(self, workers: Pool) -> None:
        """Hand out work, a batch under suspicion all by itself."""
        depth = workers.depth
        while len(self.pending) < depth and not (self.suspects and self.pending):
            alone = bool(self.suspects)
            batch = self.suspects.pop() if alone else self._next()
            if batch is None:
                return
            if not self._submit(workers, batch):
                (self.suspects if alone else self.todo).append(batch)
                return
            if alone:
                return

    def _next(self) -> Batch | None:
        """Return a batch of cells that no other process has computed meanwhile."""
        while self.todo:
            batch = self.todo.pop()
            made_by = self._made_by(batch.task)
            places = self.store.index.places(batch.task, made_by, batch.keys)
            have = {
                key
                for key, place in places.items()
                if not (place[2] and (batch.task, key) in self.again)
            }
            left = batch.without(have)
            if left is not None:
                return left
            self.summary.done += len(batch.cells)  # of another process
        return None

    def _submit(self, workers: Pool, batch: Batch) -> bool:
        """Hand out a batch; False if the pool is broken and what it had must be collected first."""
        work = (compute, self.folder, self.sweep.hash, self.spec, batch)
        try:
            future = workers.submit(*work)
        except BrokenProcessPool:
            if self.pending:
                return False
            workers.renew()
            future = workers.submit(*work)
        self.pending[future] = batch
        return True

    def _collect(self, workers: Pool) -> None:
        """Take what is finished into account."""
        finished = [future for future in self.pending if future.done()]
        broken = any(  # a process of the standard pool died
            not future.cancelled() and isinstance(future.exception(), BrokenProcessPool)
            for future in finished
        )
        if broken:
            # When one process of a pool dies, all that the pool had is lost, one after the other.
            wait(self.pending, timeout=GRACE)
            finished = [future for future in self.pending if future.done()]
        died: list[Batch] = []
        for future in finished:
            batch = self.pending.pop(future)
            try:
                self._count(future.result())
            except BrokenProcessPool:
                died.append(batch)
            except CancelledError:
                self.todo.append(batch)
            except InvalidInput as error:
                raise InvalidInput(
                    f"{error}; what is done is kept: the same command goes on"
                ) from None
            except Exception as error:
                if type(error).__name__ not in LOST_WORK:
                    raise
                died.append(batch)
        if broken:
            workers.renew()
        if died:
            self._bury(died, alone=not self.pending and len(died) == 1)
        if finished:
            self._look()

    def _look(self) -> None:
        """See what others have done to the store, but spend little time on looking."""
        if (now := time.monotonic()) >= self.next_look:
            self.store.index.refresh()
            self.next_look = time.monotonic() + LOOKING * (time.monotonic() - now)

    def _count(self, report: Report) -> None:
        summary = self.summary
        summary.done += report.done
        summary.failed += report.failed
        summary.fresh += report.done + report.failed
        summary.worked += report.seconds
        for cell, message in report.messages[: LISTED - len(summary.failures)]:
            summary.failures.append((self.sweep.describe(cell), message))

    def _bury(self, died: list[Batch], alone: bool) -> None:
        """Do the work of dead workers again; find out which batch kills its worker.

        Only a batch that was alone is known to be the cause.
        """
        self.summary.deaths += 1
        for batch in died:
            deaths = self.deaths[batch]
            self.deaths[batch] += 1
            if deaths + 1 < DEATHS:
                self.todo.append(batch)
            elif deaths < DEATHS or not alone:
                self.suspects.append(batch)
            elif len(batch.cells) == 1:
                message = "its worker process died each time (killed, or out of memory)"
                self._count(write_failures(self.folder, self.sweep, batch, message))
            else:
                for cell, key in zip(batch.cells, batch.keys, strict=True):
                    single = Batch(batch.task, (cell,), (key,), batch.together)
                    self.deaths[single] = DEATHS
                    self.suspects.append(single)

    def _end(self, workers: Pool) -> None:
        """Let running batches end, for `GRACE` seconds, and keep what they did."""
        workers.stop()
        for future in self.pending:
            future.cancel()
        running = [future for future in self.pending if not future.cancelled()]
        wait(running, timeout=GRACE)
        for future in running:
            if future.done() and future.exception() is None:
                self._count(future.result())

    def _show(self) -> None:
        if self.watch is not None:
            s = self.summary
            running = sum(len(batch.cells) for batch in self.pending.values())
            seconds = time.perf_counter() - self.began
            self.watch(SweepProgress(s.total, s.done, s.failed, running, s.fresh, seconds))
