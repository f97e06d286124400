"""Sweeps from TOML files: a user's own, and named ones."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from latebloom.core.errors import InvalidInput, nearest, shown
from latebloom.core.files import read_toml
from latebloom.core.plugins import load_plugins_of
from latebloom.experiment.experiment import Experiment
from latebloom.experiment.presets import Setting, load, presets
from latebloom.experiment.settings import changed, scalar
from latebloom.sweeps.grid.axis import RANGE

from .named import sweep_files
from .sweep import Sweep

# Keys of a sweep's file that are options of `latebloom sweep` too.
OWN = ("seeds", "only", "batch", "name", "matched", "tasks", "trajectories")
KEYS = (
    *("name", "title", "base", "set", "axes", "zip", "seeds", "matched", "derive", "only"),
    *("engine", "tasks", "trajectories", "batch"),
)


# What they hold, where it is no table.
KINDS: dict[str, tuple[str, Any]] = {
    "seeds": ("a whole number or a list", int | list),
    "batch": ("a whole number", int),
    "only": ("a text", str),
    "engine": ("a text", str),
    "matched": ("true or false", bool),
    "tasks": ("a list", list),
    "trajectories": ("a list", list),
}


def load_sweep(source: str, settings: Sequence[Setting] = ()) -> Sweep:
    """Return the sweep that a name or a TOML file describes.

    **Arguments:**

    - `source`: a name of `sweep_names()`, or the path of a file. Its keys are the arguments of
      `latebloom.sweep`, and: `base`, a name of `latebloom list`, a file, or a table with a whole
      experiment; `set`, changes to it; `plugins`, modules to import before; `title`, for people.
    - `settings`: pairs (dotted key, text): changes of the base, after `set`; the sweep's own keys
      `seeds`, `only`, `engine`, `batch`, `name` as well.

    **Raises:** `InvalidInput` for an unknown name or key (naming the nearest), or a bad value.

    >>> from latebloom.sweeps.file import load_sweep
    >>> load_sweep("phase").shape
    (20, 20, 25)
    """
    path = Path(source)
    if not (source.endswith(".toml") or os.sep in source or os.path.isfile(source)):
        known = sweep_files()
        if source not in known:
            names = {name for one in presets().values() for name in (one.name, *one.aliases)}
            if source in names:
                raise InvalidInput(_no_sweep(source))
            raise InvalidInput(
                f"no sweep called {shown(source)}{nearest(source, known)}; or a .toml file"
            )
        path = known[source]
    data = read_toml(path)
    own = ("engine", *OWN)
    data |= {key: _own(key, text) for key, text in settings if key in own}
    changes = {key: scalar(text, key) for key, text in settings if key not in own}
    return sweep_from_dict({"name": path.stem} | data, source, path.parent, changes)


def sweep_from_dict(
    data: Mapping[str, Any],
    source: str = "sweep",
    folder: Path | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Sweep:
    """Return the sweep that the tables of a TOML file describe.

    **Arguments:**

    - `data`: as the file of a sweep, see `load_sweep`; `base` may be an `Experiment` as well.
    - `source`: what messages call it.
    - `folder`: where the files that it names are.
    - `changes`: dotted key -> value: changes of the base, after `set`.

    **Raises:** `InvalidInput` for an unknown key (naming the nearest), or a bad value.

    >>> import latebloom as lb
    >>> base = lb.Experiment(lb.SparseRecovery(), lb.L1(1e-5))
    >>> sweep_from_dict({"base": base, "set": {"beta": 1e-4}, "axes": {"N": [20, 30]}}).shape
    (2,)
    """
    data = load_plugins_of(data, folder, source)
    if "problem" in data and "base" not in data:
        raise InvalidInput(_no_sweep(source))
    for key in data:
        if key not in KEYS:
            raise InvalidInput(f"{source}: unknown key '{key}'{nearest(key, KEYS)}")
    base = _base(source, folder, data.get("base"))
    every = [*_flat(data.get("set", {}), "set").items(), *(changes or {}).items()]
    base = changed(base, every, folder)
    rest = {k: data[k] for k in KEYS[6:] if k in data}
    for key in ("seeds", "batch"):
        if isinstance(rest.get(key), float) and rest[key].is_integer():
            rest[key] = int(rest[key])
    for key, (words, kind) in KINDS.items():
        value = rest.get(key)
        odd = isinstance(value, bool) and kind is not bool  # true is an int in Python
        if key in rest and (odd or not isinstance(value, kind)):
            raise InvalidInput(f"{source}: {key} = {shown(value)}: must be {words}")
    groups = data.get("zip", [])
    if not isinstance(groups, list):
        raise InvalidInput(f"{source}: zip must be an array of tables, [[zip]]")
    return Sweep(
        base,
        axes=_flat(data.get("axes", {}), "axes"),
        zip=[_flat(group, "zip") for group in groups],
        derive={k: str(v) for k, v in _flat(rest.pop("derive", {}), "derive").items()},
        name=str(data.get("name", "")),
        **rest,
    )


def _no_sweep(source: str) -> str:
    """Return what to say of an experiment that was given as a sweep."""
    return (
        f"{source}: is an experiment, not a sweep: latebloom run {source}; a sweep of it is a file "
        f'with base = "{source}" and [axes], such as N = [20, 30]'
    )


def _own(key: str, text: str) -> Any:
    """Return the value of one of the sweep's own keys given as text."""
    if key in ("only", "name"):
        return text
    if key in ("tasks", "trajectories"):
        return [word.strip() for word in text.split(",") if word.strip()]
    return scalar(text)


def _base(source: str, folder: Path | None, base: Any) -> Experiment:
    """Return the base experiment: itself, by name, from a file or from a table."""
    if base is None:
        raise InvalidInput(f"{source}: base is missing: a name of `latebloom list`, or a table")
    if isinstance(base, Experiment):
        return base
    if isinstance(base, str):
        beside = (folder or Path()) / base
        return load(str(beside) if os.path.isfile(beside) else base)
    return Experiment.from_dict(base, folder)


def _flat(table: Any, what: str, prefix: str = "") -> dict[str, Any]:
    """Return nested tables, which TOML makes of dotted keys, with dotted keys; ranges stay."""
    if not isinstance(table, Mapping):
        raise InvalidInput(f"{what} = {shown(table)}: must be a table")
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping) and not ("type" in value or set(value) & set(RANGE)):
            found |= _flat(value, what, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found
