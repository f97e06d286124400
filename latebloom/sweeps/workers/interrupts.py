"""Ctrl-C as something to look at between two pieces of work."""

import signal
import threading
from typing import Any


class CtrlC:
    """Counts Ctrl-C in a block instead of raising.

    An exception at any place may hit one where Python drops it, such as a finalizer, or leave a
    library half done. Outside the main thread, which alone receives signals, nothing is counted.

    >>> from latebloom.sweeps.workers.interrupts import CtrlC
    >>> with CtrlC() as ctrl_c:
    ...     signal.raise_signal(signal.SIGINT)
    ...     ctrl_c.count
    1
    """

    def __init__(self) -> None:
        self.count = 0
        self._before: Any = None

    def __enter__(self) -> "CtrlC":
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _heard(self, *_: Any) -> None:
        self.count += 1
