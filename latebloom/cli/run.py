"""The command `run`: simulate an experiment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from latebloom.core.errors import InvalidInput
from latebloom.core.folders import check_folder
from latebloom.core.json_text import dump_json
from latebloom.core.messages import QUIET, note
from latebloom.core.progress import progress_bar
from latebloom.engines.base import engine_names

from .arguments import execute
from .commands import BAD_INPUT, DONE, INTERRUPTED, Setting
from .cost import say_run
from .options import Source, experiment_settings, has_small, load_experiment, sources_explained

EVERY = 60.0  # as in `Checkpoint`: what one is willing to lose
Engine = Annotated[str, tyro.conf.arg(metavar="{" + ",".join(engine_names()) + "}")]


@dataclass(frozen=True)
class Run:
    """Simulate an experiment and print the result.

    Settings of the experiment are options too: --penalty.beta 1e-7, --method.alpha 0.05,
    --steps 1e9; the end of a name will do where no other field has it: --beta 1e-7, --N 40. A
    type is chosen by its name: --method ProximalGradient, --beta SwitchOn, --penalty none.
    `latebloom show NAME` prints all settings.
    """

    experiment: Source
    engine: Engine = "auto"
    """How the updates are computed; auto takes the cheapest exact way, or the one that a named
    experiment is made for."""
    out: Path | None = None
    """A new folder for spec, data (netCDF), pictures and result."""
    overwrite: bool = False
    """Replace the earlier result in that folder."""
    force: bool = False
    """Run even if alpha is beyond its limit."""
    small: bool = False
    """The small version, seconds instead of minutes, of those that have one."""
    refine: bool = False
    """Networks: find t1 and t2 to the step, by looking at both errors at every step."""
    checkpoint: Path | None = None
    """Networks: a folder for the state; a run killed or stopped goes on from it."""
    checkpoint_every: float = EVERY
    """Seconds between two states."""
    checkpoint_steps: int | None = None
    """Steps between two states, beside the seconds."""
    json: bool = False
    """Print one JSON document instead of tables."""

    known_settings = staticmethod(experiment_settings)

    def execute(self, settings: list[Setting]) -> int:
        """Run the experiment, or the family of experiments, print the result and save it."""
        from latebloom.engines.checkpoint import Checkpoint
        from latebloom.experiment.presets import engine_of, is_family
        from latebloom.runs.file import prepare
        from latebloom.runs.run import FILES
        from latebloom.simulate import require_valid, simulate

        from .tables import print_run

        with sources_explained(self.experiment):
            family = not settings and is_family(self.experiment)
        if family:
            return self._execute_family()
        experiment = load_experiment(self.experiment, settings, self.small)
        engine = engine_of(self.experiment) if self.engine == "auto" else self.engine
        if self.out is not None:
            check_folder(self.out, FILES, self.overwrite)  # before, not after, a long run
        checkpoint = None
        if self.checkpoint is None and (self.checkpoint_every != EVERY or self.checkpoint_steps):
            raise InvalidInput(
                "--checkpoint-every and --checkpoint-steps go with --checkpoint FOLDER"
            )
        seconds, steps = self.checkpoint_every, self.checkpoint_steps
        if seconds < 0:
            raise InvalidInput(f"--checkpoint-every {seconds:g}: must be at least 0 seconds")
        if steps is not None and steps < 1:
            raise InvalidInput(f"--checkpoint-steps {steps}: must be at least 1 step")
        if self.checkpoint is not None:
            checkpoint = Checkpoint(self.checkpoint, self.checkpoint_every, self.checkpoint_steps)
            checkpoint.require_writable()
        require_valid([experiment], self.force, self.refine, checkpoint)
        small = not self.small and has_small(self.experiment, settings)
        say_run(experiment, engine, self.experiment, small)
        if self.out is not None:
            prepare()
        with progress_bar(experiment.name) as progress:
            run = simulate(
                experiment,
                engine=engine,
                progress=progress,
                force=self.force,
                refine=self.refine,
                checkpoint=checkpoint,
            )
        unsaved = None
        if self.out is not None:
            try:
                # After Ctrl-C nobody waits for pictures; `Run.from_dataset` gives the run back.
                run.save(self.out, overwrite=self.overwrite, pictures=not run.interrupted)
            except InvalidInput as error:  # the result is printed even if it cannot be saved
                unsaved = error
        if self.json:
            error = {} if unsaved is None else {"error": str(unsaved)}
            from latebloom.theory.advice import advise_on

            print(dump_json(run.to_dict() | {"advice": advise_on(run)} | error))
        else:
            print_run(run, self.out if unsaved is None else None)
        if unsaved is not None:
            note(str(unsaved), at=QUIET)
            return BAD_INPUT
        return INTERRUPTED if run.interrupted else DONE

    def _execute_family(self) -> int:
        """Run the command that computes a family as a whole."""
        from latebloom.experiment.presets import preset

        tokens = [self.experiment]
        tokens += [] if self.small else ["--full"]
        tokens += ["--json"] if self.json else []
        tokens += [] if self.out is None else [f"--out={self.out}"]
        tokens += ["--overwrite"] if self.overwrite else []
        return execute(preset(self.experiment).command, tokens)
