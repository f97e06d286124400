"""Named experiments, and experiments from names or files with some settings changed."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput, nearest, shortened, shown
from latebloom.core.files import as_path, read_toml
from latebloom.core.plugins import load_plugins

from .experiment import Experiment
from .settings import change_all, scalar

# (dotted key, text): ("penalty.beta", "1e-7").
Setting = tuple[str, str]

PRESETS: dict[str, "Preset"] = {}
# A longer name is shortened in messages.
LONGEST_NAME = 80


@dataclass(frozen=True)
class Preset:
    """A named experiment, or a named family of them that one command computes as a whole.

    **Fields:**

    - `name`, `title`: how to call it, and what it shows in a few words.
    - `build`: makes the experiment; None for a family.
    - `small`: makes a small version that shows the same in seconds.
    - `aliases`: other names of it.
    - `group`: what it belongs to.
    - `command`: the command that computes the family, or what is built on the experiment.
    - `facts`: returns what else is known of it: `published` (quantity -> value), `source` (where
      the published values come from), `note`, of a family `costs` (how long it takes, and what
      takes less), `engine` (which to take where none is named), and whatever the command needs.
    """

    name: str
    title: str = ""
    build: Callable[[], Experiment] | None = field(default=None, repr=False)
    small: Callable[[], Experiment] | None = field(default=None, repr=False)
    aliases: tuple[str, ...] = ()
    group: str = ""
    command: str = ""
    facts: Callable[[], Mapping[str, Any]] = field(default=dict, repr=False)

    @property
    def published(self) -> Mapping[str, float | str]:
        """The published values, by quantity."""
        return self.facts().get("published", {})

    @property
    def source(self) -> str:
        """Where the published values come from."""
        return self.facts().get("source", "")

    @property
    def note(self) -> str:
        """What a reader of the experiment must know."""
        return self.facts().get("note", "")

    @property
    def engine(self) -> str:
        """The engine that it is made for; `auto` as a rule."""
        return self.facts().get("engine", "auto")

    def experiment(self, small: bool = False) -> Experiment:
        """Return the experiment, labelled with the preset's name.

        **Raises:** `InvalidInput` for a family, or if there is no small version.
        """
        if self.build is None:
            whole = f"latebloom run {self.name} runs it as a whole, without settings"
            if "costs" in self.facts():
                whole += f" ({self.facts()['costs']})"
            raise InvalidInput(
                f"{self.name} is a family of runs: {whole}; `latebloom list` names single "
                "experiments"
            )
        if not small:
            return replace(self.build(), name=self.name)
        if self.small is None:
            raise InvalidInput(f"{self.name} has no small version: leave --small out")
        return replace(self.small(), name=f"{self.name} small")


def register_preset(preset: Preset) -> Preset:
    """Add a named experiment to those that `latebloom list` shows, and return it.

    **Raises:** `InvalidInput` if another one has the name.
    """
    check.instance("preset", preset, Preset)
    if PRESETS.get(preset.name, preset).title != preset.title:
        raise InvalidInput(f"experiment {preset.name!r}: the name is taken; choose another")
    PRESETS[preset.name] = preset
    return preset


def preset_from_toml(path: Path, name: str = "", **head: Any) -> Preset:
    """Return the preset that a TOML file describes; its tables are read when they are needed.

    **Arguments:**

    - `path`: a file with the table `experiment`, and if wanted the table `small`; its other keys
      are the preset's facts. Without `experiment` it is a family.
    - `name`: how to call it; by default the name of the file.
    - `head`: `title`, `aliases`, `group`, `command`, `facts`.
    """
    facts = head.pop("facts", None) or cache(partial(read_toml, path))

    def made(table: str) -> Callable[[], Experiment] | None:
        if table not in facts():
            return None
        return lambda: Experiment.from_dict(facts()[table], path.parent)

    return Preset(
        name or path.stem, build=made("experiment"), small=made("small"), facts=facts, **head
    )


def presets() -> dict[str, Preset]:
    """Return every named experiment, those of the plugins included, by name."""
    load_plugins()
    return {name: PRESETS[name] for name in sorted(PRESETS, key=natural)}


def preset(name: str) -> Preset:
    """Return the preset called `name`, or known under this alias.

    **Raises:** `InvalidInput` for an unknown name, naming the nearest known one.

    >>> from latebloom.experiment.presets import preset
    >>> preset("blog-fig4").name
    'fig7'
    """
    known = _names()
    if name not in known:
        hint = nearest(name, known)
        if hint.startswith("; known"):
            hint = "; `latebloom list` prints the names, and a file needs .toml at its end"
        raise InvalidInput(f"no experiment called {shortened(repr(name), LONGEST_NAME)}{hint}")
    return known[name]


def _names() -> dict[str, Preset]:
    """Return the presets by name and alias."""
    found = presets().values()
    aliases = {alias: one for one in found for alias in one.aliases}
    return aliases | {one.name: one for one in found}


def is_family(source: str) -> bool:
    """Return whether `source` names a family of runs rather than an experiment."""
    return not _is_file(source) and preset(source).build is None


def engine_of(source: str) -> str:
    """Return the engine that a named experiment is made for; `auto` for a file.

    >>> from latebloom.experiment.presets import engine_of
    >>> engine_of("fig3"), engine_of("slow-addition")
    ('auto', 'slow')
    """
    return "auto" if _is_file(source) else preset(source).engine


def _is_file(source: str) -> bool:
    return source.endswith(".toml") or os.sep in source or os.path.isfile(source)


def load(source: str | Path, settings: Sequence[Setting] = (), small: bool = False) -> Experiment:
    """Return the experiment that `source` names, with some settings changed.

    **Arguments:**

    - `source`: a name of `latebloom list`, or the path of a TOML file.
    - `small`: take the small version, which some named experiments have.
    - `settings`: pairs (dotted key, text); `beta` stands for `penalty.beta` where no other field is
      called so. A text is a TOML value; for a key that holds a spec, it
      is the name of a type (fields that the old and the new type share are kept), or `none`.

    **Returns:** the experiment; its name says what was changed.

    **Raises:** `InvalidInput` for an unknown name, key or type (naming the nearest) or value.

    >>> import latebloom as lb
    >>> lb.load("fig3").with_(beta=1e-6).penalty
    L1(beta=1e-06)
    >>> lb.load("fig3", [("method", "ProximalGradient"), ("steps", "1e9")]).method
    ProximalGradient(alpha=0.1)
    """
    as_path("load", source)
    check.boolean("small", small)
    if not isinstance(settings, Sequence) or not all(map(_is_pair, settings)):
        raise InvalidInput(
            f"settings = {shown(settings)}: must be a list of pairs (field, text), as in "
            '[("penalty.beta", "1e-7")]'
        )
    is_file, source = isinstance(source, Path) or _is_file(source), str(source)
    if os.path.isdir(source) and (is_file or source not in _names()):
        raise InvalidInput(
            f"{source} is a folder, not an experiment: lb.open_run({source!r}) opens a run that "
            f"was saved there, and {Path(source) / 'experiment.toml'} is its experiment"
        )
    if is_file:
        if small:
            raise InvalidInput(f"{source}: --small is for named experiments, not for files")
        experiment = Experiment.from_toml(Path(source))
        experiment = experiment.with_(name=experiment.name or Path(source).stem)
    else:
        experiment = preset(source).experiment(small)
    if not settings:
        return experiment
    data = experiment.to_dict()
    values = [(key, text if key == "name" else scalar(text, key)) for key, text in settings]
    keys = change_all(data, values)
    if "name" not in keys:
        texts = (text for _, text in settings)
        changes = (f"{key}={text}" for key, text in zip(keys, texts, strict=True))
        data["name"] = " ".join((experiment.name, *changes))
    return Experiment.from_dict(data, Path(source).parent if is_file else None)


def _is_pair(setting: object) -> bool:
    """Return whether a setting is a field and its value as it is typed."""
    if not isinstance(setting, tuple | list) or len(setting) != 2:
        return False
    return all(isinstance(part, str) for part in setting)


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts fig3 before fig12."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
