"""The engines `step`: every update, compiled, of least squares and of networks."""

from typing import Any

from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.problems import VectorLeastSquares

from .base import Engine, register_engine
from .result import EngineResult

# Rough times in seconds on one core of 2024: compiling; an update, and what every entry of X adds;
# an update with a singular value decomposition, and what every entry of the matrix times its
# smaller side adds; an update of a network, what every parameter adds, and what every parameter
# times every example adds, half of it in single precision. Networks of 50 to 23,000 parameters took
# a quarter to three times as long.
COMPILING = 1.0
UPDATE, ENTRY = 1.5e-6, 4e-10
SVD, SVD_ENTRY = 1e-4, 4e-9
TRAINING, PARAMETER, WEIGHT = 5e-6, 1e-8, 1.5e-10


class StepEngine(Engine):
    """Makes every update; `simulate_step` makes those of many experiments of one shape at once."""

    name = "step"
    needs = ("jax",)

    def why_not(self, experiment: Experiment) -> str | None:
        """Return None: it applies to every experiment."""
        return None

    def cost(self, experiment: Experiment) -> float:
        """Return the time to compile, and that of an update for each step."""
        problem, update = experiment.data, UPDATE
        if isinstance(problem, VectorLeastSquares):
            update += ENTRY * problem.X.size
        elif any(term.of_matrices for term in experiment.terms):
            update = SVD + SVD_ENTRY * experiment.start.size * min(problem.shape)
        return COMPILING + update * experiment.steps

    def run(self, experiment: Experiment, progress: Progress | None = None) -> EngineResult:
        """Simulate by making every update."""
        from .step import simulate_step  # loads JAX

        return simulate_step([experiment], progress)[0]


class TrainingEngine(StepEngine):
    """Makes every update of a network; `train` makes those of networks of one shape together."""

    networks = True
    needs = ("jax", "optax")

    def cost(self, experiment: Experiment) -> float:
        """Return the time to compile, and that of an update for each step."""
        return COMPILING + seconds_per_update(experiment) * experiment.steps

    def run(self, experiment: Experiment, progress: Progress | None = None) -> Any:
        """Return the `TrainingResult` of one network."""
        from .training import train  # loads JAX

        return train([experiment], progress)[0]


def seconds_per_update(experiment: Experiment) -> float:
    """Return a rough guess of the time that an update of a network takes."""
    weights = sum(array.size for array in experiment.network_start.values())
    examples = len(experiment.supervised.train.targets)
    batch = getattr(experiment.method, "batch", None) or examples
    per_weight = WEIGHT if experiment.precision == "float64" else WEIGHT / 2
    return TRAINING + weights * (PARAMETER + per_weight * min(batch, examples))


register_engine(StepEngine())
register_engine(TrainingEngine())
