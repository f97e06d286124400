"""The published t2 of sweeps: where a curve settles, rather than where it passes a threshold."""

import numpy as np
import xarray as xr

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
    steps = ds["trajectory_step"]
    errors = ds[f"trajectory_{error}"].transpose(..., "record")
    steps = steps.broadcast_like(errors).transpose(*errors.dims)
    flat_steps = steps.values.reshape(-1, steps.sizes["record"])
    flat = errors.values.reshape(flat_steps.shape)
    found = np.full(len(flat), np.nan)
    for i, (s, e) in enumerate(zip(flat_steps, flat, strict=True)):
        seen = np.isfinite(s) & np.isfinite(e)
        if not seen.any():
            continue
        s, e = s[seen], e[seen]
        away = np.flatnonzero(np.abs(e - e[-1]) > within * abs(e[-1]))
        found[i] = s[away[-1] + 1] if away.size else s[0]
    shape = errors.shape[:-1]
    kept = {k: v for k, v in errors.coords.items() if "record" not in v.dims}
    return xr.DataArray(found.reshape(shape), dims=errors.dims[:-1], coords=kept)


def on_record(step: float | None) -> float | None:
    """Return the first step at or after `step` that the published code records.

    >>> on_record(623), on_record(1130)
    (623, 2000)
    """
    return step if step is None or step <= 1000 else -(-int(step) // 1000) * 1000
