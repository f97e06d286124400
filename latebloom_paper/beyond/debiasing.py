"""The floor of the test error: what a decaying alpha, a decaying beta and debiasing remove of it.

The subgradient method ends at a bias of order beta and an oscillation of order alpha beta. The
paper claims an error proportional to alpha beta.
"""

from collections.abc import Mapping

import numpy as np

from latebloom_paper.book.claim import CORRECTED
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic, median, share
from latebloom_paper.book.workspace import Workspace

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


def reproduce(workspace: Workspace) -> Reproduction:
    """Run with constant and decaying alpha and beta, debias, and compare the floors."""
    from latebloom_paper.pictures.beyond import plot_debiasing

    beta = workspace.of(2e-4, 2e-5)
    settings = {"beta": beta, "seeds": SEEDS, "slow time": SLOW_TIME}
    kept = workspace.table("debiasing", settings, lambda progress: measure(beta, progress))
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
