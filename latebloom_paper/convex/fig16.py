"""Figure 16: the run of Figure 7 on a linear and on a logarithmic axis."""

import numpy as np

from latebloom_paper.book import STUDIES, Reproduction, Workspace
from latebloom_paper.book.statistic import median

STUDY, FIG7 = STUDIES["fig16"], STUDIES["fig7"]


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the errors twice, and say how far apart they end."""
    from latebloom.plots import plot_mirage

    run = workspace.run(FIG7.changed({}, "fig7"))
    cells = workspace.results(FIG7.sweep("instances")).load().sel(N=30)
    steps, error = (cells[f"trajectory_{k}"].values for k in ("step", "test_error"))
    plateau = np.array(
        [np.median(e[(s >= 200) & (s <= 1e4)]) for s, e in zip(steps, error, strict=True)]
    )
    end, train = cells["test_error"].values, cells["train_error"].values
    rows = STUDY.compare({"final test error over its plateau": float(end[0] / plateau[0])})
    evidence = {"fig16.linear": median(end / plateau), "fig16.log": median(end / train)}
    return STUDY.reproduction(rows, plot_mirage(run), evidence)
