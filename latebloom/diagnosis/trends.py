"""What a noisy curve does: how it moves at its end, and whether it got worse after its best."""

import math
from typing import NamedTuple

import numpy as np

from latebloom.core.line_fit import fit_line
from latebloom.core.passage import Curve, Steps

# A change is one if it is beyond this many standard errors: of 1000 curves without a trend three
# would show one, and the change must be a large one besides.
SIGMAS = 3.0
# The best of hundreds of windows of pure noise lies three standard errors below their mean, and the
# end may lie three above it.
SELECTED = 6.0
# Residuals below this are the rounding of the values.
TINY = 1e-12
# The last half, as in `phases`, and shorter ends for what has just begun.
STRETCHES = (0.5, 0.25, 0.125)
# A line through fewer records has hardly a residual left to judge it by.
FEW = 8
# The standard error of a median of w values is 1.25 sigma / sqrt(w).
MEDIAN = 1.25


class Trend(NamedTuple):
    """The straight line through the end of a curve.

    - `start`: the first step of the stretch.
    - `level`: the line there.
    - `change`: how far the line moves until the end.
    - `error`: the standard error of `change`.
    """

    start: int
    level: float
    change: float
    error: float

    def beyond(self, flat: float) -> bool:
        """Whether the change is more than noise, and more than the fraction `flat` of the level."""
        return bool(abs(self.change) > max(SIGMAS * self.error, flat * abs(self.level)))

    def rests(self, flat: float) -> bool:
        """Whether the records are enough to say that it does not move by more than `flat`."""
        return bool(not self.beyond(flat) and self.error <= flat * abs(self.level))


class Rise(NamedTuple):
    """How much worse than its best a curve ends, both as medians over `window` records.

    - `best_step`, `best`: where and what the best was.
    - `end`: the level at the end.
    - `error`: the standard error of such a median.
    """

    best_step: int
    best: float
    end: float
    error: float

    def beyond(self, flat: float) -> bool:
        """Whether the rise is more than noise, and more than the fraction `flat` of the best."""
        return bool(self.end - self.best > max(SELECTED * self.error, flat * self.best))


def trend(k: Steps, e: Curve, fraction: float = 0.5) -> Trend:
    """Fit a line to the last fraction of the steps, or to the last `FEW` records if these are more.

    Neighbouring residuals of a training curve resemble each other: with their correlation r, n
    records count as n (1 - r) / (1 + r).

    >>> k = np.arange(100)
    >>> found = trend(k, 1.0 - 0.001 * k)
    >>> round(found.change, 3), found.beyond(0.05)
    (-0.049, True)
    """
    start = int(np.searchsorted(k, k[-1] - fraction * (k[-1] - k[0])))
    i = max(min(start, len(k) - FEW), 0)
    t, y = k[i:].astype(float), e[i:]
    line = fit_line(t, y)
    residual = y - line.intercept - line.slope * t
    n = len(t)
    power = float((residual**2).sum())
    count = max(effective(residual, n), 3.0)
    error = math.sqrt(power / n / max(count - 2, 1.0) / float(t.var())) * (t[-1] - t[0])
    level = line.intercept + line.slope * float(t[0])
    return Trend(int(t[0]), level, line.slope * float(t[-1] - t[0]), error)


def end_trend(k: Steps, e: Curve, flat: float) -> tuple[Trend, bool]:
    """Return the longest stretch at the end that moves beyond noise, and whether it still falls.

    A fall that began late bends the line through the last half; the shorter stretches see it. One
    that was over before the last quarter has left a line that falls, but no fall at the end.
    """
    stretches = [trend(k, e, fraction) for fraction in STRETCHES]
    moving = [found for found in stretches if found.beyond(flat)]
    if not moving:
        return stretches[0], False
    quarter = stretches[1]
    return moving[0], bool(moving[0].change < 0 and quarter.change < -quarter.error)


def running_median(e: Curve, window: int) -> Curve:
    """Return the medians of `window` neighbours, from the first full window to the last."""
    from scipy.ndimage import median_filter  # a quarter of a second, for those who diagnose

    smooth = median_filter(e, size=window, mode="nearest")
    return smooth[window // 2 : len(e) - window // 2]


def window_of(count: int) -> int:
    """Return how many records a median is taken over: a twentieth, at least 3, an odd number."""
    return min(max(count // 20, 3), count) | 1 if count > 3 else 1


def residuals(e: Curve) -> Curve:
    """Return the records minus the running median about them."""
    w = window_of(len(e))
    return e[w // 2 : len(e) - w // 2] - running_median(e, w)


def noise(e: Curve) -> float:
    """Return the standard deviation of a record about the running median, from the median of the
    distances (1.4826 times that, for a normal law)."""
    return 1.4826 * float(np.median(np.abs(residuals(e))))


def effective(residual: Curve, count: int) -> float:
    """Return what `count` neighbours are worth: with the correlation r, n (1 - r) / (1 + r)."""
    power = float((residual**2).sum())
    # Below the rounding of the values there is nothing to correlate.
    if power <= len(residual) * TINY**2:
        return float(count)
    r = max(float((residual[1:] * residual[:-1]).sum()) / power, 0.0)
    return count * (1 - r) / (1 + r)


def rise(k: Steps, e: Curve) -> Rise:
    """Compare the end of a curve with its best stretch.

    >>> k = np.arange(100)
    >>> found = rise(k, 0.5 + np.abs(k - 40) / 100)
    >>> abs(found.best_step - 40) < 3, found.beyond(0.05)
    (True, True)
    """
    w = window_of(len(e))
    smooth = running_median(e, w)
    best = int(np.argmin(smooth))
    error = MEDIAN * noise(e) / math.sqrt(max(effective(residuals(e), w), 1.0))
    return Rise(int(k[best + w // 2]), float(smooth[best]), float(smooth[-1]), error)
