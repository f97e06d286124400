r"""How a time scales with the swept quantities, when some of the times were not reached."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import erfcx, log_ndtr, ndtri, stdtrit

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput

from .data import factor, resample, with_axis
from .survival import TAIL, passages

# 25 draws lie beyond each end of the interval, which are then known to a few percent of its length.
DRAWS = 1000
# Far below what a step can tell, so that noise-free times give the law that they obey.
SIGMA = 1e-6
NARROW = 1e-6  # a bracket this much of its time wide is a density: its probability is rounding
# From sigma = 1 Newton's method at most doubles 1/sigma: 20 steps to 1e-6, the rest is quadratic.
ITERATIONS = 100
DECREMENT = 1e-12  # of the log-likelihood; then parameters are within 1e-6 standard errors
BLOCK = 1_000_000  # numbers per array: draws go together as long as these stay small
LOG_ROOT = np.log(2 * np.pi) / 2  # of the normal density
FEWEST = 3  # two cells fit any power law of one factor exactly


@dataclass(frozen=True)
class Scaling:
    r"""The power law $t = c \prod_f f^{-k_f}$ with log-normal scatter of width $\sigma$.

    **Fields:**

    - `variable`: the time that scales so.
    - `exponents`, `intervals`: factor -> k, and its 95% interval (NaN if it cannot be had).
    - `constant`: c, steps in the units of the factors; the median of t where all factors are 1.
    - `sigma`: standard deviation of log t around the law.
    - `used`, `censored`: cells in the fit with a known (exact or bracketed) time, and with a bound.
    - `infeasible`, `left_out`: cells without a time to model: never reached; and missing, failed,
      before step 1, not positive, or with a factor that has no logarithm.
    - `note`: what the intervals rest on.
    """

    variable: str
    exponents: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    constant: float
    sigma: float
    used: int
    censored: int
    infeasible: int
    left_out: int
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, JSON-ready: NaN as None."""
        ends = {k: [None if np.isnan(x) else x for x in v] for k, v in self.intervals.items()}
        return asdict(self) | {"intervals": ends}


def fit_scaling(
    ds: xr.Dataset,
    variable: str = "t2",
    factors: Sequence[str] = ("alpha", "beta"),
    over: str = "seed",
    draws: int = DRAWS,
    seed: int = 0,
) -> Scaling:
    r"""Return the power law $t = c \prod_f f^{-k_f}$ that makes what is known of t most likely.

    $\log t = \log c - \sum_f k_f \log f + \sigma\varepsilon$ with $\varepsilon \sim N(0, 1)$: an
    exact time contributes its density, a bracketed one the probability of its bracket, one not
    reached the probability of being later. Leaving the last ones out, as least squares does, biases
    the exponents towards 0. The log-likelihood is concave in $k/\sigma$, $\log c/\sigma$ and
    $1/\sigma$, so Newton's method finds its one maximum, for all draws at once.

    The intervals are of a bootstrap over whole seeds, so that cells with the same data stay
    together; its quantiles are moved away from the estimate by
    $t_{0.975, S-1}\sqrt{S/(S-1)}/1.96$, without which those of few seeds S are too short.

    **Arguments:**

    - `ds`: the results of a sweep.
    - `variable`: `t1`, `t2` or `delay`, steps.
    - `factors`: axes, coordinates or variables with positive values.
    - `over`: the axis that is resampled. With one seed the cells are, and the note says so.
    - `draws`, `seed`: of the bootstrap.

    **Returns:** a `Scaling`.

    **Raises:** `InvalidInput` for a factor that is not in the sweep or has fewer than two values,
    for fewer than three known times, and if these do not determine all exponents.

    Source: Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data (2002), chapters
    2 and 3; the stretch is Hesterberg's, Am. Stat. 69 (2015).

    >>> from latebloom.sweeps.analysis.scaling import fit_scaling
    >>> beta = xr.DataArray([1e-5, 1e-4, 1e-3], dims="beta", coords={"beta": [1e-5, 1e-4, 1e-3]})
    >>> t2 = 7 / beta
    >>> kind = xr.full_like(t2, "exact", dtype="<U9")
    >>> cells = xr.Dataset({"t2": t2, "t2_low": t2, "t2_high": t2, "t2_kind": kind})
    >>> law = fit_scaling(cells, factors=("beta",))
    >>> round(law.exponents["beta"], 9), round(law.constant, 9), law.used
    (1.0, 7.0, 3)
    """
    check.integer("draws", draws, low=1)
    known = with_axis(passages(ds, variable), over)
    position = xr.DataArray(np.arange(known.sizes[over]), dims=over)
    parts = [known["low"], known["high"], known["kind"], position]
    parts += [_log_factor(ds, name) for name in factors]
    low, high, kind, seeds, *logs = (part.values.ravel() for part in xr.broadcast(*parts))
    X = np.column_stack([*(-log for log in logs), np.ones(kind.size)])
    usable = np.isfinite(X).all(axis=1) & ~np.isin(kind, ("", "infeasible"))
    times = usable & (kind != "censored") & (high >= 1) & ((kind != "exact") | (low >= 1))
    bounds = usable & (kind == "censored") & (low >= 1)
    _require_determined(X[times], factors, variable)
    kept = times | bounds
    # What begins before step 1 begins at 0: log t has no bound there.
    start = np.log(low, where=low >= 1, out=np.full(low.size, -np.inf))
    end = np.log(high, where=times, out=np.full(low.size, np.inf))
    fit = _Fit(X[kept], start[kept], end[kept])
    best = fit.most_likely(np.ones((1, int(kept.sum()))))[0]
    weight, stretch, note = _resampled(seeds[kept], X.shape[1], draws, seed)
    possible = fit.determined(weight)
    if not possible.all():
        note += f"; {(~possible).sum()} of {draws} draws left out: they determine no power law"
    if best[-1] < np.median(end[times] - start[times]) / 2:
        note += "; brackets are wider than the scatter, which the intervals do not show"
    ends = np.full((2, len(factors)), np.nan)
    if possible.any() and np.isfinite(stretch):
        drawn = fit.most_likely(weight[possible])[:, : len(factors)]
        middle = best[: len(factors)]
        ends = middle + stretch * (np.quantile(drawn, [TAIL, 1 - TAIL], axis=0) - middle)
    return Scaling(
        variable,
        {name: float(best[i]) for i, name in enumerate(factors)},
        {name: (float(ends[0, i]), float(ends[1, i])) for i, name in enumerate(factors)},
        float(np.exp(best[-2])),
        float(best[-1]),
        int(times.sum()),
        int(bounds.sum()),
        int((kind == "infeasible").sum()),
        int((~kept & (kind != "infeasible")).sum()),
        note,
    )


