"""Controls: what happens without the one ingredient that makes Figure 3 grok."""

from latebloom.experiment import Experiment
from latebloom.methods import GradientDescent
from latebloom.problems import SparseRecovery

from .fig3 import fig3


def beta0() -> Experiment:
    """Return Figure 3 without its penalty: it memorizes and never generalizes."""
    return fig3().with_(penalty=None, method=GradientDescent(0.1))


def square() -> Experiment:
    """Return Figure 3 with as many measurements as unknowns: nothing is left to the penalty."""
    return fig3().with_(problem=SparseRecovery.code(n=100, s=5, N=100))
