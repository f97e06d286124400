"""Steps that go back: a run resumed from a checkpoint, or begun anew."""

import numpy as np
from jaxtyping import Bool, Float, Int

# Where the steps go back more often than once in so many records, the rows are shuffled (or the
# newest is first), and no run was resumed.
BETWEEN = 5
# One record that goes back is a late evaluation, and no attempt of its own.
LEAST = 2
# Seconds (or thousandths of them) since 1970, and no step: in 2001. Runs are shorter than that.
WALL = 1e9


def distinct_steps(k: Float[np.ndarray, " T"]) -> int:
    """Return how many different steps there are, at once where they increase."""
    return len(k) if (np.diff(k) > 0).all() else len(np.unique(k))


def backward(k: Float[np.ndarray, " T"]) -> Int[np.ndarray, " n"]:
    """Return the indices at which a new attempt begins; none for shuffled rows.

    >>> backward(np.array([0.0, 1, 2, 3, 4, 5, 3, 4, 5, 6, 7]))
    array([6])
    """
    back = np.flatnonzero(np.diff(k) < 0) + 1
    if not len(back) or len(k) < BETWEEN * len(back):
        return back[:0]
    lengths = np.diff(np.append(back, len(k)))
    return back[lengths >= LEAST]


def starts(k: Float[np.ndarray, " T"]) -> Int[np.ndarray, " n"]:
    """Return the indices at which a run begins anew: at its first step, and not from a checkpoint.

    >>> starts(np.array([0.0, 10, 20, 30, 40, 0, 10, 20, 30, 40]))
    array([5])
    """
    back = backward(k)
    later = k[k > k[0]] if len(k) else k
    return back[k[back] < later.min()] if len(later) else back[:0]


def attempts(k: Float[np.ndarray, " T"]) -> Float[np.ndarray, " T"]:
    """Return the number of the attempt of each record, from 1; a resumed run is one attempt."""
    count = np.zeros(len(k))
    count[starts(k)] = 1
    return 1 + np.cumsum(count)


def current(k: Float[np.ndarray, " T"]) -> tuple[Bool[np.ndarray, " T"], list[str]]:
    """Return which records belong to the run that went on, and what was dropped.

    A run that is resumed at step s repeats the steps from s on: what an earlier attempt logged
    there is superseded, also at steps that are not repeated.

    >>> keep, notes = current(np.array([0.0, 100, 200, 300, 400, 500, 250, 350, 450]))
    >>> keep.tolist()
    [True, True, True, False, False, False, True, True, True]
    >>> notes
    ['the steps go back from 500 to 250: 3 records from there on, of the attempt before, are \
superseded']
    """
    keep = np.ones(len(k), dtype=bool)
    notes = []
    for i in backward(k):
        old = keep[:i] & (k[:i] >= k[i])
        notes.append(
            f"the steps go back from {k[i - 1]:,g} to {k[i]:,g}: {np.count_nonzero(old)} records "
            "from there on, of the attempt before, are superseded"
        )
        keep[:i] &= ~old
    if len(notes) > 3:
        dropped = np.count_nonzero(~keep)
        notes = [f"{notes[0]}; so at {len(notes)} places, {dropped} records in all"]
    return keep, notes


def is_clock(k: np.ndarray, logged: np.ndarray) -> bool:
    """Return whether numbers are times of a clock, whatever the column is called.

    >>> is_clock(np.array([1.7e9, 1.7e9 + 60]), np.array([True, True]))
    True
    """
    k = k[logged]
    return len(k) > 0 and bool(np.min(k) >= WALL)
