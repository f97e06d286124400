"""Figure 15: matrix sensing by proximal gradient."""

import numpy as np

from latebloom.experiment import Experiment
from latebloom.methods import Method, ProximalGradient, Subgradient
from latebloom.penalties import Nuclear
from latebloom.sweeps import Sweep
from latebloom_paper.book.reproduction import Reproduction
from latebloom_paper.book.statistic import Statistic, median, share
from latebloom_paper.book.workspace import Workspace

from .fig14 import completion, instances, rows_of, seeds, sensing


def fig15() -> Experiment:
    """Return matrix sensing by proximal gradient."""
    return sensing(ProximalGradient(0.1), "fig15")


def fig15_notebook() -> Experiment:
    """Return matrix completion by proximal gradient."""
    return completion(ProximalGradient(0.1), "fig15-notebook")


def stepped(workspace: Workspace, method: Method) -> Sweep:
    """Return instances stepped until they generalize: the flow is the same for both methods.

    `alpha` is twice the figure's, and half as many steps do.
    """
    base = sensing(method, "fig15 stepped")
    base = base.with_(penalty=Nuclear(1e-3), steps=15_000, thresholds=(0.1, 0.1))
    name = f"stepped, {type(method).__name__}"
    return Sweep(base, {"problem.seed": seeds(workspace)[:20]}, engine="step", name=name)


def evidence(workspace: Workspace) -> dict[str, Statistic]:
    """Return what decides the claims."""
    proximal = workspace.results(instances(workspace, fig15())).load()
    ours, theirs = (
        workspace.results(stepped(workspace, method))["t2"].values.astype(float)
        for method in (ProximalGradient(0.2), Subgradient(0.2))
    )
    both = np.isfinite(ours) & np.isfinite(theirs)
    return {
        "fig15.delay": share(proximal["verdict"].values == "grokked"),
        "fig15.same": median(ours[both] / theirs[both]),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the run of the text, and give the numbers of both data sets."""
    from latebloom.plots import plot_run

    run, other = workspace.each("picture", (fig15(), fig15_notebook()), engine="slow")
    return Reproduction(
        "fig15",
        "Figure 15: low-rank grokking by proximal gradient",
        rows_of((run, other)),
        plot_run(run),
        ("picture and claims: the matrix sensing of the text, engine slow",),
        evidence(workspace),
        (fig15(), fig15_notebook()),
        f"picture: seed 0 (fig15-notebook: 3); "
        f"claims: seeds 0 to {seeds(workspace)[-1]}, certified",
    )
