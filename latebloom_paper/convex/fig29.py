"""Figure 29: the training curves behind Figure 6."""

import numpy as np

from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.passages import first_below, middles
from latebloom_paper.book.statistic import Statistic, fraction

from .completion_grid import FIG6, own_truths
from .completions import instances, seeds

STUDY = STUDIES["fig29"]
NAMES = {"alpha": r"$\alpha$", "beta": r"$\beta$"}
# The panels end here, beyond every t2.
SHOWN = 1e9


def evidence(workspace: Workspace) -> dict[str, Statistic]:
    """Return what decides the claims."""
    sweep = FIG6.sweep("strengths", workspace.quick)
    cells = workspace.results(sweep).load().transpose("problem.seed", "beta", ...)
    strong = cells.sel(beta=1e-3)
    trade = []
    for k, run in enumerate(instances(workspace)):
        step, error = (strong[f"trajectory_{name}"].values[k] for name in ("step", "test_error"))
        before, after = run.trajectory, (step, error)
        early = first_below(before["step"].values, before["test_error"].values, 1e-2)
        worse = float(strong["test_error"][k]) > float(before["test_error"][-1])
        trade.append(first_below(*after, 1e-2) < early and worse)
    never = ~np.isfinite(middles(cells, "t1").sel(beta=1e-1).values)
    return {"fig29.trade": fraction(trade), "fig29.large": fraction(never)}


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw both errors of every run, a panel for each alpha."""
    cells = own_truths(workspace)
    steps = cells["trajectory_step"]
    cells["trajectory_step"] = steps.where(steps <= SHOWN)
    figure = pictures.plot_panels(
        cells, "beta", "alpha", NAMES, columns=workspace.of(2, 3), marks="settled"
    )
    rows = tuple(
        Comparison(
            f"t2 alpha beta, beta {beta:.0e}",
            None,
            float((cells["settled"] * cells["alpha"] * beta).sel(beta=beta).median()),
            "median over alpha",
        )
        for beta in cells["beta"].values
    )
    last = seeds(workspace)[-1]
    return STUDY.reproduction(rows, figure, evidence(workspace), (FIG6.experiment,), last=last)
