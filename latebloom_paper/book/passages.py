"""When something holds along a curve: first, for good, and of a run whose t2 is a bracket."""

import numpy as np
import xarray as xr
from jaxtyping import Bool, Num

from latebloom.runs import Run


def middle(run: Run) -> float:
    """Return t2 of a run, the middle of its bracket, infinite if it was not reached."""
    t2 = run.phases.t2
    return np.inf if t2.low is None or t2.high is None else 0.5 * (t2.low + t2.high)


def middles(ds: xr.Dataset, name: str = "t2") -> xr.DataArray:
    """Return t1 or t2 of every cell of a sweep, infinite where it was not reached."""
    return (0.5 * (ds[f"{name}_low"] + ds[f"{name}_high"])).fillna(np.inf)


def for_good(steps: Num[np.ndarray, " R"], holds: Bool[np.ndarray, " R"]) -> float:
    """Return the step of the record from which something holds until the end, else infinity.

    >>> for_good(np.array([0, 1, 2, 3]), np.array([True, False, True, True]))
    2.0
    """
    fails = np.flatnonzero(~holds)
    first = fails[-1] + 1 if fails.size else 0
    return float(steps[first]) if first < len(steps) else np.inf


def value_at(curve: xr.DataArray, steps: xr.DataArray, step: float) -> np.ndarray:
    """Return of every cell of a sweep the last value of a curve up to a step.

    >>> steps = xr.DataArray([[0.0, 5.0, 9.0, np.nan]], dims=("seed", "record"))
    >>> value_at(10 * steps, steps, 6).tolist()
    [50.0]
    """
    seen = (steps <= step) & curve.notnull()
    last = seen.sizes["record"] - 1 - seen.isel(record=slice(None, None, -1)).argmax("record")
    return curve.isel(record=last).values


def first_below(steps: Num[np.ndarray, " R"], errors: Num[np.ndarray, " R"], level: float) -> float:
    """Return when a curve first passes a level, between records a power law.

    **Arguments:**

    - `steps`, `errors`: the curve; records that are not finite are left out.
    - `level`: positive.

    **Returns:** the step, not whole, or infinity.

    >>> round(first_below(np.array([0, 9, 99]), np.array([1.0, 0.1, 0.001]), 0.01), 2)
    30.62
    """
    seen = np.isfinite(steps) & np.isfinite(errors)
    steps, errors = steps[seen], np.maximum(errors[seen], 1e-300)
    below = np.flatnonzero(errors <= level)
    if not below.size:
        return np.inf
    k = int(below[0])
    if k == 0:
        return float(steps[0])
    x, y = np.log(steps[k - 1 : k + 1] + 1.0), np.log(errors[k - 1 : k + 1])
    return float(np.exp(x[0] + (np.log(level) - y[0]) / (y[1] - y[0]) * (x[1] - x[0])) - 1)


def median_curve(
    cells: xr.Dataset, steps: np.ndarray, over: str = "problem.seed", name: str = "test_error"
) -> np.ndarray:
    """Return the median over instances of an error at the given steps.

    Runs also keep their own t1 and t2, so that records differ: errors are interpolated, on a
    logarithmic scale.

    **Arguments:**

    - `cells`: the results of a sweep over `over` alone, with trajectories.
    - `steps`: where, shape (k,).
    - `over`, `name`: the axis of the instances, and which error.

    **Returns:** shape (k,).
    """
    own = cells.transpose(over, "record", ...)
    curves = []
    for at, error in zip(
        own["trajectory_step"].values, own[f"trajectory_{name}"].values, strict=True
    ):
        seen = np.isfinite(at) & (error > 0)
        curves.append(np.interp(np.log1p(steps), np.log1p(at[seen]), np.log(error[seen])))
    return np.exp(np.median(curves, axis=0))
