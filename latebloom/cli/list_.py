"""The command `list`: the named experiments."""

from dataclasses import dataclass

from latebloom.core.json_text import dump_json

from .commands import DONE, Setting
from .table import print_table

# Facts of a named experiment in the JSON document.
KEYS = ("name", "aliases", "title", "published", "source", "note")


@dataclass(frozen=True)
class List:
    """List the experiments that have a name."""

    json: bool = False
    """Print one JSON document instead of a table."""

    def execute(self, settings: list[Setting]) -> int:
        """Print the list."""
        from latebloom.experiment.presets import presets

        found = presets().values()
        if self.json:
            documents = [
                {key: getattr(preset, key) for key in KEYS}
                | {
                    "family": preset.build is None,
                    "group": preset.group,
                    "claims": len(preset.facts().get("claims", ())),
                }
                for preset in found
            ]
            print(dump_json(documents))
            return DONE
        rows = []
        for preset in found:
            kind = "study" if preset.build is None else "run, study" if preset.command else "run"
            rows.append((preset.name, ", ".join(preset.aliases), kind, preset.group, preset.title))
        print_table(("name", "also", "kind", "group", "what it shows"), rows)
        return DONE
