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
    STUDY,
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

    study = STUDY.at(workspace.quick)
    s = study.settings
    kept = workspace.table("debiasing", s, lambda progress: measure(study, progress))
    floor, swing = (
        {name: np.array(values, dtype=float) for name, values in kept[key].items()}
        for key in ("floor", "oscillation")
    )
    base = debiasing(study)
    law = np.array(kept["law"], dtype=float)
    exact = np.array(kept["found"], dtype=bool)
    rows = [
        Comparison(f"median floor / beta, {name}", None, float(np.nanmedian(values)) / s["beta"])
        for name, values in floor.items()
    ]
    rows.append(Comparison("the same, closed form", None, float(np.nanmedian(law)) / s["beta"]))
    shown = (ALPHA_DECAYS, PROXIMAL, BETA_DECAYS, DEBIASED)
    ratios = {name: floor[name] / floor[CONSTANT] for name in shown}
    left = left_of_beta(base)
    return study.reproduction(
        rows,
        plot_debiasing(base.record_steps, kept["curve"], ratios),
        evidence(floor, swing, exact, law, left),
        list(kinds(base).values()),
        steps=base.steps,
        left=left,
        missed=exact.size - exact.sum(),
        count=exact.size,
        largest=floor[DEBIASED].max(),
    )
