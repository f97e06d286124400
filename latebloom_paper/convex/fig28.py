"""Figure 28: errors, t1 and t2 against the number of measurements, for several sparsities."""

import numpy as np
import xarray as xr

from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.statistic import fraction, median

STUDY = STUDIES["fig28"]
SEED = "problem.seed"


def least_measurements(recovered: xr.DataArray) -> xr.DataArray:
    """Return the smallest N from which on all recover, infinite if even the largest does not.

    **Arguments:**

    - `recovered`: truth values over N, increasing, and other axes.

    >>> got = xr.DataArray([True, False, True], dims="N", coords={"N": [10, 20, 30]})
    >>> least_measurements(got).item()
    30.0
    """
    N = recovered["N"].values
    fails = (~recovered.transpose(..., "N").values).astype(int)
    # The last failure, counted from the end.
    after = np.argmax(fails[..., ::-1], axis=-1)
    last = len(N) - 1 - after
    first = np.where(fails.any(axis=-1), last + 1, 0)
    values = np.append(N.astype(float), np.inf)[first]
    other = recovered.transpose(..., "N").isel(N=0, drop=True)
    return xr.DataArray(values, dims=other.dims, coords=other.coords)


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw medians over instances, and count the measurements that are needed."""
    cells = workspace.results(STUDY.sweep("instances", workspace.quick)).load()
    t2 = 0.5 * (cells["t2_low"] + cells["t2_high"])
    needed = least_measurements(cells["test_error"] <= STUDY.settings["recovered"])
    needed = needed.transpose(SEED, "s").values
    five = t2.sel(s=5).transpose(SEED, "N")
    early, late = (five.sel(N=N).values for N in (40, 80))
    seen = np.isfinite(early) & np.isfinite(late)
    evidence = {
        "fig28.sparsity": fraction(needed[:, -1] > needed[:, 0]),
        "fig28.delay": median((late / early)[seen]),
    }
    cells["middle"] = t2
    panels = {
        "train_error": "final train error",
        "test_error": "final test error",
        "t1_high": "$t_1$",
        "middle": "$t_2$",
    }
    figure = pictures.plot_summary(cells, "N", "s", {"s": "s", "N": "N"}, panels, over=SEED)
    rows = [
        Comparison(f"measurements needed, s = {s}", None, float(np.median(needed[:, k])), "median")
        for k, s in enumerate(cells["s"].values)
    ]
    return STUDY.reproduction(rows, figure, evidence)
