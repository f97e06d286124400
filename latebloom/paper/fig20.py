"""Figure 20: basis pursuit over s and N, for three shares of coherent rows."""

import numpy as np

from .catalogue import Preset, register
from .claim import Claim, Criterion
from .fig19 import TAUS, TRIALS, fig19, recovery
from .lab import Lab
from .reproduction import Comparison, Reproduction
from .statistic import share

CLAIMS = (
    Claim(
        "fig20.sharp",
        "Figure 20, section 3.4",
        Criterion(
            "over N and s recovery ends at a sharp boundary",
            "share of the cells of (N, s), tau = 0, in which all instances or none are recovered "
            "(neighbours are not independent: the interval is too short)",
            low=0.6,
        ),
    ),
)


def reproduce(lab: Lab) -> Reproduction:
    """Draw the share of recovered instances over s and N."""
    from latebloom.plots.coherence import plot_recovery

    cells = recovery(lab)
    recovered = (cells["recoverable"] == 1).mean("problem.seed").transpose("tau", "N", "s")
    flat = recovered.sel(tau=0.0).values
    rows = tuple(
        Comparison(
            f"cells of (N, s) in which some but not all are recovered, tau = {tau:g}",
            None,
            float(np.mean((v := recovered.sel(tau=tau).values) * (1 - v) > 0)),
            "share",
        )
        for tau in TAUS
    )
    return Reproduction(
        "fig20",
        "Figure 20: where basis pursuit recovers",
        rows,
        plot_recovery(recovered),
        ("ours: the share of instances with a dual certificate; published: the mean error",),
        {"fig20.sharp": share((flat == 0) | (flat == 1))},
        (fig19(),),
        f"seeds {TRIALS[0]} to {TRIALS[-1]}",
    )


register(
    Preset(
        "fig20",
        "where basis pursuit recovers, over s, N and tau",
        note="The instances of fig19. No values can be read off.",
        reproduce=reproduce,
        group="convex",
        claims=CLAIMS,
        official=18,
    )
)
