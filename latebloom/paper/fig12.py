"""Figure 12: sparse recovery by projected subgradients, which fit the data in one step."""

import numpy as np

from latebloom.experiment import Experiment
from latebloom.methods import ProjectedSubgradient

from .catalogue import Preset, register
from .claim import Claim, Criterion
from .fig27 import NOTE, PACE, figure_of, pace, run_of, well_posed
from .lab import Lab
from .reproduction import Reproduction
from .statistic import share

# Rounding of a projection on 40 equations.
ZERO = 1e-10


def fig12(s: int = 5, N: int = 30) -> Experiment:
    """Return one run of the figure."""
    return run_of(ProjectedSubgradient(0.1), s, N).with_(name=f"fig12 s={s} N={N}")


CLAIMS = (
    Claim(
        "fig12.once",
        "Figure 12, appendix D.1",
        Criterion(
            "the projected method has zero training error after one step",
            "share of instances with a relative training error of at most 1e-10 at every record "
            "from step 1 on",
            low=0.8,
        ),
    ),
    Claim(
        "fig12.delay",
        "Figure 12, appendix D.1",
        Criterion(
            "it still recovers far later",
            "share of the instances with s = 5, N = 40 that basis pursuit recovers with t2 > 10 t1",
            low=0.8,
        ),
    ),
    Claim(
        "fig12.alone",
        "Figure 12, appendix D.1",
        Criterion(
            "generalization is driven by the penalty alone: without the loss it takes as long",
            PACE,
            low=0.9,
            high=1.1,
        ),
    ),
)


def reproduce(lab: Lab) -> Reproduction:
    """Draw the 40 runs; decide when they fit, when they recover, and what drives them."""
    method = ProjectedSubgradient(0.1)
    cells, able = well_posed(lab, method)
    steps, train = (cells[f"trajectory_{k}"].values for k in ("step", "train_error"))
    zero = [np.nanmax(e[s >= 1]) <= ZERO for s, e in zip(steps, train, strict=True)]
    evidence = {
        "fig12.once": share(zero),
        "fig12.delay": share(cells["verdict"].values[able] == "grokked"),
        "fig12.alone": pace(lab, method),
    }
    title = "Figure 12: sparsity and measurements, projected subgradients"
    return figure_of("fig12", title, lab, method, evidence)


register(
    Preset(
        "fig12",
        "projected subgradient: zero training error after one step",
        fig12,
        note=NOTE,
        reproduce=reproduce,
        group="convex",
        claims=CLAIMS,
        official=360,
    )
)
