"""The published t2 of sweeps: where a curve settles, rather than where it passes a threshold."""

import numpy as np
import xarray as xr

from .passages import for_good

# The published plateau rule: within 5% of the last recorded values.
WITHIN = 0.05


def settled(ds: xr.Dataset, error: str = "test_error", within: float = WITHIN) -> xr.DataArray:
    """Return the first record from which the error stays within 5% of its last value.

    **Arguments:**

    - `ds`: the results of a sweep with this trajectory.
    - `error`: `test_error` or `train_error`.
    - `within`: relative.

    **Returns:** one step per cell, known to the distance of two records.

    >>> step = xr.DataArray(np.arange(4.0), dims="record")
    >>> error = xr.DataArray([1.0, 0.3, 0.21, 0.2], dims="record")
    >>> ds = xr.Dataset({"trajectory_step": step, "trajectory_test_error": error})
    >>> settled(ds, within=0.1).item()
    2.0
    """

    def since(errors: np.ndarray, steps: np.ndarray) -> float:
        seen = np.isfinite(steps) & np.isfinite(errors)
        steps, errors = steps[seen], errors[seen]
        if not seen.any():
            return np.nan
        return for_good(steps, np.abs(errors - errors[-1]) <= within * abs(errors[-1]))

    curves = ds[f"trajectory_{error}"], ds["trajectory_step"]
    return xr.apply_ufunc(since, *curves, input_core_dims=[["record"]] * 2, vectorize=True)


def on_record(step: float | None) -> float | None:
    """Return the first step at or after `step` that the published code records.

    >>> on_record(623), on_record(1130)
    (623, 2000)
    """
    return step if step is None or step <= 1000 else -(-int(step) // 1000) * 1000
