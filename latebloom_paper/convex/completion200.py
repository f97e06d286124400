"""A larger completion: 200 x 200 of rank 3 from a fifth of its entries."""

from latebloom.experiment import Experiment
from latebloom.methods import ProximalGradient
from latebloom.penalties import Nuclear
from latebloom.problems import MatrixCompletion


def completion200() -> Experiment:
    """Return the experiment."""
    return Experiment(
        MatrixCompletion(n1=200, n2=200, r=3, N=8000),
        Nuclear(5e-4),
        ProximalGradient(1.0),
        init=1e-6,
        steps=4_000,
        thresholds=(1e-2, 1e-2),
        name="completion200",
    )
