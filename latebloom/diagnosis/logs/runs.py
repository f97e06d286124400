"""Several runs in one log: which column tells them apart, and the rows of one of them."""

import itertools

import numpy as np

from latebloom.core.errors import InvalidInput

from .log import Column, Log, Series
from .names import group, is_step, meaning
from .restarts import attempts, distinct_steps, starts
from .side_by_side import MOST_RUNS, RUN, SHOWN, of_run, runs_of

# The name of a column that is counted: how often the steps have started again.
ATTEMPT = "attempt"
# Records of other runs, if so many repeat a step; a run that was resumed repeats a part.
REPEATED = 0.5


def where(log: Log, conditions: str, step: str | None = None) -> Log:
    """Return the rows of a log that meet conditions.

    **Arguments:**

    - `log`: with one row per record, or with columns for each run.
    - `conditions`: `column=value`, several separated by commas; `attempt=2` counts how often the
      steps have started again, `run=seed0` takes the columns of one of several runs side by side.
    - `step`: the column of the steps, for `attempt`.

    **Raises:** `InvalidInput` for columns and values that do not exist.

    >>> log = Log.of("x", {"seed": [0, 0, 1], "step": [0, 1, 0], "acc": [0.1, 0.2, 0.3]})
    >>> where(log, "seed=1").series("acc", "step")
    (array([0.]), array([0.3]))
    """
    name, _, label = conditions.partition("=")
    if name.strip() == RUN and RUN not in log.columns and label.strip() in runs_of(log):
        return of_run(log, label)
    for condition in conditions.split(","):
        name, equals, value = condition.partition("=")
        if not equals:
            raise InvalidInput(f"--where {condition}: must be COLUMN=VALUE, as in --where seed=0")
        if name.strip() == RUN and RUN not in log.columns and runs_of(log):
            log = of_run(log, value)
            continue
        log, name = _counted(log, name.strip(), step)
        words = log.words(name)
        keep = words == value.strip()
        if not keep.any():
            keep = np.array([_same(word, value) for word in words.tolist()])
        if not keep.any():
            raise InvalidInput(
                f"{log.source}: no row has {name} = {value}; {name} is {listed(log, name)}"
            )
        log = log.rows(keep)
    return log


def _same(word: str | None, value: str) -> bool:
    try:
        return word is not None and float(word) == float(value)
    except ValueError:
        return False


def groups(log: Log, names: str, step: str | None = None) -> dict[str, Log]:
    """Return the rows of each run.

    **Arguments:**

    - `log`: with one row per record.
    - `names`: the columns that tell the runs apart, separated by commas, or `attempt`; `run` for
      runs side by side, in columns of their own.
    - `step`: the column of the steps, for `attempt`.

    **Returns:** logs by `seed=0`, in the order of the file.

    **Raises:** `InvalidInput` for columns that do not exist, and too many groups.
    """
    if names == RUN and RUN not in log.columns and (runs := runs_of(log)):
        return {f"{RUN}={label}": of_run(log, label) for label in runs}
    known = []
    for name in names.split(","):
        log, column = _counted(log, name.strip(), step)
        known.append(column)
    words = [log.words(name) for name in known]
    lengths = {len(w) for w in words}
    if len(lengths) > 1:
        raise InvalidInput(f"{log.source}: {' and '.join(known)} have different numbers of rows")
    keys = list(zip(*(w.tolist() for w in words), strict=True))
    distinct = [key for key in dict.fromkeys(keys) if None not in key]
    if len(distinct) > MOST_RUNS:
        raise InvalidInput(
            f"{log.source}: {', '.join(known)} has {len(distinct):,} values; at most {MOST_RUNS:,} "
            "runs are told apart"
        )
    index = {key: i for i, key in enumerate(distinct)}
    of_row = np.array([index.get(key, -1) for key in keys])
    label = {
        key: ", ".join(f"{name}={value}" for name, value in zip(known, key, strict=True))
        for key in distinct
    }
    return {label[key]: log.rows(of_row == i) for key, i in index.items()}


def _counted(log: Log, name: str, step: str | None) -> tuple[Log, str]:
    """The log with the column `attempt`, where it is asked for."""
    if name != ATTEMPT or ATTEMPT in log.columns:
        return log, log.known(name)
    column = log.known(step) if step is not None else next(filter(is_step, log.names), None)
    if column is None:
        raise InvalidInput(f"{log.source}: {ATTEMPT} needs the column of the steps; add --step")
    k, logged = log.numbers(column)
    count = np.zeros(len(k))
    count[logged] = attempts(k[logged])
    log = Log(log.source, {**log.columns, ATTEMPT: Column(count)}, log.notes, log.lines)
    return log, ATTEMPT


