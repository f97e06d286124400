"""The engine `step` of networks: every update of their training, compiled."""

from collections.abc import Sequence
from typing import Any

from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment

from .base import Engine, register_engine
from .checkpoint import Checkpoint
from .step_engine import COMPILING, UPDATE


class TrainingEngine(Engine):
    """Trains networks, those of one shape together."""

    name = "step"
    networks = True

    def why_not(self, experiment: Experiment) -> str | None:
        """Return None: it applies to every network."""
        return None

    def cost(self, experiment: Experiment) -> float:
        """Return the time to compile, and a millisecond per update."""
        return COMPILING + 1e3 * UPDATE * experiment.steps

    def run(self, experiment: Experiment, progress: Progress | None = None) -> Any:
        """Return the `TrainingResult` of one network."""
        return self.train([experiment], progress)[0]

    def train(
        self,
        experiments: Sequence[Experiment],
        progress: Progress | None = None,
        checkpoint: Checkpoint | None = None,
        refine: bool = False,
    ) -> list[Any]:
        """Return the `TrainingResult` of every experiment; see `latebloom.engines.training`."""
        from .training import train  # loads JAX

        return train(experiments, progress, checkpoint, refine)


register_engine(TrainingEngine())
