"""Figure 20: basis pursuit over s and N, for three fractions of coherent rows."""

from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.statistic import fraction

from .fig19 import INSTANCE, recovery

STUDY = STUDIES["fig20"]


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the fraction of recovered instances over s and N."""
    cells = recovery(workspace)
    recovered = (cells["recoverable"] == 1).mean("problem.seed").transpose("tau", "N", "s")
    flat = recovered.sel(tau=0.0).values
    mixed = (recovered * (1 - recovered) > 0).mean(["N", "s"])
    label = "cells of (N, s) in which some but not all are recovered, tau = "
    rows = [Comparison(f"{label}{float(one['tau']):g}", None, float(one), "share") for one in mixed]
    evidence = {"fig20.sharp": fraction((flat == 0) | (flat == 1))}
    return STUDY.reproduction(rows, pictures.plot_recovery(recovered), evidence, (INSTANCE,))
