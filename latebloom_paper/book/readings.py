"""Values read off a published curve of a network, and the same point of ours."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from latebloom.runs import Run

from .reproduction import Comparison, over_seeds
from .study import Study

At = int | Literal["largest", "t1", "t2", "least after t2"]
ACCURACY = "test accuracy"
WORDS = {
    ACCURACY: "test accuracy",
    "test_loss": "test loss",
    "l1_norm": "l1 norm",
    "l2_norm": "l2 norm",
    "nuclear_norm": "nuclear norm",
}


@dataclass(frozen=True)
class Reading:
    """One value of a published curve.

    **Fields:**

    - `curve`: a curve of the run, or `ACCURACY`.
    - `at`: a step, or where.
    - `published`: the value; of a printed range its middle.
    - `printed`: the range, in words.
    """

    curve: str
    at: At
    published: float
    printed: str = ""

    @property
    def words(self) -> str:
        """What is read, in words.

        >>> Reading("l2_norm", 6000, 102.0).words
        'l2 norm at step 6,000'
        >>> Reading("l2_norm", "largest", 90.0).words
        'largest l2 norm'
        """
        what = WORDS[self.curve]
        if isinstance(self.at, int):
            return f"{what} at step {self.at:,}"
        if self.at == "largest":
            return f"largest {what}"
        return f"least {what} after t2" if self.at == "least after t2" else f"{what} at {self.at}"

    def of(self, run: Run) -> float | None:
        """Return what our run has there; None where it has no t1 or t2, or ends before."""
        steps = run.trajectory["step"].to_numpy()
        if self.curve == ACCURACY:
            values = 1 - run.trajectory["test_error"].to_numpy()
        else:
            values = run.trajectory[self.curve].to_numpy()
        if self.at == "largest":
            return float(np.nanmax(values))
        if isinstance(self.at, int):
            step = self.at if self.at <= steps[-1] else None
        else:
            step = (run.phases.t1 if self.at == "t1" else run.phases.t2).high
        if step is None:
            return None
        since = values[steps >= step]
        return float(np.nanmin(since) if self.at == "least after t2" else since[0])


def readings_of(study: Study) -> Iterator[tuple[dict[str, Any], Reading]]:
    """Yield what was read off curves: of which runs (`norm`, `alpha`, `beta`), and the reading.

    A text as its value is a quantity of `[published]`.
    """
    for table in study.readings.get("curves", ()):
        of = {key: table[key] for key in ("norm", "alpha", "beta") if key in table}
        value = table["value"]
        value = study.published[value] if isinstance(value, str) else value
        yield of, Reading(table["curve"], table["at"], value, table.get("printed", ""))


def published_t2(
    study: Study, betas: Mapping[str, Sequence[float]], **words: float
) -> dict[tuple[str, float], dict[float, float]]:
    """Return t2 that was read off, by (norm, learning rate) and strength.

    **Arguments:**

    - `betas`: the strengths by norm; values are listed from the strongest on.
    - `words`: see `Study.numbers`.
    """
    found = {}
    for table in study.readings.get("t2", ()):
        norm = table.get("norm", "")
        steps = study.numbers(table["steps"], **words)
        pairs = zip(sorted(betas[norm], reverse=True), steps, strict=False)
        found[norm, table["alpha"]] = {beta: t2 for beta, t2 in pairs if np.isfinite(t2)}
    return found


def reading_rows(
    of: str, runs: Sequence[Run], readings: Sequence[Reading], because: str
) -> list[Comparison]:
    """Return what was read off beside the median of ours.

    **Arguments:**

    - `of`: what the runs are.
    - `runs`: one per seed, or of several strengths that the picture does not tell apart.
    - `readings`: what was read off.
    - `because`: why it may differ.
    """
    rows = []
    for reading in readings:
        ours, why = over_seeds([reading.of(run) for run in runs], "run")
        why = f"{why}; published: {reading.printed}" if reading.printed else why
        label = f"{of}: {reading.words}"
        rows.append(Comparison(label, reading.published, ours, why, because))
    return rows
