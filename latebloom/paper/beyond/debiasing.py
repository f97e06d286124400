"""The floor of the test error: what a decaying alpha, a decaying beta and debiasing remove of it.

The subgradient method ends at a bias of order beta and an oscillation of order alpha beta. The
paper claims an error proportional to alpha beta.
"""

from collections.abc import Mapping

import numpy as np

from ..catalogue import Preset, register
from ..claim import CORRECTED, Claim, Criterion
from ..lab import Lab
from ..reproduction import Comparison, Reproduction
from ..statistic import Statistic, median, share
from .floors import (
    ALPHA_DECAYS,
    BETA_DECAYS,
    CONSTANT,
    DEBIASED,
    PROXIMAL,
    SEEDS,
    SLOW_TIME,
    debiasing,
    kinds,
    left_of_beta,
    measure,
)

CLAIMS = (
    Claim(
        "debiasing.alpha",
        "ours, on Figure 4",
        Criterion(
            "a decaying alpha removes the floor",
            "median over instances of the final error over that with constant alpha; alpha falls "
            "elevenfold",
            high=0.1,
        ),
        corrected=Criterion(
            "it removes the oscillation and leaves the bias, the floor of proximal gradient",
            "median over instances of the final error over that of proximal gradient",
            low=0.95,
            high=1.05,
        ),
    ),
    Claim(
        "debiasing.oscillation",
        "ours, on Figure 4",
        Criterion(
            "the oscillation falls with alpha",
            "median over instances of the oscillation over that with constant alpha, which is "
            "eleven times larger in the end",
            high=0.2,
        ),
    ),
    Claim(
        "debiasing.proximal",
        "ours, on Figure 4",
        Criterion(
            "most of the floor is bias, which proximal gradient has as well",
            "median over instances of the final error of proximal gradient over that of the "
            "subgradient method",
            low=0.5,
            high=1.0,
        ),
    ),
    Claim(
        "debiasing.beta",
        "ours, on Figure 4",
        Criterion(
            "the floor follows a decaying beta down",
            "median over instances of the final error over that with constant beta, divided by "
            "the same ratio of the betas there",
            low=0.9,
            high=1.1,
        ),
    ),
    Claim(
        "debiasing.support",
        "ours, on Figure 4",
        Criterion(
            "the support is found: entries beyond the chatter",
            "share of instances whose entries above 3 alpha beta are exactly those of a*",
            low=0.8,
        ),
    ),
    Claim(
        "debiasing.debiased",
        "ours, on Figure 4",
        Criterion(
            "least squares on the support that was found removes the floor",
            "median over instances of its error over the final error with constant alpha",
            high=1e-3,
        ),
    ),
    Claim(
        "debiasing.law",
        "ours, on Figure 4",
        Criterion(
            "the floor is that of the closed form with two terms",
            "median over instances of the final error with constant alpha over the closed form",
            low=0.9,
            high=1.1,
        ),
    ),
)


def evidence(
    floor: Mapping[str, np.ndarray],
    oscillation: Mapping[str, np.ndarray],
    exact: np.ndarray,
    law: np.ndarray,
    left: float,
) -> dict[str, Statistic]:
    """Return what decides the claims.

    **Arguments:**

    - `floor`, `oscillation`: kind of run -> one value per instance.
    - `exact`: whether the support was found.
    - `law`: the closed form; NaN where there is none.
    - `left`: the decaying beta over the constant one, where the floor is taken.
    """
    over = {name: values / floor[CONSTANT] for name, values in floor.items()}
    swing = oscillation[ALPHA_DECAYS] / oscillation[CONSTANT]
    known = np.isfinite(floor[PROXIMAL])
    bias = (floor[ALPHA_DECAYS] / floor[PROXIMAL])[known]
    return {
        "debiasing.alpha": median(over[ALPHA_DECAYS]),
        "debiasing.alpha" + CORRECTED: median(bias),
        "debiasing.oscillation": median(swing),
        "debiasing.proximal": median(over[PROXIMAL][known]),
        "debiasing.beta": median(over[BETA_DECAYS] / left),
        "debiasing.support": share(exact),
        "debiasing.debiased": median(over[DEBIASED]),
        "debiasing.law": median((floor[CONSTANT] / law)[np.isfinite(law)]),
    }


def reproduce(lab: Lab) -> Reproduction:
    """Run with constant and decaying alpha and beta, debias, and compare the floors."""
    from latebloom.plots.beyond import plot_debiasing

    beta = lab.of(2e-4, 2e-5)
    settings = {"beta": beta, "seeds": SEEDS, "slow time": SLOW_TIME}
    kept = lab.table("debiasing", settings, lambda progress: measure(beta, progress))
    floor, swing = (
        {name: np.array(values, dtype=float) for name, values in kept[key].items()}
        for key in ("floor", "oscillation")
    )
    base = debiasing(beta)
    left = left_of_beta(base, beta)
    law = np.array(kept["law"], dtype=float)
    exact = np.array(kept["found"], dtype=bool)
    rows = [
        Comparison(f"median floor / beta, {name}", None, float(np.nanmedian(values)) / beta)
        for name, values in floor.items()
    ]
    rows.append(Comparison("the same, closed form", None, float(np.nanmedian(law)) / beta))
    notes = (
        f"beta = {beta:g}, {base.steps:,} steps; alpha decays elevenfold; beta from ten times to "
        f"{left:.2g} of the constant one, with nine tenths of its integral",
        "floors: root mean square over the last tenth of the run, relative; of proximal gradient "
        "the certified limit",
        f"found supports that are not that of a*: {exact.size - exact.sum()} of {exact.size}; "
        f"largest debiased error of all: {floor[DEBIASED].max():.2g} (without noise a superset of "
        "at most N entries does as well)",
    )
    shown = (ALPHA_DECAYS, PROXIMAL, BETA_DECAYS, DEBIASED)
    ratios = {name: floor[name] / floor[CONSTANT] for name in shown}
    return Reproduction(
        "debiasing",
        "What removes the floor of the test error",
        tuple(rows),
        plot_debiasing(base.record_steps, kept["curve"], ratios),
        notes,
        evidence(floor, swing, exact, law, left),
        (base, *list(kinds(base, beta).values())[1:]),
        f"{SEEDS[0]} to {SEEDS[-1]}",
    )


register(
    Preset(
        "debiasing",
        "decaying steps, decaying penalties and least squares on the support",
        debiasing,
        note="Figure 4 with N = 40, where nearly every instance can be recovered.",
        reproduce=reproduce,
        group="beyond",
        claims=CLAIMS,
    )
)
