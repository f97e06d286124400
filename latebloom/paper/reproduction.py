"""A figure regenerated: its picture, and every published value beside ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latebloom.run import Run

# Values read off a printed logarithmic axis are good to about a tenth.
READ_OFF_ACCURACY = 0.1


@dataclass(frozen=True)
class Comparison:
    """One published value and ours.

    **Fields:**

    - `quantity`: what it is.
    - `published`: the published value, None if there is none.
    - `ours`: our value, None if it does not exist (a t2 that is never reached).
    - `why`: what explains the difference, where there is one.
    """

    quantity: str
    published: float | None
    ours: float | None
    why: str = ""

    @property
    def difference(self) -> float | None:
        """Return ours / published - 1, or None where that has no meaning."""
        if self.ours is None or not self.published:
            return None
        return self.ours / self.published - 1

    @property
    def agrees(self) -> bool | None:
        """Return whether the values agree within the accuracy of a printed axis."""
        if self.published is None:
            return None
        if self.ours is None or self.published == 0:
            return self.ours == self.published
        return abs(self.ours / self.published - 1) <= READ_OFF_ACCURACY

    def to_dict(self) -> dict[str, Any]:
        """Return the row, JSON-ready."""
        own = {"quantity": self.quantity, "published": self.published, "ours": self.ours}
        return {**own, "difference": self.difference, "agrees": self.agrees, "why": self.why}


@dataclass(frozen=True, eq=False)
class Reproduction:
    """A regenerated figure."""

    name: str
    title: str
    rows: tuple[Comparison, ...]
    figure: "Figure"
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison, JSON-ready."""
        rows = [row.to_dict() for row in self.rows]
        return {"name": self.name, "title": self.title, "rows": rows, "notes": list(self.notes)}


def completed(run: "Run") -> "Run":
    """Return the run, or pass Ctrl-C on: half a figure compares with nothing."""
    if run.interrupted:
        raise KeyboardInterrupt
    return run


def median_between(run: "Run", name: str, low: float, high: float) -> float:
    """Return the median of an observable over the records with low <= step <= high."""
    steps = run.trajectory["step"].values
    inside = (steps >= low) & (steps <= high)
    return float(np.median(run.trajectory[name].values[inside]))


def negative_norm(a: Sequence[float] | np.ndarray) -> float:
    """Return the norm of the negative entries."""
    return float(np.linalg.norm(np.minimum(np.asarray(a), 0.0)))
