"""Figure 21: training curves over the share tau of coherent rows, a panel for each N."""

import numpy as np
import xarray as xr

from latebloom.experiment import Experiment
from latebloom.methods import Subgradient
from latebloom.penalties import L1
from latebloom.problems import SparseRecovery
from latebloom.sweeps import Sweep

from .catalogue import Preset, register
from .claim import Claim, Criterion
from .lab import Lab
from .reproduction import Comparison, Reproduction
from .statistic import median

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


CLAIMS = (
    Claim(
        "fig21.later",
        "Figure 21, section 3.4",
        Criterion(
            "t2 comes later as tau grows (as drawn)",
            "median over instances of the share of neighbouring tau of one N, of which at least "
            "one is recovered, with a later t2 (or none) at the larger tau",
            low=0.8,
        ),
    ),
)


def later(cells: xr.Dataset) -> np.ndarray:
    """Return of every instance in which share of pairs of neighbouring tau the larger one comes
    later, leaving out pairs of which neither is recovered."""
    t2 = cells["t2_high"].fillna(np.inf).transpose(SEED, "N", "tau").values
    first, second = (t.reshape(len(t2), -1) for t in (t2[..., :-1], t2[..., 1:]))
    seen = np.isfinite(first) | np.isfinite(second)
    told = seen.any(axis=1)  # an instance that is never recovered says nothing
    return ((second > first) & seen).sum(axis=1)[told] / seen.sum(axis=1)[told]


def reproduce(lab: Lab) -> Reproduction:
    """Draw the curves."""
    from latebloom.plots.panels import plot_panels

    cells = lab.results(published(lab.quick), failures=True).load()
    others = lab.results(instances(lab.quick), failures=True).load()
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


register(
    Preset(
        "fig21",
        "training curves over N and tau",
        fig21,
        note=(
            "tau N of the rows are columns of Phi, at random. Claims on several instances are "
            "decided in fig22. No picture was published."
        ),
        reproduce=reproduce,
        group="convex",
        claims=CLAIMS,
        official=2.3 * 3600,
    )
)
