"""What every pool of workers offers, on top of `concurrent.futures.Executor`."""

import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

from latebloom.core.plugins import load_plugin, loaded_plugins


class Lost(Exception):
    """The pool is gone and does not come back; the message says what happened."""


class Pool:
    """A pool around an executor that the caller made and closes."""

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


def call_with_plugins(plugins: Mapping[str, str], function: Callable[..., Any], *args: Any) -> Any:
    """Return `function(*args)`, after the plugins (module -> folder) were imported."""
    for module, folder in plugins.items():
        load_plugin(module, folder)
    return function(*args)


@contextmanager
def block_signals(*numbers: int) -> Iterator[None]:
    """Let processes made in this block ignore signals that a terminal sends to all of them.

    The parent receives them, at the latest when the block ends.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)  # children inherit it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
