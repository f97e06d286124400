"""Messages for people on standard error, and how many of them are wanted."""

import sys

# How much is said: nothing but errors, what a user must know, how a result comes about as well.
QUIET, NORMAL, VERBOSE = 0, 1, 2

_level = NORMAL


def level() -> int:
    """Return how much is said: `QUIET`, `NORMAL` or `VERBOSE`."""
    return _level


def set_level(new: int) -> int:
    """Choose how much is said, and return what was chosen before."""
    global _level
    before, _level = _level, new
    return before


def note(text: str, at: int = NORMAL) -> None:
    """Print one line on standard error, unless less than `at` is wanted."""
    if _level >= at:
        print(f"latebloom: {' '.join(text.split())}", file=sys.stderr, flush=True)
