"""Which column of a log counts the steps: by its name, else by what it holds."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from latebloom.core.errors import InvalidInput

from .curves import MIN_RECORDS
from .logs.log import ROW, Column, Log
from .logs.names import group, is_epoch, is_value, meaning, role_of, step_rank
from .logs.restarts import BETWEEN, distinct_steps, is_clock

# Steps that are no whole numbers are fractions of epochs if they are as far apart as this.
EVEN = 1e-3


class Fit(NamedTuple):
    """How well a column of steps fits a curve; the smaller, the better.

    - `other_rows`: whether it has other rows than the curve, of which only every n-th was logged.
    - `apart`: whether the two never have a value in the same row.
    - `few`: whether it has too few values, as the number of a batch in its epoch.
    - `back`: whether it has too few values because it begins again and again.
    - `far`, `other_set`: whether it stands under another key, or belongs to the other curve.
    - `rank`: the place of its name among those of steps.
    """

    other_rows: bool
    apart: bool
    few: bool
    back: bool
    far: bool
    other_set: bool
    rank: int
    column: str


def steps_of(log: Log, step: str | None, names: tuple[str, ...]) -> tuple[str | None, ...]:
    """Return the column of the steps of each curve; None for the numbers of the rows.

    **Arguments:**

    - `log`, `names`: the curves.
    - `step`: a column, two separated by a comma, `row`, or None: the one that is called like steps,
      else the one that looks like them.

    **Raises:** `InvalidInput` for columns that do not exist.

    >>> log = Log.of("x", {"Schritt": [0, 50, 100, 150, 200], "acc": [0.1, 0.2, 0.3, 0.4, 0.5]})
    >>> steps_of(log, None, ("acc",))
    ('Schritt',)
    """
    if step is None:
        return _found(log, names)
    if step in (ROW, "step") and step not in log.columns:
        if step == "step" and all(log.columns[name].steps is None for name in names):
            log.known(step)  # refused, or another spelling
            return tuple(log.known(step) for _ in names)
        return tuple(step for _ in names)
    parts = [step] if step in log.columns or "," not in step else step.split(",")
    if len(parts) > 2:
        raise InvalidInput(f"--step {step}: give one column, or two for train and test")
    found = [log.known(part.strip()) for part in parts]
    for one in found:
        if log.is_numeric(one) and is_clock(*log.numbers(one)):
            first = log.numbers(one)[0][0]
            raise InvalidInput(
                f"{log.source}: '{one}' holds times of a clock, from {first:.10g}, and no steps; "
                "subtract the first, or choose another --step"
            )
    return (found[0], *(found[-1] for _ in names[1:]))


def _found(log: Log, names: tuple[str, ...]) -> tuple[str | None, ...]:
    every = [_fitting(log, name) for name in names]
    own = tuple(fits[0].column if fits else None for fits in every)
    # One clock for both curves, unless each is logged with one that is called like it.
    columns = [[fit.column for fit in fits] for fits in every]
    common = [s for s in columns[0] if all(s in other for other in columns)]
    if len(set(own)) > 1 and common and not any(n and role_of(n) for n in own):
        return tuple(common[0] for _ in names)
    open_ = [log.columns[n].steps is None for n in names]
    poor = [not fits or fits[0].few for fits in every]
    looks = _looks_like_steps(log, names) if any(map(all, zip(open_, poor, strict=True))) else None
    if looks is None:
        return own
    return tuple(
        looks if rows and bad else k for rows, bad, k in zip(open_, poor, own, strict=True)
    )


def _fitting(log: Log, name: str) -> list[Fit]:
    """The columns that are called like steps and fit a curve, the best first."""
    column = log.columns[name]
    if column.steps is not None:
        return []
    role = meaning(name).role
    fitting, empty = [], None
    for other in log.names:
        rank = step_rank(other)
        if other == name or log.columns[other].steps is not None:
            continue
        if rank is None and not (other.isdigit() and other == log.names[0] and name.isdigit()):
            continue
        if not log.is_numeric(other):
            empty = empty if rank is None else other
            continue
        long, short = len(log.columns[other].cells), len(column.cells)
        if long < short or is_clock(*log.numbers(other)):
            continue
        both = long != short or bool((log.numbers(other)[1] & log.numbers(name)[1]).any())
        apart = other.rpartition("/")[0] != name.rpartition("/")[0]
        same = role is not None and role_of(other) in (role, None)
        # The number of a batch in its epoch does not count the records.
        logged = log.numbers(name)[1]
        few = long == short and _few(*log.numbers(other), logged)
        back = few and bool((np.diff(log.numbers(other)[0][logged]) < 0).any())
        fitting.append(Fit(long != short, not both, few, back, apart, not same, rank or 0, other))
    found = sorted(fit for fit in fitting if not fit.apart)
    if found or empty is None:
        return found
    # A column of steps without numbers is refused where it is read.
    return [Fit(False, False, False, False, False, False, 0, empty)]


def with_batches(log: Log) -> Log:
    """Return the log with a column that counts on where it has the number of an epoch and that of a
    batch in it, and neither counts on alone; else the log as it is.

    >>> log = Log.of("x", {"epoch": [0, 0, 1, 1, 2], "batch": [0, 1, 0, 1, 0], "acc": [0.5] * 5})
    >>> with_batches(log).columns["epoch and batch"].cells.tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0]
    """
    outer = next((n for n in log.names if is_epoch(n) and log.is_numeric(n)), None)
    if outer is None:
        return log
    e, has_e = log.numbers(outer)
    on = np.diff(e) > 0
    if not has_e.all() or not on.any() or (np.diff(e) < 0).any():
        return log
    for inner in log.names:
        said, cells = meaning(inner), log.columns[inner].cells
        if inner == outer or said.kind or said.clock or len(cells) != len(e):
            continue
        b, has_b = log.numbers(inner) if log.is_numeric(inner) else (e, ~has_e)
        # One that counts on from epoch to epoch needs no epoch.
        if has_b.all() and (b == np.round(b)).all() and ((np.diff(b) < 0) == on).all():
            count = (e - e[0]) * (b.max() + (b.min() == 0)) + b
            name = f"{outer} and {inner}"
            return replace(log, columns={**log.columns, name: Column(count)}, _read={})
    return log


def repeats(log: Log, names: tuple[str, ...], steps: tuple[str | None, ...]) -> bool:
    """Whether the steps of all curves are the number of an epoch with many records in it."""
    for name, step in zip(names, steps, strict=True):
        if step is None or step not in log.columns or log.columns[name].steps is not None:
            return False
        k, v = log.numbers(step), log.numbers(name)
        if len(k[0]) != len(v[0]) or not _few(*k, v[1]):
            return False
        if (np.diff(k[0][k[1] & v[1]]) < 0).any():
            return False
    return True


def _few(k: np.ndarray, has_step: np.ndarray, logged: np.ndarray) -> bool:
    """Whether steps have fewer than half as many values as there are records."""
    k = k[has_step & logged]
    return len(k) >= MIN_RECORDS and distinct_steps(k) < 0.5 * len(k)


def _looks_like_steps(log: Log, names: tuple[str, ...]) -> str | None:
    """The column that counts something, whatever it is called; None where there is none.

    One that only counts the rows is the last choice: it tells nothing that they do not.
    """
    size = max(len(log.columns[name].cells) for name in names)
    found = [
        n for n in log.names if n not in names and all(_counts(log, n, curve) for curve in names)
    ]
    rows = [n for n in found if np.array_equal(log.numbers(n)[0], np.arange(size))]
    return next((n for n in found if n not in rows), next(iter(rows), None))


def _counts(log: Log, name: str, curve: str) -> bool:
    """Whether a column rises in whole numbers, or in even fractions, from record to record of a
    curve.

    After a restart, and where another run begins, it may go back.
    """
    column, said = log.columns[name], meaning(name)
    if column.steps is not None or len(column.cells) != len(log.columns[curve].cells):
        return False
    if not log.is_numeric(name):
        return False
    if said.kind or said.clock or is_value(name) or group(name) is not None:
        return False
    k, logged = log.numbers(name)
    k = k[logged & log.numbers(curve)[1]]
    if len(k) < MIN_RECORDS or not np.isfinite(k).all() or k.min() < 0 or is_clock(k, k >= 0):
        return False
    steps = np.diff(k)
    on = steps > 0
    if (steps == 0).any() or np.count_nonzero(~on) > len(k) / BETWEEN:
        return False
    several = any(group(other) == "run" for other in log.names)
    if not several and distinct_steps(k) < 0.5 * len(k):
        return False  # the number of a batch in its epoch
    if (k == np.round(k)).all():
        return True
    return not said.ignored and bool(np.ptp(steps[on]) <= EVEN * steps[on].mean())


def said_steps(log: Log, names: tuple[str, ...], steps: tuple[str | None, ...]) -> list[str]:
    """Return a sentence on the steps that were chosen, unless they are called `step`."""
    own = [log.columns[name].steps is not None for name in names]
    if all(own):
        return []
    if None in steps and not any(own):
        return [
            "the log has no column of steps: they are the numbers of the records, from 0 "
            "(--step row)"
        ]
    different = dict.fromkeys(step for step in steps if step not in (None, "step"))
    return [
        f"the steps are the column '{step}'"
        + ("" if step_rank(step) is not None or step.isdigit() else ", which rises steadily")
        for step in different
    ]
