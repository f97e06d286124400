"""What a noisy curve does: how it moves at its end, and whether it got worse after its best."""

import math
from typing import NamedTuple

import numpy as np

from latebloom.core.passage import Curve, Steps

from .noise import FEW, last_half, line, measure

# A change is one if it is beyond this many standard errors: of 1000 curves without a trend three
# would show one, and the change must be a large one besides.
SIGMAS = 3.0
# The chance of as much on one side, for a t law where the records are worth few.
CHANCE = 0.00135
# The best of hundreds of windows of pure noise lies three standard errors below their mean, and the
# end may lie three above it.
SELECTED = 6.0
# A change of accuracy by less than a point is what another split of the data makes.
POINT = 0.01
# The last half, as in `phases`, and shorter ends for what has just begun.
STRETCHES = (0.5, 0.25, 0.125)
# The last quarter of a curve that still falls makes at least so much of the least change.
PACE = 0.25
# The standard error of a median of w values is 1.25 sigma / sqrt(w).
MEDIAN = 1.25
# The slope of a random walk of n steps, times n, has the variance 1.2 n.
WALK = 1.2


class Trend(NamedTuple):
    """The straight line through the end of a curve.

    - `start`: the first step of the stretch.
    - `level`: the line there.
    - `change`: how far the line moves until the end.
    - `error`: the standard error of `change`.
    - `sigmas`: how many standard errors a change must have; more than 3 where the records are worth
      few independent ones.
    - `mean`, `mean_error`: of the stretch, and its standard error.
    - `scale`: what a fraction of the level is a fraction of: for an accuracy near chance the
      accuracy, else the error.
    """

    start: int
    level: float
    change: float
    error: float
    sigmas: float
    mean: float
    mean_error: float
    scale: float

    @property
    def significant(self) -> bool:
        """Whether the change is more than noise."""
        return bool(abs(self.change) > self.sigmas * self.error)

    def beyond(self, flat: float) -> bool:
        """Whether the change is more than noise, and more than the fraction `flat` of the level."""
        return self.significant and bool(abs(self.change) > flat * self.scale)

    def above(self, limit: float, flat: float) -> bool:
        """Whether the stretch lies above a limit, beyond noise and by the fraction `flat`."""
        return bool(self.mean - self.sigmas * self.mean_error > limit * (1 + flat))


class Rise(NamedTuple):
    """How much worse than its best a curve ends, both as medians over a window of records.

    - `best_step`, `best`: where and what the best was.
    - `end`: the level at the end.
    - `error`: the standard error of such a median.
    - `least`: the rise that noise does not make.
    """

    best_step: int
    best: float
    end: float
    error: float
    least: float

    def beyond(self, flat: float) -> bool:
        """Whether the rise is more than noise, and more than the fraction `flat` of the best."""
        return bool(self.end - self.best > max(self.least, flat * self.best))


def trend(k: Steps, e: Curve, fraction: float = 0.5, *, top: float = math.inf) -> Trend:
    """Fit a line to the last fraction of the steps, or to the last `FEW` records if these are more.

    Neighbouring residuals of a training curve resemble each other: with their correlation r, n
    records count as n (1 - r) / (1 + r).

    **Arguments:**

    - `k`, `e`: (T,) steps and errors.
    - `fraction`: of the steps.
    - `top`: the largest possible error; near it a change counts relative to the distance from it.

    >>> k = np.arange(100)
    >>> found = trend(k, 1.0 - 0.001 * k)
    >>> round(found.change, 3), found.beyond(0.05)
    (-0.049, True)
    """
    start = int(np.searchsorted(k, k[-1] - fraction * (k[-1] - k[0])))
    i = max(min(start, len(k) - FEW), 0)
    t, y = k[i:].astype(float), e[i:]
    slope, mean = line(k[i:], y)
    noise = measure(k[i:], y)
    if i > (half := last_half(k)) + FEW:
        # A few records do not show how much neighbours resemble each other; those before do.
        noise = noise.with_phi(max(noise.phi, measure(k[half:i], e[half:i]).phi))
    n, length = len(t), float(t[-1] - t[0])
    worth = n / noise.time
    level, change = mean + slope * (t[0] - float(t.mean())), slope * length
    error = noise.sigma / math.sqrt(max(worth, 1.0)) / float(t.std()) * length
    mean_error = noise.sigma / math.sqrt(max(worth, 1.0))
    least, walk = sigmas(worth - 2), noise.of_walk(WALK * n)
    # The wider of two honest limits would refuse every smooth curve, whose residuals from a line
    # are bends and no noise.
    if (steps := sigmas(n - 2)) * walk < least * error:
        least, error, mean_error = steps, walk, min(mean_error, walk)
    scale = min(abs(level), max(top - max(level, mean), 0.0))
    numbers = (float(level), float(change), error, least, mean, mean_error, scale)
    return Trend(int(t[0]), *numbers)


def sigmas(freedom: float) -> float:
    """Return how many standard errors have the chance `CHANCE` on one side, by a t law."""
    from scipy.special import stdtrit  # a tenth of a second, for those who diagnose

    return max(-float(stdtrit(max(freedom, 1.0), CHANCE)), SIGMAS)


def end_trend(
    k: Steps, e: Curve, flat: float, *, top: float = math.inf
) -> tuple[Trend, bool, Trend]:
    """Return the longest stretch at the end that moves beyond noise, whether the curve still falls,
    and the longest stretch that rests (the last quarter if none does).

    A fall that began late bends the line through the last half; the shorter stretches see it. One
    that was over before the last quarter has left a line that falls, but no fall at the end.

    **Arguments:**

    - `k`, `e`, `top`: as for `trend`.
    - `flat`: the least change, as a fraction.
    """
    stretches = [trend(k, e, fraction, top=top) for fraction in STRETCHES]
    half, quarter, _ = stretches
    moving = [found for found in stretches if found.beyond(flat)]
    resting = half if not half.beyond(flat) else quarter
    if not moving:
        return half, False, resting
    # An even pace makes half of the change in the quarter, the tail of a fall that is over nothing.
    pace = max(quarter.error * quarter.sigmas / SIGMAS, PACE * flat * quarter.scale)
    on = moving[0].change < 0 and quarter.change < -pace
    return moving[0], bool(on), resting


def running_median(e: Curve, window: int) -> Curve:
    """Return the medians of `window` neighbours, from the first full window to the last."""
    if window == 3:
        a, b, c = e[:-2], e[1:-1], e[2:]
        return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
    from scipy.ndimage import median_filter  # a quarter of a second, for those who diagnose

    smooth = median_filter(e, size=window, mode="nearest")
    return smooth[window // 2 : len(e) - window // 2]


def window_of(count: int) -> int:
    """Return how many records a median is taken over: a twentieth, at least 3, an odd number."""
    return min(max(count // 20, 3), count) | 1 if count > 3 else 1


def noise(e: Curve) -> float:
    """Return the standard deviation of a record about the running median, from the median of the
    distances (1.4826 times that, for a normal law)."""
    w = window_of(len(e))
    distances = np.abs(e[w // 2 : len(e) - w // 2] - running_median(e, w))
    return 1.4826 * float(np.median(distances))


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
    i = last_half(k)
    found = measure(k[i:], e[i:])
    error = MEDIAN * float(found.of_mean(w))
    many = len(e) - i
    least = min(
        SELECTED / SIGMAS * sigmas(many / found.time - 2) * error,
        sigmas(many - 2) * found.of_walk(len(e)),
    )
    return Rise(int(k[best + w // 2]), float(smooth[best]), float(smooth[-1]), error, least)
