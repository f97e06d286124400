"""The command `show`: an experiment as TOML."""

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from latebloom.core.folders import new_folder
from latebloom.core.json_text import dump_json
from latebloom.core.messages import note

from .commands import DONE, Setting
from .options import Source, experiment_settings, load_experiment
from .table import WHOLE, terminal_width

if TYPE_CHECKING:
    from latebloom.experiment import Experiment

# Of comments; the files of this package have lines of this length.
WIDTH = 98
# What --out writes, beside arrays.
FILE = "experiment.toml"
# What stands for an array holds this.
SHORTENED = ", sha256 "


@dataclass(frozen=True)
class Show:
    """Print an experiment as TOML, with the settings given as options.

    Shape and hash stand for an array of more than 64 entries: --out writes what `run` can read.
    """

    experiment: Source
    small: bool = False
    """The small version, of those that have one."""
    out: Path | None = None
    """A new folder for the experiment as a file, experiment.toml, with its arrays beside it."""
    json: bool = False
    """Print one JSON document instead of TOML."""

    known_settings = staticmethod(experiment_settings)

    def execute(self, settings: list[Setting]) -> int:
        """Print the experiment."""
        experiment = load_experiment(self.experiment, settings, self.small)
        if self.out is not None:
            with new_folder(self.out, (FILE,)) as draft:
                (draft / FILE).write_text(experiment.to_toml(draft), encoding="utf-8")
        if self.json:
            print(dump_json({"experiment": experiment.hash, "spec": experiment.to_dict()}))
        else:
            _print_spec(experiment)
        if self.out is not None:
            note(f"written: {self.out / FILE}")
        return DONE


def _print_spec(experiment: "Experiment") -> None:
    """Print an experiment as TOML, with title and note of its preset as comments."""
    from latebloom.experiment.presets import presets

    comments = [f"latebloom experiment {experiment.hash}"]
    preset = presets().get(experiment.name.partition(" ")[0])
    if preset and preset.build and preset.experiment().hash == experiment.hash:
        comments = [f"{preset.name}: {preset.title} ({experiment.hash})", preset.note]
    text = experiment.to_toml(brief=True)
    if SHORTENED in text:
        comments.append("arrays are shown by shape and hash; --out FOLDER writes them in full")
    for comment in comments:
        width = min(terminal_width() or WIDTH, WIDTH)
        print(textwrap.fill(comment, width, initial_indent="# ", subsequent_indent="# ", **WHOLE))
    print(text, end="")
