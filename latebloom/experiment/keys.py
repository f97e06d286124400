"""Dotted keys such as penalty.beta: those an experiment has, and the one that a name stands for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from latebloom.core.errors import InvalidInput, nearest, shown
from latebloom.core.spec import FAMILIES, to_dict

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
    >>> from latebloom.experiment.keys import Fields
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
        if not isinstance(name, str):
            raise InvalidInput(f"{shown(name)} must be the name of a field, as in 'penalty.beta'")
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
    >>> from latebloom.experiment.keys import full_name
    >>> experiment = lb.Experiment(lb.SparseRecovery(), lb.L1(lb.SwitchOn(1e-5)))
    >>> full_name(experiment, "N"), full_name(experiment, "before")
    ('problem.N', 'penalty.beta.before')
    """
    if isinstance(name, str) and name == "name":
        return "name"
    return Fields(experiment).key(name)


Experiment.full_name = full_name


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
