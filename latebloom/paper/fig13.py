"""Figure 13: sparse recovery without noise by ProximalGradient."""

from latebloom.experiment import Experiment
from latebloom.methods import ProximalGradient
from latebloom.penalties import L1
from latebloom.problems import SparseRecovery

from .catalogue import Preset, register


def fig13(s: int = 5, N: int = 30) -> Experiment:
    """Return one run of the figure."""
    return Experiment(
        SparseRecovery.code(n=100, s=s, N=N, snr=None),
        L1(1e-5),
        ProximalGradient(0.1),
        init=1e-6,
        steps=1_000_000,
        thresholds=(1e-3, 1e-3),
        name=f"fig13 s={s} N={N}",
    )


register(
    Preset(
        "fig13",
        "proximal gradient (ISTA): the same grokking, without chattering",
        fig13,
        note=(
            "The figure varies s in {1, 5, 10, 15} and N in {10, ..., 100}; this is s = 5, N = 30. "
            "No picture was published, so there are no values to compare with."
        ),
    )
)
