"""Settings: a spec as nested dictionaries, changed through dotted keys such as penalty.beta."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, get_type_hints

from latebloom.core.errors import InvalidInput, nearest
from latebloom.core.spec import FAMILIES

from .experiment import Experiment


def keys_of(spec: Any, prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of all fields of a spec, those of the specs inside it included."""
    for field in fields(spec):
        if not field.init:
            continue
        key, value = f"{prefix}{field.name}", getattr(spec, field.name)
        yield key
        if hasattr(value, "__spec_family__"):
            yield from keys_of(value, f"{key}.")
        elif isinstance(value, tuple):
            for i, part in enumerate(value):
                if hasattr(part, "__spec_family__"):
                    yield from keys_of(part, f"{key}.{i}.")


def fields_of(name: str) -> dict[str, Field[Any]]:
    """Return the fields of the type called `name` by name, none for no such type."""
    found = [members[name] for members in FAMILIES.values() if name in members]
    return {f.name: f for f in fields(found[0]) if f.init} if found else {}


class Fields:
    """Finds the dotted key that a name stands for.

    **Arguments:**

    - `base`: the experiment whose fields they are.

    >>> import latebloom as lb
    >>> from latebloom.experiment.settings import Fields
    >>> Fields(lb.Experiment(lb.SparseRecovery(), lb.L1(1e-5))).key("beta")
    'penalty.beta'
    """

    def __init__(self, base: Experiment) -> None:
        self.known = dict.fromkeys(key for key in keys_of(base) if key != "name")

    def add_types(self, key: str, values: Iterable[Any]) -> None:
        """Let the fields of the types that the field `key` takes be known as well."""
        for value in values:
            name = value.get("type") if isinstance(value, Mapping) else value
            if isinstance(name, str):
                self.known.update(dict.fromkeys(f"{key}.{field}" for field in fields_of(name)))

    def key(self, name: str, what: str = "") -> str:
        """Return the dotted key that `name`, itself one or the end of one, stands for.

        **Arguments:**

        - `name`: such as `penalty.beta`, or `beta` where that is the only one.
        - `what`: where the name is used, for the message.

        **Raises:** `InvalidInput` if there is none, naming the nearest, or more than one.
        """
        if name in self.known:
            return name
        found = [key for key in self.known if key.endswith(f".{name}")]
        if len(found) == 1:
            return found[0]
        where = f"{what}: " if what else ""
        if found:
            raise InvalidInput(f"{where}{name!r} may be {' or '.join(found)}: write which")
        short = {key.rpartition(".")[2] for key in self.known}
        hint = nearest(name, [*self.known, *short])
        if hint.startswith("; known"):
            hint = f"; fields: {', '.join(self.known)}"
        raise InvalidInput(f"{where}the experiment has no field {name!r}{hint}")


def copied(value: Any) -> Any:
    """Return a copy of nested dictionaries and lists; what they hold is shared."""
    if isinstance(value, Mapping):
        return {k: copied(v) for k, v in value.items()}
    return [copied(v) for v in value] if isinstance(value, list) else value


def child_of(node: Any, part: str) -> Any:
    """Return a field of a spec given as dictionaries; what is not written has its default."""
    if isinstance(node, str):
        node = {"type": node}
    if isinstance(node, Mapping):
        if part in node:
            return node[part]
        default = getattr(fields_of(str(node.get("type", ""))).get(part), "default", None)
        return None if default is MISSING else default
    if isinstance(node, list) and part.isdigit() and int(part) < len(node):
        return node[int(part)]
    return None


def known_settings() -> list[str]:
    """Return every dotted key that some experiment has, for suggestions."""
    known = []
    for field in fields(Experiment):
        inner = {name for member in FAMILIES.get(field.name, ()) for name in fields_of(member)}
        known += [field.name, *sorted(f"{field.name}.{name}" for name in inner)]
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
            child = node[part] = {"type": child}
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
    keys = {key for key in fields_of(name) if new[key] == before.get(key)}
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
        # A name without a dot may be the end of a key; an unknown one is an error of `from_dict`.
        short = "." not in key and key not in data
        ends = short and any(full.endswith(f".{key}") for full in known.known)
        change(data, known.key(key, "set") if ends else key, value)
    data.pop("name", None)
    return Experiment.from_dict(data, folder)
