"""Where a property of a growing number ends: doubling to find an interval, then halving it."""

from collections.abc import Callable
from typing import TypeVar

Number = TypeVar("Number", int, float)


def double(holds: Callable[[Number], bool], first: Number, most: float) -> Number | None:
    """Return the first of `first`, 2 `first`, 4 `first` ... at which a property no longer holds.

    **Returns:** that number, or None if the property still holds beyond `most`.

    >>> double(lambda t: t < 100, 1, 1000)
    128
    """
    high = first
    while holds(high):
        high = 2 * high
        if high > most:
            return None
    return high


def bisect(
    holds: Callable[[Number], bool],
    low: Number,
    high: Number,
    middle: Callable[[Number, Number], Number | None],
) -> tuple[Number, Number]:
    """Return the ends of a small interval in which a property ceases to hold.

    **Arguments:**

    - `holds`: True at `low` and below, False at `high` and above.
    - `low`, `high`: the interval to begin with.
    - `middle`: a number between the ends, None if they are close enough to each other.

    >>> bisect(lambda t: t < 100, 64, 128, halfway)
    (99, 100)
    """
    while (between := middle(low, high)) is not None:
        low, high = (between, high) if holds(between) else (low, between)
    return low, high


def halfway(low: int, high: int) -> int | None:
    """Return the whole number in the middle, None between neighbours."""
    return (low + high) // 2 if high - low > 1 else None
