"""Figure 18: errors and settling times against N, for several depths."""

import numpy as np
import xarray as xr

from latebloom.problems import SparseRecovery
from latebloom.sweeps import Sweep

from .catalogue import Preset, register
from .claim import Claim, Criterion
from .fig9 import CURVES, SEEDS, by_depth, fig9, published, times
from .lab import Lab
from .passages import value_at
from .reproduction import Comparison, Reproduction, negative_norm
from .settled import settled
from .statistic import median

CLAIMS = (
    Claim(
        "fig18.later",
        "section 3.5, Figure 18",
        Criterion(
            "the deeper, the later the signal is recovered (depth 3 against 2)",
            "median over instances of positive signals of t2 (test error 0.1) at depth 3 over "
            "that at depth 2, N = 60",
            low=1.0,
        ),
    ),
    Claim(
        "fig18.undertrained",
        "Figure 18, caption",
        Criterion(
            "at depth 4 the errors at large N are those of too few steps",
            "median over instances of what the test error after 4 10^6 steps has above the floor "
            "of the negative entries of a*, over the same after 10^6, N = 100 (full size only)",
            high=0.5,
        ),
    ),
)


def longer() -> Sweep:
    """Return depth 4 at N = 100, four times as long."""
    base = fig9(4, 100).with_(steps=4_000_000)
    return Sweep(base, {"problem.seed": SEEDS}, trajectories=CURVES, name="depth 4, longer")


def reproduce(lab: Lab) -> Reproduction:
    """Draw the least errors and where both errors settle."""
    from latebloom.plots.summary import plot_summary

    cells = by_depth(lab.results(published(lab.quick)).load())
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
    _, t2, _ = times(lab)
    seen = np.isfinite(t2[2])
    evidence = {"fig18.later": median((t2[3] / t2[2])[seen])}
    if not lab.quick:
        run = lab.results(longer()).load()
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


register(
    Preset(
        "fig18",
        "errors and times against N and depth",
        fig9,
        note="The runs of fig9. No picture was published.",
        reproduce=reproduce,
        group="convex",
        claims=CLAIMS,
        official=960,
    )
)
