"""Figure 27: training curves over sparsity s and number of measurements N, by subgradients."""

import numpy as np
import xarray as xr

from latebloom.experiment import Experiment
from latebloom.methods import Method, Subgradient
from latebloom.penalties import L1
from latebloom.problems import SparseRecovery
from latebloom.sweeps import Sweep
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic, median, share
from latebloom_paper.book.workspace import Workspace

SPARSITIES = (1, 5, 10, 15)
MEASUREMENTS = (10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
SEEDS = tuple(range(1, 21))
CURVES = ("train_error", "test_error")
NAMES = {"s": "s", "N": "N"}
# Where recovery by basis pursuit is nearly sure: the claims about pace are asked there.
WELL_POSED = {"s": 5, "N": 40}


def run_of(method: Method, s: int = 5, N: int = 30) -> Experiment:
    """Return one run of Figures 12, 13 and 27, which differ in the method."""
    return Experiment(
        SparseRecovery.code(n=100, s=s, N=N, snr=None),
        L1(1e-5),
        method,
        init=1e-6,
        steps=1_000_000,
        thresholds=(1e-3, 1e-3),
    )


def fig27(s: int = 5, N: int = 30) -> Experiment:
    """Return one run of the figure."""
    return run_of(Subgradient(0.1), s, N).with_(name=f"fig27 s={s} N={N}")


def published(method: Method) -> Sweep:
    """Return the 40 runs of a figure, event by event."""
    kind = type(method).__name__
    axes = {"s": SPARSITIES, "N": MEASUREMENTS}
    name = f"s by N, {kind}"
    return Sweep(run_of(method), axes, engine="jump", trajectories=CURVES, name=name)


def instances(method: Method, quick: bool) -> Sweep:
    """Return the same on other instances; quick: at one sparsity and one number of measurements."""
    seeds = {"problem.seed": SEEDS}
    grid = {k: (v,) for k, v in WELL_POSED.items()}
    if not quick:
        grid = {"s": SPARSITIES, "N": MEASUREMENTS}
    name = f"instances over s and N, {type(method).__name__}"
    return Sweep(run_of(method), {**seeds, **grid}, engine="jump", trajectories=CURVES, name=name)


def stepped(method: Method) -> Sweep:
    """Return instances stepped until they generalize: no engine knows what a method does."""
    base = run_of(method, **WELL_POSED)
    base = base.with_(penalty=L1(1e-4), steps=30_000, thresholds=(1e-2, 1e-2))
    name = f"stepped, {type(method).__name__}"
    return Sweep(base, {"problem.seed": SEEDS}, engine="step", name=name)


PACE = (
    "median of t2 over that of the subgradient method on the same instance (s = 5, N = 40; "
    "stepped, beta = 1e-4, errors 1e-2), over instances that both recover"
)


def pace(workspace: Workspace, method: Method) -> Statistic:
    """Return t2 of a method over that of the subgradient method."""
    own, other = (
        workspace.results(stepped(m))["t2"].values.astype(float) for m in (method, Subgradient(0.1))
    )
    both = np.isfinite(own) & np.isfinite(other)
    return median(own[both] / other[both])


def recoverable(base: Experiment) -> Sweep:
    """Return which of the instances basis pursuit recovers, where that is nearly sure."""
    axes = {"problem.seed": SEEDS, **{k: (v,) for k, v in WELL_POSED.items()}}
    return Sweep(base, axes, tasks=("recover",), name="basis pursuit")


def well_posed(workspace: Workspace, method: Method) -> tuple[xr.Dataset, np.ndarray]:
    """Return the instances at s = 5, N = 40, and which of them basis pursuit recovers."""
    cells = workspace.results(instances(method, workspace.quick)).sel(WELL_POSED).load()
    able = workspace.results(recoverable(run_of(method)))["recoverable"].sel(WELL_POSED).values
    return cells, able == 1


def figure_of(
    name: str, title: str, workspace: Workspace, method: Method, evidence: dict[str, Statistic]
) -> Reproduction:
    """Return one of the three figures: its picture and the plateau that all of them show."""
    from latebloom_paper.pictures.panels import plot_panels

    cells = workspace.results(published(method)).load()
    figure = plot_panels(cells, "N", "s", NAMES, marks="t2_high")
    seen = int(np.isfinite(cells["t2_high"].values).sum())
    rows = (Comparison("runs of 40 with t2 by step 10^6", None, float(seen), "seed 1"),)
    notes = (
        "dots: t2, the first step with a relative test error of 1e-3; no picture was published",
    )
    return Reproduction(
        name,
        title,
        rows,
        figure,
        notes,
        settings=(run_of(method),),
        seeds=f"picture: seed 1; claims: seeds {SEEDS[0]} to {SEEDS[-1]}",
        evidence=evidence,
    )


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the 40 runs; decide whether they grok."""
    method = Subgradient(0.1)
    cells, able = well_posed(workspace, method)
    grokked = cells["verdict"].values[able] == "grokked"
    title = "Figure 27: sparsity and measurements, subgradients"
    return figure_of("fig27", title, workspace, method, {"fig27.delay": share(grokked)})


NOTE = (
    "The figure varies s in {1, 5, 10, 15} and N in {10, ..., 100}. No picture was published, so "
    "there are no values to compare with."
)
