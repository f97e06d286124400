"""Curves of many instances at equal steps."""

import numpy as np
import xarray as xr


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
