"""The blog post's opening curve: what is read off it, and how far a run is from it."""

from collections.abc import Sequence

import numpy as np

from latebloom.runs import Run
from latebloom_paper.book.catalogue import STUDIES
from latebloom_paper.book.readings import readings_of
from latebloom_paper.book.reproduction import Comparison, over_seeds

STUDY = STUDIES["blog-fig1"]
READINGS = [reading for _, reading in readings_of(STUDY)]


def features(run: Run) -> dict[str, float | None]:
    """Return what is read off the published curve, from a run; None for what did not happen."""
    top = int(run.trajectory["l2_norm"].values.argmax())
    return {
        "t1": run.phases.t1.high,
        "t2": run.phases.t2.high,
        **{reading.words: reading.of(run) for reading in READINGS},
        "step of the largest l2 norm": float(run.trajectory["step"][top]),
    }


def distance(found: dict[str, float | None]) -> float:
    """Return how far a run is from the published curve: the mean |log(ours/published)|.

    What did not happen counts as a factor of e.
    """
    logs = [
        1.0 if found[name] is None else min(1.0, abs(float(np.log(found[name] / value))))  # pyright: ignore
        for name, value in STUDY.published.items()
    ]
    return float(np.mean(logs))


def compare(runs: Sequence[Run], published: bool = True) -> list[Comparison]:
    """Return the published values beside the medians over runs, with their ranges.

    **Arguments:**

    - `published`: whether the runs are of the published size; else there is nothing beside them.
    """
    rows, because = [], STUDY.readings["because"]
    found = [features(run) for run in runs]
    for name, theirs in STUDY.published.items():
        ours, why = over_seeds([values[name] for values in found])
        rows.append(Comparison(name, theirs if published else None, ours, why, because))
    return rows
