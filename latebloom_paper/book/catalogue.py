"""The catalogue: every figure and study, what was published of it, and which claims it decides.

`catalogue.toml` lists them; `NAME.toml`, beside the module that regenerates the figure, holds its
data: the experiment, the sweeps, the published values, the text of the report and the claims.
"""

import importlib
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from latebloom.core.errors import InvalidInput, nearest
from latebloom.core.files import read_toml
from latebloom.core.progress import Progress
from latebloom.experiment import Experiment, Preset, natural, preset_from_toml
from latebloom.sweeps import Sweep, changed, sweep_from_dict

from .claim import Claim, Criterion
from .reproduction import Comparison, Reproduction
from .statistic import Statistic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .workspace import Workspace

READ_OFF = "read off the published picture"

# What a study is about: the paper's convex figures, its networks, its theorems, questions that it
# leaves open, and what other groups found. `reproduce` takes the name of a group for all of it.
Group = Literal["convex", "networks", "theory", "beyond", "others"]
GROUPS: tuple[Group, ...] = get_args(Group)
# What `reproduce all` regenerates: the paper and what follows from it.
ALL = "all"
OF_ALL: tuple[Group, ...] = ("convex", "networks", "theory", "beyond")

FOLDER = Path(__file__).parents[1]
PACKAGE = __name__.partition(".")[0]

Regenerate = Callable[["Workspace"], Reproduction]


