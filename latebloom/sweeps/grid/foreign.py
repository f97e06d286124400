"""The parts of a sweep that plugins brought."""

from collections.abc import Iterator, Mapping
from typing import Any

from latebloom.core.spec import FAMILIES


def foreign_parts(spec: Mapping[str, Any]) -> tuple[type, ...]:
    """Return the classes from outside of the package that a spec names."""
    package, words = __name__.partition(".")[0], set(_words(spec))
    kinds = (kind for members in FAMILIES.values() for kind in members.values())
    return tuple(
        kind
        for kind in kinds
        if kind.__name__ in words and kind.__module__.partition(".")[0] != package
    )


def _words(value: Any) -> Iterator[str]:
    """Yield the texts in nested dictionaries and lists."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _words(part)
