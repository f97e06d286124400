"""Noise: where the error ends, whether it is still reached late, and which beta to choose."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from latebloom.experiment import Experiment, LogSpaced
from latebloom.methods import ProximalGradient
from latebloom.penalties import L1
from latebloom.problems import SparseRecovery
from latebloom.sweeps import Sweep
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic, median, share, slopes
from latebloom_paper.book.workspace import Workspace

from .curves import median_curve

SEEDS = tuple(range(20))
# No noise: a ratio at which it is far below the bias of the weakest penalty.
NONE = 1e16
# The weakest penalty, whose own bias is below all noise.
WEAK = 1e-6
# Low, and high where noise decides less than the penalty.
LOW, MIDDLE, HIGH = 1e2, 1e4, 1e6


class Size(NamedTuple):
    """The sizes of the instances, and what is swept."""

    n: int
    s: int
    N: int
    snr: tuple[float, ...]
    beta: tuple[float, ...]


QUICK = Size(60, 3, 24, (LOW, MIDDLE, HIGH, NONE), tuple(np.geomspace(WEAK, 1e-2, 5).tolist()))
FULL = Size(
    100, 5, 40, (LOW, 1e3, MIDDLE, HIGH, 1e8, NONE), tuple(np.geomspace(WEAK, 1e-2, 9).tolist())
)


def noise(size: Size = FULL, snr: float = MIDDLE) -> Experiment:
    """Return one run: the text's problem with a weak penalty."""
    return Experiment(
        SparseRecovery.text(n=size.n, s=size.s, N=size.N, snr=snr),
        L1(WEAK),
        ProximalGradient(0.1),
        init=1e-6,
        steps=10**10,
        record=LogSpaced(10),
        # A tenth of the signal: above the noise of all but the lowest ratio.
        thresholds=(1e-2, 1e-1),
    )


def sweep(size: Size) -> Sweep:
    """Return all instances at every noise and strength."""
    axes = {"snr": size.snr, "beta": size.beta, "problem.seed": SEEDS}
    return Sweep(noise(size), axes, engine="jump", trajectories=("test_error",), name="noise")


def deviation(size: Size, snr: np.ndarray) -> np.ndarray:
    """Return the standard deviation of the noise."""
    return np.sqrt(size.s / size.n / size.N / np.asarray(snr, dtype=float))


def oracle(size: Size, snr: float) -> np.ndarray:
    """Return the relative error of least squares on the true support, of every instance."""
    errors = []
    for seed in SEEDS:
        problem = SparseRecovery.text(n=size.n, s=size.s, N=size.N, snr=snr, seed=seed)
        on = problem.a_star != 0
        a = np.linalg.lstsq(problem.X[:, on], problem.y_star, rcond=None)[0]
        size_of = np.linalg.norm(problem.a_star)
        errors.append(float(np.linalg.norm(a - problem.a_star[on]) / size_of))
    return np.array(errors)


ABLE = "of the instances that generalize without noise; error of 0.1, beta = 1e-6"


def evidence(cells: xr.Dataset, size: Size) -> dict[str, Statistic]:
    """Return what decides the claims.

    **Arguments:**

    - `cells`: final errors, t2 and verdicts over snr, beta and the seed of the problem.
    - `size`: of the instances.
    """
    cells = cells.transpose("snr", "beta", "problem.seed", ...)
    error = cells["test_error"]
    weak = cells.sel(beta=WEAK)
    t2 = weak["t2_high"].fillna(np.inf)
    able = np.isfinite(t2.sel(snr=NONE).values)
    noisy = [snr for snr in size.snr if snr < NONE]
    x = deviation(size, np.array(noisy))
    floor = error.sel(beta=WEAK, snr=noisy).values.T
    best = cells["beta"].values[error.sel(snr=noisy).values.argmin(axis=1)]

    def slower(snr: float) -> Statistic:
        return median((t2.sel(snr=snr).values / t2.sel(snr=NONE).values)[able])

    least = error.sel(snr=MIDDLE).min("beta") / error.sel(snr=MIDDLE, beta=WEAK)
    return {
        "noise.floor": median(slopes(x, floor)),
        "noise.groks": share((weak["verdict"].sel(snr=MIDDLE).values == "grokked")[able]),
        "noise.lost": share(np.isfinite(t2.sel(snr=LOW).values)[able]),
        "noise.delay-high": slower(HIGH),
        "noise.delay-middle": slower(MIDDLE),
        "noise.gain": median(least.values),
        "noise.beta": median(slopes(x, best.T)),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Sweep noise and strength, and compare errors, delays and the best beta."""
    from latebloom_paper.pictures.beyond import plot_noise

    size = workspace.of(QUICK, FULL)
    cells = workspace.results(sweep(size)).load()
    error = cells["test_error"].transpose("snr", "beta", "problem.seed")
    rows, lines, curves, oracles = [], {}, {}, {}
    steps = noise(size).record_steps
    for snr in size.snr:
        name = "no noise" if snr == NONE else f"SNR 1e{round(np.log10(snr))}"
        here = error.sel(snr=snr)
        middle = here.median("problem.seed").values
        lines[name] = (size.beta, middle)
        curves[name] = (steps + 1.0, median_curve(cells.sel(snr=snr, beta=WEAK), steps))
        rows.append(Comparison(f"final error, beta = 1e-6, {name}", None, float(middle[0])))
        if snr == NONE:
            continue
        best = np.array(size.beta)[here.values.argmin(axis=0)]
        oracles[name] = float(np.median(oracle(size, snr)))
        least = float(here.min("beta").median())
        why = f"median beta {np.median(best):.2g}; least squares on the support {oracles[name]:.2g}"
        rows.append(Comparison(f"least final error over beta, {name}", None, least, why))
    notes = (
        f"n = {size.n}, s = {size.s}, N = {size.N}, alpha = 0.1, ProximalGradient, event by event; "
        "noise independent of the measurements",
        "medians over the instances",
    )
    return Reproduction(
        "noise",
        "Noise: the floor, the delay and the best strength",
        tuple(rows),
        plot_noise(curves, lines, oracles),
        notes,
        evidence(cells, size),
        (noise(size),),
        f"{SEEDS[0]} to {SEEDS[-1]}",
    )
