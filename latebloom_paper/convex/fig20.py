"""Figure 20: basis pursuit over s and N, for three shares of coherent rows."""

import numpy as np

from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import share
from latebloom_paper.book.workspace import Workspace

from .fig19 import TAUS, TRIALS, fig19, recovery


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the share of recovered instances over s and N."""
    from latebloom_paper.pictures.coherence import plot_recovery

    cells = recovery(workspace)
    recovered = (cells["recoverable"] == 1).mean("problem.seed").transpose("tau", "N", "s")
    flat = recovered.sel(tau=0.0).values
    rows = tuple(
        Comparison(
            f"cells of (N, s) in which some but not all are recovered, tau = {tau:g}",
            None,
            float(np.mean((v := recovered.sel(tau=tau).values) * (1 - v) > 0)),
            "share",
        )
        for tau in TAUS
    )
    return Reproduction(
        "fig20",
        "Figure 20: where basis pursuit recovers",
        rows,
        plot_recovery(recovered),
        ("ours: the share of instances with a dual certificate; published: the mean error",),
        {"fig20.sharp": share((flat == 0) | (flat == 1))},
        (fig19(),),
        f"seeds {TRIALS[0]} to {TRIALS[-1]}",
    )
