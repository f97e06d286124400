"""What studies cost: the time that they took when the record was made."""

from collections.abc import Iterable

from latebloom.core.text import duration

from .catalogue import public_seconds_of
from .record import read_record
from .workspace import Size


def seconds_of(names: Iterable[str], size: Size) -> tuple[float, list[str]]:
    """Return the seconds that studies took at a size, and those of which it is not known.

    >>> seconds_of(["fig3"], "quick")[1]
    []
    """
    figures = read_record().figures
    found = {name: figures.get(name, {}).get(size) for name in names}
    seconds = sum(one["seconds"] for one in found.values() if one is not None)
    return seconds, [name for name, one in found.items() if one is None]


def costs_of(name: str) -> str:
    """Return how long a study takes at the full size, and the command that takes less."""
    full, quick = (words_of([name], size) for size in ("full", "quick"))
    return f"{full}; latebloom reproduce {name}, the quick size: {quick}"


def words_of(names: list[str], size: Size) -> str:
    """Return how long studies take at a size, in words."""
    seconds, unknown = seconds_of(names, size)
    if not unknown:
        return f"about {duration(round(seconds))}"
    public = public_seconds_of(unknown)
    words = f"the public code takes {duration(public)}" if public else "it was not measured"
    return f"hours perhaps: {words}" if size == "full" else words
