"""Straight lines by least squares."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from latebloom.core.errors import InvalidInput


class Line(NamedTuple):
    """A straight line fitted by least squares.

    **Fields:**

    - `slope`, `intercept`, and the coefficient of determination `r2`.
    - `low`, `high`: the 95% interval of the slope, which takes the points as independent; NaN where
      there are too few.
    """

    slope: float
    intercept: float
    r2: float
    low: float
    high: float


def fit_line(
    x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray, groups: int = 1
) -> Line:
    r"""Return the least squares line $y = \mathrm{slope}\,x + \mathrm{intercept}$.

    **Arguments:**

    - `x`, `y`: at least two points, x not constant.
    - `groups`: how many groups of points had their own means taken off before; the interval of the
      common slope takes them into account.

    **Returns:** a `Line`; $R^2$ is 1 for points on a sloped line, by convention 0 for constant y.

    **Raises:** `InvalidInput` for fewer points or a constant x.

    >>> fit_line([0, 1, 2], [1, 3, 5])
    Line(slope=2.0, intercept=1.0, r2=1.0, low=2.0, high=2.0)
    """
    from scipy.stats import linregress, t  # a third of a second, which most commands do not need

    if np.size(x) < 2 or np.ptp(x) == 0:
        raise InvalidInput(f"{np.size(x)} points: a line needs two with different x")
    if np.ptp(y) == 0:
        return Line(0.0, float(y[0]), 0.0, 0.0, 0.0)
    found: Any = linregress(x, y)
    slope, free, half = float(found.slope), np.size(x) - groups - 1, math.nan
    if free > 0:
        half = float(found.stderr) * math.sqrt((np.size(x) - 2) / free) * float(t.ppf(0.975, free))
    r2 = float(found.rvalue) ** 2
    return Line(slope, float(found.intercept), r2, slope - half, slope + half)
