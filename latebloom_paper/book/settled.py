"""The published t2 of sweeps: where a curve settles, rather than where it passes a threshold."""

import numpy as np
import xarray as xr
from jaxtyping import Bool, Num

from .passages import for_good
from .reproduction import Comparison

# The published rule: the first two records in a row within 5% of the mean of the last three.
WITHIN, IN_A_ROW, LAST = 0.05, 2, 3


def settled(
    ds: xr.Dataset,
    error: str = "test_error",
    stays: bool = False,
    end: xr.DataArray | float = np.nan,
    least: float = 0.0,
) -> xr.DataArray:
    """Return the record at which the error has settled, infinite where it has not.

    Its authors' rule takes the first two records in a row within 5% of the mean of the last three;
    a curve that crosses this band slowly has settled by it. The stricter rule takes the first
    record from which the error stays within 5% of its last value.

    **Arguments:**

    - `ds`: the results of a sweep with this trajectory.
    - `error`: `test_error` or `train_error`.
    - `stays`: take the stricter rule.
    - `end`: the error in the end where it is known, NaN where the last records tell it.
    - `least`: differences up to this are none: the accuracy of the curve.

    **Returns:** one step per cell, known to the distance of two records.

    >>> step = xr.DataArray(np.arange(6.0), dims="record")
    >>> error = xr.DataArray([1.0, 0.21, 0.2, 0.9, 0.2, 0.2], dims="record")
    >>> ds = xr.Dataset({"trajectory_step": step, "trajectory_test_error": error})
    >>> settled(ds, end=0.2).item(), settled(ds, stays=True).item()
    (1.0, 4.0)
    """

    def since(errors: np.ndarray, steps: np.ndarray, known: float) -> float:
        seen = np.isfinite(steps) & np.isfinite(errors)
        steps, errors = steps[seen], errors[seen]
        if not seen.any():
            return np.nan
        level = errors[-1 if stays else -LAST :].mean() if np.isnan(known) else known
        near = np.abs(errors - level) <= max(WITHIN * abs(level), least)
        return for_good(steps, near) if stays else first_in_a_row(steps, near)

    curves = ds[f"trajectory_{error}"], ds["trajectory_step"], xr.DataArray(end)
    return xr.apply_ufunc(since, *curves, input_core_dims=[["record"]] * 2 + [[]], vectorize=True)


def both_rules(cells: xr.Dataset) -> list[Comparison]:
    """Return the rows that compare `stays` with `settled`, t2 of a sweep's cells by either rule.

    >>> cells = xr.Dataset({"settled": ("k", [2.0, np.inf]), "stays": ("k", [3.0, np.inf])})
    >>> [(float(row.ours), row.why) for row in both_rules(cells)]
    [(1.5, '1 of 2 runs'), (1.5, '1 of 2 runs')]
    """
    first, last = cells["settled"].values.ravel(), cells["stays"].values.ravel()
    seen = np.isfinite(first) & np.isfinite(last) & (first > 0)
    found, why = last[seen] / first[seen], f"{seen.sum()} of {seen.size} runs"
    words = "t2 from where it stays near the end, over that of the published rule"
    ends = (found.min(), found.max()) if found.size else (None, None)
    return [
        Comparison(f"{words}, {which}", None, end, why)
        for which, end in zip(("least", "largest"), ends, strict=True)
    ]


def first_in_a_row(
    steps: Num[np.ndarray, " R"], holds: Bool[np.ndarray, " R"], count: int = IN_A_ROW
) -> float:
    """Return the first of `count` records in a row at which something holds, else infinity.

    >>> first_in_a_row(np.array([0, 1, 2, 3]), np.array([True, False, True, True]))
    2.0
    """
    runs = np.convolve(holds, np.ones(count), "valid") == count if len(holds) >= count else []
    first = np.flatnonzero(runs)
    return float(steps[first[0]]) if first.size else np.inf


def on_records(ds: xr.Dataset, steps: np.ndarray, error: str = "test_error") -> xr.Dataset:
    """Return the curves of a sweep at other steps, between records a power law.

    **Arguments:**

    - `ds`: the results of a sweep with this trajectory, positive.
    - `steps`: where, shape (k,); NaN beyond the end of a curve.

    >>> step = xr.DataArray([0.0, 9.0, 99.0], dims="record")
    >>> ds = xr.Dataset({"trajectory_step": step, "trajectory_test_error": 1 / (step + 1)})
    >>> on_records(ds, np.array([4.0, 19.0]))["trajectory_test_error"].values.round(6).tolist()
    [0.2, 0.05]
    """

    def at(errors: np.ndarray, own: np.ndarray) -> np.ndarray:
        seen = np.isfinite(own) & (errors > 0)
        found = np.interp(np.log1p(steps), np.log1p(own[seen]), np.log(errors[seen]), right=np.nan)
        return np.exp(found)

    name = f"trajectory_{error}"
    curves = xr.apply_ufunc(
        at,
        ds[name],
        ds["trajectory_step"],
        input_core_dims=[["record"]] * 2,
        output_core_dims=[["at"]],
        vectorize=True,
    )
    found = {name: curves, "trajectory_step": ("at", steps.astype(float))}
    return xr.Dataset(found).rename(at="record")


def on_record(step: float | None) -> float | None:
    """Return the first step at or after `step` that the published code records.

    >>> on_record(623), on_record(1130)
    (623, 2000)
    """
    return step if step is None or step <= 1000 else -(-int(step) // 1000) * 1000
