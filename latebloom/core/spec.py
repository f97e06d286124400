"""Specs: frozen dataclasses that read from and write to plain dictionaries and TOML, and hash.

Every member of a family (problem, model, penalty, method, init, record, schedule) is a frozen
dataclass decorated with ``@register("family")``. From then on ``{"type": "L1", "beta": 1e-5}``
builds it, its fields are TOML keys and command-line options, and unknown keys or wrong types are
errors that name the key and the nearest known one.
"""

import dataclasses
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from . import checks as check
from .array_files import read_array
from .errors import InvalidInput, UnknownType, nearest, shown
from .field_types import FAMILIES, describe, explained, family_of
from .identity import SPEC_VERSION as SPEC_VERSION
from .identity import canonical as canonical
from .identity import canonical_hash as canonical_hash
from .identity import hash_of as hash_of
from .identity import to_dict as to_dict
from .plugins import load_plugins
from .spec_class import complete, hints_of

# The families, which are the parts of an experiment and what these are made of.
KINDS = ("problem", "model", "penalty", "method", "transform", "init", "record", "schedule")

T = TypeVar("T", bound=type)


def register(family: str) -> Callable[[T], T]:
    """Return the class decorator that makes a frozen dataclass a member of `family`.

    Its constructor, equality and repr become those of every spec, see `latebloom.core.spec_class`.

    **Raises:** `InvalidInput` for an unknown family, and if a class of another module has the name.
    """
    check.one_of("family", family, KINDS)

    def add(cls: T) -> T:
        if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
            raise InvalidInput(f"register({family!r}) on {shown(cls)}: must be a dataclass")
        other = FAMILIES.get(family, {}).get(cls.__name__, cls)
        if other.__module__ != cls.__module__:
            raise InvalidInput(
                f"{family} {cls.__name__!r}: {other.__module__} has the name; choose another"
            )
        cls.__spec_family__ = family
        if hasattr(cls, "__post_init__"):
            cls.__post_init__ = explained(cls.__post_init__)
        FAMILIES.setdefault(family, {})[cls.__name__] = cls
        return complete(cls)

    return add


def from_dict(cls: Any, data: Mapping[str, Any], path: str = "", folder: Path | None = None) -> Any:
    """Build a `cls` (a spec class, or the name of a family) from a dictionary.

    **Arguments:**

    - `cls`: the class, or a family name, in which case ``data["type"]`` chooses the member.
    - `data`: field values; nested specs are dictionaries.
    - `path`: where in the file we are, for error messages ("penalty.").
    - `folder`: where relative array files (``X = "X.npy"``) are looked up.

    **Raises:** `InvalidInput` for an unknown type or key (naming the nearest known one) or a wrong
    type.
    """
    if not isinstance(data, Mapping):
        raise InvalidInput(
            f"{path.rstrip('.') or 'spec'} = {shown(data)}: must be a table of settings"
        )
    data = dict(data)
    if isinstance(cls, str):
        members = FAMILIES.setdefault(cls, {})
        name = data.pop("type", None)
        if name is None:
            known = ", ".join(sorted(members))
            raise InvalidInput(f"{path}type is missing: a {cls} needs a type, one of {known}")
        if isinstance(name, str) and name not in members:
            load_plugins()
        if not isinstance(name, str) or name not in members:
            hint = nearest(str(name), members)
            if hint.startswith("; known"):
                hint += "; or load the plugin that has it, with --plugin MODULE"
            raise UnknownType(
                f"{path}type = {shown(name)}: no such {cls}{hint}", f"{cls} {shown(name)}"
            )
        cls = members[name]
    elif hasattr(cls, "__spec_family__") and data.pop("type", cls.__name__) != cls.__name__:
        raise InvalidInput(f"{path}type must be {cls.__name__} here")
    if hasattr(cls, "not_from_file"):
        raise InvalidInput(f"{path.rstrip('.')} is a {cls.__name__}: {cls.not_from_file}")
    return cls(**field_values(cls, data, path, folder))


