"""The catalogue: experiments with a name, what was published of them, and where sources differ."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from latebloom._errors import InvalidInput, nearest
from latebloom.experiment import Experiment
from latebloom.progress import Progress

from .reproduction import Reproduction

READ_OFF = "read off the published picture"

PRESETS: dict[str, "Preset"] = {}


@dataclass(frozen=True)
class Preset:
    """A named experiment.

    **Fields:**

    - `name`, `title`: how to call it, and what it shows in a few words.
    - `build`: makes the experiment.
    - `aliases`: other figures of the same run.
    - `published`: quantity -> published value.
    - `source`: where the published values come from.
    - `note`: where the paper's text, notebook and picture differ, and what is taken here.
    - `reproduce`: regenerates the whole figure and compares it with what was published.
    """

    name: str
    title: str
    build: Callable[[], Experiment]
    aliases: tuple[str, ...] = ()
    published: Mapping[str, float | str] = field(default_factory=dict)
    source: str = ""
    note: str = ""
    reproduce: Callable[[Progress], Reproduction] | None = None

    def experiment(self) -> Experiment:
        """Return the experiment, labelled with the preset's name."""
        return replace(self.build(), name=self.name)


def register(preset: Preset) -> Preset:
    """Add a preset to the catalogue and return it."""
    PRESETS[preset.name] = preset
    return preset


def preset(name: str) -> Preset:
    """Return the preset called `name`, or known under this alias.

    **Raises:** `InvalidInput` for an unknown name, naming the nearest known one.

    >>> import latebloom.paper as paper
    >>> paper.preset("fig16").name
    'fig7'
    """
    for found in PRESETS.values():
        if name == found.name or name in found.aliases:
            return found
    known = [known for p in PRESETS.values() for known in (p.name, *p.aliases)]
    raise InvalidInput(f"no experiment called {name!r}{nearest(name, known)}")
