"""Figure 21: training curves over the share tau of coherent rows, a panel for each N."""

import numpy as np
import xarray as xr

from latebloom.experiment import Experiment
from latebloom.methods import Subgradient
from latebloom.penalties import L1
from latebloom.problems import SparseRecovery
from latebloom.sweeps import Sweep
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import median
from latebloom_paper.book.workspace import Workspace

MEASUREMENTS = tuple(range(10, 101, 10))
TAUS = tuple(k / 10 for k in range(11))
CURVES = ("train_error", "test_error")
SEEDS = tuple(range(1, 21))
SEED = "problem.seed"
# Below n, and enough for basis pursuit without coherent rows.
ENOUGH = 60


def fig21(N: int = 30, tau: float = 0.5) -> Experiment:
    """Return one run of the figure: Figure 3 without noise, a share tau of its rows from Phi."""
    return Experiment(
        # The published loop draws X with another seed for every N, and the signal with seed 1.
        SparseRecovery.code(n=100, s=5, N=N, tau=tau, snr=None, measurement_seed=N // 10),
        L1(1e-5),
        Subgradient(0.1),
        init=1e-6,
        steps=10_000_000,
        thresholds=(1e-3, 1e-3),
        name=f"fig21 N={N} tau={tau:g}",
    )


def published(quick: bool) -> Sweep:
    """Return the 110 runs of the figure; quick: 30 of them."""
    counts, taus = (MEASUREMENTS[1::2], TAUS[::2]) if quick else (MEASUREMENTS, TAUS)
    group = {"N": counts, "measurement_seed": [N // 10 for N in counts]}
    return Sweep(
        fig21(), {"tau": taus}, [group], engine="jump", trajectories=CURVES, name="tau by N"
    )


def instances(quick: bool) -> Sweep:
    """Return the figure on other instances, and which of them basis pursuit recovers; quick: three
    shares, one number of measurements."""
    base = fig21().with_(problem=SparseRecovery.code(n=100, s=5, N=30, snr=None))
    grid = {"N": (ENOUGH,), "tau": (0.0, 0.5, 1.0)} if quick else {"N": MEASUREMENTS, "tau": TAUS}
    tasks = ("simulate", "recover")
    axes = {SEED: SEEDS, **grid}
    return Sweep(base, axes, engine="jump", tasks=tasks, name="instances over tau and N")


def later(cells: xr.Dataset) -> np.ndarray:
    """Return of every instance in which share of pairs of neighbouring tau the larger one comes
    later, leaving out pairs of which neither is recovered."""
    t2 = cells["t2_high"].fillna(np.inf).transpose(SEED, "N", "tau").values
    first, second = (t.reshape(len(t2), -1) for t in (t2[..., :-1], t2[..., 1:]))
    seen = np.isfinite(first) | np.isfinite(second)
    told = seen.any(axis=1)  # an instance that is never recovered says nothing
    return ((second > first) & seen).sum(axis=1)[told] / seen.sum(axis=1)[told]


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the curves."""
    from latebloom_paper.pictures.panels import plot_panels

    cells = workspace.results(published(workspace.quick), failures=True).load()
    others = workspace.results(instances(workspace.quick), failures=True).load()
    figure = plot_panels(
        cells, "tau", "N", {"tau": r"$\tau$", "N": "N"}, columns=2, marks="t2_high"
    )
    rows = tuple(
        Comparison(
            f"largest tau with t2 by step 10^7, N = {N}",
            None,
            max((float(t) for t in cells["tau"].values if _seen(cells, N, t)), default=None),
            "seed 1",
        )
        for N in cells["N"].values
    )
    return Reproduction(
        "fig21",
        "Figure 21: training curves over tau",
        rows,
        figure,
        ("engine jump: the curves are averages of the chattering ones, 10^7 steps each",),
        evidence={"fig21.later": median(later(others))},
        settings=(fig21(),),
        seeds="picture: seed 1, measurements with seed N/10, as published; claims: those of "
        f"fig22, seeds {SEEDS[0]} to {SEEDS[-1]}",
    )


def _seen(cells: xr.Dataset, N: int, tau: float) -> bool:
    """Return whether t2 was reached."""
    return bool(cells["t2_high"].sel(N=N, tau=tau) > 0)
