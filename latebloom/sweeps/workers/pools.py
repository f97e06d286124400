"""Pools: who computes the batches. All of them sit behind `concurrent.futures.Executor`."""

import logging
import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import connection
from pathlib import Path
from typing import Any

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.plugins import load_plugin, loaded_plugins

from .compute import Stop, set_stop

KINDS = ("local", "dask", "slurm")
# How long a scheduler may take to answer.
ANSWER = 10.0
# Threads of linear algebra would compete with the other workers, and change the last bits.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


class Lost(Exception):
    """The pool is gone and does not come back; the message says what happened."""


class Pool:
    """A pool around an executor that somebody else made, and closes."""

    # Batches in flight per worker: the next one waits while one is computed.
    AHEAD = 2

    def __init__(self, executor: Executor, workers: int) -> None:
        self.executor, self.workers = executor, workers

    @property
    def depth(self) -> int:
        """The number of batches to have in flight."""
        return self.AHEAD * self.workers

    def submit(self, function: Callable[..., Any], *args: Any) -> "Future[Any]":
        """Start work, in a process that has loaded the same plugins."""
        return self.executor.submit(call_with_plugins, loaded_plugins(), function, *args)

    def alive(self) -> None:
        """Raise `Lost` if the pool cannot be reached any more."""

    def renew(self) -> None:
        """Make the pool work again after a worker died."""

    def stop(self) -> None:
        """Ask what is running to end early."""

    def close(self, kill: bool = False) -> None:
        """Let the pool go; `kill` does not wait for what is running."""


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
            initargs=(self._stop, loaded_plugins()),
        )

    def submit(self, function: Callable[..., Any], *args: Any) -> "Future[Any]":
        """Start work; this is also where processes are made."""
        with block_sigint():
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
def block_sigint() -> Iterator[None]:
    """Let processes made in this block ignore Ctrl-C, which a terminal sends to all of them.

    The parent receives it, at the latest when the block ends.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # children inherit it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def call_with_plugins(plugins: Mapping[str, str], function: Callable[..., Any], *args: Any) -> Any:
    """Return `function(*args)`, after the plugins (module -> folder) were imported."""
    for module, folder in plugins.items():
        load_plugin(module, folder)
    return function(*args)


def start_worker(stop: Stop, plugins: Mapping[str, str]) -> None:
    """Prepare a worker process: the parent answers Ctrl-C, and no worker outlives it.

    Plugins (module -> folder) are imported here, because work may hold objects of their classes.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where there is no mask to inherit
    # What a cell warns of, such as fewer data than unknowns, thousands of others would warn of too.
    warnings.simplefilter("ignore", UserWarning)
    set_stop(stop)
    for module, folder in plugins.items():
        load_plugin(module, folder)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])  # ready when the parent is no more
        os._exit(1)


