"""Keeping track of first passages while an engine advances."""

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from latebloom.core.phases import Passage
from latebloom.experiment.experiment import Experiment

from .squared_norm import SquaredNorm

# Lengths that differ by more than this fraction differ for sure, whatever their rounding.
SURE = 1e-9


class Tracker:
    """The first step at or below a level, and the last step above it."""

    def __init__(self, level: float) -> None:
        self.level = level  # on the squared error
        self.first: int | None = None
        self.last_above = -1
        self.seen = -1  # the last step taken into account

    def step(self, k: int, value: float) -> None:
        """Take the squared error of one step into account."""
        if value <= self.level:
            if self.first is None:
                self.first = k
        else:
            self.last_above = k
        self.seen = k

    def steps(self, after: int, values: Iterable[float]) -> None:
        """Take the squared errors of the steps after + 1, after + 2, ... into account."""
        for k, value in enumerate(values, after + 1):
            self.step(k, value)

    def skip(self, last: int, begin: float, final: float, moved: float) -> bool:
        """Take the steps up to `last` into account if they pass no level for sure; return whether.

        **Arguments:**

        - `last`: a step.
        - `begin`, `final`: the squared errors at the last step seen and at `last`.
        - `moved`: no point in between is farther than this from either of them.
        """
        ends = (begin**0.5, final**0.5)
        level = self.level**0.5 if self.level >= 0 else -math.inf  # nothing comes to a negative one
        slack = SURE * (max(ends) + moved)
        if final > self.level:
            sure = self.first is not None or max(ends) - moved > level + slack
        else:
            sure = self.first is not None and min(ends) + moved < level - slack
        if sure:
            self.seen = last
            self.last_above = last if final > self.level else self.last_above
        return sure

    def rest(self, value: float, last: int) -> None:
        """Take the steps up to `last` into account, all with the squared error `value`."""
        if last > self.seen:
            self.step(self.seen + 1, value)
            self.step(last, value)

    def passage(self) -> Passage:
        """Return the passage seen so far, exact or censored at the last step seen."""
        if self.first is None:
            return Passage.after(self.seen)
        back = self.last_above + 1
        return replace(
            Passage.between(self.first, self.first),
            sustained=back <= self.first,
            sustained_from=back if back <= self.seen else None,
        )


def trackers(experiment: Experiment) -> list[Tracker]:
    """Return the trackers of the training error and, where a* is known, of the test error."""
    data = experiment.data
    scales = [data.y_star] if data.a_star is None else [data.y_star, data.a_star]
    return [
        Tracker((threshold * float(np.linalg.norm(scale))) ** 2)
        for threshold, scale in zip(experiment.thresholds, scales, strict=False)
    ]


def advance(tracker: Tracker, norm: SquaredNorm, start: int, length: int, final: float) -> None:
    """Take the steps start + 1 .. start + length of an affine piece into account.

    **Arguments:**

    - `tracker`: what is advanced.
    - `norm`: the squared error at local steps 0..length, `final` its value at the last of them.
    - `start`, `length`: the range of steps.
    """
    if tracker.first is None:
        first = norm.first_below(1, length, tracker.level)
        if first is not None:
            tracker.first = start + first
    if final > tracker.level:
        tracker.last_above = start + length
    else:
        above = norm.last_above(1, length, tracker.level)
        if above is not None:
            tracker.last_above = start + above
    tracker.seen = start + length
