"""Batches as jobs of SLURM."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from latebloom.core.errors import InvalidInput

from .base import Pool


def require_slurm() -> None:
    """Raise `InvalidInput` if submitit is not installed."""
    if find_spec("submitit") is None:
        raise InvalidInput("executor slurm needs submitit: pip install 'latebloom[slurm]'")


class SlurmExecutor(Executor):
    """Batches as SLURM jobs, through submitit.

    **Arguments:**

    - `folder`: for job scripts and logs, seen by all nodes.
    - `cluster`: `slurm`, or `local` for processes of this machine.
    """

    POLL = 1.0  # seconds between two looks at the jobs, which ask a busy database

    def __init__(self, folder: Path, cluster: str = "slurm") -> None:
        require_slurm()
        import submitit

        try:
            self._submitit = submitit.AutoExecutor(folder=str(folder), cluster=cluster)
        except (RuntimeError, ValueError) as error:
            raise InvalidInput(f"executor slurm: {error}") from None
        self._submitit.update_parameters(timeout_min=60, cpus_per_task=1, name="latebloom")
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

    def __init__(self, workers: int, folder: Path) -> None:
        super().__init__(SlurmExecutor(folder), workers)

    def close(self, kill: bool = False) -> None:
        """Stop; `kill` cancels the jobs."""
        self.executor.shutdown(cancel_futures=kill)
