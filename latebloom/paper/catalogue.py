"""The catalogue: experiments with a name, what was published of them, and where sources differ."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from latebloom._errors import InvalidInput, nearest
from latebloom.experiment import Experiment
from latebloom.progress import Progress

from .claim import Claim
from .reproduction import Reproduction

if TYPE_CHECKING:
    from .lab import Lab

READ_OFF = "read off the published picture"

# What a study is about: the paper's convex figures, its networks, its theorems, questions that it
# leaves open, and what other groups found. `reproduce` takes the name of a group for all of it.
Group = Literal["convex", "networks", "theory", "beyond", "others"]
GROUPS: tuple[Group, ...] = ("convex", "networks", "theory", "beyond", "others")
# What `reproduce all` regenerates: the paper and what follows from it.
ALL = "all"
OF_ALL: tuple[Group, ...] = ("convex", "networks", "theory", "beyond")

# Studies all of whose published runs are those of others.
RUNS_OF: Mapping[str, tuple[str, ...]] = {
    "fig16": ("fig7",),
    "fig17": ("fig9",),
    "fig18": ("fig9",),
    "fig22": ("fig21",),
    "fig23": ("fig8",),
    "fig25": ("fig3",),
    "fig26": ("fig4",),
    "fig28": ("fig27",),
    "fig29": ("fig6",),
    "fig1": ("fig2", "fig30"),
    "fig10": ("fig31",),
    "fig11": ("fig34",),
}

Study = Callable[["Lab"], Reproduction]

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
    - `reproduce`: regenerates the whole figure, at the size of the lab, and compares it with what
      was published.
    - `group`: what the study is about; "" without one.
    - `claims`: the statements that the study decides.
    - `official`: seconds that the public code takes for the figure on two cores, if it is known.
    """

    name: str
    title: str
    build: Callable[[], Experiment] | None = None
    small: Callable[[], Experiment] | None = None
    aliases: tuple[str, ...] = ()
    published: Mapping[str, float | str] = field(default_factory=dict)
    source: str = ""
    note: str = ""
    reproduce: Study | None = None
    group: Group | Literal[""] = ""
    claims: tuple[Claim, ...] = ()
    official: float | None = None

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

    @property
    def study(self) -> Study:
        """What regenerates the whole figure; raises `InvalidInput` if nothing does."""
        if self.reproduce is None:
            raise InvalidInput(
                f"{self.name} is a single experiment, to be run: latebloom run {self.name}; what "
                "can be reproduced: the figures, and the studies of `latebloom list`"
            )
        return self.reproduce


def official_of(names: Iterable[str]) -> float:
    """Return the seconds that the public code takes for some studies, shared runs counted once.

    >>> official_of(["fig4", "fig26"]) == official_of(["fig26"]) == 7 * 3600
    True
    """
    chosen = set(names)
    own = [n for n in chosen if not RUNS_OF.get(n) or not chosen.issuperset(RUNS_OF[n])]
    return sum(PRESETS[name].official or 0.0 for name in own)


def by_size(
    full: Callable[[Progress], Reproduction], quick: Callable[[Progress], Reproduction]
) -> Study:
    """Return the study that is one function at the full size and another one at the quick."""

    def study(lab: "Lab") -> Reproduction:
        with lab.bar("study") as progress:
            return (quick if lab.quick else full)(progress)

    return study


def register(preset: Preset) -> Preset:
    """Add a preset to the catalogue and return it."""
    PRESETS[preset.name] = preset
    return preset


def preset(name: str) -> Preset:
    """Return the preset called `name`, or known under this alias.

    **Raises:** `InvalidInput` for an unknown name, naming the nearest known one.

    >>> import latebloom.paper as paper
    >>> paper.preset("blog-fig4").name
    'fig7'
    """
    for found in PRESETS.values():
        if name == found.name or name in found.aliases:
            return found
    known = [known for p in PRESETS.values() for known in (p.name, *p.aliases)]
    raise InvalidInput(f"no experiment called {name!r}{nearest(name, known)}")


def studies(name: str) -> list[Preset]:
    """Return the presets that `reproduce NAME` regenerates: one, those of a group, or all.

    **Raises:** `InvalidInput` for an unknown name, naming the nearest known one, and for an
    experiment that is not reproduced.

    >>> [found.name for found in studies("fig16")]
    ['fig16']
    """
    groups = OF_ALL if name == ALL else (name,)
    found = [p for p in PRESETS.values() if p.group in groups and p.reproduce is not None]
    if not found:
        known = [n for p in PRESETS.values() if p.reproduce for n in (p.name, *p.aliases)]
        everything = {n for p in PRESETS.values() for n in (p.name, *p.aliases)}
        if name not in everything:
            hint = nearest(name, [*known, *GROUPS, ALL])
            raise InvalidInput(f"no figure or study called {name!r}{hint}")
        found = [preset(name)]
        _ = found[0].study
    return sorted(found, key=lambda p: (GROUPS.index(p.group) if p.group else 9, natural(p.name)))


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts fig3 before fig12."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
