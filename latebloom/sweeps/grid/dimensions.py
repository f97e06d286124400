"""The dimensions of a sweep: its axes, what they are called, and the axis of the seeds."""

import json
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput, shown
from latebloom.core.spec import canonical
from latebloom.experiment.keys import Fields

from .axis import Axis, expand

# Names that results use themselves.
RESERVED = ("seed", "record", "cell", "quantile")

Values = Mapping[str, Any]


def axis_of(group: Values, fields: Fields) -> Axis:
    """Return one dimension, its fields by dotted key and without the repetitions."""
    if not group:
        raise InvalidInput("zip has an empty group: give at least one axis, or leave it out")
    written = {fields.key(name, "axes"): expand(name, values) for name, values in group.items()}
    lengths = {name: len(values) for name, values in zip(group, written.values(), strict=True)}
    if len(set(lengths.values())) > 1:
        each = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InvalidInput(f"zip: the axes must have equally many values, and have {each}")
    for key, values in written.items():
        fields.add_types(key, values)
    rows = list(zip(*written.values(), strict=True))
    # As numbers: 100 and 1e2 are the same value.
    first: dict[str, tuple[Any, ...]] = {}
    for row in rows:
        first.setdefault(json.dumps(canonical({"row": row}), sort_keys=True), row)
    distinct = list(first.values())
    if len(distinct) < len(rows):
        warnings.warn(
            f"axis {', '.join(group)}: {len(rows) - len(distinct)} of {len(rows)} values are "
            "repetitions and are left out",
            stacklevel=4,
        )
    columns = zip(*distinct, strict=True)
    return Axis("", dict(zip(written, columns, strict=True)))


def named(axes: Iterable[Axis]) -> tuple[Axis, ...]:
    """Return the axes, called by the last part of their first key where that is unique."""
    axes = tuple(axes)
    firsts = [next(iter(axis.values)) for axis in axes]
    swept = Counter(key for axis in axes for key in axis.values)
    for key, count in swept.items():
        if count > 1:
            raise InvalidInput(f"{key} is swept by two axes: choose one")
    shorts = [key.rpartition(".")[2] for key in firsts]
    names = [
        short if shorts.count(short) == 1 and short not in RESERVED else key
        for short, key in zip(shorts, firsts, strict=True)
    ]
    names = [f"{name}_axis" if name in RESERVED else name for name in names]
    return tuple(Axis(name, axis.values) for name, axis in zip(names, axes, strict=True))


def seed_axis(seeds: int | Sequence[int]) -> Axis:
    """Return the axis of the seeds 0, 1, ... or of those that are listed."""
    if isinstance(seeds, int) and not isinstance(seeds, bool):
        check.integer("seeds", seeds, low=1, high=10**6)
        seeds = range(seeds)
    if hasattr(seeds, "__array__"):
        seeds = np.asarray(check.unmasked("seeds", seeds)).tolist()
    if isinstance(seeds, str) or not isinstance(seeds, Sequence) or not len(seeds):
        raise InvalidInput(f"seeds = {shown(seeds)}: must be a whole number or a list of them")
    for seed in seeds:
        check.integer("seeds", seed, low=0, high=2**32 - 1)
    distinct = tuple(dict.fromkeys(int(seed) for seed in seeds))
    if len(distinct) < len(seeds):
        warnings.warn("seeds: repetitions are left out", stacklevel=4)
    return Axis("seed", {"seed": distinct})
