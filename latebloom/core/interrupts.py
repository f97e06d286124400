"""Signals that end the work: counted when they arrive, acted on where it is safe.

Python raises KeyboardInterrupt wherever the program stands: inside a callback of the garbage
collector, where it is dropped, or inside compiled code, which may abort. So long loops announce
themselves with `listening` and call `check` between two pieces of work; there the exception is
raised, and what is done is kept.

The program (not the library) also answers signals that no loop answers: a thread ends the process
with the exit code 128 + signal, at once where nothing would be lost, and after `GRACE` seconds
where a loop listens but does not come to its next check, as during a compilation.
"""

import _thread
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

# Seconds that a loop has to come to its next check. Engines check every half a second.
GRACE = 2.0
# Seconds for the actions of `at_end`.
CLEANING = 0.7
# Between two looks of the thread at the main thread, seconds.
LOOK = 0.02
# What the program answers; SIGHUP comes when a terminal closes, and does not exist on Windows.
SIGNALS = tuple(getattr(signal, s) for s in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, s))

# Signals that have arrived, in order.
_heard: list[int] = []
# How long each block of `listening` may take to its next check, the innermost last.
_listening: list[float] = []
# Whether a check has raised for the signals so far: the main thread is on its way out.
_answered = False
# Blocks of `keeping_nothing` that the main thread is in.
_discarding = 0
# Whether the program, not the library, answers signals.
_taken_over = False
_actions: dict[object, Callable[[], Any]] = {}


def heard() -> int | None:
    """Return the first signal that has arrived and that a check has not raised for, None for none.

    In the program it stays, because one signal ends everything.
    """
    return _heard[0] if _heard else None


def check() -> None:
    """Raise `KeyboardInterrupt` if a signal has arrived; to be called between two pieces of work.

    >>> from latebloom.core.interrupts import check
    >>> check()
    """
    global _answered
    if _heard and threading.current_thread() is threading.main_thread():
        _answered = True
        if not _taken_over:
            _heard.clear()
        raise KeyboardInterrupt


@contextmanager
def listening(grace: float = GRACE) -> Iterator[None]:
    """Count signals in this block instead of raising; `check` and the end of the block raise.

    Outside the main thread, which alone receives signals, it does nothing, and where somebody else
    has installed a handler of SIGINT, that one goes on. A second Ctrl-C raises at once.

    **Arguments:**

    - `grace`: how many seconds the program waits for the next check before it ends itself.

    >>> import signal
    >>> from latebloom.core.interrupts import check, listening
    >>> try:
    ...     with listening():
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("not yet")
    ...         check()
    ... except KeyboardInterrupt:
    ...     print("now")
    not yet
    now
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, _hear)
    _listening.append(grace)
    try:
        yield
        check()
    finally:
        _listening.pop()
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _heard.clear()


@contextmanager
def keeping_nothing() -> Iterator[None]:
    """Let a signal end the program at once in this block, even where loops listen: for a command
    that has no use for a part of its work."""
    global _discarding
    _discarding += 1
    try:
        yield
    finally:
        _discarding -= 1


@contextmanager
def at_end(action: Callable[[], Any]) -> Iterator[None]:
    """Let `action` be called if a signal ends the process inside this block.

    It is called in another thread and has `CLEANING` seconds, together with the others: for drafts
    to remove and processes to end.
    """
    key = object()
    _actions[key] = action
    try:
        yield
    finally:
        _actions.pop(key, None)


def _hear(number: int, _: Any) -> None:
    """Count a signal; in the library, raise for the second one."""
    _heard.append(number)
    if len(_heard) > 1 and not _taken_over:
        raise KeyboardInterrupt


def take_over() -> None:
    """Answer the signals of this process from now on, until it ends; for programs only.

    What the caller's shell has set to be ignored (nohup, a job in the background) stays so.
    """
    global _taken_over
    if _taken_over or os.name == "nt":  # Windows does not let a thread wait for a pipe
        return
    _taken_over = True
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _hear)
    # Python writes the number of a signal there as soon as it arrives, even while the main thread
    # is in compiled code and runs no handler.
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    _thread.start_new_thread(_watch, (reader,))


def end_program(code: int) -> int:
    """Return the exit code of the program; if a signal has arrived, end the process with its code.

    The process then ends here, without the usual end of Python, which may wait for threads.
    """
    if not _taken_over or not _heard:
        return code
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    _clean_up()
    os._exit(128 + _heard[0])


def _watch(reader: int) -> None:
    """Wait for a signal, then for the main thread to answer it; end the process if it does not."""
    number = _next_signal(reader, None)
    assert number is not None
    began = time.monotonic()
    while not _answered or _discarding:
        # Two signals, or none that a loop would answer, or no answer in time.
        late = not _listening or time.monotonic() - began > _innermost()
        if _discarding or (late and not _answered):
            _end(number)
        if _next_signal(reader, LOOK) is not None:
            _end(number)
    # What is done is being kept, however long that takes; a second signal gives it up.
    _next_signal(reader, None)
    _end(number)


def _innermost() -> float:
    """Return the time that the innermost block has, 0 if it has just ended."""
    with suppress(IndexError):
        return _listening[-1]
    return 0.0


def _next_signal(reader: int, seconds: float | None) -> int | None:
    """Return the next signal, or None if none arrives in time."""
    while select.select([reader], [], [], seconds)[0]:
        for number in os.read(reader, 1):
            if number in SIGNALS:
                return number
    return None


def _end(number: int) -> None:
    """End the process, with one line that says so."""
    _clean_up()
    with suppress(OSError):
        os.write(2, b"latebloom: interrupted\n")
    os._exit(128 + number)


def _clean_up() -> None:
    """Run the actions of `at_end`, the last first, as far as time allows."""
    actions = list(_actions.values())[::-1]

    def act() -> None:
        for action in actions:
            with suppress(BaseException):
                action()
        # Named semaphores, of which the interpreter would complain otherwise.
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            with suppress(BaseException):
                util._run_finalizers(0)

    if not actions:
        return
    cleaner = threading.Thread(target=act, daemon=True)
    cleaner.start()
    cleaner.join(CLEANING)
