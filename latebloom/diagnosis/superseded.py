"""Restarts of a log that only one of its curves shows.

An evaluation every thousand steps does not go back where a run is resumed from a checkpoint, and
the records of the attempt before are superseded all the same.
"""

import numpy as np

from .logs.log import Log, Series
from .logs.restarts import backward, starts


def _rows(log: Log, name: str, step: str | None) -> np.ndarray | None:
    """The rows of the log in which a curve has a record; None for steps of its own."""
    if step is None or step not in log.columns or log.columns[name].steps is not None:
        return None
    if len(log.columns[name].cells) != len(log.columns[step].cells):
        return None
    return np.flatnonzero(log.numbers(name)[1] & log.numbers(step)[1])


def restarts_of(log: Log, name: str, step: str | None) -> list[tuple[int, float]]:
    """Return the rows at which the steps of a curve go back to a checkpoint, and to which step.

    **Arguments:**

    - `log`, `name`, `step`: the curve and the column of its steps.
    """
    rows = _rows(log, name, step)
    if rows is None:
        return []
    k = log.series(name, step)[0]
    return [(int(rows[i]), float(k[i])) for i in backward(k) if i not in starts(k)]


def without_superseded(
    log: Log,
    name: str,
    step: str | None,
    restarts: dict[str, list[tuple[int, float]]],
    notes: list[str],
) -> Series:
    """Return a curve without what a restart has superseded that only the other curve shows.

    **Arguments:**

    - `log`, `name`, `step`: the curve and the column of its steps.
    - `restarts`: of each curve.
    - `notes`: gets a sentence if records are left out.
    """
    k, v = log.series(name, step)
    rows = _rows(log, name, step)
    if rows is None or restarts[name] or (np.diff(k) < 0).any():
        return k, v
    keep = np.ones(len(k), dtype=bool)
    for at, back in (one for found in restarts.values() for one in found):
        keep &= (rows >= at) | (k < back)
    if not keep.all():
        notes.append(
            f"{name}: {np.count_nonzero(~keep)} records are superseded by a restart, which the "
            "steps of the other curve show"
        )
    return k[keep], v[keep]
