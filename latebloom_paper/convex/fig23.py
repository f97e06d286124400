"""Figure 23 (a): the curves of Figure 8 on a logarithmic axis, and what depends on tau."""

import xarray as xr

from latebloom_paper import pictures
from latebloom_paper.book import CORRECTED, STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.passages import middles
from latebloom_paper.book.statistic import Statistic, fraction

from .fig8 import certified, curves, plateau
from .fig28 import least_measurements

STUDY = STUDIES["fig23"]
SEED = "problem.seed"


def recoverable(workspace: Workspace, key: str) -> xr.DataArray:
    """Return which draws of a sweep the nuclear norm can recover."""
    return workspace.results(STUDY.sweep(key, workspace.quick))["recoverable"].load() == 1


def evidence(workspace: Workspace) -> dict[str, Statistic]:
    """Return what decides the claims."""
    by_tau = least_measurements(recoverable(workspace, "draws")).transpose("tau", SEED)
    by_rank = least_measurements(recoverable(workspace, "ranks")).isel(tau=0).transpose("r", SEED)
    fewer = by_tau.sel(tau=1.0).values < by_tau.sel(tau=0.0).values
    one, three = by_rank.sel(r=1).values, by_rank.sel(r=3).values
    matrix = middles(certified(workspace))
    vector = middles(workspace.results(STUDY.sweep("vector", workspace.quick)).load())
    later = vector.sel(tau=0.5).values > vector.sel(tau=0.0).values
    earlier = matrix.sel(tau=0.5).values < matrix.sel(tau=0.0).values
    return {
        "fig23.needed": fraction(fewer),
        "fig23.rank": fraction(three < one),
        "fig23.rank" + CORRECTED: fraction(three > one),
        "fig23.opposite": fraction(later & earlier),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the curves, times and errors against tau, and the entries that are needed."""
    cells, able = certified(workspace), recoverable(workspace, "draws")
    taus = cells["tau"].values
    by_tau = least_measurements(able).transpose(SEED, "tau")
    figure = pictures.plot_selection(
        curves(workspace),
        {"$t_1$": (taus, middles(cells, "t1").values), "$t_2$": (taus, middles(cells).values)},
        {
            "test, after $t_1$": (taus, plateau(cells).values),
            "test, in the end": (taus, cells["test_error"].values),
            "training, in the end": (taus, cells["train_error"].values),
        },
        {"r = 2": (by_tau["tau"].values, by_tau.values)},
    )
    middle = by_tau.median(SEED)
    by_rank = least_measurements(recoverable(workspace, "ranks")).isel(tau=0).median(SEED)
    rows = [
        *(
            Comparison(f"entries needed, tau = {tau:g}", None, float(middle.sel(tau=tau)), "median")
            for tau in taus
        ),
        *(
            Comparison(f"entries needed, r = {r}", None, float(by_rank.sel(r=r)), "tau = 0")
            for r in by_rank["r"].values
        ),
    ]
    for tau in taus:
        recovered = float(able.sel(N=70, tau=tau).mean())
        rows.append(Comparison(f"share recovered from 70 entries, tau = {tau:g}", None, recovered))
    return STUDY.reproduction(
        rows,
        figure,
        evidence(workspace),
        (STUDY.experiment, STUDY.changed({}, "sparse recovery for Figure 23", "sparse")),
        runs=cells[SEED].values[-1],
        draws=able[SEED].values[-1],
        N=", ".join(map(str, able["N"].values)),
    )
