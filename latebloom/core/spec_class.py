"""What every spec class has: a constructor that takes values as people write them, equality, repr.

`complete` gives them to a frozen dataclass, so that specs of plugins have them as well.
"""

import dataclasses
import inspect
import typing
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, wraps
from typing import Any, TypeVar

import numpy as np

from .brief import brief
from .identity import canonical_hash, same_functions

T = TypeVar("T", bound=type)
# Larger numbers are out of every range of whole numbers, and shorter as floats in a message.
WHOLE = 2.0**64


def complete(cls: T) -> T:
    """Give a frozen dataclass the constructor, equality and repr of a spec, and return it.

    - Numbers: `steps=1e6` is the whole number, NumPy scalars and arrays without axes are the
      numbers in them, and a list stands for a tuple.
    - Equality: two specs of one class are equal if and only if their fingerprints are, and what
      has none, such as functions, is the same object. So equal experiments have equal hashes,
      arrays are compared by shape and value, whatever their type, and -0.0 is not 0.0.
    - Repr: an array of more than 8 entries is shown by its shape and hash.

    A class that is declared with `eq=False` or `repr=False` and has its own method keeps it.
    """
    kind = typing.cast(Any, cls)
    if not hasattr(kind, "__dataclass_params__"):
        return cls
    made = kind.__dataclass_params__  # which methods `dataclass` made
    kind.__init__ = _converting(kind.__init__)
    if made.eq or "__eq__" not in vars(kind):
        kind.__eq__, kind.__hash__ = _equal, _hash
    if made.repr or "__repr__" not in vars(kind):
        kind.__repr__ = _brief_spec
    return cls


def _converting(init: Any) -> Any:
    """Return a constructor that converts its arguments to the annotated types."""
    names = list(inspect.signature(init).parameters)[1:]

    @wraps(init)
    def converted(self: Any, *args: Any, **settings: Any) -> None:
        hints = hints_of(type(self))
        args = (
            tuple(
                as_hinted(value, hints[name]) if name in hints else value
                for name, value in zip(names, args, strict=False)
            )
            + args[len(names) :]
        )
        settings = {k: as_hinted(v, hints[k]) if k in hints else v for k, v in settings.items()}
        init(self, *args, **settings)

    return converted


@cache
def hints_of(cls: type) -> dict[str, Any]:
    """Return the annotated types of a class by field."""
    return typing.get_type_hints(cls)  # reads the source's annotations: slow, and ever the same


@cache
def _options(hint: Any) -> tuple[Any, ...]:
    """Return the types of a union, of any other type itself."""
    return typing.get_args(hint) if typing.get_origin(hint) in UNIONS else (hint,)


UNIONS = (typing.Union, type(int | str))


def as_hinted(value: Any, hint: Any) -> Any:
    """Return a value as its annotated type, unchanged where nothing is lost by leaving it.

    **Arguments:**

    - `value`: what a caller gave.
    - `hint`: the annotation.

    >>> from latebloom.core.spec_class import as_hinted
    >>> as_hinted(1e6, int), as_hinted(1.5, int), as_hinted([1, 2.0], tuple[int, ...])
    (1000000, 1.5, (1, 2))
    """
    if isinstance(value, np.ma.MaskedArray):  # its item() is the number behind the mask
        return value
    if isinstance(value, np.generic):
        value = value.item()
    options = _options(hint)
    numbers = {int, float, bool}.intersection(options)
    if numbers and not isinstance(value, int | float) and getattr(value, "shape", None) == ():
        with suppress(TypeError):  # a number that JAX has not computed yet
            value = np.asarray(value).item()
    if isinstance(value, float) and int in numbers and float not in numbers:
        return int(value) if value.is_integer() and abs(value) < WHOLE else value
    for option in options:
        if typing.get_origin(option) is tuple and np.ndarray not in options:
            return _as_tuple(value, typing.get_args(option))
    return value


def _as_tuple(value: Any, kinds: tuple[Any, ...]) -> Any:
    """Return a list, a range or an array of one axis as a tuple of these kinds, else the value."""
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = value.tolist()
    if not isinstance(value, list | tuple | range):
        return value
    each = kinds[:1] * len(value) if kinds[-1:] == (...,) else kinds
    if len(each) != len(value):
        return tuple(value)
    return tuple(as_hinted(v, kind) for v, kind in zip(value, each, strict=True))


def _identity(spec: Any) -> str:
    """Return the canonical hash of a spec, computed once: specs are frozen."""
    found = vars(spec).get("_canonical_hash")
    if found is None:
        found = canonical_hash(spec)
        object.__setattr__(spec, "_canonical_hash", found)
    return found


def _equal(self: Any, other: object) -> bool:
    """Return whether two specs are the same, see `complete`."""
    if self is other or type(self) is not type(other):
        return self is other
    return _identity(self) == _identity(other) and same_functions(self, other)


def _hash(self: Any) -> int:
    """Return the hash of the identity."""
    return hash(_identity(self))


def _brief_spec(self: Any) -> str:
    """Return the spec as Python code; arrays of more than 8 entries by shape and hash."""
    return brief(self, empty=True)


def replaced(node: Any, changes: Mapping[tuple[str, ...], Any]) -> Any:
    """Return a copy of a spec with the fields at some paths replaced, those of its parts as well.

    **Arguments:**

    - `node`: the spec, a tuple of specs, or a dictionary of them.
    - `changes`: path -> value; a path is the names of fields, and positions in a tuple, as texts.

    >>> import latebloom as lb
    >>> from latebloom.core.spec_class import replaced
    >>> replaced(lb.L1(1e-5) + lb.L2(1e-6), {("parts", "1", "beta"): 0.5})
    Sum(parts=(L1(beta=1e-05), L2(beta=0.5)))
    """
    inner: dict[str, dict[tuple[str, ...], Any]] = {}
    for (first, *rest), value in changes.items():
        inner.setdefault(first, {})[tuple(rest)] = value

    def at(name: str, value: Any) -> Any:
        paths = inner.get(name, {})
        return replaced(paths.pop((), value), paths)

    if not inner:
        return node
    if isinstance(node, tuple):
        return tuple(at(str(i), part) for i, part in enumerate(node))
    if isinstance(node, dict):
        return {name: at(name, value) for name, value in node.items()}
    return dataclasses.replace(node, **{name: at(name, getattr(node, name)) for name in inner})
