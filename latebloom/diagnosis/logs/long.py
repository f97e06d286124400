"""Tables with one row per curve and step: `metric, step, value`, or a column `split`."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .log import Column, Log
from .names import group, is_step, is_value, meaning

# More distinct words than this in a column are comments or times, not names of curves.
MOST_NAMES = 100


def spread(log: Log) -> Log:
    """Return the log with a column for each curve that a column of names tells apart.

    A table `step, metric, value` gets one column per metric. A column `split` with `train` and
    `test` in it gives `acc[split=train]` and `acc[split=test]`; the column `acc` itself stays.

    >>> log = Log.of("x", {"step": [0, 0], "split": ["train", "test"], "acc": [0.5, 0.1]})
    >>> spread(log).names
    ['step', 'split', 'acc', 'acc[split=train]', 'acc[split=test]']
    """
    tags = [name for name in _names_of_curves(log, "tag") if not _is_split(log, name)]
    values = [name for name in log.names if is_value(name) and log.is_numeric(name)]
    if tags and len(values) == 1:
        log = _by_tag(log, tags[0], values[0])
    splits = [n for n in log.names if n not in tags and _is_text(log, n) and _is_split(log, n)]
    if len(splits) == 1:
        log = _by_split(log, splits[0])
    return log


def _is_text(log: Log, name: str) -> bool:
    column = log.columns[name]
    return column.cells.dtype.kind == "O" and column.steps is None and not log.is_numeric(name)


def _names_of_curves(log: Log, what: str) -> list[str]:
    """The columns of words that tell curves apart."""
    found = [n for n in log.names if group(n) == what or (what == "tag" and n == "name")]
    return [n for n in found if _is_text(log, n) and 1 <= len(_distinct(log, n)) <= MOST_NAMES]


def _distinct(log: Log, name: str) -> list[str]:
    return list(dict.fromkeys(word for word in log.words(name).tolist() if word))


def _is_split(log: Log, name: str) -> bool:
    """Whether a column says, and says no more, on which examples a row was measured."""
    words = _distinct(log, name)[:MOST_NAMES]
    ends = [meaning(word.rpartition("/")[2]) for word in words if len(word.split()) == 1]
    roles = [said.role for said in ends if said.kind is None and not said.ignored]  # run0/train
    return "train" in roles and len(set(roles)) >= 2 and len(roles) >= 0.5 * len(words)


def _by_tag(log: Log, tag: str, value: str) -> Log:
    words = log.words(tag)
    columns = {n: c for n, c in log.columns.items() if n not in (tag, value)}
    for word in _distinct(log, tag):
        columns[word] = _where(log.columns[value], words == word)
    note = f"'{tag}' names the curves: one column each"
    return replace(log, columns=columns, notes=(*log.notes, note), _read={})


def _by_split(log: Log, split: str) -> Log:
    words = log.words(split)
    columns = dict(log.columns)
    for name, column in log.columns.items():
        if name == split or column.steps is not None or is_step(name) or not log.is_numeric(name):
            continue
        for word in _distinct(log, split):
            part = _where(column, words == word)
            if any(cell is not None for cell in part.cells.tolist()):
                columns[f"{name}[{split}={word}]"] = part
    return replace(log, columns=columns, _read={})


def _where(column: Column, rows: np.ndarray | Sequence[bool]) -> Column:
    """The column in some rows, blank in the others."""
    cells = column.cells.astype(object)
    if column.blank and column.cells.dtype.kind == "f":
        cells[np.isnan(column.cells)] = None
    cells[~np.asarray(rows)] = None
    return Column(cells)
