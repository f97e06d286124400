"""The command `show`: an experiment as TOML."""

from dataclasses import dataclass

from latebloom.core.json_text import dump_json

from .commands import DONE, Setting
from .options import Source, experiment_settings


@dataclass(frozen=True)
class Show:
    """Print an experiment as TOML, with the settings given as options."""

    experiment: Source
    small: bool = False
    """The small version, of those that have one."""
    json: bool = False
    """Print one JSON document instead of TOML."""

    known_settings = staticmethod(experiment_settings)

    def execute(self, settings: list[Setting]) -> int:
        """Print the experiment."""
        from latebloom.experiment.presets import load

        from .tables import print_spec

        experiment = load(self.experiment, settings, self.small)
        if self.json:
            print(dump_json({"experiment": experiment.hash, "spec": experiment.to_dict()}))
        else:
            print_spec(experiment)
        return DONE
