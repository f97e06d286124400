"""The commands of the command line: those of latebloom, and those that plugins register."""

import importlib
from dataclasses import dataclass
from typing import Any

from latebloom.core.errors import InvalidInput

# Exit codes. A fault of ours is none of the user's input (70 is EX_SOFTWARE of sysexits.h).
DONE, FAILED, BAD_INPUT, FAULT, INTERRUPTED = 0, 1, 2, 70, 130

# A setting of the experiment as it was typed: ("penalty.beta", "1e-7").
Setting = tuple[str, str]

COMMANDS: dict[str, "Command"] = {}


@dataclass(frozen=True)
class Command:
    """A command: its name, one line of help, and where its code is.

    **Fields:**

    - `name`: the word to type.
    - `summary`: one sentence for the list of commands.
    - `place`: `module:Class`, imported when the command is used. The class is a frozen dataclass
      whose fields are the options, with the method `execute(settings) -> int` that returns the exit
      code. A command that takes settings beside its options has the static method
      `known_settings()`, which returns their names; `execute` gets pairs (name, text). One whose
      first argument is a name of something else than an experiment has the static method
      `known_names()`, for the completion of the shell.
    """

    name: str
    summary: str
    place: str

    def load(self) -> Any:
        """Return the class, importing its module."""
        module, _, name = self.place.partition(":")
        return getattr(importlib.import_module(module), name)


def register_command(name: str, summary: str, place: str) -> None:
    """Add a command to the command line; see `Command` for the arguments.

    **Raises:** `InvalidInput` if another one has the name.
    """
    if COMMANDS.get(name, Command(name, summary, place)).place != place:
        raise InvalidInput(f"command {name!r}: the name is taken; choose another")
    COMMANDS[name] = Command(name, summary, place)


for _name, _summary, _place in (
    ("run", "Simulate an experiment and print the result.", "run:Run"),
    ("show", "Print an experiment as TOML.", "show:Show"),
    ("list", "List the named experiments.", "list_:List"),
    ("predict", "Print what theory predicts for an experiment.", "predict:Predict"),
    ("check", "Compare every law with a run.", "check:Check"),
    ("demo", "Run the headline experiments and show them on one page.", "demo:Demo"),
    ("sweep", "Compute a grid of experiments into a store.", "sweep:Sweep"),
    ("status", "Print what a store holds.", "status:Status"),
    ("export", "Write the results of a store as a table.", "export:Export"),
    ("plot", "Plot the results of a store.", "plot:Plot"),
    ("diagnose", "Diagnose the curves of any trainer.", "diagnose:Diagnose"),
    ("compare", "Compare the curves of several logs.", "compare:Compare"),
    ("watch", "Follow a log while it grows.", "watch:Watch"),
    ("explore", "Open a page in the browser with sliders for a run.", "explore:Explore"),
    ("cite", "Print BibTeX of the papers behind an experiment.", "cite:Cite"),
    ("doctor", "Print what this installation has.", "doctor:Doctor"),
    ("completion", "Print a script that completes commands in a shell.", "completion:Completion"),
):
    register_command(_name, _summary, f"latebloom.cli.{_place}")