def _log_factor(ds: xr.Dataset, name: str) -> xr.DataArray:
    """Return log(factor), NaN where it has none."""
    value = factor(ds, name)
    log = xr.DataArray(np.log(value.where(value > 0)))
    if np.unique(log.values[np.isfinite(log.values)]).size < 2:
        raise InvalidInput(
            f"the factor '{name}' has fewer than two positive values: sweep it, or leave it out"
        )
    return log


def _require_determined(X: np.ndarray, factors: Sequence[str], variable: str) -> None:
    """Raise unless the cells with a known time determine the law."""
    if len(X) < FEWEST:
        raise InvalidInput(
            f"{len(X)} cells have a known {variable} >= 1: a power law needs at least {FEWEST}; "
            "lengthen the horizon (steps) or sweep more values"
        )
    if np.linalg.matrix_rank(X) < X.shape[1]:
        raise InvalidInput(
            f"the {len(X)} cells with a known {variable} do not tell the effects of "
            f"{', '.join(factors)} apart: lengthen the horizon (steps) or sweep more values"
        )


def _resampled(
    seeds: np.ndarray, columns: int, draws: int, seed: int
) -> tuple[np.ndarray, float, str]:
    """Return the weights of the cells in every draw, the stretch of the interval, and a note."""
    group = np.unique(seeds, return_inverse=True)[1]
    count, lost = int(group.max()) + 1, 1
    note = f"the intervals are of a bootstrap over {count} seeds"
    if count == 1:
        group, count, lost = np.arange(seeds.size), seeds.size, columns
        note = "one seed: the intervals are of a bootstrap over the cells"
    left = count - lost
    stretch = np.sqrt(count / left) * stdtrit(left, TAIL) / ndtri(TAIL) if left else np.nan
    return resample(count, draws, seed)[:, group], stretch, note


