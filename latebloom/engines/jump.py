"""The event-driven engine: runs whose cost does not grow with the delay."""

from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.methods import ProjectedSubgradient, ProximalGradient
from latebloom.problems import VectorLeastSquares

from . import averaged_jump, proximal_jump
from .base import Engine, register_engine
from .proximal_jump import solve as solve
from .result import EngineResult, Records
from .threads import few_threads


class JumpEngine(Engine):
    """Runs with l1 event by event: exact for proximal gradient, else a bracket of t2.

    It needs the linear model, and L1 and L2 penalties for `ProximalGradient`, L1 for `Subgradient`
    and `ProjectedSubgradient`.
    """

    name = "jump"
    closed_form = True

    def why_not(self, experiment: Experiment) -> str | None:
        """Return why the engine does not apply, or None if it does."""
        if not isinstance(experiment.data, VectorLeastSquares):
            return "it needs an unknown that is a vector"
        exact = self.exact(experiment)
        return (proximal_jump if exact else averaged_jump).why_not(experiment)

    def cost(self, experiment: Experiment) -> float:
        """Return a hundredth of a second: some hundred events, whatever the horizon."""
        return 1e-2

    def exact(self, experiment: Experiment) -> bool:
        """Return whether the method is proximal gradient: others chatter about what is followed."""
        return isinstance(experiment.method, ProximalGradient)

    def records(self, experiment: Experiment) -> Records:
        """Return `iterates` for proximal gradient and `average` for subgradient methods."""
        return "iterates" if self.exact(experiment) else "average"

    @few_threads
    def run(
        self, experiment: Experiment, progress: Progress | None = None, most: int | None = None
    ) -> EngineResult:
        """Simulate; `progress` is called with (steps done, steps in all) after every piece.

        The run stops after `most` events, if given: the same on every machine. Closed forms that
        end without an event count as one.
        """
        if self.exact(experiment):
            return proximal_jump.simulate(experiment, progress, most)
        if isinstance(experiment.method, ProjectedSubgradient):
            return averaged_jump.simulate_projected(experiment, progress, most)
        return averaged_jump.simulate_subgradient(experiment, progress, most)

    def run_bounded(self, experiment: Experiment) -> EngineResult:
        """Simulate for so many events that all but the hardest runs end before."""
        return self.run(experiment, most=proximal_jump.work_limit(experiment.start.size))


JUMP = register_engine(JumpEngine())
