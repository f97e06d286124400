r"""Where a sweep turns from not generalizing to generalizing, and where two maps of it differ."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.optimize import isotonic_regression

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput

from .data import resample, with_axis
from .survival import ROUNDING, TAIL, passages

DRAWS = 400  # 10 of them lie beyond each end of the interval
MARGIN = 0.05  # one instance in twenty


def recovered(ds: xr.Dataset, threshold: float | None = None) -> xr.DataArray:
    r"""Return whether each cell generalized: 1, 0, or NaN where that is not known.

    **Arguments:**

    - `ds`: the results of a sweep.
    - `threshold`: None: t2, 1 if it was seen, 0 if it can never be, NaN if the run was too
      short or is missing. A number: whether the final test error is at most that, however long
      the run was.

    **Returns:** floats over the axes of the sweep.

    >>> from latebloom.sweeps.analysis.boundary import recovered
    >>> recovered(xr.Dataset({"test_error": ("N", [0.5, 1e-4, np.nan])}), 1e-3).values
    array([ 0.,  1., nan])
    """
    if threshold is None:
        kind = passages(ds, "t2")["kind"]
        known = xr.where(kind == "infeasible", 0.0, np.nan)
        return xr.where(kind.isin(["exact", "bracketed"]), 1.0, known)
    check.real("threshold", threshold, low=0, strict=True)
    if "test_error" not in ds:
        raise InvalidInput("the sweep has no 'test_error': leave out the threshold to ask for t2")
    return (ds["test_error"] <= threshold).astype(float).where(ds["test_error"].notnull())


def share(ds: xr.Dataset | xr.DataArray, over: str = "seed") -> xr.Dataset:
    r"""Return the fraction of cells that generalized, and the number of cells it is of.

    **Arguments:**

    - `ds`: the results of a sweep, or its `recovered`, or any array of 0, 1, NaN or booleans.
    - `over`: the axis that is counted.

    **Returns:** a Dataset of `share` (NaN if nothing is known) and `count` over the other axes.

    >>> from latebloom.sweeps.analysis.boundary import share
    >>> share(xr.DataArray([1.0, 0.0, 1.0, np.nan], dims="seed"))["count"].item()
    3
    """
    outcome = _outcome(ds, over)
    return xr.Dataset({"share": outcome.mean(over), "count": outcome.count(over)})


def boundary(
    ds: xr.Dataset | xr.DataArray,
    along: str = "N",
    across: str = "s",
    over: str = "seed",
    level: float = 0.5,
    draws: int = DRAWS,
    seed: int = 0,
    increasing: bool | None = None,
) -> xr.Dataset:
    r"""Return where along one axis the fraction of generalizing cells crosses a level.

    The fraction along the axis is replaced by the nearest monotone one (isotonic regression,
    weighted by the counts) and interpolated linearly; the interval is of a bootstrap over whole
    seeds. A draw that jumps from 0 to 1 between two neighbours shows only that the crossing lies
    between them, and counts with both: no interval is shorter than the grid resolves.

    **Arguments:**

    - `ds`: the results of a sweep, or its `recovered`, or any array of 0, 1, NaN or booleans.
    - `along`: the axis, numeric, on which the crossing is sought.
    - `across`: the axis for each of whose values there is one; any further axes are kept too.
    - `over`: the axis that is counted and resampled.
    - `level`: of the fraction, in (0, 1).
    - `draws`, `seed`: of the bootstrap.
    - `increasing`: whether the fraction grows along the axis; None: what the data show.

    **Returns:** a Dataset of `value`, of `low` and `high`, the ends of the 95% interval (infinite:
    beyond the grid), and of `side`: "" or where the crossing is if `value` is NaN ("below the
    grid", "above the grid", or "unknown").

    **Raises:** `InvalidInput` for an axis that does not exist or is not numeric.

    Source: Barlow and Brunk, J. Am. Stat. Assoc. 67 (1972), for isotonic regression.

    >>> from latebloom.sweeps.analysis.boundary import boundary
    >>> outcome = xr.DataArray([[[0.0, 0.0], [0.0, 1.0], [1.0, 1.0]]], dims=("s", "N", "seed"))
    >>> boundary(outcome.assign_coords(N=[10, 20, 30])).value.item()
    20.0
    """
    if not 0 < level < 1:
        raise InvalidInput(f"level = {level!r}: must be in (0, 1); 0.5 is where half generalize")
    check.integer("draws", draws, low=1)
    outcome = _outcome(ds, over)
    for name in (along, across):
        with_axis(outcome, name, optional=over)
    if len({along, across, over}) < 3:
        raise InvalidInput(f"along, across, over = {along}, {across}, {over}: must be three axes")
    x = outcome[along].values
    if x.dtype.kind not in "iuf":
        raise InvalidInput(f"the axis '{along}' is not numeric: a crossing needs numbers")
    order = np.argsort(x)
    x = x[order].astype(float)
    outcome = outcome.transpose(..., along, over)
    cells = outcome.values[..., order, :]
    if increasing is None:
        mean = _shares(cells, np.ones((1, cells.shape[-1])))[0][0]
        known = ~np.isnan(mean)
        ordinates = np.broadcast_to(x, mean.shape)[known]
        centred = mean[known] - mean[known].sum() / max(known.sum(), 1)
        increasing = bool((centred * ordinates).sum() >= 0)
    sign = 1.0 if increasing else -1.0
    n = cells.shape[-1]
    weight = np.vstack([np.ones(n), resample(n, draws, seed)])
    shares, counts = _shares(cells, weight)
    shape = shares.shape[1:-1]
    ends = np.array(
        [
            _crossing(sign * x[:: int(sign)], s[:: int(sign)], c[:: int(sign)], level)
            for s, c in zip(shares.reshape(-1, x.size), counts.reshape(-1, x.size), strict=True)
        ]
    ).reshape(draws + 1, *shape, 3)
    if not increasing:
        ends = -ends[..., [0, 2, 1]]
    middle = ends[0, ..., 0]
    low, high = (_end(ends[1:, ..., i], tail) for i, tail in ((1, TAIL), (2, 1 - TAIL)))
    dims = outcome.dims[:-2]
    side = np.select(
        [np.isfinite(middle), middle > 0, middle < 0],
        ["", "above the grid", "below the grid"],
        "unknown",
    )
    found = {"value": np.where(np.isfinite(middle), middle, np.nan), "low": low, "high": high}
    coords = {k: v for k, v in outcome.coords.items() if not {along, over} & set(v.dims)}
    attrs = {"along": along, "level": level, "increasing": int(increasing)}
    arrays = {k: (dims, v) for k, v in {**found, "side": side}.items()}
    return xr.Dataset(arrays, coords, attrs)


def _outcome(ds: xr.Dataset | xr.DataArray, over: str) -> xr.DataArray:
    """Return the outcomes of all cells, as floats, with the axis `over`."""
    outcome = recovered(ds) if isinstance(ds, xr.Dataset) else ds
    return with_axis(outcome.astype(float), over)


def _shares(cells: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the fraction and the count of every cell, one array per row of weights."""
    counts = np.moveaxis((~np.isnan(cells)).astype(float) @ weight.T, -1, 0)
    sums = np.moveaxis(np.nan_to_num(cells) @ weight.T, -1, 0)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0), counts


