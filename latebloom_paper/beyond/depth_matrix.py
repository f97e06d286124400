"""Depth in place of the nuclear norm: the matrix analogue of Figures 9, 17 and 18."""

import numpy as np
import xarray as xr

from latebloom_paper.book import STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.statistic import Statistic, fraction

STUDY = STUDIES["depth-matrix"]
DEPTHS, COMPLETED, FAR = (STUDY.settings[key] for key in ("depths", "completed", "far"))


def least(workspace: Workspace) -> xr.DataArray:
    """Return the least test error of every run, over `model` (by depth), N and instance."""
    cells = workspace.results(STUDY.sweep("grid", workspace.quick))
    found = cells["trajectory_test_error"].load().min("record")
    return found.transpose("model", "N", "problem.seed")


def evidence(workspace: Workspace) -> dict[str, Statistic]:
    """Return what decides the claims."""
    error = least(workspace)
    many, few = error.sel(N=80).values, error.sel(N=50).values
    return {
        "depth-matrix.two": fraction(many[1] <= COMPLETED),
        "depth-matrix.one": fraction(many[0] > FAR),
        "depth-matrix.three": fraction(few[2] < few[1]),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Run depths 1 to 3 over N; there is no published picture to compare with."""
    from latebloom.plots import plot_lines

    error = least(workspace)
    rows, lines = [], {}
    for k, depth in enumerate(DEPTHS):
        for N in error["N"].values:
            middle = float(np.median(error.isel(model=k).sel(N=N)))
            lines.setdefault(f"L = {depth}", []).append((N, middle))
            rows.append(Comparison(f"least test error, L = {depth}, N = {N}", None, middle))
    label = "least relative test error, median"
    figure = plot_lines(lines, "number of entries N (of 100)", label)
    kinds = STUDY.data["sweeps"]["grid"]["zip"][0]
    settings = [
        STUDY.changed({"model": model, "init": init}, f"depth-matrix depth={depth} N=60")
        for depth, model, init in zip(DEPTHS, kinds["model"], kinds["init"], strict=True)
    ]
    last = error["problem.seed"].values[-1]
    return STUDY.reproduction(rows, figure, evidence(workspace), settings, last=last)
