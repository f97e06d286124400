"""A log: named columns over steps, however they were written."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from latebloom.core.errors import InvalidInput, nearest, shown

from .cells import as_numbers, as_words, objects, whole
from .names import is_step, plain

# The step of a log that has none: 0 for the first record, 1 for the second.
ROW = "row"
# What is added to the name of a column that two columns have.
TWICE = re.compile(r" \(column \d+\)$")
OF = re.compile(r"^\s*(\d+)\s*/\s*\d+\s*$")

Series = tuple[Float[np.ndarray, " T"], Float[np.ndarray, " T"]]  # steps, values


@dataclass(frozen=True)
class Column:
    """One column of a log.

    - `cells`: (T,) floats, or whatever stood in the file: text, None where nothing was logged.
    - `blank`: whether NaN among floats means "nothing was logged", as in an empty cell of a CSV
      file, and not a value.
    - `steps`: (T,) steps of its own, as TensorBoard and MLflow write them, or None.
    """

    cells: np.ndarray
    blank: bool = False
    steps: Float[np.ndarray, " T"] | None = None

    def kept(self, rows: Bool[np.ndarray, " T"]) -> "Column":
        """The column in some rows only."""
        steps = None if self.steps is None else self.steps[rows]
        return replace(self, cells=self.cells[rows], steps=steps)


@dataclass(frozen=True)
class Log:
    """What was logged, by the names of the columns.

    Columns of one length share their rows; others have steps of their own, or were logged at every
    n-th row.

    **Arguments:**

    - `source`: the file, for messages.
    - `columns`: the columns by name.
    - `notes`: what was left out or assumed.
    - `lines`: the line of each row in the file, for messages; None: unknown.

    >>> log = Log.of("x.csv", {"step": ["0", "0", "10"], "acc": ["0.5", "", "0.9"]})
    >>> log.series("acc", "step")
    (array([ 0., 10.]), array([0.5, 0.9]))
    """

    source: str
    columns: Mapping[str, Column]
    notes: tuple[str, ...] = ()
    lines: Sequence[int] | None = None
    _read: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not any(len(column.cells) for column in self.columns.values()):
            raise InvalidInput(f"{self.source}: is empty; a log needs a header and records")

    @classmethod
    def of(
        cls,
        source: str,
        columns: Mapping[str, Sequence[Any] | np.ndarray],
        notes: Sequence[str] = (),
        lines: Sequence[int] | None = None,
    ) -> "Log":
        """Return the log of plain lists.

        **Arguments:**

        - `source`, `notes`, `lines`: as of a log.
        - `columns`: cells by name: numbers, text, None where nothing was logged.
        """
        made = {}
        for name, cells in columns.items():
            made[name] = Column(cells if isinstance(cells, np.ndarray) else objects(cells))
        return cls(source, made, tuple(notes), lines)

    @property
    def names(self) -> list[str]:
        """The columns."""
        return list(self.columns)

    def with_notes(self, *notes: str) -> "Log":
        """The same log with more to say about it."""
        return replace(self, notes=(*self.notes, *notes), _read={})

    def rows(self, keep: Bool[np.ndarray, " T"]) -> "Log":
        """The log in some of its rows; columns of another length or with own steps stay."""
        columns = {
            name: column.kept(keep)
            if len(column.cells) == len(keep) and column.steps is None
            else column
            for name, column in self.columns.items()
        }
        lines = self.lines
        if lines is not None and len(lines) == len(keep):
            lines = np.asarray(lines)[keep].tolist()
        return replace(self, columns=columns, lines=lines, _read={})

    def known(self, name: str) -> str:
        """Return the column that a name means.

        The name itself, the same in other case or with other separators, or the last part of
        exactly one name (`accuracy` is `history/accuracy`).

        **Raises:** `InvalidInput`, with the nearest name, for another.
        """
        if name in self.columns:
            return name
        wanted = plain(name)
        for same in (
            lambda other: TWICE.sub("", other) == name,
            lambda other: plain(other) == wanted,
            lambda other: plain(re.split(r"[/:]", other)[-1]) == wanted,
        ):
            found = [other for other in self.columns if same(other)]
            if found and all(self._equal(found[0], other) for other in found[1:]):
                return found[0]
            if found:
                raise InvalidInput(
                    f"{self.source}: {len(found)} columns are called {shown(name)}; name one of "
                    f"{', '.join(found)}"
                )
        hint = nearest(name, self.names)
        if not hint.startswith("; known"):
            hint += f" columns: {', '.join(self.names)}"
        raise InvalidInput(f"{self.source}: no column {shown(name)}{hint}")

    def _equal(self, one: str, other: str) -> bool:
        """Whether two columns hold the same."""
        a, b = self.columns[one], self.columns[other]
        if a.steps is not None or b.steps is not None or len(a.cells) != len(b.cells):
            return False
        numbers = a.cells.dtype.kind == b.cells.dtype.kind == "f"
        return bool(np.array_equal(a.cells, b.cells, equal_nan=numbers))

    def numbers(self, name: str) -> tuple[Float[np.ndarray, " T"], Bool[np.ndarray, " T"]]:
        """Return a column as numbers, and where it was logged.

        **Raises:** `InvalidInput` for cells that are no numbers.
        """
        if name not in self._read:
            column = self.columns[name]
            self._read[name] = as_numbers(
                _counted(column.cells) if is_step(name) else column.cells,
                column.blank,
                lambda row: self._where(name, row),
            )
        return self._read[name]

    def is_numeric(self, name: str) -> bool:
        """Whether a column holds numbers."""
        try:
            _, logged = self.numbers(name)
        except InvalidInput:
            return False
        return bool(logged.any())

    def words(self, name: str) -> np.ndarray:
        """Return a column as text, whole numbers without a point; None where nothing was logged."""
        return as_words(self.columns[name].cells, self.columns[name].blank)

    def _where(self, name: str, row: int) -> str:
        at = f"line {self.lines[row]}" if self.lines is not None else f"record {row + 1}"
        cell = str(self.columns[name].cells[row])[:40]
        return f"{self.source}, {at}: {cell!r} in column '{name}'"

    def series(self, name: str, step: str | None) -> Series:
        """Return the steps and the values of a column, in the order in which they were logged.

        **Arguments:**

        - `name`: a column.
        - `step`: the column of the steps; `row`, or None: the numbers of the rows, from 0.

        **Raises:** `InvalidInput` for columns that do not exist, are no numbers, or have lengths
        that do not fit.
        """
        column = self.columns[self.known(name)]
        values, logged = self.numbers(self.known(name))
        if not logged.any():
            raise InvalidInput(f"{self.source}: column '{name}' is empty; choose another")
        if column.steps is not None and step in (None, ROW, "step"):
            return column.steps[logged], values[logged]
        if column.steps is not None:
            raise InvalidInput(
                f"{self.source}: records of '{name}' have one step each, not '{step}'; leave "
                "--step out"
            )
        if step is None or (step == ROW and step not in self.columns):
            longest = max(len(c.cells) for c in self.columns.values() if c.steps is None)
            every = self._every(name, len(values), ROW, longest)
            return np.arange(longest, dtype=float)[every][logged], values[logged]
        k, has_step = self.numbers(self.known(step))
        if len(k) != len(values):
            every = self._every(name, len(values), step, len(k))
            k, has_step = k[every], has_step[every]
        rows = logged & has_step
        if not rows.any():
            raise InvalidInput(
                f"{self.source}: '{step}' is empty in every row that has a value of '{name}'; "
                "choose another --step"
            )
        return k[rows], values[rows]

    def _every(self, name: str, short: int, step: str, long: int) -> slice:
        """Which steps a shorter column was logged at, for example after every fifth epoch."""
        if short == long:
            return slice(None)
        gaps = {n for n in (long // short, -(-long // short)) if n} if short < long else set()
        # At the ends of n rows each, as an evaluation every n epochs; else from the first row on.
        for n in sorted(gaps):
            if long // n == short:
                return slice(n - 1, n * short, n)
        for n in sorted(gaps):
            if -(-long // n) == short:
                return slice(0, None, n)
        raise InvalidInput(
            f"{self.source}: '{name}' has {short} values for {long} of '{step}', not one for every "
            "n-th; name the steps of both curves, as in --step STEPS_OF_TRAIN,STEPS_OF_TEST"
        )


def _counted(cells: np.ndarray) -> np.ndarray:
    """Steps as numbers: 12/200 is 12, and 12,000 is 12000."""
    if cells.dtype.kind != "O":
        return cells
    return objects([whole(OF.sub(r"\1", c)) if isinstance(c, str) else c for c in cells.tolist()])
