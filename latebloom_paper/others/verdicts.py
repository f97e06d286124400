"""What a study of another group's law comes to, and the straight lines it is judged by."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from latebloom.core.errors import InvalidInput

Judgement = Literal[
    "reproduced", "reproduced with corrections", "not reproduced", "not testable here"
]


def judged(holds: bool, corrected: bool) -> Judgement:
    """Return the verdict of a rule of two steps: as published, or only once it is corrected.

    >>> judged(False, True)
    'reproduced with corrections'
    """
    if holds:
        return "reproduced"
    return "reproduced with corrections" if corrected else "not reproduced"


def verdict_note(verdict: Judgement, why: str) -> str:
    """Return the note that states a verdict with the numbers behind it.

    >>> verdict_note("reproduced", "slope -1.000")
    'verdict: reproduced (slope -1.000)'
    """
    return f"verdict: {verdict} ({why})"


class Line(NamedTuple):
    """A straight line fitted by least squares.

    - `slope`, `low`, `high`: with its 95% interval, which takes the points as independent.
    - `intercept`, `r2`: and the share of the variance that the line explains.
    """

    slope: float
    low: float
    high: float
    intercept: float
    r2: float


def fit_line(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> Line:
    r"""Return the least squares line $y = \mathrm{slope}\,x + \mathrm{intercept}$.

    **Arguments:**

    - `x`, `y`: at least three points, x not constant.

    **Returns:** a `Line`; $R^2$ is 1 for points without scatter, 0 for a constant y.

    **Raises:** `InvalidInput` for fewer points or a constant x.

    >>> fit_line([0, 1, 2], [1, 3, 5])
    Line(slope=2.0, low=2.0, high=2.0, intercept=1.0, r2=1.0)
    """
    from scipy.stats import t as student  # a third of a second, which no other command needs

    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.size < 3 or np.ptp(x) == 0:
        raise InvalidInput(f"{x.size} points: a line needs three, at two places or more")
    away = x - x.mean()
    slope = float(away @ y / (away @ away))
    rest = y - y.mean() - slope * away
    scatter, total = float(rest @ rest), float(np.sum((y - y.mean()) ** 2))
    half = float(np.sqrt(scatter / (x.size - 2) / (away @ away)) * student.ppf(0.975, x.size - 2))
    intercept = float(y.mean() - slope * x.mean())
    return Line(slope, slope - half, slope + half, intercept, 1 - scatter / total if total else 0.0)


def interval(line: Line) -> str:
    """Return the 95% interval and R^2 as words."""
    return f"95% interval {line.low:.4g} to {line.high:.4g}, R^2 = {line.r2:.4f}"
