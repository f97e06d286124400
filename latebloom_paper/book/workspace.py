"""The workspace: where studies get their runs, at one size and out of one store."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, wait
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, TypeVar

import numpy as np
import xarray as xr

from latebloom.core.errors import InvalidInput
from latebloom.core.interrupts import at_end, check, listening
from latebloom.core.progress import Progress, progress_bar
from latebloom.core.versions import __version__
from latebloom.engines import fingerprint
from latebloom.experiment import Experiment
from latebloom.runs import Run
from latebloom.sweeps import (
    STATES,
    Pool,
    Store,
    Sweep,
    Training,
    create_store,
    pool,
    require,
    run_sweep,
)

from .account import Account
from .cells import run_of
from .kept import keep_table, load_run, read_table, save_run, simulated, text_of, timed

T = TypeVar("T")
Size = Literal["quick", "full"]
SIZES: tuple[Size, ...] = ("quick", "full")
# What the store keeps beside its sweeps.
RUNS, TABLES = "runs", "tables"
# Seconds between two looks at Ctrl-C.
LOOK = 0.2


class Workspace:
    """A store, a size and a pool of workers, for the studies of one call.

    What a study needs is computed once: sweeps cell by cell, single runs and tables as a
    whole. Ctrl-C keeps what is done.

    **Arguments:**

    - `store`: the folder; None for one that is deleted at the end.
    - `size`: `quick` (seconds to a minute, shows the phenomenon) or `full` (published settings).
    - `bar`: title -> a context with a progress function.
    - `executor`, `workers`: as for a sweep; the processes live as long as the workspace.

    Use it in a `with` block.
    """

    def __init__(
        self,
        store: str | Path | None = None,
        size: Size = "quick",
        bar: Callable[[str], AbstractContextManager[Progress]] = progress_bar,
        executor: str | Executor = "local",
        workers: int | None = None,
    ) -> None:
        self.size: Size = size
        self.bar = bar
        require(executor, workers, None)
        self._open = ExitStack()
        if store is None:
            store = self._open.enter_context(tempfile.TemporaryDirectory(prefix="latebloom-"))
            self._open.enter_context(at_end(partial(shutil.rmtree, store, ignore_errors=True)))
        self.store: Store = create_store(store)
        self._executor, self._workers = executor, workers
        self._pool: Pool | None = None
        self.account = Account()
        self._study = ""

    def __enter__(self) -> "Workspace":
        return self

    def __exit__(self, *raised: Any) -> None:
        self._open.__exit__(*raised)

    def begin(self, study: str) -> None:
        """Open a new account, for the next study."""
        self.account, self._study = Account(), study

    @property
    def quick(self) -> bool:
        """Whether the size is `quick`."""
        return self.size == "quick"

    def of(self, quick: T, full: T) -> T:
        """Return the setting of this workspace's size."""
        return quick if self.quick else full

    @property
    def folder(self) -> Path:
        """The folder of the store."""
        return self.store.writable

    def results(self, sweep: Sweep, failures: bool = False) -> xr.Dataset:
        """Return the results of a sweep; what the store does not have is computed.

        **Arguments:**

        - `failures`: whether cells may fail, because their experiment makes no sense or diverges;
          their numbers are NaN and their status is `failed`.

        **Raises:** `InvalidInput` if a cell failed that may not; `KeyboardInterrupt` after Ctrl-C.
        """
        began = perf_counter()
        with self.bar(self._title(sweep.name)) as progress:
            summary = run_sweep(
                sweep,
                self.store,
                executor=self._workers_pool(),
                watch=lambda now: progress(now.done + now.failed, now.total),
            )
        if summary.interrupted:
            self._end_workers()
            raise KeyboardInterrupt
        if summary.failed and not failures:
            cell, why = next(iter(summary.failures), ("a cell", "see latebloom status"))
            raise InvalidInput(f"{sweep.name}: {cell}: {why}")
        found = self.store.open(sweep)
        seconds = float(np.nansum(found["seconds"].values)) if "seconds" in found else 0.0
        seconds = seconds or self.store.progress(sweep).seconds
        waited = perf_counter() - began
        self.account.add(sweep.hash, summary.fresh, seconds, waited, summary.total)
        return found

    def runs(self, sweep: Sweep) -> np.ndarray:
        """Return one `Run` per cell, with the trajectories that the sweep keeps.

        **Returns:** an object array of the sweep's shape; None for cells that are left out.
        """
        found = self.results(sweep).load()
        cells = np.empty(sweep.shape, dtype=object)
        for i in range(sweep.size):
            experiment = sweep.experiment(i)
            at = np.unravel_index(i, sweep.shape)
            if experiment is not None:
                here = dict(zip((axis.name for axis in sweep.axes), at, strict=True))
                name = f"{sweep.name} {sweep.describe(i)}"
                cells[at] = run_of(experiment.with_(name=name), found.isel(here))
        return cells

    def run(self, experiment: Experiment, engine: str = "auto") -> Run:
        """Return a single run, with everything that a picture of it needs.

        **Raises:** `KeyboardInterrupt` after Ctrl-C.
        """
        path = self._file(experiment, engine)
        began = perf_counter()
        found = load_run(path, experiment)
        fresh = found is None
        if found is None:
            with self.bar(self._title(experiment.name or "run")) as progress:
                training = Training(self._state(path))
                found = training.run([experiment], engine, progress)[0]
            if found.interrupted:
                raise KeyboardInterrupt
            save_run(found, path)
        self.account.add(path.stem, int(fresh), found.seconds, perf_counter() - began)
        return found

    def each(self, name: str, experiments: Sequence[Experiment], engine: str = "auto") -> list[Run]:
        """Return a run of every experiment, as `run` does, computed by the workers.

        **Arguments:**

        - `name`: what they are, for the bar.

        **Raises:** `KeyboardInterrupt` after Ctrl-C, with the runs done kept.
        """
        began = perf_counter()
        paths = [self._file(experiment, engine) for experiment in experiments]
        found = [load_run(*pair) for pair in zip(paths, experiments, strict=True)]
        todo = [i for i, run in enumerate(found) if run is None]
        orders = [(experiments[i], engine, paths[i], self._state(paths[i])) for i in todo]
        for k, _ in self._working(name, simulated, orders):
            found[todo[k]] = load_run(paths[todo[k]], experiments[todo[k]])
        runs = [run for run in found if run is not None]
        self._add(paths, todo, [run.seconds for run in runs], perf_counter() - began)
        return runs

    def table(self, name: str, settings: dict[str, Any], compute: Callable[[Progress], Any]) -> Any:
        """Return numbers that are no runs, computed by a function.

        **Arguments:**

        - `name`, `settings`: what identifies them, with the version of latebloom and the text of
          the module of `compute`, where most other settings are.
        - `compute`: given a progress function, returns what JSON can hold (a number that is not
          finite is null).
        """
        path = self._place(name, settings, compute)
        began = perf_counter()
        kept = read_table(path)
        fresh = kept is None
        if kept is None:
            with self.bar(self._title(name)) as progress:
                value = compute(progress)
            kept = keep_table(path, settings, value, perf_counter() - began)
        self.account.add(path.stem, int(fresh), kept["seconds"], perf_counter() - began)
        return kept["value"]

    def tables(
        self, name: str, cases: Sequence[dict[str, Any]], compute: Callable[[dict[str, Any]], Any]
    ) -> list[Any]:
        """Return numbers of many cases, computed by the workers of the workspace.

        **Arguments:**

        - `name`: what identifies them, each with its settings.
        - `cases`: the settings, one per case.
        - `compute`: a function of a module, given the settings of a case; see `table`.

        **Raises:** `KeyboardInterrupt` after Ctrl-C, with the cases done kept.
        """
        began = perf_counter()
        paths = [self._place(name, case, compute) for case in cases]
        found = [read_table(path) for path in paths]
        todo = [i for i, kept in enumerate(found) if kept is None]
        orders = [(compute, cases[i]) for i in todo]
        for k, (value, seconds) in self._working(name, timed, orders):
            found[todo[k]] = keep_table(paths[todo[k]], cases[todo[k]], value, seconds)
        tables = [kept for kept in found if kept is not None]
        self._add(paths, todo, [kept["seconds"] for kept in tables], perf_counter() - began)
        return [kept["value"] for kept in tables]

    def _add(
        self, paths: Sequence[Path], fresh: Sequence[int], seconds: Sequence[float], waited: float
    ) -> None:
        """Take the files of many cases into account, the numbers of the fresh ones among them."""
        for i, (path, spent) in enumerate(zip(paths, seconds, strict=True)):
            self.account.add(path.stem, int(i in fresh), spent, waited / len(paths))

    def _working(
        self, name: str, work: Callable[..., T], orders: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, T]]:
        """Yield the number and the result of every order, as the workers get done with them."""
        if not orders:
            return
        workers = self._workers_pool()
        try:
            with listening(), self.bar(self._title(name)) as progress:
                number = {workers.submit(work, *order): k for k, order in enumerate(orders)}
                left = set(number)
                while left:
                    progress(len(orders) - len(left), len(orders))
                    ended, left = wait(left, timeout=LOOK, return_when=FIRST_COMPLETED)
                    for future in ended:
                        yield number[future], future.result()
                    check()
        except KeyboardInterrupt:
            self._end_workers()
            raise

    def _file(self, experiment: Experiment, engine: str) -> Path:
        """Return where a single run is kept: by its experiment, its engine and their code."""
        code = hashlib.sha256(f"{__version__} {fingerprint(engine)}".encode()).hexdigest()[:12]
        return self.folder / RUNS / f"{experiment.hash}-{engine}-{code}.nc"

    def _state(self, path: Path) -> Path:
        """Return where the state of a run is kept until it is complete."""
        return self.folder / STATES / path.stem

    def _place(self, name: str, settings: dict[str, Any], compute: Callable[..., Any]) -> Path:
        """Return where a table is kept."""
        code = [__version__, fingerprint(), text_of(compute)]
        identity = json.dumps([name, settings, *code], sort_keys=True)
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        return self.folder / TABLES / f"{name.replace(' ', '-')}-{digest}.json"

    def _title(self, what: str) -> str:
        return what if not self._study or what.startswith(self._study) else f"{self._study}: {what}"

    def _workers_pool(self) -> Pool:
        """Return the workers, which stay for all sweeps: to start them takes seconds."""
        if self._pool is None:
            made = pool(self._executor, self._workers, None, self.folder)
            self._pool = self._open.enter_context(made)
        return self._pool

    def _end_workers(self) -> None:
        """End the workers at once: what they compute is of no use to an interrupted study."""
        if self._pool is not None:
            self._pool.close(kill=True)
