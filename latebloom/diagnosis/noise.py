"""How noisy a logged curve is, with the resemblance of neighbours taken into account.

Two models, and the smaller standard error counts, because a curve is either noise about a level or
smooth. An autoregression of order 1, $r_t = phi r_{t-1} + u_t$, fits noise about a line; its phi is
corrected for the bias of short series. A random walk with the steps of the curve is the worst that
neighbours can resemble each other; a smooth curve, whose steps are alike, moves further than it.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from latebloom.core.passage import Curve, Steps

# A record beyond so many robust standard deviations is an outlier, and counts as one at that bound.
OUTLIER = 4.0
# The median distance from the median, in standard deviations of a normal law.
MAD = 1.4826
# Where most records are equal the median distance is 0; then all but the largest 2 % count.
REST = 0.98
# Closer to 1 an autoregression cannot be told from a random walk in a log of some hundred records.
MOST = 0.99
# Residuals below this are the rounding of the values.
TINY = 1e-12
# Fewer records have hardly a residual left to judge them by.
FEW = 8


class Noise(NamedTuple):
    """The noise of a curve, in its unit.

    - `sigma`: the standard deviation of one record about the line through the end of the curve.
    - `phi`: the correlation of neighbours, in [0, 0.99].
    - `step`: the standard deviation of a step from one record to the next.
    """

    sigma: float
    phi: float
    step: float

    @property
    def time(self) -> float:
        """How many neighbours are worth one independent record, (1 + phi) / (1 - phi)."""
        return (1 + self.phi) / (1 - self.phi)

    def of_mean(self, count: ArrayLike) -> Float[np.ndarray, "*n"]:
        """Return the standard error of the mean of `count` neighbours, exact for the model.

        >>> float(Noise(1.0, 0.0, 1.4).of_mean(25)), float(Noise(1.0, 0.5, 1.0).of_mean(1))
        (0.2, 1.0)
        """
        m, phi = np.asarray(count, dtype=float), self.phi
        ends = 2 * phi * (1 - phi**m) / (m * (1 - phi) ** 2)
        return np.asarray(self.sigma * np.sqrt(np.maximum(self.time - ends, 0.0) / m))

    def with_phi(self, phi: float) -> "Noise":
        """Return the noise with the same new part of each record, and another correlation."""
        return Noise(self.sigma * math.sqrt((1 - self.phi**2) / (1 - phi**2)), phi, self.step)

    def of_walk(self, count: float) -> float:
        """Return how far a random walk with these steps gets in `count` steps."""
        return self.step * math.sqrt(count)


def last_half(k: Steps) -> int:
    """Return where the last half of the steps begins; at least the last quarter of the records."""
    half = int(np.searchsorted(k, k[0] + (k[-1] - k[0]) / 2))
    return max(min(half, len(k) - max(len(k) // 4, FEW)), 0)


def bounded(values: Curve) -> Curve:
    """Return values about 0 with outliers moved to the bound."""
    size = np.abs(values)
    bound = OUTLIER * MAD * float(np.median(size))
    if bound <= TINY:
        bound = float(np.sort(size)[max(min(int(REST * len(size)), len(size) - 3), 0)])
    return np.clip(values, -bound, bound)


def line(k: Steps, e: Curve) -> tuple[float, float]:
    """Return the slope of the least squares line, and the mean, through which it goes."""
    t, mean = k - k.mean(), float(e.mean())
    return float(t @ (e - mean)) / float(t @ t), mean


def measure(k: Steps, e: Curve) -> Noise:
    """Return the noise of a stretch of a curve about the line through it.

    >>> rng = np.random.default_rng(0)
    >>> found = measure(np.arange(2000), 3 + 0.1 * rng.standard_normal(2000))
    >>> round(found.sigma, 2), found.phi < 0.1
    (0.1, True)
    """
    n = len(e)
    if n < 3:
        return Noise(0.0, 0.0, 0.0)
    steps = np.diff(e)
    moved = bounded(steps - np.median(steps))
    step = float(np.sqrt(np.mean(moved**2)))
    slope, mean = line(k, e)
    r = bounded(e - mean - slope * (k - k.mean()))
    power = float((r**2).sum())
    if power <= n * TINY**2:
        return Noise(0.0, 0.0, step)
    phi = float((r[1:] * r[:-1]).sum()) / power
    # Of residuals from a line the correlation is too small by (2 + 4 phi) / n (Kendall).
    phi = min(max(phi + (2 + 4 * phi) / n, 0.0), MOST)
    new = r[1:] - phi * r[:-1]
    sigma = math.sqrt(float((new**2).mean()) * n / max(n - 3, 1) / (1 - phi**2))
    return Noise(max(sigma, math.sqrt(power / n)), phi, step)
