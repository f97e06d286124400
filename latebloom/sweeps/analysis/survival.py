r"""The distribution of a time over seeds when some runs reach it late, or never."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float
from scipy.special import ndtri

from latebloom.core import checks as check
from latebloom.core.brief import brief
from latebloom.core.errors import InvalidInput, nearest

from .data import resample, with_axis

TIMES = ("t1", "t2", "delay")
TAIL = 0.025  # on each side of a 95% interval
Z = -float(ndtri(TAIL))
DRAWS = 200  # 5 of them lie beyond each end of the interval
# A product of fractions that should be 1/2 is 1/2 up to rounding.
ROUNDING = 1e-9
# The log-likelihood per cell is then within 1e-6 of its largest value: a probability is known to
# 1e-3, far below its standard error.
GAP = 1e-6
ITERATIONS = 5000  # where brackets overlap little it takes tens, where they nearly tie thousands


@dataclass(frozen=True, eq=False)
class Survival:
    r"""An estimate of $S(t) = P(T > t)$: it falls within the m intervals [low, high].

    **Fields:**

    - `low`, `high`: ends of the intervals, equal where a time is exact, steps, shape (m,).
    - `fraction`: S at `high`, shape (m,).
    - `fraction_low`, `fraction_high`: its 95% interval at each time, shape (m,).
    - `used`, `censored`, `never`: cells that went in, and those of them that were not followed to
      the end or never get there.
    - `start`: the first step at which a time is possible.
    """

    low: Float[np.ndarray, " m"]
    high: Float[np.ndarray, " m"]
    fraction: Float[np.ndarray, " m"]
    fraction_low: Float[np.ndarray, " m"]
    fraction_high: Float[np.ndarray, " m"]
    used: int
    censored: int
    never: int
    start: float
    __repr__ = brief

    def at(self, time: float) -> float:
        """Return S at one time, the fraction of cells that are later."""
        passed = int(np.searchsorted(self.high, time, side="right"))
        return float(self.fraction[passed - 1]) if passed else 1.0

    def quantile(self, q: float) -> tuple[float, float, float]:
        r"""Return $\min\{t : S(t) \le 1 - q\}$ and its 95% interval.

        **Arguments:**

        - `q`: in (0, 1); 0.5 is the median, for an even number of cells the lower one.

        **Returns:** the quantile, the middle of its interval if the time is not exact; inf if more
        than 1 - q of the cells never get there; NaN if censoring hides it. The interval is that of
        Brookmeyer and Crowley, the times at which the interval of S holds 1 - q: -inf and inf are
        ends that the cells do not bound (it takes six to bound a median).
        """
        if not 0 < q < 1:
            raise InvalidInput(f"q = {q!r}: must be in (0, 1); 0.5 is the median")
        left = 1 - q + ROUNDING
        value = np.nan
        if self.never > left * self.used:
            value = np.inf
        elif (self.fraction <= left).any():
            k = int(np.argmax(self.fraction <= left))
            value = float(0.5 * (self.low[k] + self.high[k]))
        # With n cells and none passed, S > 0.025^(1/n) is all that is known (Clopper, Pearson).
        if self.used == 0 or TAIL ** (1 / self.used) <= left:
            low = -np.inf
        elif (self.fraction_low <= left).any():
            low = float(self.low[np.argmax(self.fraction_low <= left)])
        else:
            low = np.inf if np.isinf(value) else float(max([self.start, *self.high[-1:]]))
        passed = self.fraction_high <= left
        high = float(self.high[np.argmax(passed)]) if passed.any() else np.inf
        return (value if np.isfinite(value) or value > 0 else np.nan), low, high


def kaplan_meier(
    low: Float[np.ndarray, " n"], high: Float[np.ndarray, " n"], draws: int = DRAWS, seed: int = 0
) -> Survival:
    r"""Return the distribution that makes what is known of n times most likely.

    $S(t) = \prod_{t_j \le t} (1 - d_j/r_j)$ with $d_j$ times at $t_j$ and $r_j$ cells at risk, and
    Greenwood's variance of $\log S$, $\sum d_j/(r_j(r_j - d_j))$, for an interval symmetric in
    $\log(-\log S)$; where S = 0 the variance does not exist and the interval is the binomial one.
    Brackets that do not overlap are ordered like exact times, so the product holds for them too.
    Where they overlap it is Turnbull's estimator, of which the product is the special case:
    self-consistent probabilities of his innermost intervals, by expectation maximization, with a
    bootstrap over the cells for the interval. No bracket is replaced by its middle: the width of
    one does not tell whether it hides an order, overlap does.

    **Arguments:**

    - `low`, `high`: each time is in [low, high], steps, shape (n,). Exact: equal. Not reached
      before step `low`: `high` NaN or inf. Never: both inf; such a cell stays at risk for ever.
      `low` = -inf if nothing bounds it.
    - `draws`, `seed`: of the bootstrap.

    **Returns:** a `Survival`.

    **Raises:** `InvalidInput` for shapes that differ, `low` NaN, or `high` below `low`.

    Source: Kaplan and Meier, J. Am. Stat. Assoc. 53 (1958); Turnbull, J. R. Stat. Soc. B 38
    (1976); Brookmeyer and Crowley, Biometrics 38 (1982).

    >>> from latebloom.sweeps.analysis.survival import kaplan_meier
    >>> times = kaplan_meier(np.array([3.0, 5.0, 6.0, 9.0]), np.array([3.0, 5.0, np.nan, 9.0]))
    >>> times.fraction
    array([0.75, 0.5 , 0.  ])
    >>> times.quantile(0.5)
    (5.0, -inf, inf)
    """
    if low.shape != high.shape:
        raise InvalidInput(f"low has shape {low.shape} and high {high.shape}: must be equal")
    high = np.where(np.isnan(high), np.inf, high)
    wrong = np.flatnonzero(~(low <= high))
    if wrong.size:
        k = int(wrong[0])
        raise InvalidInput(f"low[{k}] = {low[k]:g}, high[{k}] = {high[k]:g}: must be low <= high")
    check.integer("draws", draws, low=1)
    never = int(np.isinf(low).sum() - np.isneginf(low).sum())
    censored = int(np.isposinf(high).sum()) - never
    if low.size == 0:
        none = np.zeros(0)
        return Survival(none, none, none, none, none, 0, 0, 0, -np.inf)
    left, right = _innermost(low, high)
    inside = (low[:, None] <= left) & (right <= high[:, None])
    many = inside.sum(axis=1) > 1
    finite = np.isfinite(right)
    if (many & ~inside[:, -1]).any():
        fraction, below, above = _turnbull(inside, draws, seed)
    else:
        fraction, below, above = _product(inside, many)
    left, right, fraction = left[finite], right[finite], fraction[finite]
    ends = below[finite], above[finite]
    return Survival(left, right, fraction, *ends, low.size, censored, never, float(low.min()))


Curves = tuple[np.ndarray, np.ndarray, np.ndarray]


def _innermost(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Turnbull's intervals: from a `low` to the next `high`, with no other end between."""
    lows, right = np.unique(low), np.unique(high)
    left = lows[np.searchsorted(lows, right, side="right") - 1]
    keep = np.append(True, right[:-1] < left[1:])
    return left[keep], right[keep]


