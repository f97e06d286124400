"""The event-driven engine: runs whose cost does not grow with the delay, one function for all
methods."""

from latebloom.core.errors import Unsupported
from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.methods import ProjectedSubgradient, ProximalGradient
from latebloom.problems import VectorLeastSquares

from . import averaged_jump, proximal_jump
from .base import Engine, register_engine
from .proximal_jump import solve as solve
from .result import EngineResult, Records
from .threads import blas_threads


def why_not(experiment: Experiment) -> str | None:
    """Return why the engine does not apply, or None if it does."""
    if not isinstance(experiment.data, VectorLeastSquares):
        return "it needs an unknown that is a vector"
    if isinstance(experiment.method, ProximalGradient):
        return proximal_jump.why_not(experiment)
    return averaged_jump.why_not(experiment)


def simulate_jump(experiment: Experiment, progress: Progress | None = None) -> EngineResult:
    """Simulate event by event: exact for proximal gradient, a bracket for subgradient methods.

    **Arguments:**

    - `experiment`: linear model; L1 and L2 penalties for `ProximalGradient`, L1 for `Subgradient`
      and `ProjectedSubgradient`.
    - `progress`: called with (steps done, steps in all) after every closed-form piece.

    **Returns:** an `EngineResult`.

    **Raises:** `Unsupported` where the engine does not apply, with the reason.

    >>> import latebloom as lb
    >>> from latebloom.engines.jump import simulate_jump
    >>> problem = lb.SparseRecovery.code(n=20, s=1, N=10, seed=1)
    >>> e = lb.Experiment(problem, lb.L1(1e-9), lb.ProximalGradient(0.1), steps=10**12)
    >>> simulate_jump(e).t2.kind
    'exact'
    """
    reason = why_not(experiment)
    if reason:
        raise Unsupported(f"engine 'jump': {reason}; use engine 'step'")
    if isinstance(experiment.method, ProximalGradient):
        return proximal_jump.simulate_proximal(experiment, progress)
    if isinstance(experiment.method, ProjectedSubgradient):
        return averaged_jump.simulate_projected(experiment, progress)
    return averaged_jump.simulate_subgradient(experiment, progress)


class JumpEngine(Engine):
    """Runs with l1 event by event, at a cost that does not grow with the delay."""

    name = "jump"

    def why_not(self, experiment: Experiment) -> str | None:
        """Return why the engine does not apply, or None if it does."""
        return why_not(experiment)

    def cost(self, experiment: Experiment) -> float:
        """Return a hundredth of a second: some hundred events, whatever the horizon."""
        return 1e-2

    def exact(self, experiment: Experiment) -> bool:
        """Return whether the method is proximal gradient: others chatter about what is followed."""
        return isinstance(experiment.method, ProximalGradient)

    def records(self, experiment: Experiment) -> Records:
        """Return `iterates` for proximal gradient and `average` for subgradient methods."""
        return "iterates" if self.exact(experiment) else "average"

    def run(self, experiment: Experiment, progress: Progress | None = None) -> EngineResult:
        """Return what `simulate_jump` does."""
        with blas_threads(experiment.data):
            return simulate_jump(experiment, progress)


register_engine(JumpEngine())
