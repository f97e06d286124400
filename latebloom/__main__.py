"""The program ``latebloom``, also as ``python -m latebloom``."""

import os
import signal
import sys


def main() -> int:
    """Run the command line as a program, which ends with 128 + signal where a signal ends it."""
    waiting = {signal.SIGINT, signal.SIGTERM}
    holds = hasattr(signal, "pthread_sigmask")
    if holds:  # first of all, until the handlers are there: Python's own gives a traceback
        signal.pthread_sigmask(signal.SIG_BLOCK, waiting)
    for descriptor in (0, 1, 2):  # if one is closed, nothing else may be opened in its place
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    from latebloom.core.interrupts import end_program, take_over

    take_over()
    if holds:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, waiting)
    from latebloom.cli.main import main as run  # takes long

    return end_program(run())


if __name__ == "__main__":
    sys.exit(main())
