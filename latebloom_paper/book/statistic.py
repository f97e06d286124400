"""Statistics: one number over instances with its 95% interval, which is what a claim is decided by.

The intervals take instances as independent draws. Where several numbers of one instance go into a
fraction (pairs of strengths, say), that is optimistic, and the claim's test says so.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from latebloom.core.errors import InvalidInput
from latebloom.core.line_fit import fit_line

LEVEL = 0.95
# Below it no interval between two instances holds the median in 95% of cases.
FEW = 6


@dataclass(frozen=True)
class Statistic:
    """A number with its 95% interval.

    **Fields:**

    - `value`, `low`, `high`: infinite where what it counts was never seen.
    - `count`: of instances behind it.
    """

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.value:.4g}"
        return f"{self.value:.4g} [{self.low:.3g}, {self.high:.3g}]"


def fraction(hits: Sequence[bool] | np.ndarray) -> Statistic:
    r"""Return the fraction of instances in which something was seen, with the Clopper-Pearson
    interval.

    Its ends are quantiles of Beta distributions: the interval covers the true fraction at least 95%
    of the time, for every number of instances.

    **Arguments:**

    - `hits`: one truth value per instance, at least one.

    **Raises:** `InvalidInput` without instances.

    >>> print(fraction([True] * 20))
    1 [0.832, 1]
    """
    from scipy.stats import beta  # a third of a second, which no other command needs

    hits = np.asarray(hits, dtype=bool).ravel()
    n, k = hits.size, int(hits.sum())
    _require(n)
    tail = (1 - LEVEL) / 2
    low = 0.0 if k == 0 else float(beta.ppf(tail, k, n - k + 1))
    high = 1.0 if k == n else float(beta.ppf(1 - tail, k + 1, n - k))
    return Statistic(k / n, low, high, n)


def median(values: Sequence[float] | np.ndarray) -> Statistic:
    r"""Return the median over instances, between two order statistics.

    With x_(1) <= ... <= x_(n), the interval [x_(k), x_(n+1-k)] holds the true median with
    probability $1 - 2P(B < k)$, B binomial(n, 1/2): the largest k that leaves 95%. No distribution
    is assumed. Below six instances even the extremes leave less: there the interval is Student's,
    of the mean of values that scatter normally, widened to the extremes; of one instance, or where
    some but not all are infinite, it is everything (from 0 on for what is not negative).

    **Arguments:**

    - `values`: one per instance, at least one; infinite for what was never seen.

    **Raises:** `InvalidInput` without instances, or with one that is not a number.

    >>> print(median(range(1, 21)))
    10.5 [6, 15]
    >>> print(median([1.0, 2.0, 3.0]))
    2 [-0.484, 4.48]
    """
    from scipy.stats import binom, t

    x = np.sort(np.asarray(values, dtype=float).ravel())
    _require(x.size)
    if np.isnan(x).any():
        raise InvalidInput(f"{int(np.isnan(x).sum())} of {x.size} values are no numbers")
    k = max(int(binom.ppf((1 - LEVEL) / 2, x.size, 0.5)), 1)
    low, high = x[(x.size - 1) // 2], x[x.size // 2]
    middle = low if low == high else 0.5 * (low + high)
    ends = float(x[k - 1]), float(x[x.size - k])
    if x.size < FEW and x[0] < math.inf:
        if x.size == 1 or x[-1] == math.inf:
            ends = 0.0 if x[0] >= 0 else -math.inf, math.inf
        else:
            half = t.ppf(0.5 + LEVEL / 2, x.size - 1) * x.std(ddof=1) / math.sqrt(x.size)
            ends = min(ends[0], float(x.mean() - half)), max(ends[1], float(x.mean() + half))
    return Statistic(float(middle), *ends, x.size)


def exactly(value: float, count: int = 1) -> Statistic:
    """Return a number without scatter: a worst case, or something computed rather than sampled.

    >>> print(exactly(0.5))
    0.5
    """
    if math.isnan(value):
        raise InvalidInput("a statistic must be a number")
    return Statistic(float(value), float(value), float(value), count)


def slopes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the least squares slope of log y in log x for every row of y.

    **Arguments:**

    - `x`: shape (k,) or that of y, positive.
    - `y`: shape (instances, k), positive; entries that are not finite are left out.

    **Returns:** shape (instances,); NaN where fewer than two points are left.

    >>> slopes(np.array([1.0, 10.0]), np.array([[5.0, 0.5], [1.0, 100.0]])).round(6).tolist()
    [-1.0, 2.0]
    """
    y = np.atleast_2d(np.asarray(y, dtype=float))
    x = np.broadcast_to(np.asarray(x, dtype=float), y.shape)
    found = np.full(len(y), np.nan)
    for i, (a, b) in enumerate(zip(x, y, strict=True)):
        seen = np.isfinite(a) & np.isfinite(b) & (a > 0) & (b > 0)
        if np.unique(a[seen]).size >= 2:
            found[i] = fit_line(np.log(a[seen]), np.log(b[seen])).slope
    return found


def _require(count: int) -> None:
    if count == 0:
        raise InvalidInput("no instances: a statistic needs at least one")
