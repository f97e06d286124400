"""How the quantities of laws are measured: over the records of a run, its updates, its times."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from latebloom.methods import ProximalGradient
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, Point

from .finding import Measurement
from .law import Measure, Undecided

# One value per record, from the context of a law, the recorded steps and the iterates there.
Values = Callable[[Any, np.ndarray, Point], ArrayLike]


def records(run: Run, since: int = 0) -> tuple[np.ndarray, Point]:
    """Return the recorded steps and iterates of a run, from step `since` on.

    **Raises:** `Undecided` if the records are not iterates, or if they end before step `since`.
    """
    if run.records != "iterates":
        what = {"average": "averages", "flow": "a flow in continuous time"}[run.records]
        raise Undecided(f"engine {run.engine!r} gives {what}, not the iterates of this method")
    finite = np.isfinite(run.trajectory["train_error"].values)
    steps, a = run.trajectory["step"].values[finite], run.trajectory["a"].values[finite]
    if since and steps[-1] < since:
        raise Undecided(f"the run ends at step {steps[-1]:,}, before t1 = {since:,} of the law")
    return steps[steps >= since], a[steps >= since]


def require_chatter(run: Run) -> None:
    """Raise `Undecided` if the records lack the chatter of the method.

    Proximal gradient does not chatter: its flow has the same limit.
    """
    if run.records != "iterates" and not isinstance(run.experiment.method, ProximalGradient):
        raise Undecided(f"engine {run.engine!r} gives averages, without the chatter")


def largest(values: Values, why: str = "at step {:,}") -> Measure:
    """Return the measurement of the largest value over the records of a run.

    `why` is the text of the finding, with the step of the largest value, the last of equal ones.
    """

    def measure(run: Run, context: Any) -> Measurement:
        steps, points = records(run)
        found = np.asarray(values(context, steps, points))
        value, step = max(zip(found, steps, strict=True))
        return Measurement(float(value), why.format(step))

    return measure


def largest_after_t1(value: Callable[[Facts, Point], float], why: str = "") -> Measure:
    """Return the measurement of the largest value of a function of facts and iterate, from t1 on.

    `why` is the text of the finding, with the step of the largest value, the first of equal ones.
    """

    def measure(run: Run, f: Facts) -> Measurement:
        steps, points = records(run, f.t1)
        found = [value(f, a) for a in points]
        worst = int(np.argmax(found))
        return Measurement(found[worst], why.format(steps[worst]))

    return measure


def first_updates(run: Run, f: Facts, most: int) -> Point:
    """Return the iterates of the first updates of a run, `most` at most, in plain NumPy."""
    return f.path(f.start, min(most, run.experiment.steps))


def middle_of_t2(run: Run, context: object) -> Measurement:
    """Return the middle of the bracket of t2."""
    t2 = run.phases.t2
    if t2.low is None or t2.high is None:
        raise Undecided(f"t2 was not seen: {t2}")
    return Measurement(0.5 * (t2.low + t2.high))


def ratio(left: float, right: float) -> float:
    """Return left/right, infinite where the right side is not positive.

    >>> ratio(1.0, 2.0), ratio(1.0, 0.0)
    (0.5, inf)
    """
    return left / right if right > 0 else math.inf
