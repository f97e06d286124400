"""The engine `step`: every update of a least squares problem, compiled."""

from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment

from .base import Engine, register_engine
from .result import EngineResult

# Rough times in seconds: compiling, and one update of a small problem.
COMPILING, UPDATE = 1.0, 1e-6


class StepEngine(Engine):
    """Makes every update; `simulate_step` makes those of many experiments of one shape at once."""

    name = "step"

    def why_not(self, experiment: Experiment) -> str | None:
        """Return None: it applies to every least squares problem."""
        return None

    def cost(self, experiment: Experiment) -> float:
        """Return the time to compile, and a microsecond per update."""
        return COMPILING + UPDATE * experiment.steps

    def run(self, experiment: Experiment, progress: Progress | None = None) -> EngineResult:
        """Return what `simulate_step` does."""
        from .step import simulate_step  # loads JAX

        return simulate_step([experiment], progress)[0]


register_engine(StepEngine())
