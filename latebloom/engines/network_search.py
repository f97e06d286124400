"""Looks for the passages of a network's errors along an integration of its flow."""

import math
from typing import Any

import numpy as np

from latebloom.core.interrupts import listening

from . import chebyshev
from .chebyshev import Stretch, Tree
from .flow import Flow
from .network_passages import WIDEST, Watch
from .network_steps import begin, move

# A step of the integrator is a cubic: this many points inside show a dip of an error.
INSIDE = 3
# A step shorter than this fraction of the time has no dip that matters: it moves t2 by less.
SHORT = 1e-3


class Search:
    """Follows errors along one integration, step by step.

    **Arguments:** the flow, and its arguments.
    """

    def __init__(self, flow: Flow, of: Any) -> None:
        self.flow, self.of = flow, of
        self.seen: tuple[float, Any] = (-1.0, None)  # a time, and the errors there

    def take(self, stretch: Stretch, watches: dict[int, Watch], values: dict[float, Any]) -> None:
        """Look for passages in a step of the integrator; `values` holds errors known inside."""
        if not any(watch.pending for watch in watches.values()):
            return

        def errors(t: float) -> np.ndarray:
            return np.asarray(self.flow.errors(stretch.at(t), self.of))

        short = stretch.end - stretch.begin < SHORT * stretch.end
        grid = np.linspace(stretch.begin, stretch.end, 2 if short else INSIDE + 2).tolist()
        known = values | {self.seen[0]: self.seen[1]}
        values = values | {t: known[t] if t in known else errors(t) for t in grid}
        self.seen = stretch.end, values[stretch.end]
        times = sorted(values)
        for i, watch in watches.items():
            if watch.pending:
                along = [float(values[t][i]) for t in times]
                watch.follow(times, along, lambda t, i=i: float(errors(t)[i]))


def passages_of(
    search: Search, memory: float, start: Tree, reached: dict[int, Watch], rtol: float, most: int
) -> tuple[dict[int, Watch], int]:
    """Return the passages of another integration, and how many gradients it took.

    **Arguments:**

    - `search`: with the flow and its arguments.
    - `memory`: of momentum and steps, see `Rates`.
    - `start`: where it begins.
    - `reached`: what the first integration found; the other goes a little further.
    - `rtol`: its tolerance.
    - `most`: gradients after which it ends.
    """
    again = {i: Watch(w.levels, w.smooth) for i, w in reached.items()}
    far = max(w.first[0] or 0.0 for w in reached.values()) * (1 + 2 * WIDEST)
    flow, of, count = search.flow, search.of, 0
    try:
        moved = begin(flow, of, start, far)
        while moved.state.t < far and any(w.pending for w in again.values()) and count <= most:
            with listening(math.inf):
                moved, stretch = move(flow, of, memory, moved, far, rtol)
                search.take(stretch, again, {})
            count = moved.state.evaluations
    except chebyshev.Collapsed:
        pass  # then nothing bounds the error
    return again, count