def field_values(
    cls: type, data: Mapping[str, Any], path: str = "", folder: Path | None = None
) -> dict[str, Any]:
    """Return the fields of a spec class as a dictionary has them, each as its annotated type.

    **Arguments** and **Raises:** as for `from_dict`.
    """
    if not isinstance(data, Mapping):
        raise InvalidInput(f"{path or cls.__name__} = {shown(data)}: must be a table of fields")
    hints = hints_of(cls)
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}
    values = {}
    for key, value in data.items():
        if key not in fields:
            raise InvalidInput(f"unknown key '{path}{key}'{_elsewhere(cls, key, fields)}")
        values[key] = _convert(value, hints[key], f"{path}{key}", folder)
    missing = required_fields(cls) - values.keys()
    for name in (name for name in fields if name in missing):
        raise InvalidInput(f"'{path}{name}' is missing: {cls.__name__} needs it")
    return values


def _elsewhere(cls: type, key: str, known: Iterable[str]) -> str:
    """Return what to try for an unknown key: the nearest, or a type of the family that has it."""
    hint = nearest(key, known)
    members = FAMILIES.get(getattr(cls, "__spec_family__", ""), {})
    others = [
        name
        for name, other in members.items()
        if key in {f.name for f in dataclasses.fields(other)}
    ]
    return f"; types that have it: {', '.join(others)}" if others else hint


def required_fields(cls: type) -> set[str]:
    """Return the fields of a spec class that have no default."""
    missing = dataclasses.MISSING
    fields = (f for f in dataclasses.fields(cls) if f.init)
    return {f.name for f in fields if f.default is missing and f.default_factory is missing}


def _convert(value: Any, hint: Any, path: str, folder: Path | None) -> Any:
    """Return `value` as the annotated type `hint`, or raise with the key and what is allowed."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _convert_union(value, typing.get_args(hint), path, folder)
    if isinstance(value, Mapping):
        family = family_of(hint)
        if family:
            return from_dict(family, value, f"{path}.", folder)
        if dataclasses.is_dataclass(hint):
            return from_dict(hint, value, f"{path}.", folder)
    if origin is tuple and isinstance(value, list | tuple):
        args = typing.get_args(hint)
        inner = [args[0]] * len(value) if args[-1] is Ellipsis else list(args)
        if len(inner) == len(value):
            return tuple(
                _convert(v, h, f"{path}[{i}]", folder)
                for i, (v, h) in enumerate(zip(value, inner, strict=True))
            )
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        # An integer beyond the largest float fits no number field.
        if isinstance(value, float) or abs(value) <= sys.float_info.max:
            return float(value)
    elif hint is int and isinstance(value, int | float) and not isinstance(value, bool):
        if isinstance(value, int) or value.is_integer():
            return int(value)
    elif (hint in (str, bool) and isinstance(value, hint)) or (
        origin is typing.Literal and isinstance(value, str) and value in typing.get_args(hint)
    ):
        return value
    elif hint is np.ndarray:
        return _array(value, path, folder)
    elif isinstance(hint, type) and isinstance(value, str) and family_of(hint):
        return from_dict(family_of(hint), {"type": value}, f"{path}.", folder)
    raise InvalidInput(f"{path} = {shown(value)}: must be {describe(hint)}")


def _convert_union(value: Any, options: tuple[Any, ...], path: str, folder: Path | None) -> Any:
    # What is a protocol can be given in Python only.
    options = tuple(
        o for o in options if o is not type(None) and not getattr(o, "_is_protocol", False)
    )
    if isinstance(value, Mapping):
        options = next(((o,) for o in options if family_of(o)), options)
    if len(options) == 1:  # a table, or an optional value: its own message is the precise one
        return _convert(value, options[0], path, folder)
    for option in options:
        with suppress(InvalidInput):
            return _convert(value, option, path, folder)
    raise InvalidInput(f"{path} = {shown(value)}: must be {' or '.join(map(describe, options))}")


def _array(value: Any, path: str, folder: Path | None) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, str):
        try:
            return read_array((folder or Path()) / value)
        except InvalidInput as error:
            raise InvalidInput(f"{path} = {shown(value)}: {error}") from None
    if isinstance(value, list | tuple):
        with suppress(TypeError, ValueError):
            return np.asarray(value, dtype=np.float64)
    raise InvalidInput(
        f"{path}: must be nested lists of numbers, or the name of a .npy or .csv file"
    )