def _crossing(
    x: np.ndarray, shares: np.ndarray, counts: np.ndarray, level: float
) -> tuple[float, float, float]:
    """Return where an increasing fraction crosses, and the ends between which it may do so."""
    seen = counts > 0
    if not seen.any():
        return np.nan, np.nan, np.nan
    x = x[seen]
    y = isotonic_regression(shares[seen], weights=counts[seen]).x
    y = np.where(np.abs(y - level) < ROUNDING, level, y)
    if y[-1] < level or y[0] > level:
        beyond = np.inf if y[-1] < level else -np.inf
        return beyond, beyond, beyond
    k = int(np.argmax(y >= level))
    last = int(y.size - 1 - np.argmax(y[::-1] <= level))  # the last at or below the level
    if y[k] == level:  # a step at the level: its middle
        middle = 0.5 * (x[k] + x[last])
        return middle, middle, middle
    middle = x[last] + (level - y[last]) / (y[k] - y[last]) * (x[k] - x[last])
    jump = y[last] == 0 and y[k] == 1
    return middle, (x[last] if jump else middle), (x[k] if jump else middle)


def _end(draws: np.ndarray, tail: float) -> np.ndarray:
    """Return a quantile over the draws; it may be infinite, and NaN draws are left out."""
    found = np.full(draws.shape[1:], np.nan)
    for cell in np.ndindex(found.shape):
        known = draws[(slice(None), *cell)]
        known = known[~np.isnan(known)]
        if known.size:
            found[cell] = np.quantile(known, tail, method="inverted_cdf")
    return found


