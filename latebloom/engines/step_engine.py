"""The engines `step`: every update, compiled, of least squares and of networks."""

from typing import Any

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
        """Return None: it applies to every experiment."""
        return None

    def cost(self, experiment: Experiment) -> float:
        """Return the time to compile, and a microsecond per update."""
        return COMPILING + UPDATE * experiment.steps

    def run(self, experiment: Experiment, progress: Progress | None = None) -> EngineResult:
        """Simulate by making every update."""
        from .step import simulate_step  # loads JAX

        return simulate_step([experiment], progress)[0]


class TrainingEngine(StepEngine):
    """Makes every update of a network; `train` makes those of networks of one shape together."""

    networks = True

    def cost(self, experiment: Experiment) -> float:
        """Return the time to compile, and a millisecond per update."""
        return COMPILING + 1e3 * UPDATE * experiment.steps

    def run(self, experiment: Experiment, progress: Progress | None = None) -> Any:
        """Return the `TrainingResult` of one network."""
        from .training import train  # loads JAX

        return train([experiment], progress)[0]


register_engine(StepEngine())
register_engine(TrainingEngine())
