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
    """A named experiment, or a named family of them.

    **Fields:**

    - `name`, `title`: how to call it, and what it shows in a few words.
    - `build`: makes the experiment; None for a family, which `reproduce` runs as a whole.
    - `small`: makes a small version that shows the same in seconds.
    - `aliases`: other figures of the same run.
    - `published`: quantity -> published value.
    - `source`: where the published values come from.
    - `note`: where the paper's text, notebook and picture differ, and what is taken here.
    - `reproduce`: regenerates the whole figure and compares it with what was published.
    - `reproduce_small`: the same at a small size, in less than a minute.
    """

    name: str
    title: str
    build: Callable[[], Experiment] | None = None
    small: Callable[[], Experiment] | None = None
    aliases: tuple[str, ...] = ()
    published: Mapping[str, float | str] = field(default_factory=dict)
    source: str = ""
    note: str = ""
    reproduce: Callable[[Progress], Reproduction] | None = None
    reproduce_small: Callable[[Progress], Reproduction] | None = None

    @property
    def has_small(self) -> bool:
        """Whether there is a small version."""
        return self.small is not None or self.reproduce_small is not None

    def experiment(self, small: bool = False) -> Experiment:
        """Return the experiment, labelled with the preset's name.

        **Raises:** `InvalidInput` for a family, or if there is no small version.
        """
        if self.build is None:
            raise InvalidInput(
                f"{self.name} is a family of runs: latebloom run {self.name} runs it as a whole, "
                f"without settings; `latebloom list` names single experiments"
            )
        if not small:
            return replace(self.build(), name=self.name)
        if self.small is None:
            raise InvalidInput(f"{self.name} has no small version: leave --small out")
        return replace(self.small(), name=f"{self.name} small")

    def study(self, small: bool = False) -> Callable[[Progress], Reproduction]:
        """Return what regenerates the whole figure.

        **Raises:** `InvalidInput` if nothing does, or not at a small size.
        """
        found = self.reproduce_small if small else self.reproduce
        if found is not None:
            return found
        if small and self.reproduce is not None:
            raise InvalidInput(f"{self.name} has no small version: leave --small out")
        known = [name for name, p in PRESETS.items() if p.reproduce is not None]
        raise InvalidInput(
            f"{self.name} has no comparison yet; figures that have: {', '.join(known)} "
            f"(latebloom run {self.name} simulates it)"
        )


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