@dataclass(frozen=True)
class Study:
    """A figure or study: an experiment or a family of them, and what regenerates and judges it.

    **Fields:**

    - `name`, `title`, `aliases`, `group`: as of a `Preset`.
    - `place`: `module` or `module:function` that regenerates it, "" for a single experiment.
    - `file`: the TOML file with its data.
    - `public_seconds`: that the public code takes for the figure on two cores, if it is known.
    - `runs_of`: studies of whose runs it consists.
    - `code`: places of what is computed instead of read: `build` (the experiment), `claims`.
    - `family`, `has_small`: whether it is a family of runs, and whether it has a small version.
    """

    name: str
    title: str
    file: Path
    place: str = ""
    aliases: tuple[str, ...] = ()
    group: Group | Literal[""] = ""
    public_seconds: float | None = None
    runs_of: tuple[str, ...] = ()
    code: Mapping[str, str] = field(default_factory=dict)
    family: bool = False
    has_small: bool = False

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """What the file holds."""
        found = read_toml(self.file)
        if "claims" in self.code:
            found["claims"] = _at(self.code["claims"])()
        return found

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """The statements that the study decides."""
        return tuple(
            claim if isinstance(claim, Claim) else claim_of(claim)
            for claim in self.data.get("claims", ())
        )

    @property
    def published(self) -> Mapping[str, Any]:
        """The published values, by quantity."""
        return self.data.get("published", {})

    @property
    def readings(self) -> Mapping[str, Any]:
        """What else was read off the published pictures: lists and tables, by quantity."""
        return self.data.get("readings", {})

    @property
    def settings(self) -> Mapping[str, Any]:
        """Constants of the evidence and of the picture, by name."""
        return self.data.get("settings", {})

    @property
    def source(self) -> str:
        """Where the published values come from."""
        return self.data.get("source", "")

    @property
    def note(self) -> str:
        """Where the paper's text, notebook and picture differ, and what is taken here."""
        return self.data.get("note", "")

    # Experiments and sweeps -----------------------------------------------------------------------

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment of the study, without a label."""
        return self.changed({})

    def changed(
        self, changes: Mapping[str, Any], name: str = "", table: str = "experiment"
    ) -> Experiment:
        """Return the experiment with some settings changed.

        **Arguments:**

        - `changes`: dotted key, or the end of one, -> value.
        - `name`: a label.
        - `table`: of the file: `experiment`, or `small`.
        """
        if table == "experiment" and "build" in self.code:
            base = _at(self.code["build"])()
        else:
            base = Experiment.from_dict(dict(self.data[table]), self.file.parent)
        return changed(base, changes, self.file.parent).with_(name=name)

    def truth(self, changes: Mapping[str, Any]) -> np.ndarray:
        """Return the parameters that the data of the experiment come from, with some settings
        changed."""
        found = self.changed(changes).data.a_star
        assert found is not None  # every convex figure has one
        return found

    def sweep(self, key: str, quick: bool = False, **changes: Any) -> Sweep:
        """Return the sweep of the table `[sweeps.KEY]`, which has the keys of a sweep's file.

        **Arguments:**

        - `quick`: whether what `[sweeps.KEY.quick]` has takes the place of what the table has; in
          the tables `set`, `axes` and `derive` it is taken key by key.
        - `changes`: keys in place of those of the file, taken in the same way. `base` is an
          experiment, the name of a table of the file, or a name of `latebloom list`; without one
          it is the experiment of the study.
        """
        table = dict(self.data["sweeps"][key])
        own = table.pop("quick", {})
        for other in (own if quick else {}, changes):
            for name, value in other.items():
                merged = name in ("set", "axes", "derive") and name in table
                table[name] = {**table[name], **value} if merged else value
        base = table.get("base", "experiment")
        if isinstance(base, str):
            base = self.changed({}, table=base) if base in self.data else base
        return sweep_from_dict({"name": key} | table | {"base": base}, self.name, self.file.parent)

    # Published values -----------------------------------------------------------------------------

    def numbers(self, quantity: str) -> list[float]:
        """Return the numbers that a published value lists.

        >>> STUDIES["fig8"].numbers("t2 (tau 0.5 ... 0.9)")[:2]
        [4230000.0, 2690000.0]
        """
        return [float(word) for word in re.split(r"[,\s]+", str(self.published[quantity]))]

    def compare(self, ours: Mapping[str, float | None]) -> list[Comparison]:
        """Return the rows of the tables `[[comparisons]]`, with our values.

        A table has the `label` of the row and, if anything was published, the `published` value:
        a number, or the quantity of `[published]` that has it; and `why` and `because`, see
        `Comparison`.

        **Arguments:**

        - `ours`: our values by label; rows of other labels are left out.
        """
        rows = []
        for table in self.data.get("comparisons", ()):
            label, theirs = table["label"], table.get("published")
            if label in ours:
                theirs = self.published[theirs] if isinstance(theirs, str) else theirs
                texts = {key: table[key] for key in ("why", "because") if key in table}
                rows.append(Comparison(label, theirs, ours[label], **texts))
        return rows

    def reproduction(
        self,
        rows: Iterable[Comparison],
        figure: "Figure",
        evidence: Mapping[str, Statistic],
        settings: Sequence[Experiment] = (),
        **words: Any,
    ) -> Reproduction:
        """Return the regenerated figure, with the table `[report]` of the file.

        The table has the `title`, the `notes`, and the `seeds` in words.

        **Arguments:**

        - `settings`: the experiments it is made of, by default that of the study.
        - `words`: what stands in these texts in braces.
        """
        report = self.data["report"]
        return Reproduction(
            self.name,
            report["title"].format(**words),
            tuple(rows),
            figure,
            tuple(note.format(**words) for note in report.get("notes", ())),
            evidence,
            tuple(settings) or (self.experiment,),
            report.get("seeds", "").format(**words),
        )

    # What reproduces it ---------------------------------------------------------------------------

    @property
    def reproduce(self) -> Regenerate | None:
        """What regenerates the whole figure; None for a single experiment."""
        if not self.place:
            return None
        return _at(self.place if ":" in self.place else f"{self.place}:reproduce")

    @property
    def study(self) -> Regenerate:
        """What regenerates the whole figure; raises `InvalidInput` if nothing does."""
        if self.reproduce is None:
            raise InvalidInput(
                f"{self.name} is a single experiment, to be run: latebloom run {self.name}; what "
                "can be reproduced: the figures, and the studies of `latebloom list`"
            )
        return self.reproduce

    @property
    def preset(self) -> Preset:
        """The study as a named experiment, or a named family of them."""
        found = preset_from_toml(
            self.file,
            self.name,
            title=self.title,
            aliases=self.aliases,
            group=self.group,
            command="reproduce" if self.place else "",
            family=self.family,
            has_small=self.has_small,
            facts=lambda: self.data,
        )
        if "build" in self.code:
            return replace(found, build=lambda: _at(self.code["build"])())
        return found


def _at(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(f"{PACKAGE}.{module}"), name)


def claim_of(data: Mapping[str, Any]) -> Claim:
    """Return the claim that a table of a study's file describes."""

    def criterion(table: Mapping[str, Any]) -> Criterion:
        low, high = table.get("low", -math.inf), table.get("high", math.inf)
        return Criterion(table["statement"], table["statistic"], low, high)

    return Claim(
        data["id"],
        data["source"],
        criterion(data),
        criterion(data["corrected"]) if "corrected" in data else None,
        data.get("undecidable", ""),
    )


