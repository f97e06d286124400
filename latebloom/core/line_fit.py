"""Straight lines by least squares."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from latebloom.core.errors import InvalidInput


class Line(NamedTuple):
    """A straight line: `slope`, `intercept`, and the coefficient of determination `r2`."""

    slope: float
    intercept: float
    r2: float


def fit_line(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> Line:
    r"""Return the least squares line $y = \mathrm{slope}\,x + \mathrm{intercept}$.

    **Arguments:**

    - `x`, `y`: at least two points, x not constant.

    **Returns:** a `Line`; $R^2$ is 1 for points on a sloped line, by convention 0 for constant y.

    **Raises:** `InvalidInput` for fewer points or a constant x.

    >>> fit_line([0, 1, 2], [1, 3, 5])
    Line(slope=2.0, intercept=1.0, r2=1.0)
    """
    from scipy.stats import linregress  # a third of a second, which most commands do not need

    if np.size(x) < 2 or np.ptp(x) == 0:
        raise InvalidInput(f"{np.size(x)} points: a line needs two with different x")
    if np.ptp(y) == 0:
        return Line(0.0, float(y[0]), 0.0)
    found: Any = linregress(x, y)
    return Line(float(found.slope), float(found.intercept), float(found.rvalue) ** 2)