def listed(log: Log, name: str) -> str:
    """Return the values of a column in words."""
    values = list(dict.fromkeys(w for w in log.words(name).tolist() if w is not None))
    shown = ", ".join(values[:SHOWN])
    return shown + (f", ... ({len(values):,} values)" if len(values) > SHOWN else "")


def refuse_several(log: Log, name: str, step: str | None, series: Series) -> None:
    """Raise `InvalidInput`, with what tells them apart, if a curve has records of several runs.

    **Arguments:**

    - `log`, `name`, `step`: the curve and its steps.
    - `series`: what these give.
    """
    k = series[0]
    distinct = distinct_steps(k)
    repeated = len(k) - distinct >= REPEATED * distinct
    again = starts(k)
    mixed = [
        n for n in _candidates(log, name, step) if group(n) == "run" and _overlap(log, n, name, k)
    ]
    if not repeated and not len(again) and not mixed:
        return
    found = _telling(log, name, step, k) if repeated else mixed[:1]
    if not found and mixed:
        found = mixed[:1]
    if found:
        first = ",".join(f"{n}={log.words(n)[_logged(log, name)][0]}" for n in found)
        values = "; ".join(f"{n}: {listed(log, n)}" for n in found)
        raise InvalidInput(
            f"{log.source}: '{name}' has the records of several runs, told apart by "
            f"{' and '.join(found)} ({values}); add --where {first} for one of them, or --by "
            f"{','.join(found)} for all"
        )
    if len(again):
        own = log.columns[name].steps is not None
        advice = (
            "give the files of one run"
            if own
            else (f"add --where {ATTEMPT}={len(again) + 1} for the last, or --by {ATTEMPT} for all")
        )
        raise InvalidInput(
            f"{log.source}: the steps of '{name}' start again, {len(again) + 1} runs in one log "
            f"({len(k):,} records on {distinct:,} steps); {advice}"
        )


def _logged(log: Log, name: str) -> np.ndarray:
    return log.numbers(name)[1]


def _candidates(log: Log, name: str, step: str | None) -> list[str]:
    """The columns with the rows of a curve that may tell runs apart."""
    size = len(log.columns[name].cells)
    if log.columns[name].steps is not None:
        return []
    return [
        other
        for other, column in log.columns.items()
        if other not in (name, step)
        and column.steps is None
        and len(column.cells) == size
        and (group(other) in ("run", "split") or _is_setting(other))
    ]


def _is_setting(name: str) -> bool:
    """Whether a column may hold a setting of a run: no curve, no steps and no clock."""
    said = meaning(name)
    return not (said.kind or said.role or said.clock or is_step(name) or "[" in name)


def _codes(log: Log, other: str, rows: np.ndarray) -> np.ndarray | None:
    """The values of a column as numbers from 0; None where it is constant or blank somewhere."""
    column = log.columns[other]
    if column.cells.dtype.kind == "f":
        cells = column.cells[rows]
        if np.isnan(cells).any():
            return None
        values, codes = np.unique(cells, return_inverse=True)
        return codes if 1 < len(values) <= MOST_RUNS else None
    words = log.words(other)[rows].tolist()
    if None in words:
        return None
    index = {word: i for i, word in enumerate(dict.fromkeys(words))}
    return np.array([index[w] for w in words]) if 1 < len(index) <= MOST_RUNS else None


def _telling(log: Log, name: str, step: str | None, k: np.ndarray) -> list[str]:
    """The columns that make every step single: one column, else two."""
    rows = _logged(log, name)
    if np.count_nonzero(rows) != len(k):
        return []
    many = int(np.unique(k, return_counts=True)[1].max())
    codes = {n: c for n in _candidates(log, name, step) if (c := _codes(log, n, rows)) is not None}
    order = sorted(codes, key=lambda n: (group(n) is None, list(codes).index(n)))
    for count in (1, 2):
        for names in itertools.combinations(order[:20], count):
            values = [codes[n] for n in names]
            # A learning rate or a time differs in every record, and is of no run.
            if any(int(c.max()) >= 2 * many for c in values):
                continue
            keys = np.unique(np.stack([k, *values]), axis=1)
            if keys.shape[1] == len(k):
                return list(names)
    return []


def _overlap(log: Log, other: str, name: str, k: np.ndarray) -> bool:
    """Whether the steps of the values of a column lie over each other: runs, and no restarts."""
    rows = _logged(log, name)
    codes = _codes(log, other, rows)
    if codes is None or len(codes) != len(k) or int(codes.max()) >= 0.5 * len(k):
        return False
    ranges = sorted((k[codes == i].min(), k[codes == i].max()) for i in range(int(codes.max()) + 1))
    for (a, b), (c, d) in itertools.pairwise(ranges):
        if min(b, d) - c > 0.5 * min(b - a, d - c) and min(b - a, d - c) > 0:
            return True
    return False
