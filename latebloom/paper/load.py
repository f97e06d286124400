"""From words to an experiment: a name or a TOML file, and settings written as dotted keys."""

import os
import tomllib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

from latebloom._errors import InvalidInput
from latebloom.experiment import Experiment
from latebloom.spec import FAMILIES

from .catalogue import preset

# (dotted key, text): ("penalty.beta", "1e-7").
Setting = tuple[str, str]


def is_family(source: str) -> bool:
    """Return whether `source` names a family of runs rather than an experiment."""
    return not _is_file(source) and preset(source).build is None


def _is_file(source: str) -> bool:
    return source.endswith(".toml") or os.sep in source or Path(source).is_file()


def load(source: str, settings: Sequence[Setting] = (), small: bool = False) -> Experiment:
    """Return the experiment that `source` names, with some settings changed.

    **Arguments:**

    - `source`: a name of the catalogue, or the path of a TOML file.
    - `small`: take the small version, which some experiments of the catalogue have.
    - `settings`: pairs (dotted key, text). A text is a TOML value; for a key that holds a spec, it
      is the name of a type (fields that the old and the new type share are kept), or `none`.

    **Returns:** the experiment; its name says what was changed.

    **Raises:** `InvalidInput` for an unknown name, key or type (naming the nearest) or value.

    >>> from latebloom.paper.load import load
    >>> load("fig3", [("method", "ProximalGradient"), ("steps", "1e9")]).method
    ProximalGradient(alpha=0.1)
    """
    is_file = _is_file(source)
    if is_file:
        if small:
            raise InvalidInput(f"{source}: --small is for names of the catalogue, not for files")
        experiment = Experiment.from_toml(Path(source))
        experiment = experiment.with_(name=experiment.name or Path(source).stem)
    else:
        experiment = preset(source).experiment(small)
    if not settings:
        return experiment
    data = experiment.to_dict()
    changes = [f"{key}={text}" for key, text in settings if key != "name"]
    data["name"] = " ".join([experiment.name, *changes])
    # Types first: `--penalty.beta 1 --penalty L1` and the reverse order mean the same.
    for key, text in sorted(settings, key=lambda setting: setting[0].count(".")):
        _change(data, key, text if key == "name" else scalar(text))
    return Experiment.from_dict(data, Path(source).parent if is_file else None)


def known_settings() -> list[str]:
    """Return every dotted key that some experiment has, for suggestions."""
    known = []
    for field in fields(Experiment):
        known.append(field.name)
        members = FAMILIES.get(field.name, {}).values()
        known += sorted(
            {f"{field.name}.{f.name}" for cls in members for f in fields(cls) if f.init}
        )
    return known


def scalar(text: str) -> Any:
    """Return the value that a text stands for: a number, a boolean, a list of these, or the text.

    >>> from latebloom.paper.load import scalar
    >>> scalar("1e9"), scalar("true"), scalar("1e-3, 1e-4"), scalar("L1")
    (1000000000.0, True, [0.001, 0.0001], 'L1')
    """
    for candidate in (text, f"[{text}]" if "," in text else text):
        try:
            value = tomllib.loads(f"value = {candidate}")["value"]
        except tomllib.TOMLDecodeError:
            continue
        if isinstance(value, bool | int | float | str | list):
            return value
    try:
        return float(text)  # TOML wants a digit before the point
    except ValueError:
        return text


def _change(data: dict[str, Any], key: str, value: Any) -> None:
    """Set `key` in nested dictionaries and lists."""
    node: Any = data
    parts = key.split(".")
    for depth, part in enumerate(parts[:-1], start=1):
        child = _get(node, part, key)
        if isinstance(child, str):  # a type without settings so far
            child = {"type": child}
            node[part] = child
        if not isinstance(child, dict | list):
            here = ".".join(parts[:depth])
            state = "is not set" if child is None else f"= {child!r}"
            raise InvalidInput(
                f"{key}: {here} {state} and has no settings; choose a type of {here} first"
            )
        node = child
    last = parts[-1]
    if isinstance(node, list):
        _get(node, last, key)
        node[int(last)] = value
    elif isinstance(value, str) and value.lower() == "none":
        node.pop(last, None)
    elif isinstance(value, str) and isinstance(node.get(last), dict):
        node[last] = _of_type(value, node[last])
    else:
        node[last] = value


def _get(node: Any, part: str, key: str) -> Any:
    if not isinstance(node, list):
        return node.get(part)
    if not part.isdigit() or int(part) >= len(node):
        raise InvalidInput(f"{key}: '{part}' must be a position in 0..{len(node) - 1}")
    return node[int(part)]


def _of_type(name: str, old: dict[str, Any]) -> dict[str, Any]:
    """Return settings of the type `name` with the values it shares with the old ones.

    A field of the same name but of another type, a width for a list of widths, is not shared.
    """
    families = [f for f in FAMILIES.values() if old.get("type") in f]
    cls = families[0].get(name) if families else None
    if cls is None:
        return {"type": name}
    new, before = get_type_hints(cls), get_type_hints(families[0][old["type"]])
    keys = {f.name for f in fields(cls) if f.init and new[f.name] == before.get(f.name)}
    return {"type": name, **{k: v for k, v in old.items() if k in keys}}
