"""Records of JSON as rows: nested ones flat, with paths as names."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .cells import objects
from .log import Column

# What says in the record of a curve which one it is, and what its value is.
NAMES = ("name", "label", "tag", "metric", "key", "run", "run_name", "run_id", "id")
VALUES = ("values", "value", "y")
# A shorter list in a record, or in a line of text, is no curve.
SHORT = 4


def flat(record: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Return a record of records as one, with paths as names.

    >>> flat({"step": 1, "val": {"acc": 0.5}})
    {'step': 1, 'val/acc': 0.5}
    """
    found: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}/")
        elif isinstance(value, list) and (named := _named(value)):
            found |= {f"{prefix}{key}": cell for key, cell in named.items()}
        elif isinstance(value, list) and len(value) == 1 and short_list(value):
            found[f"{prefix}{name}"] = value[0]
        elif isinstance(value, list) and len(value) > 1 and short_list(value):
            found |= flat(dict(enumerate(value)), f"{prefix}{name}/")
        else:
            found[f"{prefix}{name}"] = value
    return found


def _named(cells: list[Any]) -> dict[str, Any]:
    """The values in records of a name and a value each; empty for other lists."""
    found = {}
    for cell in cells if all(isinstance(cell, dict) for cell in cells) else ():
        name, value = (next((cell[k] for k in keys if k in cell), None) for keys in (NAMES, VALUES))
        if name is None or not isinstance(value, int | float):
            return {}
        found[str(name)] = value
    return found


def short_list(value: list[Any]) -> bool:
    """Whether a list holds the values of some metrics at one step, as CatBoost writes them."""
    return len(value) <= SHORT and all(type(x) in (int, float) for x in value)


def from_records(records: Sequence[dict[str, Any]]) -> dict[str, Column]:
    """Return a column for each name in records, None where one has no value."""
    rows = [flat(record) for record in records]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: column_of([row.get(name) for row in rows]) for name in names}


def column_of(cells: Sequence[Any]) -> Column:
    """Return a column of cells, of floats where all are numbers."""
    array = objects(cells)
    if all(type(cell) in (int, float) for cell in cells):
        try:
            return Column(array.astype(np.float64))
        except OverflowError:  # a whole number of 400 digits
            return Column(array)
    return Column(array)