def _product(inside: Bool[np.ndarray, "n m"], many: Bool[np.ndarray, " n"]) -> Curves:
    """Return the product-limit estimate with its interval; a row in `many` leaves at its start."""
    first = np.argmax(inside, axis=1)
    every = np.arange(inside.shape[1])
    events = ((first[:, None] == every) & ~many[:, None]).sum(axis=0)
    risk = (first[:, None] - many[:, None] >= every).sum(axis=0)
    fraction = np.cumprod(1 - events / risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(events / (risk * (risk - events)))
        width = np.exp(Z * np.sqrt(variance) / -np.log(fraction))
        low, high = fraction**width, fraction ** (1 / width)
    gone = fraction == 0
    return fraction, np.where(gone, 0.0, low), np.where(gone, 1 - TAIL ** (1 / events.sum()), high)


def _turnbull(inside: Bool[np.ndarray, "n m"], draws: int, seed: int) -> Curves:
    """Return the self-consistent estimate, with the interval of a bootstrap over the rows."""
    n, m = inside.shape
    # The first row of weights is the estimate itself: all draws take their steps together.
    weight = np.vstack([np.ones(n), resample(n, draws, seed)])
    A = inside.astype(float)
    p = np.full((draws + 1, m), 1 / m)
    for _ in range(ITERATIONS):
        slope = np.divide(weight, p @ A.T, out=np.zeros(weight.shape), where=weight > 0) @ A / n
        p = p * slope
        if slope[0].max() < 1 + GAP and np.mean(slope.max(axis=1) < 1 + 100 * GAP) > 0.99:
            break
    fraction = np.maximum(1 - np.cumsum(p, axis=1), 0.0)
    low, high = np.quantile(fraction[1:], [TAIL, 1 - TAIL], axis=0)
    return fraction[0], low, high


def passages(ds: xr.Dataset, variable: str = "t2") -> xr.Dataset:
    """Return what is known of a time in every cell, in the form that `kaplan_meier` takes.

    **Arguments:**

    - `ds`: the results of a sweep.
    - `variable`: `t1`, `t2` or `delay`. A delay is infeasible where t2 is and t1 was seen.

    **Returns:** a Dataset of `low`, `high` (steps; NaN and NaN if nothing is known) and `kind`
    ("exact", "bracketed", "censored", "infeasible" or "").

    >>> from latebloom.sweeps.analysis.survival import passages
    >>> cell = {"t2": 7.0, "t2_low": 7.0, "t2_high": 7.0, "t2_kind": "exact"}
    >>> str(passages(xr.Dataset(cell)).kind.item())
    'exact'
    """
    check.one_of("variable", variable, TIMES)
    for name in (variable, f"{variable}_low", f"{variable}_high"):
        if name not in ds:
            raise InvalidInput(f"the sweep has no '{name}'{nearest(name, map(str, ds))}")
    value, low, high = (ds[variable + end].astype(float) for end in ("", "_low", "_high"))
    low, high = low.where(value.isnull(), value), high.where(value.isnull(), value)
    if variable == "delay":
        never = (ds["t2_kind"] == "infeasible") & ds["t1_kind"].isin(["exact", "bracketed"])
    else:
        never = ds[f"{variable}_kind"] == "infeasible"
    low, high = low.where(~never, np.inf), high.where(~never, np.inf)
    low = low.where(low.notnull() | high.isnull(), -np.inf)
    kind = xr.where(low == high, "exact", "bracketed")
    kind = xr.where(high.isnull(), "censored", kind)
    kind = xr.where(never, "infeasible", xr.where(low.isnull(), "", kind))
    return xr.Dataset({"low": low, "high": high, "kind": kind})


def quantiles(
    ds: xr.Dataset,
    variable: str = "t2",
    over: str = "seed",
    q: Sequence[float] = (0.25, 0.5, 0.75),
) -> xr.Dataset:
    r"""Return quantiles of a time over seeds, $\min\{t : S(t) \le 1 - q\}$.

    **Arguments:**

    - `ds`: the results of a sweep.
    - `variable`: `t1`, `t2` or `delay`.
    - `over`: the axis whose values are the sample; a sweep without seeds has samples of one.
    - `q`: the quantiles, each in (0, 1): the quartiles unless given.

    **Returns:** a Dataset over the other axes: `value`, `low` and `high` (steps, with a last axis
    `quantile`; inf is "never", NaN is "hidden by censoring or missing"; the 95% interval's ends
    are infinite where nothing bounds them) and the counts of cells `used`, `censored` and `never`
    (both among the used ones) and `missing`.

    **Raises:** `InvalidInput` for a variable, an axis or a quantile that does not exist.

    Source: see `kaplan_meier`.

    >>> from latebloom.sweeps.analysis.survival import quantiles
    >>> t2 = xr.DataArray([3.0, 5.0, 9.0], dims="seed")
    >>> kind = xr.full_like(t2, "exact", dtype="<U9")
    >>> cells = xr.Dataset({"t2": t2, "t2_low": t2, "t2_high": t2, "t2_kind": kind})
    >>> quantiles(cells, q=(0.5,)).value.item()
    5.0
    """
    known = with_axis(passages(ds, variable), over).transpose(..., over)
    low, high = known["low"].values, known["high"].values
    shape = low.shape[:-1]
    found = np.full((*shape, 3, len(q)), np.nan)
    counts = np.zeros((*shape, 4), dtype=int)
    for cell in np.ndindex(shape):
        seen = ~np.isnan(low[cell])
        curve = kaplan_meier(low[cell][seen], high[cell][seen])
        found[cell] = np.array([curve.quantile(level) for level in q]).reshape(len(q), 3).T
        counts[cell] = curve.used, curve.censored, curve.never, (~seen).sum()
    dims = known["low"].dims[:-1]
    names = ("value", "low", "high"), ("used", "censored", "never", "missing")
    times = {k: ((*dims, "quantile"), found[..., i, :]) for i, k in enumerate(names[0])}
    numbers = {k: (dims, counts[..., i]) for i, k in enumerate(names[1])}
    coords = {k: v for k, v in known.coords.items() if over not in v.dims} | {"quantile": list(q)}
    return xr.Dataset(times | numbers, coords, {"variable": variable, "over": over})
