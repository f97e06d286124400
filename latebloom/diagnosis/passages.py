"""When the level of a noisy curve passes a threshold: one record that touches it is no passage."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from latebloom.core.passage import Curve, Passage, Steps, first_passage

from .noise import last_half, measure
from .trends import SELECTED, SIGMAS, sigmas, window_of

# So many independent records with their median below the threshold are a level.
ENOUGH = 25
# The lowest of n stretches of pure noise is about sqrt(2 log n) standard errors below the level,
# and hardly ever so many more.
MORE = 1.5
# A record with more than twice the allowed error has lost what the threshold stands for; a smaller
# excess may be the noise of a level near it.
LOST = 2.0
# From one record in four on, instability is what the log shows first.
OFTEN = 0.25
# Fewer records show nothing of their own noise.
FEW = 5


class Found(NamedTuple):
    """The passage of the level, and the records before it that only touch the threshold.

    - `passage`: of the level.
    - `record`: the index of the one by which it is passed; None if it is not.
    - `touches`: how many records are at or below the threshold before it (in all, without one).
    - `first`: the first passage of the records, noise or not.
    """

    passage: Passage
    record: int | None
    touches: int
    first: Passage


def level_passage(k: Steps, e: Curve, limit: float) -> Found:
    """Return the first passage of the level of a curve.

    A stretch that begins at or below the threshold is a passage, if two of its first three records
    are, and one of three holds:

    1. It lasts: half of the records of the next window and of the rest of the log are at or below
       the threshold, and these are as many as `ENOUGH` independent ones, or their level is lower
       than that of the records before by more than noise.
    2. It does not last, but is lower than the records after it by more than noise: the curve was
       there, and got lost again.

    3. It comes and goes: the curve is there in a quarter of the records, and half of them have more
       than twice the allowed error. That is two levels, and no noise about one.

    For a curve without noise that is the first record at or below the threshold, unless the
    neighbours of a single one all say otherwise.

    **Arguments:**

    - `k`, `e`: (T,) steps and errors.
    - `limit`: the threshold of the errors.

    >>> k = np.arange(100)
    >>> e = np.where(k < 60, 0.5, 0.0)
    >>> e[20] = 0.0
    >>> found = level_passage(k, e, 0.05)
    >>> found.passage.step, found.touches
    (60, 1)
    """
    last = int(k[-1])
    k, e = k[np.isfinite(e)], e[np.isfinite(e)]  # from a divergence on, e is infinite
    raw = first_passage(k, e, limit) if len(k) else Passage.after(last)
    below = e <= limit
    if not below.any():
        return Found(Passage.after(last), None, 0, raw)
    begins, lengths = _runs(below)
    two = _two_of_three(below)[begins]
    window = window_of(len(e))
    real = two & (
        _lasts(k, e, below, begins, window)
        | _lost(k, e, limit, begins, lengths)
        | _comes_and_goes(e, limit, begins)
    )
    if not real.any():
        return Found(Passage.after(last), None, int(below.sum()), raw)
    i = int(begins[np.argmax(real)])
    # Touches shortly before belong to it: the level passed somewhere among them.
    near = max(i - window, 0)
    touched = near + int(np.argmax(below[near : i + 1]))
    low = int(k[touched - 1]) + 1 if touched else 0
    return Found(Passage.between(low, int(k[i])), i, int(below[:i].sum()), raw)


def _runs(below: Bool[np.ndarray, " T"]) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """The first index and the length of each run of records at or below the threshold."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], below.astype(np.int8), [0]])))
    return edges[::2], edges[1::2] - edges[::2]


def _two_of_three(below: Bool[np.ndarray, " T"]) -> Bool[np.ndarray, " T"]:
    """Whether two of a record and the two after it are; at the end, as far as there are any."""
    after = np.concatenate([below[1:], [True, True]]).astype(int)
    return below & (after[:-1] + after[1:] >= 1)


def _lasts(
    k: Steps,
    e: Curve,
    below: Bool[np.ndarray, " T"],
    begins: Int[np.ndarray, " n"],
    window: int,
) -> Bool[np.ndarray, " n"]:
    """Whether the curve stays where the runs begin, by more than noise."""
    n = len(e)
    seen = np.concatenate([[0], np.cumsum(below)])
    ends = np.minimum(begins + window, n)
    stays = (2 * (seen[ends] - seen[begins]) >= ends - begins) & (
        2 * (seen[n] - seen[begins]) >= n - begins
    )
    half = last_half(k)
    noise = measure(k[half:], e[half:])
    many = (n - begins) / noise.time >= ENOUGH
    for i in np.flatnonzero(stays & ~many):
        b = int(begins[i])
        # As far back as a quarter of the log: within a slow rise the nearest records are no level.
        back = max(window, n // 4)
        before = float(np.median(e[max(b - back, 0) : b])) if b else np.inf
        drop = before - float(np.median(e[b:]))
        least = min(SELECTED * float(noise.of_mean(n - b)), SIGMAS * noise.of_walk(back))
        if n - b >= FEW:
            # The last half of a coarse log is all rise; what follows the passage shows its noise.
            own = measure(k[b:], e[b:]).sigma
            least = min(least, SELECTED / SIGMAS * sigmas(n - b - 3) * own)
        many[i] = drop > least
        if many[i]:
            break  # the first one decides
    return stays & many


def _lost(
    k: Steps,
    e: Curve,
    limit: float,
    begins: Int[np.ndarray, " n"],
    lengths: Int[np.ndarray, " n"],
) -> Bool[np.ndarray, " n"]:
    """Whether the runs are lower than the records that follow, by more than noise."""
    i = int(begins[0])
    level = float(np.median(e[i:]))
    if level <= limit or len(e) - i <= int(lengths[0]):
        return np.zeros(len(begins), dtype=bool)
    noise = measure(k[i:], e[i:])
    sums = np.concatenate([[0.0], np.cumsum(e)])
    means = (sums[begins + lengths] - sums[begins]) / lengths
    lowest = MORE + math.sqrt(2 * math.log(len(e)))
    walk = noise.of_walk(1.0) * np.sqrt(lengths + window_of(len(e)))
    return level - means > np.minimum(lowest * noise.of_mean(lengths), SIGMAS * walk)


def _comes_and_goes(
    e: Curve, limit: float, begins: Int[np.ndarray, " n"]
) -> Bool[np.ndarray, " n"]:
    """Whether the curve is often at the threshold from the runs on, and mostly far from it."""
    n = len(e)
    good, bad = (np.concatenate([[0], np.cumsum(x)]) for x in (e <= limit, e > LOST * limit))
    later = n - begins
    often = good[n] - good[begins] >= OFTEN * later
    return often & (2 * (bad[n] - bad[begins]) >= later) & (later >= ENOUGH)
