"""Figure 13: sparse recovery by ISTA, proximal gradient with a soft threshold."""

from latebloom.experiment import Experiment
from latebloom.methods import ProximalGradient

from .catalogue import Preset, register
from .claim import Claim, Criterion
from .fig27 import NOTE, PACE, figure_of, pace, run_of, well_posed
from .lab import Lab
from .reproduction import Reproduction
from .statistic import share


def fig13(s: int = 5, N: int = 30) -> Experiment:
    """Return one run of the figure."""
    return run_of(ProximalGradient(0.1), s, N).with_(name=f"fig13 s={s} N={N}")


CLAIMS = (
    Claim(
        "fig13.delay",
        "Figure 13, appendix D.1",
        Criterion(
            "ISTA shows the same two phases",
            "share of the instances with s = 5, N = 40 that basis pursuit recovers with t2 > 10 t1",
            low=0.8,
        ),
    ),
    Claim(
        "fig13.same",
        "Figure 13, appendix D.1",
        Criterion(
            "and takes as long as the subgradient method",
            PACE,
            low=0.9,
            high=1.1,
        ),
    ),
)


def reproduce(lab: Lab) -> Reproduction:
    """Draw the 40 runs; decide whether they grok, and as late."""
    method = ProximalGradient(0.1)
    cells, able = well_posed(lab, method)
    evidence = {
        "fig13.delay": share(cells["verdict"].values[able] == "grokked"),
        "fig13.same": pace(lab, method),
    }
    return figure_of("fig13", "Figure 13: sparsity and measurements, ISTA", lab, method, evidence)


register(
    Preset(
        "fig13",
        "proximal gradient: the same two phases",
        fig13,
        note=NOTE,
        reproduce=reproduce,
        group="convex",
        claims=CLAIMS,
        official=360,
    )
)
