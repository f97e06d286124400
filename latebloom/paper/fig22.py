"""Figure 22: errors and times against N, for several shares tau of coherent rows."""

import numpy as np
import xarray as xr

from latebloom.sweeps import Sweep

from .catalogue import Preset, register
from .claim import CORRECTED, Claim, Criterion
from .fig21 import ENOUGH, SEED, SEEDS, fig21, instances
from .lab import Lab
from .reproduction import Comparison, Reproduction
from .statistic import Statistic, median, share

MORE_SEEDS = tuple(range(1, 41))
TIMES = ("t1", "t2")
# Recovered up to the bias of beta.
NEAR = 0.1


def middle() -> Sweep:
    """Return more instances of one number of measurements, at three shares."""
    base = instances(True).base
    axes = {SEED: MORE_SEEDS, "N": (ENOUGH,), "tau": (0.0, 0.5, 1.0)}
    return Sweep(base, axes, engine="jump", name="more instances over tau")


CLAIMS = (
    Claim(
        "fig22.later",
        "Figure 22, section 3.4",
        Criterion(
            "t2 grows with tau",
            "share of seeds with a larger t2 (infinite if never) at tau = 0.5 than at 0, N = 60",
            low=0.8,
        ),
    ),
    Claim(
        "fig22.delay",
        "Figure 22, section 3.4",
        Criterion(
            "and so does the delay",
            "median over seeds that memorize and generalize at both of t2 - t1 at tau = 0.5 over "
            "that at 0, N = 60",
            low=1.0,
        ),
        corrected=Criterion(
            "the delay shrinks: with coherent rows it is memorizing that takes long",
            "the same ratio of t1",
            low=10.0,
        ),
    ),
    Claim(
        "fig22.never",
        "Figure 22, section 3.4",
        Criterion(
            "for N < n t2 becomes infinite as tau goes to 1",
            "share of seeds that are not recovered by step 10^7 at tau = 1, N = 60",
            low=0.8,
        ),
    ),
    Claim(
        "fig22.error",
        "section 3.4",
        Criterion(
            "the generalization error decreases with tau",
            "median over seeds of the final test error at tau = 1 over that at tau = 0, N = 60",
            high=1.0,
        ),
        corrected=Criterion("it increases with tau", "the same ratio", low=1.0),
    ),
    Claim(
        "fig22.map",
        "section 3.4",
        Criterion(
            "gradient descent recovers where basis pursuit does",
            "share of instances over N and tau, of those that can be posed, with the same outcome: "
            "t2 by step 10^7, certificate "
            "(those of one seed are not independent: the interval is too short)",
            low=0.9,
        ),
        corrected=Criterion(
            "that is so up to the bias of beta, which lifts small signals above the threshold 1e-3",
            "the same share with a final error of at most 0.1 in place of t2",
            low=0.9,
        ),
    ),
)


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


def reproduce(lab: Lab) -> Reproduction:
    """Draw errors and times over instances, and decide what coherent rows do to them."""
    from latebloom.plots.summary import plot_summary

    cells = lab.results(instances(lab.quick), failures=True).load()
    more = cells if lab.quick else lab.results(middle(), failures=True).load()
    drawn = xr.Dataset(
        {"train": cells["train_error"], "test": cells["test_error"], "t1": cells["t1_high"]}
    )
    drawn["t2"] = cells["t2_high"]
    x, by = ("tau", "N") if lab.quick else ("N", "tau")
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
        + ("" if lab.quick else f"; N = {ENOUGH}: {MORE_SEEDS[0]} to {MORE_SEEDS[-1]}"),
    )


register(
    Preset(
        "fig22",
        "errors and times against N and tau",
        fig21,
        note=(
            "Other instances than those of fig21, one seed for signal and measurements. The quick "
            "size has one N and draws over tau. No picture was published."
        ),
        reproduce=reproduce,
        group="convex",
        claims=CLAIMS,
        official=2.3 * 3600,
    )
)
