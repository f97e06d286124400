"""The command `predict`: what theory predicts for an experiment."""

from dataclasses import dataclass

from latebloom.core.errors import InvalidInput
from latebloom.core.json_text import dump_json
from latebloom.core.progress import progress_bar

from .commands import DONE, Setting
from .cost import say_prediction
from .options import Source, experiment_settings, has_small, load_experiment


@dataclass(frozen=True)
class Predict:
    """Print what theory predicts for an experiment, before any run."""

    experiment: Source
    budget: float | None = None
    """Also find which beta generalizes within so many steps..."""
    error: float | None = None
    """...at a test error of at most this; the test threshold if left out."""
    plan_alpha: float | None = None
    """The step size of that plan; if left out 0.9 of the largest stable one, of networks theirs."""
    small: bool = False
    """The small version of a named experiment."""
    json: bool = False
    """Print one JSON document instead of a table."""

    known_settings = staticmethod(experiment_settings)

    def execute(self, settings: list[Setting]) -> int:
        """Print the prediction, and the plan if there is a budget."""
        from latebloom.theory import plan, predict

        from .tables import print_plan, print_prediction

        experiment = load_experiment(self.experiment, settings, self.small)
        found = None
        if self.budget is None and (self.error is not None or self.plan_alpha is not None):
            raise InvalidInput("--error and --plan-alpha are of a plan: give --budget STEPS too")
        small = not self.small and has_small(self.experiment, settings)
        say_prediction(experiment, self.experiment, small, plans=self.budget is not None)
        with progress_bar(f"{experiment.name}: gradients") as progress:
            if self.budget is not None:
                error = experiment.thresholds[1] if self.error is None else self.error
                found = plan(experiment, self.budget, error, self.plan_alpha, progress)
            prediction = predict(experiment, progress=progress)
        if self.json:
            name = {"experiment": experiment.hash, "name": experiment.name}
            more = {} if found is None else {"plan": found.to_dict()}
            print(dump_json({**name, **prediction.to_dict(), **more}))
            return DONE
        print_prediction(experiment, prediction)
        if found is not None:
            print_plan(experiment, found)
        return DONE
