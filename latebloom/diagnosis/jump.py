"""When half of the late rise is done: a time of the jump that no threshold decides."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .curves import Records
from .noise import last_half, measure
from .passages import level_passage
from .trends import MEDIAN, POINT, SELECTED, SIGMAS, running_median, window_of


@dataclass(frozen=True)
class Jump:
    """When the test curve has made half of its way from its level at t1 to its best.

    - `low`, `high`: the steps between which it passes the middle.
    - `start`, `end`: the two levels (medians), in the unit of the column.
    """

    low: int
    high: int
    start: float
    end: float

    def to_dict(self) -> dict[str, Any]:
        """All fields, JSON-ready."""
        return asdict(self)


def jump(test: Records, after: int, reached: bool = False) -> Jump | None:
    """Return the jump after a step; None where the curve does not get better beyond noise.

    **Arguments:**

    - `test`: the test curve.
    - `after`: t1, or the first step of the log.
    - `reached`: whether its level is known to have passed the threshold after that.

    >>> k = np.arange(0, 1000, 10)
    >>> errors = np.where(k < 700, 0.9, 0.2)
    >>> jump(Records("test", "error", False, k, errors, errors), 50)
    Jump(low=691, high=700, start=0.9, end=0.2)
    """
    keep = (test.steps >= after) & np.isfinite(test.errors)
    k, e = test.steps[keep], test.errors[keep]
    if len(e) < 3:
        return None
    window = window_of(len(e))
    end = float(running_median(e, window).min())
    # Up to the first window, the level at which the late rise starts is that of its first record:
    # a median over a coarse log would be within the rise.
    start = float(e[0]) if window <= 3 else float(np.median(e[: window // 2 + 1]))
    least = POINT if test.kind == "accuracy" else 0.0
    if not reached:
        half = last_half(k)
        noise = measure(k[half:], e[half:])
        error = MEDIAN * float(noise.of_mean(window))
        least = max(least, min(SELECTED * error, SIGMAS * noise.of_walk(len(e))))
    if start - end <= least:
        return None
    found = level_passage(k, e, (start + end) / 2).passage
    if found.low is None or found.high is None or found.low == 0:
        return None
    return Jump(found.low, found.high, test.shown(start), test.shown(end))
