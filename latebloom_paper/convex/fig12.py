"""Figure 12: sparse recovery by projected subgradients, which fit the data in one step."""

import numpy as np

from latebloom.experiment import Experiment
from latebloom.methods import ProjectedSubgradient
from latebloom_paper.book.reproduction import Reproduction
from latebloom_paper.book.statistic import share
from latebloom_paper.book.workspace import Workspace

from .fig27 import figure_of, pace, run_of, well_posed

# Rounding of a projection on 40 equations.
ZERO = 1e-10


def fig12(s: int = 5, N: int = 30) -> Experiment:
    """Return one run of the figure."""
    return run_of(ProjectedSubgradient(0.1), s, N).with_(name=f"fig12 s={s} N={N}")


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the 40 runs; decide when they fit, when they recover, and what drives them."""
    method = ProjectedSubgradient(0.1)
    cells, able = well_posed(workspace, method)
    steps, train = (cells[f"trajectory_{k}"].values for k in ("step", "train_error"))
    zero = [np.nanmax(e[s >= 1]) <= ZERO for s, e in zip(steps, train, strict=True)]
    evidence = {
        "fig12.once": share(zero),
        "fig12.delay": share(cells["verdict"].values[able] == "grokked"),
        "fig12.alone": pace(workspace, method),
    }
    title = "Figure 12: sparsity and measurements, projected subgradients"
    return figure_of("fig12", title, workspace, method, evidence)
