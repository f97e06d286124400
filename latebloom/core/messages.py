"""Messages for people on standard error, and how many of them are wanted."""

import sys
from contextlib import suppress

# Levels of messages: errors only, also what a user must know, also how a result comes about.
QUIET, NORMAL, VERBOSE = 0, 1, 2

_level = NORMAL


def level() -> int:
    """Return the level of messages: `QUIET`, `NORMAL` or `VERBOSE`."""
    return _level


def set_level(new: int) -> int:
    """Set the level of messages, and return the one before."""
    global _level
    before, _level = _level, new
    return before


def note(text: str, at: int = NORMAL) -> None:
    """Print one line on standard error, unless less than `at` is wanted, or nobody takes it."""
    if _level >= at:
        with suppress(OSError):  # a full disk, a reader that is gone: the result is worth more
            print(f"latebloom: {' '.join(text.split())}", file=sys.stderr, flush=True)
