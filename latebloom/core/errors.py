"""Errors a user can act on: what happened, the value, what is allowed, what to try."""

import difflib
from collections.abc import Iterable

# Characters of a message, and of one value in it: an input of a megabyte is not repeated whole.
LONGEST, LONGEST_VALUE = 2000, 200


class InvalidInput(ValueError):
    """Raised for any input that cannot be used; its message is one line for a human."""

    def __str__(self) -> str:
        text = super().__str__()
        if "\n" in text:  # of a value, as arrays and Datasets are written
            text = " ".join(text.split())
        return shortened(text, LONGEST)


class Unsupported(InvalidInput):
    """Raised for a combination that has no algorithm; the message names those that have one."""


class NotCovered(Exception):
    """Raised where a law says nothing about an experiment; the message is the reason."""


class UnknownType(InvalidInput):
    """Raised for the name of a type that is not registered; a plugin may have it.

    **Arguments:**

    - `message`: for a human.
    - `what`: the family and the name, such as "penalty 'GroupLasso'".
    """

    def __init__(self, message: str, what: str = "") -> None:
        super().__init__(message)
        self.what = what


def unwritable(path: object, error: Exception) -> InvalidInput:
    """Return the error for a file or folder that the system does not let us write."""
    why = getattr(error, "strerror", None) or error
    return InvalidInput(f"{path}: cannot be written ({why})")


def unreadable(path: object, error: Exception) -> InvalidInput:
    """Return the error for a file that the system does not let us read."""
    return InvalidInput(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})")


def shortened(text: str, most: int = LONGEST_VALUE) -> str:
    """Return a text of at most about `most` characters: its beginning and its end.

    >>> shortened("x" * 1000, 9)
    'xxxxxx ... (991 characters left out) ... xxx'
    """
    left_out = len(text) - most
    if left_out <= 0:
        return text
    end = most // 3
    return f"{text[: most - end]} ... ({left_out:,} characters left out) ... {text[-end:]}"


def shown(value: object) -> str:
    """Return how a value is shown in a message: as Python writes it, shortened.

    >>> shown("a"), shown(10**5000)
    ("'a'", 'an integer of about 5,000 digits')
    """
    try:
        # Arrays have several lines.
        return shortened(repr(value) if type(value) is str else " ".join(repr(value).split()))
    except ValueError:  # Python writes no integers of more than 4,300 digits
        if isinstance(value, int):
            return f"an integer of about {int(value.bit_length() * 0.30103):,} digits"
        return f"a {type(value).__name__} that cannot be written"


def nearest(name: object, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the known name closest to `name`, or the list of
    names."""
    known = sorted(known)
    return close(name, known) or (f"; known: {', '.join(known)}" if known else "")


def close(name: object, known: Iterable[str], similarity: float = 0.5) -> str:
    """Return ``"; did you mean 'x'?"`` for the known name closest to `name`, "" if none is that
    similar (the ratio of `difflib`)."""
    text = (name if isinstance(name, str) else shown(name))[:LONGEST_VALUE]
    found = difflib.get_close_matches(text, sorted(known), n=1, cutoff=similarity)
    return f"; did you mean '{found[0]}'?" if found else ""
