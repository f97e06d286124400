"""Figure 16: the run of Figure 7 on a linear and on a logarithmic axis."""

import numpy as np

from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import median
from latebloom_paper.book.workspace import Workspace

from .fig7 import SEEDS, fig7, instances


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the errors twice, and say how far apart they end."""
    from latebloom.plots import plot_mirage

    run = workspace.run(fig7().with_(name="fig7"))
    cells = workspace.results(instances()).load().sel(N=30)
    steps, error = (cells[f"trajectory_{k}"].values for k in ("step", "test_error"))
    plateau = np.array(
        [np.median(e[(s >= 200) & (s <= 1e4)]) for s, e in zip(steps, error, strict=True)]
    )
    end, train = cells["test_error"].values, cells["train_error"].values
    rows = (Comparison("final test error over its plateau", None, float(end[0] / plateau[0])),)
    notes = (
        "the published panels draw ||a||_1, the left one beside the l2 norm of the truth; here it "
        "is the l2 norm of both, which the penalty sees",
    )
    return Reproduction(
        "fig16",
        "Figure 16: one run, two axes",
        rows,
        plot_mirage(run),
        notes,
        {"fig16.linear": median(end / plateau), "fig16.log": median(end / train)},
        (fig7(),),
        f"picture: seed 1, as published; claims: seeds {SEEDS[0]} to {SEEDS[-1]}",
    )
