"""Networks in a worker: their state is kept, so that hours of training survive Ctrl-C."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latebloom.core.errors import InvalidInput
from latebloom.core.progress import Progress
from latebloom.engines.checkpoint import Checkpoint
from latebloom.experiment.experiment import Experiment
from latebloom.problems import Supervised
from latebloom.runs.run import Run
from latebloom.simulate import simulate, simulate_batch

# The folder of a store with the states of what is being trained.
STATES = "states"


def never() -> bool:
    """Return False: the work need not end early."""
    return False


@dataclass(frozen=True)
class Training:
    """Runs experiments of one shape, of which those of networks leave a state if they do not end.

    **Fields:**

    - `folder`: for the state; it is gone when the runs are complete. None keeps nothing.
    - `stop`: says whether to end early.
    """

    folder: Path | None = None
    stop: Callable[[], bool] = never

    def run(
        self, experiments: Sequence[Experiment], engine: str, progress: Progress | None = None
    ) -> list[Run]:
        """Return the runs; those of networks go on from the state that an earlier attempt has left.

        **Arguments:**

        - `experiments`: one, or several of one shape.
        - `engine`: for a single one.
        - `progress`: called with (steps done, steps in all) now and then.
        """
        if self.folder is None or not isinstance(experiments[0].problem, Supervised):
            return self._simulated(experiments, engine, progress=progress)

        ended = False

        def moved(*arguments: Any, **more: Any) -> None:
            nonlocal ended
            if progress is not None:
                progress(*arguments, **more)
            if self.stop() and not ended:
                ended = True  # the trainer keeps the state, says where it is, and returns
                raise KeyboardInterrupt

        kept = Checkpoint(self.folder)
        try:
            runs = self._simulated(experiments, engine, progress=moved, checkpoint=kept)
        except InvalidInput:
            if not kept.path.exists():
                raise
            # A state of other versions, or a damaged one, is of no use.
            shutil.rmtree(self.folder, ignore_errors=True)
            runs = self._simulated(experiments, engine, progress=moved, checkpoint=kept)
        if not any(run.interrupted for run in runs):
            shutil.rmtree(self.folder, ignore_errors=True)
        return runs

    def _simulated(
        self, experiments: Sequence[Experiment], engine: str, **options: Any
    ) -> list[Run]:
        if len(experiments) == 1:
            return [simulate(experiments[0], engine=engine, **options)]
        return simulate_batch(experiments, **options)
