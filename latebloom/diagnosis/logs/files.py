"""Curves in several files: TensorBoard and Weights & Biases download one file per curve."""

import os
from collections.abc import Sequence
from pathlib import Path

from latebloom.core.errors import InvalidInput

from .join import join, labels_of
from .log import Log
from .read import read_log


def file_of(name: str | None) -> tuple[str, str] | None:
    """Return (file, column) of `FILE:COLUMN`, ("file", "") of a file alone; None for others."""
    if name is None:
        return None
    place, colon, column = name.rpartition(":")
    if colon and place and os.path.isfile(place):
        return place, column
    return (name, "") if os.path.isfile(name) else None


def read_curves(
    logs: Sequence[str | Path],
    train: str | None = None,
    test: str | None = None,
    step: str | None = None,
) -> tuple[Log, str | None, str | None]:
    """Return one log of the files that a command names, and the names of its curves.

    **Arguments:**

    - `logs`: paths; several are joined, each curve on the steps of its own file.
    - `train`, `test`: columns, or `FILE:COLUMN`.
    - `step`: the column of the steps in each file; None: the first that is called like one.

    **Returns:** the log, and `train` and `test` as they are called in it.

    **Raises:** `InvalidInput` for what cannot be read.
    """
    parts = [file_of(name) for name in (train, test)]
    if len(logs) == 1 and not any(parts):
        return read_log(logs[0]), train, test
    read: dict[str, Log] = {}
    for place in (*map(str, logs), *(part[0] for part in parts if part)):
        if place not in read:
            read[place] = read_log(place)
    if len(read) == 1 and not any(parts):
        raise InvalidInput(f"{next(iter(read))}: the same log twice; give it once")
    if not read:
        raise InvalidInput("diagnose needs a log")
    labels = labels_of(list(read))
    log = join(", ".join(read), {labels[place]: one for place, one in read.items()}, step)
    names = []
    for name, part in zip((train, test), parts, strict=True):
        if part is None and name is not None and len(logs) == 1:
            part = str(logs[0]), name  # a column of the log itself
        names.append(name if part is None else _named(read[part[0]], labels[part[0]], part[1], log))
    return log, names[0], names[1]


def _named(log: Log, label: str, column: str, joined: Log) -> str:
    if column:
        return f"{label}:{log.known(column)}"
    found = [name for name in joined.names if name.startswith(f"{label}:")]
    if len(found) != 1:
        raise InvalidInput(
            f"{log.source}: has {len(found)} columns that may be the curve; name one, as in "
            f"{log.source}:COLUMN, of {', '.join(log.names)}"
        )
    return found[0]
