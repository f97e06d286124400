"""From the results of a sweep to the points of the law t2 ~ 1/(alpha beta)."""

from typing import Any

import numpy as np
import xarray as xr

from latebloom.core.errors import InvalidInput


def law_rows(results: xr.Dataset) -> list[dict[str, Any]]:
    """Return one mapping per cell that was computed, for `latebloom.plots.plot_law`.

    **Arguments:**

    - `results`: as from `Store.open`, with `alpha` and `beta`.

    **Returns:** alpha, beta, `t2` (None if it is not known to the step; the middle of a bracket),
    `low` and `high` of a bracket, `error` in the end.

    **Raises:** `InvalidInput` if the results have no t2, no alpha or no beta.
    """
    for name in ("alpha", "beta", "t2"):
        if name not in results.variables:
            raise InvalidInput(f"the results have no {name!r}: there is no law to draw")
    names = ["alpha", "beta", "t2_low", "t2_high", "test_error", "status", "t2_kind"]
    grids = xr.broadcast(*(results[name] for name in names))
    cells = zip(*(grid.values.ravel() for grid in grids), strict=True)
    rows = []
    for alpha, beta, low, high, error, status, kind in cells:
        if status != "done":
            continue
        row: dict[str, Any] = {"alpha": float(alpha), "beta": float(beta), "t2": None}
        if kind in ("exact", "bracketed"):
            row["t2"] = 0.5 * (float(low) + float(high))
        if kind == "bracketed":
            row |= {"low": float(low), "high": float(high)}
        if np.isfinite(error):
            row["error"] = float(error)
        rows.append(row)
    return rows
