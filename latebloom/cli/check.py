"""The command `check`: compare the laws with a run."""

from dataclasses import dataclass

from latebloom.core.interrupts import keeping_nothing
from latebloom.core.json_text import dump_json
from latebloom.core.progress import progress_bar

from .commands import DONE, Setting
from .cost import say_run
from .options import Source, experiment_settings, load_experiment
from .run import Engine


@dataclass(frozen=True)
class Check:
    """Simulate an experiment and compare every law with what was measured.

    A law holds, is violated, is vacuous (a hypothesis fails, or it promises nothing here) or
    undecided (the run is too short to tell). Printed statements that are known to be false are
    among them, beside their corrections; `latebloom errata` explains them.
    """

    experiment: Source
    engine: Engine = "auto"
    """How the updates are computed; auto takes the cheapest exact way, or the one that a named
    experiment is made for."""
    all: bool = False
    """List the laws too that are about other experiments, and why they are."""
    json: bool = False
    """Print one JSON document instead of a table."""

    known_settings = staticmethod(experiment_settings)

    def execute(self, settings: list[Setting]) -> int:
        """Simulate the experiment and print the comparison."""
        from latebloom.experiment.presets import engine_of
        from latebloom.laws import check
        from latebloom.problems import LeastSquares
        from latebloom.simulate import require_valid, simulate
        from latebloom.theory.predict import predict_at_once

        from .tables import print_check

        experiment = load_experiment(self.experiment, settings)
        require_valid([experiment])
        engine = engine_of(self.experiment) if self.engine == "auto" else self.engine
        say_run(experiment, engine, self.experiment, small=False)
        # Of networks trained step by step t2 is else known between two records only.
        stepped = not isinstance(experiment.problem, LeastSquares) and engine in ("auto", "step")
        # Laws about a part of a run would take long, and say little.
        with keeping_nothing(), progress_bar(experiment.name) as progress:
            run = simulate(experiment, engine=engine, progress=progress, refine=stepped)
        if run.interrupted:
            raise KeyboardInterrupt
        report = check(run, predict_at_once(experiment))
        if self.json:
            print(dump_json({**run.to_dict(), "check": report.to_dict()}))
        else:
            print_check(run, report, self.all)
        return DONE
