"""Figure 18: errors and settling times against N, for several depths."""

import numpy as np
import xarray as xr

from latebloom.problems import SparseRecovery
from latebloom.sweeps import Sweep
from latebloom_paper.book.passages import value_at
from latebloom_paper.book.reproduction import Comparison, Reproduction, negative_norm
from latebloom_paper.book.settled import settled
from latebloom_paper.book.statistic import median
from latebloom_paper.book.workspace import Workspace

from .fig9 import CURVES, SEEDS, by_depth, fig9, published, times


def longer() -> Sweep:
    """Return depth 4 at N = 100, four times as long."""
    base = fig9(4, 100).with_(steps=4_000_000)
    return Sweep(base, {"problem.seed": SEEDS}, trajectories=CURVES, name="depth 4, longer")


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the least errors and where both errors settle."""
    from latebloom_paper.pictures.summary import plot_summary

    cells = by_depth(workspace.results(published(workspace.quick)).load())
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
    figure = plot_summary(drawn, "N", "L", {"N": "N", "L": "depth L"}, panels)
    _, t2, _ = times(workspace)
    seen = np.isfinite(t2[2])
    evidence = {"fig18.later": median((t2[3] / t2[2])[seen])}
    if not workspace.quick:
        run = workspace.results(longer()).load()
        early = value_at(run["trajectory_test_error"], run["trajectory_step"], 1e6)
        truths = [SparseRecovery.code(n=100, s=5, N=100, seed=q).a_star for q in SEEDS]
        floor = np.array([negative_norm(a) / np.linalg.norm(a) for a in truths])
        excess = (run["test_error"].values - floor) / (early - floor)
        evidence["fig18.undertrained"] = median(excess)
    rows = tuple(
        Comparison(f"least test error, L = {L}, N = 100", None, float(least))
        for L, least in zip(drawn["L"].values, drawn["test"].sel(N=100).values, strict=True)
    )
    notes = ("the published labels say errors at t1 and t2; they are the least of the run",)
    return Reproduction(
        "fig18",
        "Figure 18: errors and times against N and depth",
        rows,
        figure,
        notes,
        evidence,
        (fig9(),),
        f"picture: seed 1; claims: seeds {SEEDS[0]} to {SEEDS[-1]}",
    )
