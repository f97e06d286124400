"""The blog post's opening curve: what is read off it, and how far a run is from it."""

from collections.abc import Sequence

import numpy as np

from latebloom.run import Run

from .reproduction import Comparison

PUBLISHED = {
    "t1": 533.0,
    "t2": 9146.0,
    "l2 norm at step 0": 13.0,
    "largest l2 norm": 93.0,
    "step of the largest l2 norm": 2150.0,
    "l2 norm at step 6,000": 82.0,
    "l2 norm at t2": 58.0,
    "l2 norm at step 10,000": 50.0,
    "largest test loss": 41.0,
}
# Why they differ from ours.
BECAUSE = (
    "the conventions behind the published curve are not known: those of the post and of the public "
    "code contradict each other and neither gives it; ours are the nearest of 30 tried"
)


def features(run: Run) -> dict[str, float | None]:
    """Return what is read off the published curve, from a run; None for what did not happen."""
    steps, norm = run.trajectory["step"].values, run.trajectory["l2_norm"].values
    t2 = run.phases.t2.high

    def at(step: int | None) -> float | None:
        if step is None or step > steps[-1]:
            return None
        return float(norm[np.searchsorted(steps, step)])

    top = int(norm.argmax())
    return {
        "t1": run.phases.t1.high,
        "t2": t2,
        "l2 norm at step 0": float(norm[0]),
        "largest l2 norm": float(norm[top]),
        "step of the largest l2 norm": float(steps[top]),
        "l2 norm at step 6,000": at(6_000),
        "l2 norm at t2": at(t2),
        "l2 norm at step 10,000": at(10_000),
        "largest test loss": float(run.trajectory["test_loss"].max()),
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
        seen = [values[name] for values in found]
        known = [value for value in seen if value is not None]
        missing = len(seen) - len(known)
        middle = None
        if missing * 2 < len(seen):  # what did not happen by the end is beyond every other value
            middle = float(np.median([np.inf if v is None else v for v in seen]))
        span = f"{min(known):.4g} to {max(known):.4g}" if known else "never"
        why = f"median of {len(seen)} seeds, {span}"
        why += f", {missing} not" * bool(missing)
        beside = theirs if published else None
        rows.append(Comparison(name, beside, middle, why, BECAUSE))
    return rows
