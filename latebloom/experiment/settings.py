"""Settings: a spec as nested dictionaries, changed through dotted keys such as penalty.beta."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

from latebloom.core.errors import InvalidInput
from latebloom.core.spec import FAMILIES

from .experiment import Experiment
from .fields import Fields


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
    """Return the value of a text: a number, a boolean, a list of these, or the text.

    >>> from latebloom.experiment.settings import scalar
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


def change(data: dict[str, Any], key: str, value: Any) -> None:
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


def changed(
    experiment: Experiment,
    changes: Mapping[str, Any] | Sequence[tuple[str, Any]],
    folder: Path | None = None,
) -> Experiment:
    """Return an experiment with some settings changed, without a label.

    **Arguments:**

    - `changes`: (dotted) key, or the end of one, -> value, as in `set` of a sweep's file.
    - `folder`: where the files that the changes name are.

    **Raises:** `InvalidInput` for an unknown key or a bad value.

    >>> import latebloom as lb
    >>> from latebloom.experiment.settings import changed
    >>> base = lb.Experiment(lb.SparseRecovery(), lb.L1(1e-5))
    >>> changed(base, {"method": "ProximalGradient", "beta": 1e-4}).penalty
    L1(beta=0.0001)
    """
    items = list(changes.items() if isinstance(changes, Mapping) else changes)
    if not items:
        return experiment.with_(name="")
    data = experiment.to_dict()
    known = Fields(experiment)
    for key, value in sorted(items, key=lambda item: item[0].count(".")):
        # A name without a dot may be the end of a key, as everywhere in the file.
        change(data, key if "." in key or key in data else _full(known, key), value)
    data.pop("name", None)
    return Experiment.from_dict(data, folder)


def _full(fields: Fields, key: str) -> str:
    """Return the key that a name is the end of, itself if there is none: then it is an error."""
    ends = [known for known in fields.known if known.endswith(f".{key}")]
    return fields.key(key, "set") if ends else key