@cache
def _catalogue() -> dict[str, Study]:
    data = tomllib.loads((FOLDER / "catalogue.toml").read_text(encoding="utf-8"))
    found = {}
    for name, entry in data.items():
        folder = entry.get("folder") or entry["place"].partition(".")[0]
        found[name] = Study(
            name,
            entry["title"],
            FOLDER / folder / f"{name}.toml",
            entry.get("place", ""),
            tuple(entry.get("aliases", ())),
            entry.get("group", ""),
            entry.get("public_seconds"),
            tuple(entry.get("runs_of", ())),
            {key: entry[key] for key in ("build", "claims") if key in entry},
            entry.get("family", False),
            entry.get("small", False),
        )
    return found


STUDIES: Mapping[str, Study] = _catalogue()


def public_seconds_of(names: Iterable[str]) -> float:
    """Return the seconds that the public code takes for some studies, shared runs counted once.

    >>> public_seconds_of(["fig4", "fig26"]) == public_seconds_of(["fig26"]) == 7 * 3600
    True
    """
    chosen = set(names)
    runs = {name: STUDIES[name].runs_of for name in chosen}
    own = [n for n in chosen if not runs[n] or not chosen.issuperset(runs[n])]
    return sum(STUDIES[name].public_seconds or 0.0 for name in own)


def by_size(
    full: Callable[[Progress], Reproduction], quick: Callable[[Progress], Reproduction]
) -> Regenerate:
    """Return what regenerates a study that is one function at the full size and another one at
    the quick."""

    def study(workspace: "Workspace") -> Reproduction:
        with workspace.bar("study") as progress:
            return (quick if workspace.quick else full)(progress)

    return study


def study_of(name: str) -> Study:
    """Return the study called `name`, or known under this alias.

    **Raises:** `InvalidInput` for an unknown name, naming the nearest known one.
    """
    for found in STUDIES.values():
        if name == found.name or name in found.aliases:
            return found
    known = [known for s in STUDIES.values() for known in (s.name, *s.aliases)]
    raise InvalidInput(f"no experiment called {name!r}{nearest(name, known)}")


def studies(name: str) -> list[Study]:
    """Return the studies that `reproduce NAME` regenerates: one, those of a group, or all.

    **Raises:** `InvalidInput` for an unknown name, naming the nearest known one, and for an
    experiment that is not reproduced.

    >>> [found.name for found in studies("fig16")]
    ['fig16']
    """
    groups = OF_ALL if name == ALL else (name,)
    found = [s for s in STUDIES.values() if s.group in groups and s.place]
    if not found:
        known = [n for s in STUDIES.values() if s.place for n in (s.name, *s.aliases)]
        everything = {n for s in STUDIES.values() for n in (s.name, *s.aliases)}
        if name not in everything:
            hint = nearest(name, [*known, *GROUPS, ALL])
            raise InvalidInput(f"no figure or study called {name!r}{hint}")
        found = [study_of(name)]
        _ = found[0].study
    return sorted(found, key=lambda s: (GROUPS.index(s.group) if s.group else 9, natural(s.name)))
