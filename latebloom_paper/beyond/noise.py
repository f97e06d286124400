"""Noise: where the error ends, whether it is still reached late, and which beta to choose."""

from dataclasses import replace

import numpy as np
import xarray as xr

from latebloom.problems import SparseRecovery
from latebloom.sweeps import Sweep
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.passages import median_curve
from latebloom_paper.book.statistic import Statistic, fraction, median, slopes

STUDY = STUDIES["noise"]
LOW, MIDDLE, HIGH, NONE = (STUDY.settings[key] for key in ("low", "middle", "high", "none"))
WEAK = STUDY.settings["weak"]


def sweep(study: Study) -> Sweep:
    """Return all instances at every noise and strength."""
    beta = np.geomspace(WEAK, 1e-2, study.settings["strengths"])
    return study.sweep("noise", axes={"beta": beta})


def deviation(problem: SparseRecovery, snr: np.ndarray) -> np.ndarray:
    """Return the standard deviation of the noise."""
    return np.sqrt(problem.s / problem.n / problem.N / np.asarray(snr, dtype=float))


def oracle(problem: SparseRecovery, snr: float, seeds: np.ndarray) -> np.ndarray:
    """Return the relative error of least squares on the true support, of every instance."""
    errors = []
    for seed in seeds:
        one = replace(problem, snr=snr, seed=int(seed))
        on = one.a_star != 0
        a = np.linalg.lstsq(one.X[:, on], one.y_star, rcond=None)[0]
        size = np.linalg.norm(one.a_star)
        errors.append(float(np.linalg.norm(a - one.a_star[on]) / size))
    return np.array(errors)


def evidence(cells: xr.Dataset, problem: SparseRecovery) -> dict[str, Statistic]:
    """Return what decides the claims.

    **Arguments:**

    - `cells`: final errors, t2 and verdicts over snr, beta and the seed of the problem.
    - `problem`: any of the instances.
    """
    cells = cells.transpose("snr", "beta", "problem.seed", ...)
    error = cells["test_error"]
    weak = cells.sel(beta=WEAK)
    t2 = weak["t2_high"].fillna(np.inf)
    able = np.isfinite(t2.sel(snr=NONE).values)
    noisy = cells["snr"].values[cells["snr"].values < NONE]
    x = deviation(problem, noisy)
    floor = error.sel(beta=WEAK, snr=noisy).values.T
    best = cells["beta"].values[error.sel(snr=noisy).values.argmin(axis=1)]

    def slower(snr: float) -> Statistic:
        return median((t2.sel(snr=snr).values / t2.sel(snr=NONE).values)[able])

    least = error.sel(snr=MIDDLE).min("beta") / error.sel(snr=MIDDLE, beta=WEAK)
    return {
        "noise.floor": median(slopes(x, floor)),
        "noise.groks": fraction((weak["verdict"].sel(snr=MIDDLE).values == "grokked")[able]),
        "noise.lost": fraction(np.isfinite(t2.sel(snr=LOW).values)[able]),
        "noise.delay-high": slower(HIGH),
        "noise.delay-middle": slower(MIDDLE),
        "noise.gain": median(least.values),
        "noise.beta": median(slopes(x, best.T)),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Sweep noise and strength, and compare errors, delays and the best beta."""
    study = STUDY.at(workspace.quick)
    base = study.experiment
    problem = base.problem
    assert isinstance(problem, SparseRecovery)
    cells = workspace.results(sweep(study)).load()
    error = cells["test_error"].transpose("snr", "beta", "problem.seed")
    beta, seeds = cells["beta"].values, cells["problem.seed"].values
    rows, lines, curves, oracles = [], {}, {}, {}
    steps = base.record_steps
    for snr in cells["snr"].values:
        name = "no noise" if snr == NONE else f"SNR 1e{round(np.log10(snr))}"
        here = error.sel(snr=snr)
        middle = here.median("problem.seed").values
        lines[name] = (beta, middle)
        curves[name] = (steps + 1.0, median_curve(cells.sel(snr=snr, beta=WEAK), steps))
        rows.append(Comparison(f"final error, beta = 1e-6, {name}", None, float(middle[0])))
        if snr == NONE:
            continue
        best = beta[here.values.argmin(axis=0)]
        oracles[name] = float(np.median(oracle(problem, float(snr), seeds)))
        least = float(here.min("beta").median())
        why = f"median beta {np.median(best):.2g}; least squares on the support {oracles[name]:.2g}"
        rows.append(Comparison(f"least final error over beta, {name}", None, least, why))
    figure = pictures.plot_noise(curves, lines, oracles)
    found = evidence(cells, problem)
    return study.reproduction(rows, figure, found, problem=problem)
