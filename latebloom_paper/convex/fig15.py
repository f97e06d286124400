"""Figure 15: matrix sensing by proximal gradient."""

import numpy as np

from latebloom_paper.book import STUDIES, Reproduction, Workspace
from latebloom_paper.book.statistic import Statistic, fraction, median

from .fig14 import instances, rows_of

STUDY, NOTEBOOK = STUDIES["fig15"], STUDIES["fig15-notebook"]


def evidence(workspace: Workspace) -> dict[str, Statistic]:
    """Return what decides the claims."""
    proximal = instances(workspace, STUDY)
    ours, theirs = (
        workspace.results(
            STUDY.sweep("stepped", name=f"stepped, {method}", set={"method": method, "alpha": 0.2})
        )["t2"].values.astype(float)
        for method in ("ProximalGradient", "Subgradient")
    )
    both = np.isfinite(ours) & np.isfinite(theirs)
    return {
        "fig15.delay": fraction(proximal["verdict"].values == "grokked"),
        "fig15.same": median(ours[both] / theirs[both]),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the run of the text, and give the numbers of both data sets."""
    from latebloom.plots import plot_run

    settings = (STUDY.changed({}, "fig15"), NOTEBOOK.changed({}, "fig15-notebook"))
    run, other = workspace.each("picture", settings, engine="slow")
    last = instances(workspace, STUDY)["problem.seed"].values[-1]
    return STUDY.reproduction(
        rows_of((run, other)), plot_run(run), evidence(workspace), settings, last=last
    )
