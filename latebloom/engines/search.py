"""Certified search on integer intervals: the first (or last) step at which something happens.

The caller gives two functions: `possible` proves, for whole intervals at once, that nothing can
happen inside (it may only err by saying "possibly"), and `happens` decides single steps. Intervals
that are not ruled out are split until they are short enough to look at every step. Nothing is
sampled.
"""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Bool, Float, Int

# Intervals are split into this many parts at once: one vectorized bound costs little more than one
# interval's, and 24 parts cover a range of 10^9 in a few rounds.
PARTS = 24
# Intervals of up to this many steps are examined step by step.
LEAF = 32
# A guess is worth its evaluation above this width.
WIDE = 24 * LEAF
# Distances from a guess, as fractions of the width: 10^-1, 10^-2... on both sides.
_GRADED = np.concatenate(
    [[-1.0], -(10.0 ** -np.arange(1, 11)), 10.0 ** -np.arange(10, 0, -1.0), [1.0]]
)
_FRACTIONS = np.arange(PARTS + 1) / PARTS

Steps = Float[np.ndarray, " E"]  # increasing
Fractions = Float[np.ndarray, " P"]  # from 0 to 1
Rows = Int[np.ndarray, " R"]  # indices of the functions still in question
Doubt = Bool[np.ndarray, "R J"]  # for every function and every interval between two steps
Possible = Callable[[Steps, Rows], Doubt]
Happens = Callable[[Float[np.ndarray, " K"], Rows], Bool[np.ndarray, " K"]]
Guess = Callable[[int, int, Rows], float | None]
Piece = tuple[int, int, Rows]  # low, high


def find_step(
    low: int,
    high: int,
    rows: int,
    possible: Possible,
    happens: Happens,
    guess: Guess | None = None,
    *,
    last: bool = False,
) -> int | None:
    """Return the first (or `last`) step in low..high at which it happens, or None if it never does.

    **Arguments:**

    - `low`, `high`: the inclusive range of steps.
    - `rows`: the number of functions that `possible` bounds.
    - `possible(edges, rows)`: False where it is proved that the function does not happen anywhere
      in the closed interval between two edges.
    - `happens(steps, rows)`: whether any of the functions happens, step by step.
    - `guess(low, high, rows)`: where it probably happens; it only places the edges, and so saves
      rounds: a good guess leaves doubt in one tiny interval.

    >>> import numpy as np
    >>> below = lambda edges, rows: (10.0 / edges[1:] <= 0.1)[None, :]  # 10/k falls
    >>> find_step(1, 10**9, 1, below, lambda k, rows: 10.0 / k <= 0.1)
    100
    """
    if high < low:
        return None
    stack: list[Iterator[Piece]] = [iter([(low, high, np.arange(rows))])]
    while stack:
        piece = next(stack[-1], None)
        if piece is None:
            stack.pop()
            continue
        low, high, active = piece
        if high - low < LEAF:
            found = np.flatnonzero(happens(np.arange(low, high + 1, dtype=float), active))
            if found.size:
                return low + int(found[-1 if last else 0])
            continue
        narrow = high - low > WIDE and high <= 4 * (low + 1)
        edges = split(low, high, guess(low, high, active) if guess and narrow else None)
        stack.append(_doubtful(edges, possible(edges, active), active, last))
    return None


def _doubtful(edges: Steps, doubt: Doubt, active: Rows, last: bool) -> Iterator[Piece]:
    """Yield the intervals in doubt from the first (or last) on; few of them are ever needed."""
    order = np.flatnonzero(doubt.any(axis=0))
    for j in order[::-1] if last else order:
        yield int(edges[j]), int(edges[j + 1]), active[doubt[:, j]]


def split(
    low: int, high: int, centre: float | None = None, fractions: Fractions = _FRACTIONS
) -> Steps:
    """Return the edges of a partition: geometric over wide ranges, else graded or even.

    **Arguments:**

    - `low`, `high`: its ends, steps.
    - `centre`: where the intervals are to be short.
    - `fractions`: of the way from `low` to `high`, increasing from 0 to 1.
    """
    if high > 4 * (low + 1):
        edges = (low + 1) * np.exp(fractions * np.log((high + 1) / (low + 1))) - 1
    elif centre is not None and low < centre < high:
        edges = np.clip(centre + _GRADED * (high - low), low, high)
    else:
        edges = low + fractions * (high - low)
    edges = np.floor(edges)
    edges[0], edges[-1] = low, high
    distinct = edges[1:] > edges[:-1]
    return edges if distinct.all() else edges[np.append(distinct, True)]
