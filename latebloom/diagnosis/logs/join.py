"""Logs of one run in several files, as one: each curve on the steps of its own file."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from .log import ROW, Column, Log
from .names import is_step, meaning, step_rank
from .restarts import is_clock


def labels_of(places: Sequence[str]) -> dict[str, str]:
    """Return short names of files: without their folders, unless two are the same."""
    names = [Path(place).name for place in places]
    return {p: p if names.count(n) > 1 else n for p, n in zip(places, names, strict=True)}


def join(source: str, logs: Mapping[str, Log], step: str | None = None) -> Log:
    """Return the curves of several logs as one log; `log.csv:acc` is the column `acc` of `log.csv`.

    **Arguments:**

    - `source`: for messages.
    - `logs`: by the names that stand before the columns.
    - `step`: the column of the steps in each; None: the first that is called like one.
    """
    columns: dict[str, Column] = {}
    notes: dict[str, None] = {}
    for label, log in logs.items():
        notes |= dict.fromkeys(log.notes)
        ranked = [(step_rank(name) or 0, name) for name in log.names if is_step(name)]
        best = min(ranked, default=(0, None))[1]
        bare = best is None and all(map(str.isdigit, log.names))
        if bare:  # a table of steps and values without names
            best = next((name for name in log.names if _counts_on(log, name)), None)
        if step is not None:
            best = step if step == ROW else log.known(step)
        for name, column in log.columns.items():
            if name != best and not meaning(name).clock and log.is_numeric(name):
                if bare and is_clock(*log.numbers(name)):
                    continue
                k, v = log.series(name, None if column.steps is not None else best)
                columns[f"{label}:{name}"] = Column(v, steps=np.asarray(k, dtype=np.float64))
    return Log(source, columns, tuple(notes))


def _counts_on(log: Log, name: str) -> bool:
    """Whether a column rises from record to record, and is no clock."""
    if not log.is_numeric(name):
        return False
    k, logged = log.numbers(name)
    return bool(logged.all() and (np.diff(k) > 0).all()) and not is_clock(k, logged)
