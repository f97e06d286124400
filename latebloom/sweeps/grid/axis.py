"""Axes: the values that one dimension of a sweep goes through."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput, nearest, shown
from latebloom.core.spec import to_dict

# The keys of a range written as a table, as in {start = 1, stop = 100, count = 20}.
RANGE = ("start", "stop", "step", "count", "log")


@dataclass(frozen=True, eq=False)
class Axis:
    """One dimension of a sweep: fields that change together.

    **Fields:**

    - `name`: of the dimension.
    - `values`: dotted key of a field -> its values, all of one length.

    >>> from latebloom.sweeps.grid.axis import Axis
    >>> Axis("alpha", {"method.alpha": (0.1, 0.2), "steps": (100, 50)}).size
    2
    """

    name: str
    values: Mapping[str, tuple[Any, ...]]

    @property
    def size(self) -> int:
        """The number of values."""
        return len(next(iter(self.values.values())))


def expand(name: str, values: Any) -> tuple[Any, ...]:
    """Return the values of an axis, written out.

    **Arguments:**

    - `name`: of the field, for messages.
    - `values`: a sequence of numbers, words, specs or tables; or a table `start`, `stop` with
      `step`, or with `count` and optionally `log = true`, both ends included.

    **Raises:** `InvalidInput` for an empty axis, and for ranges that make no sense.

    >>> from latebloom.sweeps.grid.axis import expand
    >>> expand("N", {"start": 10, "stop": 30, "step": 10})
    (10, 20, 30)
    >>> expand("beta", {"start": 1e-6, "stop": 1e-4, "count": 3, "log": True})
    (1e-06, 1e-05, 0.0001)
    """
    if isinstance(values, Mapping):
        return _range(name, values)
    if hasattr(values, "__array__"):
        values = np.asarray(check.unmasked(f"axis {name}", values)).tolist()
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise InvalidInput(
            f"axis {name} = {shown(values)}: must be a list of values, or a range such as "
            "{start = 1, stop = 9, step = 2}"
        )
    if not values:
        raise InvalidInput(f"axis {name} is empty: give at least one value")
    return tuple(plain(name, value) for value in values)


def plain(name: str, value: Any) -> Any:
    """Return a value of an axis as a number, a word, a truth value or a table."""
    if hasattr(value, "__spec_family__"):
        return to_dict(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        return {str(k): plain(name, v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(name, v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput(f"axis {name}: {value} is not a finite number")
    if not isinstance(value, bool | int | float | str):
        raise InvalidInput(
            f"axis {name}: {shown(value)} must be a number, a word, true or false, or a spec"
        )
    return value


def label(value: Any) -> Any:
    """Return what stands for a value on a dimension of a Dataset: itself, or a word.

    >>> from latebloom.sweeps.grid.axis import label
    >>> label(0.1), label({"type": "Adam", "alpha": 0.1})
    (0.1, 'Adam(alpha=0.1)')
    """
    if isinstance(value, Mapping):
        inner = ", ".join(f"{k}={label(v)}" for k, v in value.items() if k != "type")
        return f"{value.get('type', '')}({inner})" if inner else str(value.get("type", ""))
    return str(value) if isinstance(value, list) else value


def _range(name: str, table: Mapping[str, Any]) -> tuple[Any, ...]:
    for key in table:
        if key not in RANGE:
            raise InvalidInput(f"axis {name}: unknown key '{key}'{nearest(key, RANGE)}")
    if not {"start", "stop"} <= set(table) or ("step" in table) == ("count" in table):
        raise InvalidInput(f"axis {name}: a range has start, stop and either step or count")
    start, stop, log = table["start"], table["stop"], table.get("log", False)
    check.real(f"axis {name}: start", start)
    check.real(f"axis {name}: stop", stop)
    check.boolean(f"axis {name}: log", log)
    whole = isinstance(start, int) and isinstance(stop, int)
    if "step" in table:
        step = table["step"]
        check.real(f"axis {name}: step", step)
        if log or step == 0 or (stop - start) / step < 0:
            raise InvalidInput(
                f"axis {name}: step = {shown(step)} does not lead from {start} to {stop}"
                + (" (log goes with count)" if log else "")
            )
        count = math.floor((stop - start) / step * (1 + 1e-12)) + 1
        if count > 10**6:
            raise InvalidInput(f"axis {name} has {count:,} values: at most 10^6")
        found = [start + i * step for i in range(count)]
        return tuple(found if whole and isinstance(step, int) else map(_short, found))
    count = table["count"]
    check.integer(f"axis {name}: count", count, low=1, high=10**6)
    if log:
        if min(start, stop) <= 0:
            raise InvalidInput(f"axis {name}: a logarithmic range needs positive ends")
        return tuple(_short(x) for x in np.geomspace(start, stop, count).tolist())
    found = [_short(x) for x in np.linspace(start, stop, count).tolist()]
    return tuple(map(int, found) if whole and all(x.is_integer() for x in found) else found)


def _short(value: float) -> float:
    """Return the number to 12 digits: 1e-05 rather than 9.999999999999999e-06."""
    return float(f"{value:.12g}")
