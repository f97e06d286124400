"""Settings: a spec as nested dictionaries, changed through dotted keys such as penalty.beta."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, get_type_hints

from latebloom.core.errors import InvalidInput, nearest, shown
from latebloom.core.files import parse_toml
from latebloom.core.schedules import AUTO
from latebloom.core.spec import FAMILIES, required_fields, to_dict

from .experiment import Experiment


def keys_of(node: Any, prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of all fields of a spec, those of the specs inside it included.

    **Arguments:**

    - `node`: a spec as nested dictionaries, without a `type` an experiment; or the name of a type.
    - `prefix`: what all keys begin with.
    """
    if hasattr(node, "__spec_family__"):
        node = to_dict(node)
    if isinstance(node, list):
        for i, part in enumerate(node):
            yield from keys_of(part, f"{prefix}{i}.")
    elif isinstance(node, Mapping) and not prefix:
        for field in fields(Experiment):
            yield field.name
            yield from keys_of(node.get(field.name), f"{field.name}.")
    elif isinstance(node, Mapping | str):
        for name in fields_of(node if isinstance(node, str) else str(node.get("type", ""))):
            yield f"{prefix}{name}"
            yield from keys_of(child_of(node, name), f"{prefix}{name}.")


def fields_of(name: str) -> dict[str, Field[Any]]:
    """Return the fields of the type called `name` by name, none for no such type."""
    found = [members[name] for members in FAMILIES.values() if name in members]
    return {f.name: f for f in fields(found[0]) if f.init} if found else {}


def types_with(name: str) -> dict[str, list[str]]:
    """Return the types that have a field called `name`, sorted, by family."""
    found = {
        family: sorted(member for member in members if name in fields_of(member))
        for family, members in FAMILIES.items()
    }
    return {family: members for family, members in found.items() if members}


class Fields:
    """Finds the dotted key that a name stands for.

    **Arguments:**

    - `base`: the experiment whose fields they are, also as nested dictionaries.

    >>> import latebloom as lb
    >>> from latebloom.experiment.settings import Fields
    >>> Fields(lb.Experiment(lb.SparseRecovery(), lb.L1(1e-5))).key("beta")
    'penalty.beta'
    """

    def __init__(self, base: Experiment | Mapping[str, Any]) -> None:
        data = base.to_dict() if isinstance(base, Experiment) else base
        self.known = dict.fromkeys(key for key in keys_of(data) if key != "name")

    def add_types(self, key: str, values: Iterable[Any]) -> None:
        """Let the fields of the types that the field `key` takes be known as well."""
        for value in values:
            name = value.get("type") if isinstance(value, Mapping) else value
            if isinstance(name, str):
                self.known.update(dict.fromkeys(f"{key}.{field}" for field in fields_of(name)))

    def found(self, name: str) -> list[str]:
        """Return the dotted keys that `name` may stand for: itself, or those that end with it."""
        if name in self.known:
            return [name]
        return [key for key in self.known if key.endswith(f".{name}")]

    def key(self, name: str, what: str = "") -> str:
        """Return the dotted key that `name`, itself one or the end of one, stands for.

        **Arguments:**

        - `name`: such as `penalty.beta`, or `beta` where that is the only one.
        - `what`: where the name is used, for the message.

        **Raises:** `InvalidInput` if there is none, naming the nearest, or more than one.
        """
        found = self.found(name)
        if len(found) == 1:
            return found[0]
        where = f"{what}: " if what else ""
        if found:
            raise InvalidInput(f"{where}{name!r} may be {' or '.join(found)}: write which")
        raise InvalidInput(f"{where}the experiment has no field {name!r}{self._hint(name)}")

    def _hint(self, name: str) -> str:
        """Return what to try for a name that no field has."""
        elsewhere = types_with(name.rpartition(".")[2])
        if elsewhere:
            types = "; ".join(f"{family} {', '.join(m)}" for family, m in elsewhere.items())
            return f"; those that have it: {types}"
        short = {key.rpartition(".")[2] for key in self.known}
        hint = nearest(name, [*self.known, *short])
        return f"; fields: {', '.join(self.known)}" if hint.startswith("; known") else hint


def full_name(experiment: Experiment | Mapping[str, Any], name: str) -> str:
    """Return the dotted key of the one field that `name` stands for, at any depth.

    **Arguments:**

    - `experiment`: the experiment that has the field, also as nested dictionaries.
    - `name`: a dotted key, or the end of one: `beta` for `penalty.beta`.

    **Raises:** `InvalidInput` if several fields may be meant, listing them; or if there is none,
    naming the nearest field, or the types that have one of this name.

    >>> import latebloom as lb
    >>> from latebloom.experiment.settings import full_name
    >>> experiment = lb.Experiment(lb.SparseRecovery(), lb.L1(lb.SwitchOn(1e-5)))
    >>> full_name(experiment, "N"), full_name(experiment, "before")
    ('problem.N', 'penalty.beta.before')
    """
    return "name" if name == "name" else Fields(experiment).key(name)


Experiment.full_name = full_name


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
    """Return every dotted key that some experiment has, for suggestions.

    Fields of schedules and of the terms of a sum, deeper inside, stand there by their name alone.
    """
    known: list[str] = []
    for field in fields(Experiment):
        inner = {name for member in FAMILIES.get(field.name, ()) for name in fields_of(member)}
        known += [field.name, *sorted(f"{field.name}.{name}" for name in inner)]
    ends = {key.rpartition(".")[2] for key in known}
    every = {name for members in FAMILIES.values() for m in members for name in fields_of(m)}
    return [*known, *sorted(every - ends)]


def scalar(text: str) -> Any:
    """Return the value of a text: a number, a boolean, a list of these, or the text.

    >>> from latebloom.experiment.settings import scalar
    >>> scalar("1e9"), scalar("true"), scalar("1e-3, 1e-4"), scalar("L1")
    (1000000000.0, True, [0.001, 0.0001], 'L1')
    """
    for candidate in (text, f"[{text}]" if "," in text else text):
        try:
            value = parse_toml(f"value = {candidate}")["value"]
        except InvalidInput:
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

    **Raises:** `InvalidInput` for an unknown or ambiguous name.
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
