"""The commands of the command line: those of latebloom, and those that plugins register."""

import importlib
from dataclasses import dataclass
from typing import Any

COMMANDS: dict[str, "Command"] = {}


@dataclass(frozen=True)
class Command:
    """A command: its name, one line of help, and where its code is.

    **Fields:**

    - `name`: the word to type.
    - `summary`: one sentence for the list of commands.
    - `place`: `module:Class`; the class is a frozen dataclass whose fields are the options, with
      the method `execute(settings) -> int` that returns the exit code.
    """

    name: str
    summary: str
    place: str

    def load(self) -> Any:
        """Return the class, importing its module."""
        module, _, name = self.place.partition(":")
        return getattr(importlib.import_module(module), name)


def register_command(name: str, summary: str, place: str) -> None:
    """Add a command to the command line; see `Command` for the arguments."""
    COMMANDS[name] = Command(name, summary, place)
