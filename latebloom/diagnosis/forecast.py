"""When will the test error reach its threshold? An extrapolation with an interval, or none.

After t1 the parameters drift at a constant pace in slow time alpha beta t: along straight pieces
under an l1 penalty, so that an error falls linearly; by a constant fraction per step under an l2
penalty, so that it falls exponentially (arXiv:2506.05718, theorems 2.1 and C.16). Curves of our own
simulations lie between the two, or level off more slowly than an exponential where several rates
are at work. So the law is chosen on the curve itself: from seven earlier moments each law has to
predict when the error reaches the level that it has now.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from latebloom.core.line_fit import fit_line
from latebloom.core.passage import Curve, Steps

from .trends import noise, running_median, window_of

LAWS: dict[str, Callable[[Curve], Curve]] = {
    "linear": lambda e: e,
    "square root": lambda e: 2.0 * np.sqrt(e),
    "exponential": np.log,
    "slower than exponential": lambda e: -2.0 / np.sqrt(e),
}
# A fraction of errors ends as an S-shaped curve begins: the logistic law, of accuracies only.
LOGISTIC: dict[str, Callable[[Curve], Curve]] = {"logistic": lambda e: np.log(e / (1.0 - e))}
# The first of seven origins, at 0.3 of the time, then has three records in the half before it.
MIN_RECORDS = 20
MIN_FIT = 3
ORIGINS = np.linspace(0.3, 0.9, 7)
# A line is fitted to the last half of the time since the fall began: an earlier law may be over.
RECENT = 0.5
# The level of now is a median over the last tenth of that time.
NOW = 0.1
# The fall seen must be a tenth of the error, and this many times its noise.
FALL, NOISES = 0.1, 5.0
# Time to go, in units of the time since the fall began. Beyond that a fall whose pace changes, as
# along pieces and in steps, leaves the interval in a fifth of the curves.
REACH = 2.0
# By its law a fall goes on at one pace. If its last quarter makes less than this part of the pace
# of the quarter before, it may level off above the threshold. Of falls that reach it, 6 in 100 slow
# down as much; of those that have made 96 % of their way to a level above it, 63 of 100.
SLOWED = 0.7
QUARTERS = (0.5, 0.75, 1.0)
# A law that misses its own past by a factor of 2 (root mean square) predicts nothing.
MISS = math.log(2.0)
# The half width of the interval of log(time to go) is WIDTH + MISSES times the root mean square of
# the law's misses + GAP times the logarithm of how far the laws lie apart. The numbers are chosen
# on the families `TUNING` of benchmarks/curve_families.py, so that the interval holds in 85 % of
# each, and measured on other families and on simulated runs (docs/diagnosis.md).
WIDTH, MISSES, GAP = 0.3, 2.0, 0.2
LEVEL = 0.9


@dataclass(frozen=True)
class Forecast:
    """When t2 is expected, or why that cannot be predicted.

    - `step`, `low`, `high`: the middle and the interval of 90 %; None if refused.
    - `reason`: the law that was used, with its record on this curve; or why there is no forecast.
    - `law`: its name, of `LAWS` or `LOGISTIC`.
    - `miss`: the root mean square of log(predicted / true time to go) over the origins.
    - `since`: the step at which the fall that is extrapolated began.
    """

    step: int | None
    low: int | None
    high: int | None
    reason: str
    law: str | None = None
    miss: float | None = None
    since: int | None = None

    @classmethod
    def refused(cls, why: str) -> "Forecast":
        """No forecast, and why."""
        return cls(None, None, None, why)

    def to_dict(self) -> dict[str, Any]:
        """All fields, JSON-ready."""
        return asdict(self)


class _Try(NamedTuple):
    """A law on a curve: when it reaches the threshold, how it did in the past, and the pace of the
    last quarter as a part of that of the quarter before (NaN where these have too few records)."""

    law: str
    to_go: float
    miss: float
    pace: float


def forecast(k: Steps, e: Curve, t1: int, threshold: float, kind: str = "error") -> Forecast:
    """Predict the first passage of a test error below its threshold.

    **Arguments:**

    - `k`, `e`: (T,) steps and test errors so far, all above the threshold.
    - `t1`: the training error reached its threshold by this step.
    - `threshold`: of the test error, > 0.
    - `kind`: `accuracy` (e = 1 - accuracy), `error` or `loss`.

    **Returns:** a `Forecast`: one that refuses where the curve is flat, noisy, short, too far from
    the threshold, or does not follow any of the laws.

    >>> k = np.arange(0, 1000, 10)
    >>> found = forecast(k, np.exp(-k / 500), 0, 0.1)
    >>> found.law, found.step  # 500 log 10 = 1151
    ('exponential', 1151)
    """
    after = k >= t1
    t, e = k[after].astype(float), e[after]
    if len(t) < MIN_RECORDS:
        return Forecast.refused(
            f"{len(t)} records since t1; a forecast needs {MIN_RECORDS}: train on, log more often"
        )
    if kind == "error" and e[-1] >= 1:
        return Forecast.refused(
            f"the error is {e[-1]:.3g}: down to 1, the relative error of predicting nothing, the "
            "decay of the norm alone may bring it"
        )
    w = window_of(len(e))
    smooth = running_median(e, w)
    level = float(smooth.max())
    # The fall begins where the error was last within 5 % of its highest level.
    begin = int(np.flatnonzero(smooth >= 0.95 * level)[-1]) + w // 2
    since, fallen, sigma = t[begin:] - t[begin], e[begin:], noise(e)
    recent = since >= (1 - NOW) * since[-1]
    now, when = float(np.median(fallen[recent])), float(np.median(since[recent]))
    if level - now < max(FALL * level, NOISES * sigma):
        return Forecast.refused(
            f"the test error has moved too little: at most {level:.3g} since t1, {now:.3g} now, "
            f"noise {sigma:.2g}; neither a plateau nor its first bend tells when it ends"
        )
    if len(since) < MIN_RECORDS:
        return Forecast.refused(
            f"the test error began to fall only {len(since)} records ago; a forecast needs "
            f"{MIN_RECORDS}"
        )
    laws = {**LAWS, **LOGISTIC} if kind == "accuracy" else LAWS
    tries = [_attempt(n, f, since, fallen, now, when, threshold) for n, f in laws.items()]
    return _decide([found for found in tries if found is not None], t, begin, level, now)


def _attempt(
    name: str,
    law: Callable[[Curve], Curve],
    t: Curve,
    e: Curve,
    now: float,
    when: float,
    threshold: float,
) -> _Try | None:
    """How a law predicted the level of now, and what it predicts; None if it cannot."""
    with np.errstate(divide="ignore", invalid="ignore"):
        y = law(np.maximum(e, 1e-300))
        level, goal = (float(law(np.array([x]))[0]) for x in (now, threshold))
    if not np.isfinite(y).all():
        return None
    misses = []
    for fraction in ORIGINS:
        origin = float(fraction) * when
        found = _crossing(t, y, origin, level)
        if found is None or found <= origin:
            return None
        misses.append(math.log((found - origin) / (when - origin)))
    found = _crossing(t, y, float(t[-1]), goal)
    if found is None or found <= t[-1]:
        return None
    miss = float(np.sqrt(np.mean(np.square(misses))))
    return _Try(name, found - float(t[-1]), miss, _slowed(t, y))


def _slowed(t: Curve, y: Curve) -> float:
    """The slope of the last quarter as a part of that of the one before; NaN if one is short."""
    slopes = []
    for low, high in itertools.pairwise(QUARTERS):
        part = (t >= low * t[-1]) & (t <= high * t[-1])
        if np.count_nonzero(part) < MIN_FIT:
            return math.nan
        slopes.append(fit_line(t[part], y[part]).slope)
    return slopes[1] / slopes[0] if slopes[0] < 0 else math.nan


def _crossing(t: Curve, y: Curve, until: float, goal: float) -> float | None:
    """When the line through the last half of the records up to `until` reaches the goal."""
    part = (t <= until) & (t >= (1 - RECENT) * until)
    if np.count_nonzero(part) < MIN_FIT:
        return None
    line = fit_line(t[part], y[part])
    return None if line.slope >= 0 else (goal - line.intercept) / line.slope


def _decide(tries: list[_Try], k: Curve, begin: int, level: float, now: float) -> Forecast:
    seen = f"since step {k[begin]:.0f} the test error fell from {level:.3g} to {now:.3g}"
    if not tries:
        return Forecast.refused(
            f"{seen}, and no law (linear to exponential, or slower) predicts its own past"
        )
    best = min(tries, key=lambda found: found.miss)
    factor = math.exp(best.miss)
    if best.miss > MISS:
        return Forecast.refused(
            f"{seen}; the best of the laws, {best.law}, misses its own past by a factor of "
            f"{factor:.2g}"
        )
    if best.pace < SLOWED:
        return Forecast.refused(
            f"{seen}; the curve is slowing down (in its last quarter to {max(best.pace, 0.0):.2g} "
            f"of the earlier rate, by the {best.law} law): it may level off before it reaches the "
            "threshold"
        )
    last = float(k[-1])
    reach = best.to_go / (last - float(k[begin]))
    if reach > REACH:
        return Forecast.refused(
            f"{seen}; by the {best.law} law {reach:.3g} times the time since then would be left, "
            f"more than {REACH:g} times: too far"
        )
    times = [found.to_go for found in tries]
    half = WIDTH + MISSES * best.miss + GAP * math.log(max(times) / min(times))
    return Forecast(
        step=round(last + best.to_go),
        low=max(math.floor(last + best.to_go * math.exp(-half)), int(last) + 1),
        high=math.ceil(last + best.to_go * math.exp(half)),
        reason=(
            f"{seen}; of {len(tries)} laws the {best.law} one predicted its own past best, within "
            f"a factor of {factor:.2f}; the interval is made for {LEVEL:.0%} of runs"
        ),
        law=best.law,
        miss=best.miss,
        since=int(k[begin]),
    )
