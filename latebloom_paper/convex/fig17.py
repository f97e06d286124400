"""Figure 17: training curves over depth, a panel for each number of measurements."""

import xarray as xr

from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.statistic import median

from .fig9 import published, times

STUDY = STUDIES["fig17"]


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the curves of all depths."""
    cells = published(workspace)
    figure = pictures.plot_panels(cells, "L", "N", {"L": "depth L", "N": "N"}, log=False)
    t1, _, _ = times(workspace)
    rows = [
        Comparison(
            f"largest N without recovery of the positive part, L = {L}",
            None,
            _largest_failing(cells, L),
            "relative test error above 0.15 in the end, seed 1",
        )
        for L in cells["L"].values
    ]
    return STUDY.reproduction(rows, figure, {"fig17.longer": median(t1[3] / t1[2])})


def _largest_failing(cells: xr.Dataset, L: int) -> float | None:
    """Return the largest N at which the error stays above what the negative entries leave."""
    error = cells["test_error"].sel(L=L)
    return max((float(N) for N in error["N"].values if float(error.sel(N=N)) > 0.15), default=None)