class DaskPool(Pool):
    """A Dask cluster: a running one, or processes of this machine.

    **Arguments:**

    - `workers`: processes of a local cluster.
    - `scheduler`: address of a running one.
    """

    def __init__(self, workers: int, scheduler: str | None) -> None:
        try:
            from distributed import Client, LocalCluster
        except ImportError:
            raise InvalidInput("executor dask needs Dask: pip install 'latebloom[dask]'") from None
        # What matters of lost workers and schedulers we say ourselves, in one line.
        for name in [n for n in logging.root.manager.loggerDict if n.startswith("distributed")]:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        # Its event loop logs connections that close while it waits for a result.
        for name in ("tornado.application", "asyncio"):
            logging.getLogger(name).addFilter(_not_of_a_closed_connection)
        self._cluster = None
        if scheduler is None:
            with block_sigint():
                self._cluster = LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    dashboard_address=None,  # pyright: ignore - its documented way to have none
                    silence_logs=logging.CRITICAL,
                )
            scheduler = self._cluster.scheduler_address
        try:
            self._client = Client(scheduler, timeout=ANSWER, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            if self._cluster is not None:
                self._cluster.close(timeout=ANSWER)
            raise InvalidInput(
                f"scheduler {scheduler}: does not answer within {ANSWER:g} s "
                f"({type(error).__name__}); is it running, and the address tcp://host:port?"
            ) from None
        # The scheduler gives the batch of a worker that died to another one.
        super().__init__(self._client.get_executor(retries=2, pure=False), workers)

    @property
    def depth(self) -> int:
        """The number of batches to have in flight: workers may come and go."""
        with suppress(Exception):
            info = self._client.scheduler_info(n_workers=-1)
            self.workers = max(1, sum(w["nthreads"] for w in info["workers"].values()))
        return self.AHEAD * self.workers

    def alive(self) -> None:
        """Raise `Lost` if the scheduler does not answer."""
        if self._client.status != "running":
            raise Lost(f"the Dask scheduler is gone (client {self._client.status})")

    def close(self, kill: bool = False) -> None:
        """Leave the cluster; a local one ends."""
        with suppress(Exception):
            self.executor.shutdown(wait=False)
            self._client.close(timeout=1 if kill else ANSWER)
        if self._cluster is not None:
            with suppress(Exception):
                self._cluster.close(timeout=1 if kill else ANSWER)


def _not_of_a_closed_connection(record: logging.LogRecord) -> bool:
    """Return whether a record of an event loop is about something else than a lost connection."""
    from distributed.comm.core import CommClosedError

    raised = record.exc_info[1] if record.exc_info else None
    return not isinstance(raised, CommClosedError)


class SlurmExecutor(Executor):
    """Batches as SLURM jobs, through submitit.

    **Arguments:**

    - `folder`: for job scripts and logs, seen by all nodes.
    - `cluster`: `slurm`, or `local` for processes of this machine.
    - `settings`: of the jobs, such as `timeout_min` and `slurm_partition`.
    """

    POLL = 1.0  # seconds between two looks at the jobs, which ask a busy database

    def __init__(self, folder: Path, cluster: str = "slurm", **settings: Any) -> None:
        try:
            import submitit
        except ImportError:
            raise InvalidInput(
                "executor slurm needs submitit: pip install 'latebloom[slurm]'"
            ) from None
        try:
            self._submitit = submitit.AutoExecutor(folder=str(folder), cluster=cluster)
        except (RuntimeError, ValueError) as error:
            raise InvalidInput(f"executor slurm: {error}") from None
        defaults: dict[str, Any] = {"timeout_min": 60, "cpus_per_task": 1, "name": "latebloom"}
        self._submitit.update_parameters(**{**defaults, **settings})
        self._jobs: dict[Any, Future[Any]] = {}
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Submit a job."""
        future: Future[Any] = Future()
        self._jobs[self._submitit.submit(fn, *args, **kwargs)] = future
        return future

    def _watch(self) -> None:
        while not self._ended.wait(self.POLL):
            for job, future in list(self._jobs.items()):
                if not job.done():
                    continue
                del self._jobs[job]
                if not future.set_running_or_notify_cancel():
                    continue
                try:
                    future.set_result(job.result())
                except Exception as error:  # raised where the result is used
                    future.set_exception(error)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop looking at the jobs; with `cancel_futures` cancel those that run."""
        if cancel_futures:
            for job, future in list(self._jobs.items()):
                with suppress(Exception):
                    job.cancel()
                future.cancel()
        self._ended.set()


class SlurmPool(Pool):
    """Jobs of a SLURM cluster."""

    def __init__(self, workers: int, folder: Path, cluster: str = "slurm") -> None:
        super().__init__(SlurmExecutor(folder, cluster), workers)

    def close(self, kill: bool = False) -> None:
        """Stop; `kill` cancels the jobs."""
        self.executor.shutdown(cancel_futures=kill)


def cpus() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def require(executor: str | Executor | Pool, workers: int | None, scheduler: str | None) -> None:
    """Raise `InvalidInput` unless there is a pool of this description."""
    if workers is not None:
        check.integer("workers", workers, low=1, high=10_000)
    if isinstance(executor, Executor | Pool):
        return
    check.one_of("executor", executor, KINDS)
    if scheduler is not None and executor != "dask":
        raise InvalidInput(f"scheduler {scheduler}: goes with executor dask")


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
    try:
        if isinstance(executor, Executor):
            made = Pool(executor, count)
        elif executor == "dask":
            made = DaskPool(count, scheduler)
        elif executor == "slurm":
            made = SlurmPool(count, folder / "jobs")
        else:
            made = LocalPool(count)
        yield made
    except BaseException:
        if made is not None:
            made.close(kill=True)
            made = None
        raise
    finally:
        if made is not None:
            made.close()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
