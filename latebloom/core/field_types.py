"""The types of a spec's fields: what they allow, and which field of a spec has a wrong one."""

import dataclasses
import types
import typing
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from .errors import InvalidInput, shown
from .spec_class import hints_of

# Family -> name -> class, of all registered specs.
FAMILIES: dict[str, dict[str, type]] = {}


# The families found so far; a class without one may still get its first member.
_KNOWN_FAMILIES: dict[type, str] = {}


def family_of(hint: Any) -> str | None:
    """Return the family whose members are instances of the class `hint`, if any."""
    if not isinstance(hint, type) or hint is object or hint in WORDS:
        return None
    if hint not in _KNOWN_FAMILIES:
        for family, members in FAMILIES.items():
            if any(issubclass(m, hint) for m in members.values()):
                _KNOWN_FAMILIES[hint] = family
    return _KNOWN_FAMILIES.get(hint)


WORDS = {
    float: "a number",
    int: "a whole number",
    str: "a string",
    bool: "true or false",
    np.ndarray: "an array (nested lists, or the name of a .npy or .csv file)",
}


def describe(hint: Any) -> str:
    """Return in words what an annotation allows."""
    if hint in WORDS:
        return WORDS[hint]
    if typing.get_origin(hint) is typing.Literal:
        return " or ".join(map(repr, typing.get_args(hint)))
    if typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)
        if inner[-1] is Ellipsis:
            return f"a list, each entry {describe(inner[0])}"
        return f"a list of {len(inner)}: {', '.join(map(describe, inner))}"
    family = family_of(hint)
    if family:
        article = "an" if family[0] in "aeiou" else "a"
        return f"{article} {family} table with a type ({', '.join(sorted(FAMILIES[family]))})"
    return str(hint).replace("typing.", "")


def explained(check: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return the `__post_init__` of a spec with errors that name a field of a wrong type.

    The checks of a spec are about values. A value of a type that they do not expect, an array for a
    word, may make them fail in any way; then the reason is looked for here.
    """

    @wraps(check)
    def checked(self: Any) -> None:
        try:
            check(self)
        except InvalidInput:
            raise
        except Exception:  # a value of a wrong type may fail in any way
            wrong = misfit(self)
            if wrong is None:
                raise
            raise InvalidInput(wrong) from None

    return checked


def misfit(spec: Any) -> str | None:
    """Return a sentence about the first field of a spec that is not of its type, None for none."""
    for field in dataclasses.fields(spec):
        value, hint = getattr(spec, field.name, None), hints_of(type(spec))[field.name]
        if field.init and not fits(value, hint):
            name = f"{type(spec).__name__}.{field.name}"
            return f"{name} = {shown(value)}: must be {describe(hint)}"
    return None


def fits(value: Any, hint: Any) -> bool:
    """Return whether a value may stand for an annotation: lists for tuples, whole numbers for
    numbers.

    >>> fits(1, float), fits([1, 2], tuple[int, ...]), fits("a", float), fits(None, int | None)
    (True, True, False, True)
    """
    if hint is Any:
        return True
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, option) for option in arguments)
    if origin is tuple:
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            return False
        inner = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        return len(inner) == len(value) and all(map(fits, value, inner))
    if origin is typing.Literal:
        return isinstance(value, str) and value in arguments
    if hint in (int, float):
        number = isinstance(value, int | float | np.integer | np.floating)
        return number and not isinstance(value, bool)
    if hint is bool:
        return isinstance(value, bool | np.bool_)
    # Arrays are checked where they are read; the annotation may have a shape.
    plain = isinstance(hint, type) and hint is not np.ndarray and hint.__module__ != "jaxtyping"
    return isinstance(value, hint) if plain else True
