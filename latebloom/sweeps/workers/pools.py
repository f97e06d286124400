"""Pools: who computes the batches. All of them sit behind `concurrent.futures.Executor`."""

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import connection
from pathlib import Path
from typing import Any

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.field_types import FAMILIES
from latebloom.core.interrupts import at_end
from latebloom.core.messages import QUIET, note
from latebloom.core.plugins import load_plugin, loaded_plugins
from latebloom.engines.base import engine_types

from .base import Pool, block_signals
from .compute import Stop, set_stop

KINDS = ("local", "dask", "slurm")
GUARD = 'worker processes import: call Sweep.run below `if __name__ == "__main__":`'
# Threads of linear algebra would compete with the other workers, and change the last bits.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


class LocalPool(Pool):
    """Processes of this machine."""

    def __init__(self, workers: int) -> None:
        # Not fork: JAX and BLAS have threads, which do not survive it.
        self._context = multiprocessing.get_context("spawn")
        self._stop = self._context.Event()
        super().__init__(self._made(workers), workers)

    def _made(self, workers: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            workers,
            self._context,
            initializer=start_worker,
            initargs=(self._stop.is_set, loaded_plugins()),
        )

    def submit(self, function: Callable[..., Any], *args: Any) -> "Future[Any]":
        """Start work; this is also where processes are made."""
        with block_signals(signal.SIGINT, signal.SIGTERM), main_hidden():
            return self.executor.submit(function, *args)

    def renew(self) -> None:
        """Make a new pool: the standard one ends when a worker dies."""
        self.executor.shutdown(wait=True, cancel_futures=True)
        self.executor = self._made(self.workers)

    def stop(self) -> None:
        """Ask what is running to end early."""
        self._stop.set()

    def close(self, kill: bool = False) -> None:
        """Let the processes go."""
        if kill:
            # Python 3.14 has kill_workers() for this.
            processes = getattr(self.executor, "_processes", None) or {}
            for process in list(processes.values()):
                process.kill()
        self.executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def main_hidden() -> Iterator[None]:
    """Let processes made in this block not import the script that runs, if it would start itself
    again in each of them: one without `if __name__ == "__main__":`, or from standard input.

    **Raises:** `InvalidInput` if they need it, because a part or an engine is registered there.
    """
    main: Any = sys.modules["__main__"]
    if not starts_again(main):
        yield
        return
    kinds = (*(cls for family in FAMILIES.values() for cls in family.values()), *engine_types())
    known = {"latebloom", "latebloom_paper", *(m.partition(".")[0] for m in loaded_plugins())}
    own = [kind for kind in kinds if kind.__module__.partition(".")[0] not in known]
    if own:
        raise InvalidInput(f"{own[0].__name__} is registered by a script that {GUARD}")
    file = main.__file__
    del main.__file__
    try:
        yield
    finally:
        main.__file__ = file


def starts_again(main: Any) -> bool:
    """Return whether the main module is a script that does everything when it is imported."""
    file = getattr(main, "__file__", None)
    if file is None or getattr(main, "__spec__", None) is not None:  # a notebook; python -m
        return False
    try:
        return "__name__" not in Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:  # standard input
        return True


def require_no_import() -> None:
    """End a worker process that, while it imports the script of its parent, begins the sweep again
    that it is to work for."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        note(f"this is a script that {GUARD}", at=QUIET)
        os._exit(1)


def start_worker(stop: Stop, plugins: Mapping[str, str]) -> None:
    """Prepare a worker process: the parent answers signals, and no worker outlives it.

    Plugins (module -> folder) are imported here, because work may hold objects of their classes.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # where there is no mask to inherit
        signal.signal(number, signal.SIG_IGN)
    # What a cell warns of, such as fewer data than unknowns, thousands of others would warn of too.
    warnings.simplefilter("ignore", UserWarning)
    set_stop(stop)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    for module, folder in plugins.items():
        load_plugin(module, folder)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])  # ready when the parent is no more
        os._exit(1)


def cpus() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def require(executor: str | Executor | Pool, workers: int | None, scheduler: str | None) -> None:
    """Raise `InvalidInput` unless there is a pool of this description."""
    require_no_import()
    if workers is not None:
        check.integer("workers", workers, low=1, high=10_000)
    if isinstance(executor, Executor | Pool):
        return
    check.one_of("executor", executor, KINDS)
    if scheduler is not None and executor != "dask":
        raise InvalidInput(f"scheduler {scheduler}: goes with executor dask")
    if executor == "dask":
        from .dask import require_dask, require_scheduler

        require_dask()
        if scheduler is not None:
            require_scheduler(scheduler)
    if executor == "slurm":
        from .slurm import require_slurm

        require_slurm()


@contextmanager
def pool(
    executor: str | Executor | Pool, workers: int | None, scheduler: str | None, folder: Path
) -> Iterator[Pool]:
    """Give a pool; its processes end with the block.

    **Arguments:**

    - `executor`: one of `KINDS`, or any executor of Python; a pool is given as it is, and goes on.
    - `workers`: how many; by default one per core.
    - `scheduler`: address of a running Dask scheduler.
    - `folder`: of the store.

    **Raises:** `InvalidInput` for a kind that is not installed, a scheduler that does not answer.
    """
    require(executor, workers, scheduler)
    if isinstance(executor, Pool):
        yield executor
        return
    count = workers or cpus()
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update({name: value for name, value in ONE_THREAD.items() if not before[name]})
    made: Pool | None = None
    failed = True
    try:
        if isinstance(executor, Executor):
            made = Pool(executor, count)
        elif executor == "dask":
            from .dask import DaskPool

            made = DaskPool(count, scheduler)
        elif executor == "slurm":
            from .slurm import SlurmPool

            made = SlurmPool(count, folder / "jobs")
        else:
            made = LocalPool(count)
        with at_end(partial(made.close, kill=True)):
            yield made
        failed = False
    finally:
        if made is not None:
            made.close(kill=failed)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
