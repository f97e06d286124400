"""Figures 12, 13 and 27: training curves over sparsity s and number of measurements N.

They differ in the method: subgradients, projected subgradients, proximal gradient (ISTA).
"""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Reproduction, Study, Workspace
from latebloom_paper.book.statistic import Statistic, fraction, median

STUDY, PROJECTED, PROXIMAL = (STUDIES[name] for name in ("fig27", "fig12", "fig13"))
# Where recovery by basis pursuit is nearly sure: the claims about pace are decided there.
WELL_POSED = {"s": 5, "N": 40}
# Rounding of a projection on 40 equations.
ZERO = 1e-10


def results(
    workspace: Workspace, study: Study, key: str, name: str = "", quick: bool = False
) -> xr.Dataset:
    """Return the results of a sweep of Figure 27 with the method of another figure.

    **Arguments:**

    - `workspace`: where results are kept.
    - `study`: the other figure.
    - `key`: of the sweep of Figure 27; `quick`: whether it is taken at its quick size.
    - `name`: a label of the sweep, to which the method is added.
    """
    own = {"name": f"{name}, {type(study.experiment.method).__name__}"} if name else {}
    return workspace.results(STUDY.sweep(key, quick, base=study.experiment, **own)).load()


def pace(workspace: Workspace, study: Study) -> Statistic:
    """Return t2 of a method over that of the subgradient method."""
    own, other = (
        results(workspace, one, "stepped", "stepped")["t2"].values.astype(float)
        for one in (study, STUDY)
    )
    both = np.isfinite(own) & np.isfinite(other)
    return median(own[both] / other[both])


def well_posed(workspace: Workspace, study: Study) -> tuple[xr.Dataset, Statistic]:
    """Return the instances at s = 5, N = 40, and the fraction of those that basis pursuit recovers
    which grok."""
    name = "instances over s and N"
    cells = results(workspace, study, "instances", name, workspace.quick).sel(WELL_POSED)
    able = results(workspace, study, "recoverable")["recoverable"].sel(WELL_POSED).values == 1
    return cells, fraction(cells["verdict"].values[able] == "grokked")


def figure_of(
    workspace: Workspace, study: Study, evidence: Mapping[str, Statistic]
) -> Reproduction:
    """Return one of the three figures: its picture and the plateau that all of them show."""
    cells = results(workspace, study, "published", "s by N")
    figure = pictures.plot_panels(cells, "N", "s", {"s": "s", "N": "N"}, marks="t2_high")
    seen = float(np.isfinite(cells["t2_high"].values).sum())
    rows = study.compare({"runs of 40 with t2 by step 10^6": seen})
    return study.reproduction(rows, figure, evidence)


def fig27(workspace: Workspace) -> Reproduction:
    """Draw the 40 runs; decide whether they grok."""
    _, late = well_posed(workspace, STUDY)
    return figure_of(workspace, STUDY, {"fig27.delay": late})


def fig12(workspace: Workspace) -> Reproduction:
    """Draw the 40 runs; decide when they fit, when they recover, and what drives them."""
    cells, late = well_posed(workspace, PROJECTED)
    steps, train = (cells[f"trajectory_{k}"].values for k in ("step", "train_error"))
    zero = [np.nanmax(e[s >= 1]) <= ZERO for s, e in zip(steps, train, strict=True)]
    evidence = {
        "fig12.once": fraction(zero),
        "fig12.delay": late,
        "fig12.alone": pace(workspace, PROJECTED),
    }
    return figure_of(workspace, PROJECTED, evidence)


def fig13(workspace: Workspace) -> Reproduction:
    """Draw the 40 runs; decide whether they grok, and as late."""
    _, late = well_posed(workspace, PROXIMAL)
    evidence = {"fig13.delay": late, "fig13.same": pace(workspace, PROXIMAL)}
    return figure_of(workspace, PROXIMAL, evidence)
