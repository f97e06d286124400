"""Figure 18: errors and settling times against N, for several depths."""

import numpy as np
import xarray as xr

from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.passages import value_at
from latebloom_paper.book.reproduction import negative_norm
from latebloom_paper.book.settled import settled
from latebloom_paper.book.statistic import median

from .fig9 import published, times

STUDY = STUDIES["fig18"]


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the least errors and where both errors settle."""
    cells = published(workspace)
    drawn = xr.Dataset(
        {
            "train": cells["trajectory_train_error"].min("record"),
            "test": cells["trajectory_test_error"].min("record"),
            "t1": settled(cells, "train_error"),
            "t2": settled(cells),
        }
    )
    panels = {
        "train": "least train error",
        "test": "least test error",
        "t1": "$t_1$ (settled)",
        "t2": "$t_2$ (settled)",
    }
    figure = pictures.plot_summary(drawn, "N", "L", {"N": "N", "L": "depth L"}, panels)
    _, t2, _ = times(workspace)
    seen = np.isfinite(t2[2])
    evidence = {"fig18.later": median((t2[3] / t2[2])[seen])}
    if not workspace.quick:
        run = workspace.results(STUDY.sweep("longer")).load()
        early = value_at(run["trajectory_test_error"], run["trajectory_step"], 1e6)
        seeds = run["problem.seed"].values
        changes = [{"N": 100, "problem.seed": int(seed)} for seed in seeds]
        truths = [STUDY.truth(change) for change in changes]
        floor = np.array([negative_norm(a) / np.linalg.norm(a) for a in truths])
        excess = (run["test_error"].values - floor) / (early - floor)
        evidence["fig18.undertrained"] = median(excess)
    rows = [
        Comparison(f"least test error, L = {L}, N = 100", None, float(least))
        for L, least in zip(drawn["L"].values, drawn["test"].sel(N=100).values, strict=True)
    ]
    return STUDY.reproduction(rows, figure, evidence)
