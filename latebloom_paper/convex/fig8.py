"""Figure 8 (23b): choosing the entries to observe by their coherence, on a linear axis."""

import numpy as np
import xarray as xr

from latebloom_paper import pictures
from latebloom_paper.book import CORRECTED, STUDIES, Reproduction, Workspace
from latebloom_paper.book.passages import middles, value_at
from latebloom_paper.book.reproduction import one_draw
from latebloom_paper.book.statistic import Statistic, fraction, median

STUDY = STUDIES["fig8"]
ONE_DRAW = "published: one unseeded draw for each tau, and draws differ"


def curves(workspace: Workspace) -> xr.Dataset:
    """Return the runs of the picture over tau."""
    return workspace.results(STUDY.sweep("curves")).load().isel({"problem.seed": 0})


def certified(workspace: Workspace) -> xr.Dataset:
    """Return certified instances over seed and tau."""
    cells = workspace.results(STUDY.sweep("instances", workspace.quick)).load()
    return cells.transpose("problem.seed", "tau", ...)


def plateau(cells: xr.Dataset) -> xr.DataArray:
    """Return the test error after t1, the median over steps 300 to 3,000."""
    steps = cells["trajectory_step"]
    inside = (steps >= 300) & (steps <= 3000)
    return cells["trajectory_test_error"].where(inside).median("record")


def evidence(workspace: Workspace) -> dict[str, Statistic]:
    """Return what decides the claims."""
    cells = certified(workspace)
    t2 = middles(cells)
    none, all_ = (t2.sel(tau=tau).values for tau in (0.0, 1.0))
    # f(0) - 2 f(1/2) + f(1) of the parabola f.
    seen = np.isfinite(t2.values).all(axis=1)
    bent = 0.5 * np.polyfit(t2["tau"].values, np.log(t2.values[seen].T), 2)[0]
    late = all_ > 10 * middles(cells, "t1").sel(tau=1.0).values
    return {
        "fig8.sooner": fraction(all_ < none),
        "fig8.exponential": median(np.exp(bent)),
        "fig8.once": fraction(~late),
        "fig8.once" + CORRECTED: fraction(late),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw one certified instance for each tau, and compare the medians of many."""
    cells = certified(workspace)
    horizon = STUDY.experiment.steps
    t2 = dict(zip((0.5, 0.6, 0.7, 0.8, 0.9), STUDY.numbers("t2 (tau 0.5 ... 0.9)"), strict=True))
    late = dict(STUDY.readings["late"])
    levels = dict(zip((0.0, 0.9), STUDY.numbers("test plateau (tau 0 ... 0.9)"), strict=True))
    ends = value_at(cells["trajectory_test_error"], cells["trajectory_step"], horizon)
    rows = []
    for k, tau in enumerate(cells["tau"].values):
        for what, theirs, ours in (
            ("t2", t2, middles(cells)),
            ("test error at 5 10^6", late, ends),
            ("test error after t1", levels, plateau(cells)),
        ):
            if tau in theirs:
                values = np.asarray(ours)[:, k]
                rows.append(one_draw(f"{what}, tau = {tau:g}", theirs[tau], values, ONE_DRAW))
    t1 = middles(cells.sel(tau=0.0), "t1").values
    rows.append(one_draw("t1, tau = 0", STUDY.readings["t1"], t1, ONE_DRAW))
    figure = pictures.plot_selection_curves(curves(workspace), horizon)
    last = cells["problem.seed"].values[-1]
    return STUDY.reproduction(rows, figure, evidence(workspace), last=last)
