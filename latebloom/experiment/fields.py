"""The fields of an experiment by dotted key, and the short names that people use for them."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from latebloom.core.errors import InvalidInput, nearest
from latebloom.core.spec import FAMILIES

from .experiment import Experiment


def keys_of(spec: Any, prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of all fields of a spec, those of the specs inside it included."""
    for field in dataclasses.fields(spec):
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


def keys_of_type(name: str, prefix: str) -> list[str]:
    """Return the dotted keys of the fields of the type called `name`, none for no such type."""
    for members in FAMILIES.values():
        if name in members:
            return [f"{prefix}.{f.name}" for f in dataclasses.fields(members[name]) if f.init]
    return []


def default_of(name: str, field: str) -> Any:
    """Return the default of a field of the type called `name`, None if it has none."""
    for members in FAMILIES.values():
        if name in members:
            for known in dataclasses.fields(members[name]):
                if known.name == field and known.default is not dataclasses.MISSING:
                    return known.default
    return None


class Fields:
    """Finds the dotted key that a name stands for.

    **Arguments:**

    - `base`: the experiment whose fields they are.

    >>> import latebloom as lb
    >>> from latebloom.experiment.fields import Fields
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
                self.known.update(dict.fromkeys(keys_of_type(name, key)))

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
        return node[part] if part in node else default_of(str(node.get("type", "")), part)
    if isinstance(node, list) and part.isdigit() and int(part) < len(node):
        return node[int(part)]
    return None
