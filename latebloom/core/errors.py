"""Errors a user can act on: what happened, the value, what is allowed, what to try."""

import difflib
from collections.abc import Iterable


class InvalidInput(ValueError):
    """Raised for any input that cannot be used; its message is one line for a human."""


class Unsupported(InvalidInput):
    """Raised for a combination that has no algorithm; the message names those that have one."""


class NotCovered(Exception):
    """Raised where a law says nothing about an experiment; the message is the reason."""


def unwritable(path: object, error: OSError) -> InvalidInput:
    """Return the error for a file or folder that the system does not let us write."""
    return InvalidInput(f"{path}: cannot be written ({error.strerror or error})")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the known name closest to `name`, or the list of
    names."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known: {', '.join(known)}" if known else ""
