"""The program ``latebloom``, also as ``python -m latebloom``."""

# `signal` is made of this, and imports enum, in several milliseconds without a handler of Ctrl-C.
import _signal  # pyright: ignore[reportMissingImports]
import os
import sys


def main() -> int:
    """Run the command line as a program, which ends with 128 + signal where a signal ends it."""
    waiting = {_signal.SIGINT, _signal.SIGTERM}
    holds = hasattr(_signal, "pthread_sigmask")
    if holds:  # first of all, until the handlers are there: Python's own gives a traceback
        _signal.pthread_sigmask(_signal.SIG_BLOCK, waiting)
    for descriptor in (0, 1, 2):  # if one is closed, nothing else may be opened in its place
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    from latebloom.core.interrupts import end_program, take_over

    take_over()
    if holds:
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, waiting)
    from latebloom.cli.main import main as run  # takes long

    return end_program(run())


if __name__ == "__main__":
    sys.exit(main())
