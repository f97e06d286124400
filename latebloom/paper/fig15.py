"""Figure 15: matrix sensing by proximal gradient."""

from latebloom.experiment import Experiment
from latebloom.methods import ProximalGradient

from .catalogue import Preset, register
from .fig14 import NOTE, sensing


def fig15() -> Experiment:
    """Return matrix sensing by proximal gradient."""
    return sensing(ProximalGradient(0.1), "fig15")


register(Preset("fig15", "matrix sensing by proximal gradient", fig15, note=NOTE))