@dataclass(frozen=True)
class Agreement:
    r"""How often two maps of the same instances agree.

    **Fields:**

    - `share`, `cells`: of the instances that both know, the fraction with equal outcomes, and their
      number. NaN if there is none.
    - `share_away`, `cells_away`: the same away from the boundary.
    - `margin`: what counts as away.
    - `unknown`: instances that at least one of the two does not know.
    - `disagreeing`: the coordinates of every instance with different outcomes.
    """

    share: float
    cells: int
    share_away: float
    cells_away: int
    margin: float
    unknown: int
    disagreeing: tuple[dict[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, JSON-ready: a fraction of nothing as None."""
        return {k: None if v != v else v for k, v in asdict(self).items()}


def agreement(
    first: xr.DataArray,
    second: xr.DataArray,
    along: str = "N",
    across: str = "s",
    over: str = "seed",
    margin: float = MARGIN,
) -> Agreement:
    r"""Return how often two outcomes agree on the same instances, such as gradient descent and
    basis pursuit.

    Near the boundary an instance can go either way for reasons of tolerance; away from it, where
    the second map recovers a fraction of at most `margin` or at least 1 - `margin` of the instances
    at (along, across), a disagreement is an error of one of the two.

    **Arguments:**

    - `first`, `second`: 0, 1 and NaN, or booleans, with equal axes and coordinates.
    - `along`, `across`, `over`: their three axes; one instance per value of `over`.
    - `margin`: in [0, 0.5].

    **Raises:** `InvalidInput` for other axes, and coordinates that differ.

    >>> from latebloom.sweeps.analysis.boundary import agreement
    >>> map = xr.DataArray(np.eye(2)[..., None], dims=("N", "s", "seed"))
    >>> agreement(map, map == 1).share
    1.0
    """
    check.real("margin", margin, low=0)
    if margin > 0.5:
        raise InvalidInput(f"margin = {margin!r}: must be in [0, 0.5]")
    axes = (across, along, over)
    for name, data in (("first", first), ("second", second)):
        if set(data.dims) != set(axes):
            raise InvalidInput(
                f"{name} has the axes {', '.join(map(str, data.dims))}: must be {', '.join(axes)}; "
                "select one value of every other axis"
            )
    try:
        first, second = xr.align(first, second, join="exact")
    except ValueError:
        raise InvalidInput(
            "first and second have different coordinates: give the same instances to both"
        ) from None
    first, second = (x.astype(float).transpose(*axes) for x in (first, second))
    both = (first.notnull() & second.notnull()).values
    equal = (first.values == second.values) & both
    of_second = second.mean(over).values[..., None]
    away = both & ((of_second <= margin) | (of_second >= 1 - margin))
    coords = [first[name].values for name in axes]
    where = [
        {name: c[i].item() for name, c, i in zip(axes, coords, cell, strict=True)}
        for cell in np.argwhere(both & ~equal)
    ]
    return Agreement(
        float(equal.sum() / both.sum()) if both.any() else np.nan,
        int(both.sum()),
        float((equal & away).sum() / away.sum()) if away.any() else np.nan,
        int(away.sum()),
        margin,
        int((~both).sum()),
        tuple(where),
    )
