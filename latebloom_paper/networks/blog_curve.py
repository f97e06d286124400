"""The blog post's opening curve: what is read off it, and how far a run is from it."""

from collections.abc import Sequence

import numpy as np

from latebloom.runs import Run
from latebloom_paper.book.readings import Reading
from latebloom_paper.book.reproduction import Comparison

from .families import over_seeds

READINGS = (
    Reading("l2_norm", 0, 13.0),
    Reading("l2_norm", "largest", 93.0),
    Reading("l2_norm", 6_000, 82.0),
    Reading("l2_norm", "t2", 58.0),
    Reading("l2_norm", 10_000, 50.0),
    Reading("test_loss", "largest", 41.0),
)
TOP = "step of the largest l2 norm"
PUBLISHED = {
    "t1": 533.0,
    "t2": 9146.0,
    **{reading.words: reading.published for reading in READINGS},
    TOP: 2150.0,
}
# Why they differ from ours.
BECAUSE = (
    "the conventions behind the published curve are not known: those of the post and of the public "
    "code contradict each other and neither gives it; ours are the nearest of 30 tried"
)


def features(run: Run) -> dict[str, float | None]:
    """Return what is read off the published curve, from a run; None for what did not happen."""
    top = int(run.trajectory["l2_norm"].values.argmax())
    return {
        "t1": run.phases.t1.high,
        "t2": run.phases.t2.high,
        **{reading.words: reading.of(run) for reading in READINGS},
        TOP: float(run.trajectory["step"][top]),
    }


def distance(found: dict[str, float | None]) -> float:
    """Return how far a run is from the published curve: the mean |log(ours/published)|.

    What did not happen counts as a factor of e.
    """
    logs = [
        1.0 if found[name] is None else min(1.0, abs(float(np.log(found[name] / value))))  # pyright: ignore
        for name, value in PUBLISHED.items()
    ]
    return float(np.mean(logs))


def compare(runs: Sequence[Run], published: bool = True) -> list[Comparison]:
    """Return the published values beside the medians over runs, with their ranges.

    **Arguments:**

    - `published`: whether the runs are of the published size; else there is nothing beside them.
    """
    rows = []
    found = [features(run) for run in runs]
    for name, theirs in PUBLISHED.items():
        ours, why = over_seeds([values[name] for values in found])
        rows.append(Comparison(name, theirs if published else None, ours, why, BECAUSE))
    return rows
