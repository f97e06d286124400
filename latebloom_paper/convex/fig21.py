"""Figure 21: training curves over the fraction tau of coherent rows, a panel for each N."""

import numpy as np
import xarray as xr

from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.statistic import median

STUDY = STUDIES["fig21"]
SEED = "problem.seed"


def later(cells: xr.Dataset) -> np.ndarray:
    """Return of every instance the fraction of pairs of neighbouring tau of which the larger one
    comes later, leaving out pairs of which neither is recovered."""
    t2 = cells["t2_high"].fillna(np.inf).transpose(SEED, "N", "tau").values
    first, second = (t.reshape(len(t2), -1) for t in (t2[..., :-1], t2[..., 1:]))
    seen = np.isfinite(first) | np.isfinite(second)
    decides = seen.any(axis=1)  # an instance that is never recovered decides nothing
    return ((second > first) & seen).sum(axis=1)[decides] / seen.sum(axis=1)[decides]


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the curves."""
    cells, others = (
        workspace.results(STUDY.sweep(key, workspace.quick), failures=True).load()
        for key in ("published", "instances")
    )
    figure = pictures.plot_panels(
        cells, "tau", "N", {"tau": r"$\tau$", "N": "N"}, columns=2, marks="t2_high"
    )
    rows = tuple(
        Comparison(
            f"largest tau with t2 by step 10^7, N = {N}",
            None,
            max((float(t) for t in cells["tau"].values if _seen(cells, N, t)), default=None),
            "seed 1",
        )
        for N in cells["N"].values
    )
    return STUDY.reproduction(rows, figure, {"fig21.later": median(later(others))})


def _seen(cells: xr.Dataset, N: int, tau: float) -> bool:
    """Return whether t2 was reached."""
    return bool(cells["t2_high"].sel(N=N, tau=tau) > 0)
