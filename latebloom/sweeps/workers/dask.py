"""Batches on a Dask cluster."""

import logging
import re
import signal
import socket
from contextlib import suppress
from importlib.util import find_spec

from latebloom.core.errors import InvalidInput, shown

from .base import Lost, Pool, block_signals

# How long a scheduler may take to answer, seconds.
ANSWER = 10.0


def require_dask() -> None:
    """Raise `InvalidInput` if Dask is not installed."""
    if find_spec("distributed") is None:
        raise InvalidInput("executor dask needs Dask: pip install 'latebloom[dask]'")


def require_scheduler(address: str) -> None:
    """Raise `InvalidInput` unless a scheduler has an address, and somebody listens there."""
    # Of other kinds of addresses Dask alone knows what is right.
    match = re.fullmatch(r"(\w+)://\[?([^/]+?)\]?(?::(\d{1,5}))?/?", address)
    if match is None or (match[1] in ("tcp", "tls") and match[3] is None):
        raise InvalidInput(f"scheduler {shown(address)}: must be tcp://host:port")
    if match[1] in ("tcp", "tls"):
        try:
            socket.create_connection((match[2], int(match[3])), timeout=ANSWER).close()
        except (OSError, OverflowError, UnicodeError) as error:
            raise _silent(address, error) from None


def _silent(address: str, error: Exception) -> InvalidInput:
    return InvalidInput(
        f"scheduler {address}: does not answer within {ANSWER:g} s ({type(error).__name__}); is it "
        "running, and the address tcp://host:port?"
    )


class DaskPool(Pool):
    """A Dask cluster: a running one, or processes of this machine.

    **Arguments:**

    - `workers`: processes of a local cluster.
    - `scheduler`: address of a running one.
    """

    def __init__(self, workers: int, scheduler: str | None) -> None:
        require_dask()
        from distributed import Client, LocalCluster

        # What matters of lost workers and schedulers we say ourselves, in one line.
        for name in [n for n in logging.root.manager.loggerDict if n.startswith("distributed")]:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        # Its event loop logs connections that close while it waits for a result.
        for name in ("tornado.application", "asyncio"):
            logging.getLogger(name).addFilter(_not_of_a_closed_connection)
        self._cluster = None
        if scheduler is None:
            with block_signals(signal.SIGINT):
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
            raise _silent(scheduler, error) from None
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
