"""Settings: a spec as nested dictionaries, changed through dotted keys such as penalty.beta."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

from latebloom.core.errors import InvalidInput, shown
from latebloom.core.files import parse_toml
from latebloom.core.schedules import AUTO
from latebloom.core.spec import FAMILIES, required_fields

from .experiment import Experiment
from .keys import Fields, fields_of
from .keys import full_name as full_name


def copied(value: Any) -> Any:
    """Return a copy of nested dictionaries and lists; what they hold is shared."""
    if isinstance(value, Mapping):
        return {k: copied(v) for k, v in value.items()}
    return [copied(v) for v in value] if isinstance(value, list) else value


def scalar(text: str, key: str = "value") -> Any:
    """Return the value of a text: a number, a boolean, a list of these, a table, or the text.

    **Arguments:** `text`; `key`: what it is the value of, for messages.

    **Raises:** `InvalidInput` for a number that overflows.

    >>> from latebloom.experiment.settings import scalar
    >>> scalar("1e9"), scalar("true"), scalar("1e-3, 1e-4"), scalar("L1")
    (1000000000.0, True, [0.001, 0.0001], 'L1')
    """
    is_list = "," in text and not text.lstrip().startswith("{")
    for candidate in (text, f"[{text}]" if is_list else text):
        try:
            value = parse_toml(f"value = {candidate}")["value"]
        except InvalidInput:
            continue
        if isinstance(value, bool | int | float | str | list | dict):
            return value
    try:
        number = float(text)  # TOML wants a digit before the point
    except ValueError:
        return text
    if math.isinf(number) and "inf" not in text.lower():
        raise InvalidInput(
            f"{key} = {shown(text)}: is beyond the numbers of a computer, about 1.8e308"
        )
    return number


def change(data: dict[str, Any], key: str, value: Any) -> None:
    """Set `key` in nested dictionaries and lists."""
    node: Any = data
    parts = key.split(".")
    for depth, part in enumerate(parts[:-1], start=1):
        child = _get(node, part, key)
        if isinstance(child, str):  # a type without settings so far
            child = node[part] = {"type": child}
        if not isinstance(child, dict | list):
            here = ".".join(parts[:depth])
            state = "is not set" if child is None else f"= {shown(child)}"
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
    elif isinstance(value, str) and isinstance(node.get(last), int | float):
        node[last] = _of_number(value, node[last])
    else:
        node[last] = value


def _get(node: Any, part: str, key: str) -> Any:
    if not isinstance(node, list):
        return node.get(part)
    if not part.isdigit() or int(part) >= len(node):
        raise InvalidInput(f"{key}: '{part}' must be a position in 0..{len(node) - 1}")
    return node[int(part)]


def _of_type(name: str, old: dict[str, Any]) -> Any:
    """Return settings of the type `name` with the values it shares with the old ones.

    A field of the same name but of another type, a width for a list of widths, is not shared.
    """
    families = [f for f in FAMILIES.values() if old.get("type") in f]
    cls = families[0].get(name) if families else None
    if cls is None:
        return name if name == AUTO else {"type": name}
    new, before = get_type_hints(cls), get_type_hints(families[0][old["type"]])
    keys = {key for key in fields_of(name) if new[key] == before.get(key)}
    return {"type": name, **{k: v for k, v in old.items() if k in keys}}


def _of_number(name: str, old: float) -> Any:
    """Return settings of the type `name` in place of a number, which its one required number keeps.

    A constant alpha = 0.1 becomes a decay from 0.1, and init = 1e-6 a Gaussian of this size.
    """
    found = [members[name] for members in FAMILIES.values() if name in members]
    if not found:
        return name
    needed = required_fields(found[0])
    single = len(needed) == 1 and get_type_hints(found[0])[min(needed)] is float
    return {"type": name} | ({min(needed): old} if single else {})


def change_all(data: dict[str, Any], changes: Iterable[tuple[str, Any]]) -> list[str]:
    """Set several fields of an experiment given as nested dictionaries, types first.

    A name stands for a field of the experiment as it is with its new types, so the order of the
    changes is of no importance: `beta=1e-7, penalty=L2` and the reverse mean the same.

    **Arguments:**

    - `data`: the experiment; it is changed.
    - `changes`: pairs of a dotted key, or the end of one, and a value.

    **Returns:** the dotted key of every change, in the order of `changes`.

    **Raises:** `InvalidInput` for an unknown or ambiguous name, and for a field given twice.
    """
    items = list(changes)
    keys: dict[int, str] = {}
    while len(keys) < len(items):
        known = Fields(data)
        found = {i: _key(known, name) for i, (name, _) in enumerate(items) if i not in keys}
        ready = [i for i, key in found.items() if key]
        if not ready:  # this raises, with the reason
            known.key(items[next(iter(found))][0])
        i = min(ready, key=lambda i: found[i].count("."))
        if found[i] in keys.values():
            raise InvalidInput(f"{items[i][0]}: {found[i]} is given twice; give it once")
        keys[i] = found[i]
        change(data, keys[i], items[i][1])
    return [keys[i] for i in range(len(items))]


def _key(known: Fields, name: str) -> str:
    """Return the dotted key, itself if it begins with a field of experiments; "" if not yet known.

    What is wrong with such a key is said where it is set.
    """
    if name.partition(".")[0] in {field.name for field in fields(Experiment)}:
        return name
    found = known.found(name)
    return found[0] if len(found) == 1 else ""


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
    change_all(data, items)
    data.pop("name", None)
    return Experiment.from_dict(data, folder)
