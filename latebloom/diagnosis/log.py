"""A log: named columns of numbers over steps."""

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from latebloom.core.errors import InvalidInput, nearest

# What trainers call the number of updates done, best first: Lightning and Hugging Face, many
# scripts, Weights & Biases; an epoch is the last resort, because its length is not in the log.
STEPS = ("step", "global_step", "_step", "steps", "iteration", "iterations", "iter", "epoch")
# How tables write "nothing was logged here". NaN is not among them: it may be a divergence.
BLANK = ("", "null", "none", "na", "n/a", "<na>")

Series = tuple[Float[np.ndarray, " T"], Float[np.ndarray, " T"]]  # steps, values


class Log(abc.ABC):
    """What one run logged. `source` names it in messages; `notes` say what was left out."""

    source: str
    notes: tuple[str, ...]

    @property
    @abc.abstractmethod
    def names(self) -> list[str]:
        """The columns."""

    @abc.abstractmethod
    def series(self, name: str, step: str) -> Series:
        """Return the steps and the values of a column, in the order in which they were logged.

        **Arguments:**

        - `name`: a column.
        - `step`: the column of the steps.

        **Raises:** `InvalidInput` for columns that do not exist or are no numbers.
        """

    def step_column(self, step: str | None) -> str:
        """Return the column of the steps: the given one, or the first of `STEPS`.

        **Raises:** `InvalidInput` if there is none.
        """
        if step is not None:
            return self.known(step)
        lower = {name.lower(): name for name in reversed(self.names)}
        for name in STEPS:
            if name in lower:
                return lower[name]
        raise InvalidInput(
            f"{self.source}: no column is called {', '.join(STEPS[:3])}...; name the steps with "
            f"--step, one of: {', '.join(self.names)}"
        )

    def known(self, name: str) -> str:
        """Return the name of a column; raise `InvalidInput`, with the nearest, for another."""
        if name not in self.names:
            hint = nearest(name, self.names)
            if not hint.startswith("; known"):
                hint += f" columns: {', '.join(self.names)}"
            raise InvalidInput(f"{self.source}: no column '{name}'{hint}")
        return name


@dataclass(frozen=True)
class Table(Log):
    """A log with one row per call of the logger.

    **Arguments:**

    - `source`: the file.
    - `columns`: cells by name, all of one length; None or an empty word where nothing was logged.
    - `first`: the number of the first row in the file, for messages.
    - `notes`: what was left out.

    >>> log = Table("x.csv", {"step": ["0", "0", "10"], "acc": ["0.5", "", "0.9"]})
    >>> log.series("acc", "step")
    (array([ 0., 10.]), array([0.5, 0.9]))
    """

    source: str
    columns: Mapping[str, Sequence[Any]]
    first: int = 1
    notes: tuple[str, ...] = ()
    _read: dict[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.columns or not len(next(iter(self.columns.values()))):
            raise InvalidInput(f"{self.source}: is empty; a log needs a header and records")

    @property
    def names(self) -> list[str]:
        """The columns."""
        return list(self.columns)

    def series(self, name: str, step: str) -> Series:
        """Return the rows in which both the step and the column were logged."""
        (k, has_step), (values, has) = self._numbers(step), self._numbers(name)
        rows = (has > 0) & (has_step > 0)
        if not has.any():
            raise InvalidInput(f"{self.source}: column '{name}' is empty; choose another")
        if not rows.any():
            raise InvalidInput(
                f"{self.source}: '{step}' is empty in every row that has a value of '{name}'; "
                "choose another --step"
            )
        return k[rows], values[rows]

    def _numbers(self, name: str) -> np.ndarray:
        """The column as numbers, and 1 where it was logged."""
        if name not in self._read:
            cells = self.columns[self.known(name)]
            self._read[name] = np.array([self._number(name, i, c) for i, c in enumerate(cells)]).T
        return self._read[name]

    def _number(self, name: str, row: int, cell: Any) -> tuple[float, float]:
        if cell is None or (isinstance(cell, str) and cell.strip().lower() in BLANK):
            return np.nan, 0.0
        try:
            if isinstance(cell, bool):
                raise TypeError
            return float(cell), 1.0
        except (TypeError, ValueError, OverflowError):
            hint = " (a decimal comma? write a point)" if "," in str(cell) else ""
            raise InvalidInput(
                f"{self.source}, line {row + self.first}: {str(cell)[:40]!r} in column '{name}' is "
                f"no number{hint}; log plain numbers, as float(x) gives them"
            ) from None


@dataclass(frozen=True)
class Tags(Log):
    """A log in which every column has steps of its own, as TensorBoard writes them."""

    source: str
    tags: Mapping[str, Series]
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The columns: the tags, and the step that each of their records has."""
        return ["step", *self.tags]

    def series(self, name: str, step: str) -> Series:
        """Return the records of a tag."""
        self.known(name)
        if step != "step":
            raise InvalidInput(
                f"{self.source}: records of TensorBoard have one step each, not "
                f"'{self.known(step)}'; leave --step out"
            )
        if name == "step":
            raise InvalidInput(f"{self.source}: 'step' is no curve; choose a tag")
        return self.tags[name]
