"""How far a running sweep is, and what it came to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


@dataclass(frozen=True)
class SweepProgress:
    """The progress of a running sweep.

    - `total`, `done`, `failed`: cells, each task by itself; those of earlier runs included.
    - `running`: cells in the hands of workers.
    - `fresh`: cells of this run, done or failed; `seconds`: since it began.
    """

    total: int
    done: int
    failed: int
    running: int
    fresh: int
    seconds: float

    @property
    def remaining(self) -> int:
        """Cells without a result."""
        return self.total - self.done - self.failed

    @property
    def rate(self) -> float:
        """Cells per second in this run."""
        return self.fresh / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Time left at this rate, None as long as there is none."""
        return self.remaining / self.rate if self.fresh else None

    @property
    def words(self) -> str:
        """The progress in one line.

        >>> SweepProgress(total=100, done=40, failed=2, running=8, fresh=20, seconds=10.0).words
        '40 done, 8 running, 2 failed, 58 remaining; 2.0/s, 0:00:29 left'
        """
        text = (
            f"{self.done:,} done, {self.running:,} running, {self.failed:,} failed, "
            f"{self.remaining:,} remaining"
        )
        left = self.seconds_left
        if left is None:
            return text
        return f"{text}; {self.rate:.1f}/s, {timedelta(seconds=round(left))} left"


@dataclass
class Summary:
    """What running a sweep came to.

    **Fields:**

    - `total`, `done`, `failed`: cells, each task by itself, earlier runs included.
    - `fresh`: cells computed now.
    - `other`: cells whose results, of another version of the engines, did not count.
    - `seconds`: wall time; `worked`: time of all workers.
    - `failures`: coordinates and message of cells that failed now, the first of them.
    - `damaged`: files that were found damaged, set aside and computed again.
    - `deaths`: workers that died.
    - `interrupted`: whether Ctrl-C ended it.
    """

    total: int = 0
    done: int = 0
    failed: int = 0
    fresh: int = 0
    other: int = 0
    seconds: float = 0.0
    worked: float = 0.0
    failures: list[tuple[str, str]] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    deaths: int = 0
    interrupted: bool = False

    @property
    def missing(self) -> int:
        """The number of cells without a result."""
        return self.total - self.done - self.failed

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, JSON-ready."""
        failures = [{"cell": cell, "message": message} for cell, message in self.failures]
        return {**vars(self), "missing": self.missing, "failures": failures}


Watch = Callable[[SweepProgress], object]