class _Fit:
    r"""The log-likelihood of $(k/\sigma, \log c/\sigma, 1/\sigma)$: concave in these parameters.

    Olsen (1978) for exact and censored times; Burridge (1981) for brackets. Every residual carries
    another SIGMA, which keeps $1/\sigma$ finite where there is no noise.
    """

    def __init__(self, X: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        self.known = known = np.isfinite(high)
        exact = high - low < NARROW
        # Columns of order 1, uncorrelated with the constant: Newton's equations are then solvable.
        self.centre, self.scale = X[known, :-1].mean(axis=0), X[known, :-1].std(axis=0)
        self.level = float(high[known].mean())
        self.X = np.column_stack([(X[:, :-1] - self.centre) / self.scale, X[:, -1]])
        self.groups = [np.flatnonzero(x) for x in (exact, ~known, known & ~exact)]
        self.open = np.isneginf(low[self.groups[2]])
        low = np.where(exact, (low + high) / 2, np.where(np.isneginf(low), high, low)) - self.level
        # Standardized ends are these rows times the parameters.
        self.low, self.high = (np.column_stack([-self.X, y]) for y in (low, high - self.level))

    def determined(self, weight: np.ndarray) -> np.ndarray:
        """Return which draws determine the law."""
        X = self.X[self.known]
        moments = _moment(weight[:, self.known], X, X)
        return np.linalg.matrix_rank(moments, hermitian=True, tol=1e-9 * len(X)) == X.shape[1]

    def most_likely(self, weight: np.ndarray) -> np.ndarray:
        """Return the most likely exponents, log c and sigma, one row per row of weights."""
        block = max(1, BLOCK // weight.shape[1])
        blocks = [self._newton(weight[k : k + block]) for k in range(0, len(weight), block)]
        theta = np.vstack(blocks)
        k = theta[:, :-2] / theta[:, -1:] / self.scale
        constant = self.level + theta[:, -2] / theta[:, -1] - k @ self.centre
        return np.column_stack([k, constant, 1 / theta[:, -1]])

    def _newton(self, weight: np.ndarray) -> np.ndarray:
        theta = np.zeros((len(weight), self.X.shape[1] + 1))
        theta[:, -1] = 1.0
        value, slope, curvature = self._terms(theta, weight)
        for _ in range(ITERATIONS):
            step = np.linalg.solve(-curvature, slope[..., None])[..., 0]
            gain = (slope * step).sum(axis=1)
            if (gain < DECREMENT).all():
                break
            size = np.minimum(1.0, 0.9 / np.maximum(-step[:, -1] / theta[:, -1], 0.9))  # sigma > 0
            while True:
                new = self._terms(theta + size[:, None] * step, weight)
                worse = (new[0] < value + 1e-4 * size * gain - 1e-12 * np.abs(value)) & (
                    size > 1e-9
                )
                if not worse.any():
                    break
                size = np.where(worse, size / 2, size)
            theta, (value, slope, curvature) = theta + size[:, None] * step, new
        return theta

    def _terms(
        self, theta: np.ndarray, weight: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the log-likelihood of every row of theta, its gradient and its Hessian."""
        rate, known = theta[:, -1], weight[:, self.known].sum(axis=1)
        exact, late, between = (weight[:, group] for group in self.groups)
        low, bound, left = (self.low[group] for group in self.groups)
        z, count = theta @ low.T, exact.sum(axis=1)
        value = count * np.log(rate) - 0.5 * (exact * z**2).sum(axis=1)
        slope, curvature = -(exact * z) @ low, -_moment(exact, low, low)
        value -= 0.5 * known * (SIGMA * rate) ** 2
        slope[:, -1] += count / rate - known * SIGMA**2 * rate
        curvature[:, -1, -1] -= count / rate**2 + known * SIGMA**2

        z = theta @ bound.T
        hazard = np.sqrt(2 / np.pi) / erfcx(z / np.sqrt(2))  # phi(z)/Phi(-z)
        value += (late * log_ndtr(-z)).sum(axis=1)
        slope -= (late * hazard) @ bound
        curvature -= _moment(late * hazard * (hazard - z), bound, bound)

        right = self.high[self.groups[2]]
        a, b = theta @ left.T, theta @ right.T
        log_share = _log_between(np.where(self.open, -np.inf, a), b)
        u, v = (np.exp(-z * z / 2 - LOG_ROOT - log_share) for z in (a, b))
        u = np.where(self.open, 0.0, u)
        value += (between * log_share).sum(axis=1)
        slope += (between * v) @ right - (between * u) @ left
        curvature += _moment(between * (a * u - u**2), left, left)
        curvature -= _moment(between * (b * v + v**2), right, right)
        cross = _moment(between * u * v, left, right)
        return value, slope, curvature + cross + cross.swapaxes(1, 2)


def _moment(weight: np.ndarray, rows: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the sum of weight * outer(row, other row), one matrix per row of weights."""
    size = rows.shape[1]
    outer = (rows[:, :, None] * other[:, None, :]).reshape(len(rows), size**2)
    return (weight @ outer).reshape(-1, size, size)


def _log_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    r"""Return $\log(\Phi(b) - \Phi(a))$, from the tail in which there are digits."""
    swap = a + b > 0
    a, b = np.where(swap, -b, a), np.where(swap, -a, b)
    top = log_ndtr(b)
    return top + np.log(-np.expm1(log_ndtr(a) - top))
