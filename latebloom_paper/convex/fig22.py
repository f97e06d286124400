"""Figure 22: errors and times against N, for several shares tau of coherent rows."""

import numpy as np
import xarray as xr

from latebloom.sweeps import Sweep
from latebloom_paper.book.claim import CORRECTED
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic, median, share
from latebloom_paper.book.workspace import Workspace

from .fig21 import ENOUGH, SEED, SEEDS, fig21, instances

MORE_SEEDS = tuple(range(1, 41))
TIMES = ("t1", "t2")
# Recovered up to the bias of beta.
NEAR = 0.1


def middle() -> Sweep:
    """Return more instances of one number of measurements, at three shares."""
    base = instances(True).base
    axes = {SEED: MORE_SEEDS, "N": (ENOUGH,), "tau": (0.0, 0.5, 1.0)}
    return Sweep(base, axes, engine="jump", name="more instances over tau")


def evidence(cells: xr.Dataset, more: xr.Dataset) -> dict[str, Statistic]:
    """Return what decides the claims, on the grid and on more instances of its middle."""
    at = more.sel(N=ENOUGH)
    t2 = at["t2_high"].fillna(np.inf)
    error = at["test_error"]
    ratio = (error.sel(tau=1.0) / error.sel(tau=0.0)).values
    fit, end = (at[f"{name}_high"].sel(tau=[0.0, 0.5]).transpose("tau", SEED) for name in TIMES)
    (early, late), (before, after) = fit.values, end.values
    known = np.isfinite(fit.values).all(axis=0) & np.isfinite(end.values).all(axis=0)
    delays = ((after - late) / (before - early))[known]
    posed = cells["test_error"].notnull().values  # coherent rows may see nothing of the signal
    able = cells["recoverable"] == 1
    same, near = cells["t2_high"].notnull() == able, (cells["test_error"] <= NEAR) == able
    return {
        "fig22.later": share(t2.sel(tau=0.5).values > t2.sel(tau=0.0).values),
        "fig22.delay": median(delays),
        "fig22.delay" + CORRECTED: median((late / early)[known]),
        "fig22.never": share(np.isinf(t2.sel(tau=1.0).values)),
        "fig22.error": median(ratio),
        "fig22.error" + CORRECTED: median(ratio),
        "fig22.map": share(same.values[posed]),
        "fig22.map" + CORRECTED: share(near.values[posed]),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw errors and times over instances, and decide what coherent rows do to them."""
    from latebloom_paper.pictures.summary import plot_summary

    cells = workspace.results(instances(workspace.quick), failures=True).load()
    more = cells if workspace.quick else workspace.results(middle(), failures=True).load()
    drawn = xr.Dataset(
        {"train": cells["train_error"], "test": cells["test_error"], "t1": cells["t1_high"]}
    )
    drawn["t2"] = cells["t2_high"]
    x, by = ("tau", "N") if workspace.quick else ("N", "tau")
    panels = {
        "train": "final train error",
        "test": "final test error",
        "t1": "$t_1$",
        "t2": "$t_2$",
    }
    names = {"N": "N", "tau": r"$\tau$"}
    figure = plot_summary(drawn, x, by, names, panels, over=SEED)
    t2 = cells["t2_high"].sel(N=ENOUGH).fillna(np.inf).median(SEED)
    rows = tuple(
        Comparison(
            f"t2, N = {ENOUGH}, tau = {tau:g}",
            None,
            float(value) if np.isfinite(value := t2.sel(tau=tau)) else None,
            "median",
        )
        for tau in t2["tau"].values
    )
    return Reproduction(
        "fig22",
        "Figure 22: errors and times against N and tau",
        rows,
        figure,
        ("medians over instances with the quartiles; what was not reached is a gap",),
        evidence(cells, more),
        (fig21(),),
        f"seeds {SEEDS[0]} to {SEEDS[-1]}"
        + ("" if workspace.quick else f"; N = {ENOUGH}: {MORE_SEEDS[0]} to {MORE_SEEDS[-1]}"),
    )
