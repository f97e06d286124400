"""Figure 22: errors and times against N, for several fractions tau of coherent rows."""

import numpy as np
import xarray as xr

from latebloom_paper import pictures
from latebloom_paper.book import CORRECTED, STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.statistic import Statistic, fraction, median

STUDY, FIG21 = STUDIES["fig22"], STUDIES["fig21"]
SEED, TIMES = "problem.seed", ("t1", "t2")
ENOUGH = FIG21.settings["enough"]


def evidence(cells: xr.Dataset, more: xr.Dataset) -> dict[str, Statistic]:
    """Return what decides the claims, on the grid and on more instances of its middle."""
    at = more.sel(N=ENOUGH)
    t2 = at["t2_high"].fillna(np.inf)
    error = at["test_error"]
    ratio = (error.sel(tau=1.0) / error.sel(tau=0.0)).values
    fit, end = (at[f"{name}_high"].sel(tau=[0.0, 0.5]).transpose("tau", SEED) for name in TIMES)
    (early, late), (before, after) = fit.values, end.values
    known = np.isfinite(fit.values).all(axis=0) & np.isfinite(end.values).all(axis=0)
    delays = ((after - late) / (before - early))[known]
    posed = cells["test_error"].notnull().values  # coherent rows may see nothing of the signal
    able = cells["recoverable"] == 1
    same, near = (
        cells["t2_high"].notnull() == able,
        (cells["test_error"] <= STUDY.settings["near"]) == able,
    )
    return {
        "fig22.later": fraction(t2.sel(tau=0.5).values > t2.sel(tau=0.0).values),
        "fig22.delay": median(delays),
        "fig22.delay" + CORRECTED: median((late / early)[known]),
        "fig22.never": fraction(np.isinf(t2.sel(tau=1.0).values)),
        "fig22.error": median(ratio),
        "fig22.error" + CORRECTED: median(ratio),
        "fig22.map": fraction(same.values[posed]),
        "fig22.map" + CORRECTED: fraction(near.values[posed]),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw errors and times over instances, and decide what coherent rows do to them."""
    quick = workspace.quick
    cells = workspace.results(FIG21.sweep("instances", quick), failures=True).load()
    more = cells
    if not quick:
        more = workspace.results(STUDY.sweep("middle"), failures=True).load()
    x, by = ("tau", "N") if quick else ("N", "tau")
    panels = {
        "train_error": "final train error",
        "test_error": "final test error",
        "t1_high": "$t_1$",
        "t2_high": "$t_2$",
    }
    names = {"N": "N", "tau": r"$\tau$"}
    figure = pictures.plot_summary(cells, x, by, names, panels, over=SEED)
    t2 = cells["t2_high"].sel(N=ENOUGH).fillna(np.inf).median(SEED)
    rows = tuple(
        Comparison(f"t2, N = {ENOUGH}, tau = {tau:g}", None, float(t2.sel(tau=tau)), "median")
        for tau in t2["tau"].values
    )
    seeds = "seeds 1 to 20" + ("" if quick else f"; N = {ENOUGH}: 1 to 40")
    return STUDY.reproduction(rows, figure, evidence(cells, more), seeds=seeds)
