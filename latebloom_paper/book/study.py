"""A study: a figure or a question, its experiment, sweeps and published values as a file holds
them."""

import importlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from latebloom.core.errors import InvalidInput
from latebloom.core.files import read_toml
from latebloom.experiment import Experiment, Preset, changed

from .claim import Claim, claim_of
from .costs import words_of
from .reproduction import Comparison, Reproduction
from .statistic import Statistic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latebloom.sweeps import Sweep

    from .workspace import Workspace

# What a study is about: the paper's convex figures, its networks, its theorems, questions that it
# leaves open, and what other groups found. `reproduce` takes the name of a group for all of it.
Group = Literal["convex", "networks", "theory", "beyond", "others"]
GROUPS: tuple[Group, ...] = get_args(Group)
# Tables of a sweep of which the quick size and a call change single keys.
MERGED = ("set", "axes", "derive")

# A positive number in a text.
NUMBER = r"\d+(?:\.\d+)?(?:e-?\d+)?"

Regenerate = Callable[["Workspace"], Reproduction]


@dataclass(frozen=True)
class Study:
    """A figure or study: an experiment or a family of them, and what regenerates and judges it.

    **Fields:**

    - `name`, `title`, `aliases`, `group`: as of a `Preset`.
    - `file`: the TOML file with its data.
    - `place`: `module` or `module:function` that regenerates it, "" for a single experiment.
    - `package`: of these modules and those of `code`.
    - `public_seconds`: that the public code takes for the figure on two cores, if it is known.
    - `runs_of`: studies of whose runs it consists.
    - `code`: places of what is computed instead of read: `build` (the experiment), `claims`.
    - `family`, `has_small`: whether it is a family of runs, and whether it has a small version.
    - `quick`: whether what the file has for the quick size is taken, see `at`.
    """

    name: str
    title: str
    file: Path
    place: str = ""
    aliases: tuple[str, ...] = ()
    group: str = ""
    public_seconds: float | None = None
    runs_of: tuple[str, ...] = ()
    code: Mapping[str, str] = field(default_factory=dict)
    family: bool = False
    has_small: bool = False
    package: str = ""
    quick: bool = False

    def at(self, quick: bool) -> "Study":
        """Return the study at the quick size, or at the full one.

        Of the quick size, `[experiment.quick]` changes the experiment, and `[settings.quick]` and
        `[sweeps.KEY.quick]` take the place of settings and of what a sweep has, key by key.
        """
        return self if quick == self.quick else replace(self, quick=quick)

    @property
    def data(self) -> Mapping[str, Any]:
        """What the file holds."""
        return _read(self.file)

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """The statements that the study decides."""
        if "claims" in self.code:
            return self._at(self.code["claims"])()
        return tuple(claim_of(table) for table in self.data.get("claims", ()))

    @property
    def published(self) -> Mapping[str, Any]:
        """The published values, by quantity."""
        return self.data.get("published", {})

    @property
    def readings(self) -> Mapping[str, Any]:
        """What else was read off the published pictures: lists and tables, by quantity."""
        return self.data.get("readings", {})

    @property
    def settings(self) -> dict[str, Any]:
        """Constants of the evidence and of the picture, by name."""
        return self._sized("settings")

    @property
    def source(self) -> str:
        """Where the published values come from."""
        return self.data.get("source", "")

    @property
    def note(self) -> str:
        """Where the paper's text, notebook and picture differ, and what is taken here."""
        return self.data.get("note", "")

    def _sized(self, key: str) -> dict[str, Any]:
        """Return a table of the file, at the quick size with what its table `quick` has."""
        found = dict(self.data.get(key, {}))
        own = found.pop("quick", {})
        return found | own if self.quick else found

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
        - `table`: of the file that has the experiment.
        """
        if table == "experiment" and "build" in self.code:
            return changed(self._at(self.code["build"])(), changes).with_(name=name)
        spec = dict(self.data[table])
        own = spec.pop("quick", {})
        base = Experiment.from_dict(spec, self.file.parent)
        for one in (own if self.quick else {}, changes):
            base = changed(base, one, self.file.parent)
        return base.with_(name=name)

    def truth(self, changes: Mapping[str, Any]) -> np.ndarray:
        """Return the parameters that the data of the experiment come from, with some settings
        changed."""
        return self.changed(changes).data.truth

    def sweep(self, key: str, quick: bool = False, **changes: Any) -> "Sweep":
        """Return the sweep of the table `[sweeps.KEY]`, which has the keys of a sweep's file.

        **Arguments:**

        - `quick`: whether what `[sweeps.KEY.quick]` has takes the place of what the table has; in
          the tables `set`, `axes` and `derive` it is taken key by key. So it is of a study at the
          quick size. "none" leaves a key out.
        - `changes`: keys in place of those of the file, taken in the same way. `base` is an
          experiment, the name of a table of the file, or a name of `latebloom list`; without one
          it is the experiment of the study.
        """
        table = dict(self.data["sweeps"][key])
        own = table.pop("quick", {})
        for other in (own if quick or self.quick else {}, changes):
            for name, value in other.items():
                merged = name in MERGED and name in table
                table[name] = {**table[name], **value} if merged else value
        table = {name: value for name, value in table.items() if value != "none"}
        base = table.get("base", "experiment")
        if isinstance(base, str):
            base = self.changed({}, table=base) if base in self.data else base
        from latebloom.sweeps import sweep_from_dict  # it loads the engines

        return sweep_from_dict({"name": key} | table | {"base": base}, self.name, self.file.parent)

    # Published values -----------------------------------------------------------------------------

    def numbers(self, listed: str | Sequence[float], **words: float) -> list[float]:
        """Return the numbers of a list.

        **Arguments:**

        - `listed`: the numbers, or a text with numbers, or a quantity of `[published]` whose
          value is such a text.
        - `words`: word of the text -> number.

        >>> from latebloom_paper.book.catalogue import STUDIES
        >>> STUDIES["fig8"].numbers("t2 (tau 0.5 ... 0.9)")[:2]
        [4230000.0, 2690000.0]
        """
        if not isinstance(listed, str):
            return list(listed)
        pattern = "|".join([*map(re.escape, words), NUMBER])
        found = re.findall(pattern, str(self.published.get(listed, listed)))
        return [words[w] if w in words else int(w) if w.isdigit() else float(w) for w in found]

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

        - `rows`: the published values beside ours; `figure`: the picture.
        - `evidence`: the statistics that decide the claims, by the id of the claim.
        - `settings`: the experiments it is made of, by default that of the study if it has one.
        - `words`: values of the names in braces in these texts, besides the settings.
        """
        report = self._sized("report")
        words = {**self.settings, **words}
        return Reproduction(
            self.name,
            report["title"].format(**words),
            tuple(rows),
            figure,
            tuple(note.format(**words) for note in report.get("notes", ())),
            evidence,
            tuple(settings) or ((self.experiment,) if "experiment" in self.data else ()),
            report.get("seeds", "").format(**words),
        )

    # What reproduces it ---------------------------------------------------------------------------

    def _at(self, place: str) -> Any:
        module, _, name = place.partition(":")
        module = f"{self.package}.{module}" if self.package else module
        return getattr(importlib.import_module(module), name)

    @property
    def study(self) -> Regenerate:
        """What regenerates the whole figure; raises `InvalidInput` for a single experiment."""
        if not self.place:
            raise InvalidInput(
                f"{self.name} is a single experiment, to be run: latebloom run {self.name}; what "
                "can be reproduced: the figures, and the studies of `latebloom list`"
            )
        return self._at(self.place if ":" in self.place else f"{self.place}:reproduce")

    @property
    def preset(self) -> Preset:
        """The study as a named experiment, or a named family of them."""
        return Preset(
            self.name,
            self.title,
            None if self.family else lambda: self.experiment,
            (lambda: self.at(True).experiment) if self.has_small else None,
            self.aliases,
            self.group,
            "reproduce" if self.place else "",
            self._facts,
        )

    def _facts(self) -> dict[str, Any]:
        """Return what the file holds, with the claims, and of a family what it costs."""
        facts = {**self.data, "claims": self.claims}
        if self.family and self.place:
            full = words_of([self.name], "full", self.public_seconds or 0.0)
            quick = words_of([self.name], "quick", 0.0)
            facts["costs"] = f"{full}; latebloom reproduce {self.name}, the quick size: {quick}"
        return facts


@cache
def _read(file: Path) -> dict[str, Any]:
    """Return what a file holds.

    A text in place of the table `published` names the study that has the same.
    """
    found = read_toml(file)
    if isinstance(other := found.get("published"), str):
        found["published"] = read_toml(file.with_name(f"{other}.toml"))["published"]
    return found
