"""Outcomes: what is kept of every cell, one row of numbers and words each."""

from dataclasses import dataclass, field

import numpy as np

DONE, FAILED = "done", "failed"
# Longer messages are cut.
LONGEST = 1000


@dataclass
class Outcome:
    """The row of one cell.

    **Fields:**

    - `values`: name -> number (NaN: not known, does not exist) or word ("": none).
    - `curves`: name -> values over the recorded steps, `step` among them.
    - `attrs`: name -> (what it is, its unit).
    """

    values: dict[str, float | str]
    curves: dict[str, np.ndarray] = field(default_factory=dict)
    attrs: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether the cell raised or diverged."""
        return self.values["status"] == FAILED


def failure(message: str) -> Outcome:
    """Return the outcome of a cell that gave no result."""
    return Outcome({"status": FAILED, "message": " ".join(message.split())[:LONGEST]})
