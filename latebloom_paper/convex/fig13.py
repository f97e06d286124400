"""Figure 13: sparse recovery by ISTA, proximal gradient with a soft threshold."""

from latebloom.experiment import Experiment
from latebloom.methods import ProximalGradient
from latebloom_paper.book.reproduction import Reproduction
from latebloom_paper.book.statistic import share
from latebloom_paper.book.workspace import Workspace

from .fig27 import figure_of, pace, run_of, well_posed


def fig13(s: int = 5, N: int = 30) -> Experiment:
    """Return one run of the figure."""
    return run_of(ProximalGradient(0.1), s, N).with_(name=f"fig13 s={s} N={N}")


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the 40 runs; decide whether they grok, and as late."""
    method = ProximalGradient(0.1)
    cells, able = well_posed(workspace, method)
    evidence = {
        "fig13.delay": share(cells["verdict"].values[able] == "grokked"),
        "fig13.same": pace(workspace, method),
    }
    return figure_of(
        "fig13", "Figure 13: sparsity and measurements, ISTA", workspace, method, evidence
    )
