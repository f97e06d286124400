"""First passages of errors along a flow, and the brackets of the run's passages made of them."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from latebloom.core.lazy import optimize
from latebloom.core.phases import Passage
from latebloom.experiment.experiment import Experiment
from latebloom.methods import ProjectedSubgradient, ProximalGradient

from .slow_flow import Stretch, units

# A step of the integrator is a polynomial of degree at most 5 in Z: this many points inside show a
# dip of the error to below a level that neither end of the step is below.
INSIDE = 4
# Passages are located to this fraction of a step of the integrator; its error is far larger.
ROOT = 1e-9
# Half the width of the bracket of t2, as a fraction of it. On random instances a run passes its
# threshold within 1.1e-4 of the time at which the flow does, or one step.
MARGIN = 1e-3
# The same for subgradient methods, beside the levels that CHATTER moves: within 2.5e-4.
CHATTER_MARGIN = 1.5e-3
# The distance of a subgradient run from its flow, in units of alpha beta sqrt(min(n1, n2)). On
# random instances at t2, seen from outside the ball: 0 to 0.6.
CHATTER = 1.0
# Errors are known to this, relative to ||a_hat||: what the integration leaves of them.
INTEGRATION = 3e-6
# How much faster than in the last step of the integrator an error may fall just after it.
HASTE = 3.0
# A wider bracket than this fraction of t2 is not an answer.
WIDEST = 0.01

BRACKET = "{name} is a bracket (engine 'step' gives the step)"
UNDECIDED = (
    "{name} is undecided: about its threshold the error moves too slowly, or the integration is "
    "not exact enough to know the step to 1 %; use engine 'step', or a threshold further from the "
    "floor"
)


class Watch:
    """First passages of one error below several levels along a flow, in slow time."""

    def __init__(
        self,
        error: Callable[[np.ndarray], float],
        lipschitz: float,
        levels: tuple[float, ...],
        start: Float[np.ndarray, "n1 n2"],
    ) -> None:
        self.error, self.lipschitz, self.levels = error, lipschitz, levels
        self.value, self.rate = error(start), 0.0
        self.first: list[float | None] = [0.0 if self.value <= v else None for v in levels]

    @property
    def pending(self) -> list[float]:
        """The levels not yet passed."""
        return [v for v, s in zip(self.levels, self.first, strict=True) if s is None]

    def follow(self, stretch: Stretch, end: Float[np.ndarray, "n1 n2"]) -> None:
        """Take a step of the integrator into account, at whose end A is `end`."""
        before, self.value = self.value, self.error(end)
        self.rate = abs(self.value - before) / (stretch.end - stretch.begin)
        pending = self.pending
        # Thresholding does not increase distances. Between its ends Z stays, as a rule, nearer to
        # them than they are apart, and then the error does not dip further than this.
        reach = self.lipschitz * float(np.linalg.norm(stretch.after - stretch.before))
        if not pending or min(before, self.value) - reach > max(pending):
            return
        grid = np.linspace(stretch.begin, stretch.end, INSIDE + 2)
        at = [before, *(self.error(stretch.unknown(s)) for s in grid[1:-1]), self.value]
        for i, level in enumerate(self.levels):
            below = np.flatnonzero(np.array(at) <= level)
            if self.first[i] is not None or not below.size:
                continue
            j = int(below[0])  # > 0: at the begin it was above
            self.first[i] = self._root(stretch, level, float(grid[j - 1]), float(grid[j]))

    def _root(self, stretch: Stretch, level: float, low: float, high: float) -> float:
        def excess(s: float) -> float:
            return self.error(stretch.unknown(s)) - level

        # Rounding may leave the same sign at both ends: then the passage is at one of them.
        if excess(low) <= 0:
            return low
        if excess(high) >= 0:
            return high
        xtol = ROOT * (stretch.end - stretch.begin)
        return float(np.asarray(optimize.brentq(excess, low, high, xtol=xtol)))


def chatter_radius(experiment: Experiment) -> float:
    r"""Return how far a run may be from its flow: $\alpha\beta\sqrt{\min(n_1, n_2)}$, or 0 for
    proximal gradient, which settles."""
    if isinstance(experiment.method, ProximalGradient):
        return 0.0
    alpha, rate, _ = units(experiment)
    # Chatter has period two, to which a mode with 1 - alpha lambda < 0 responds more.
    projects = isinstance(experiment.method, ProjectedSubgradient)
    near = 1.0 if projects else max(1.0, 1.0 / (2.0 - alpha * experiment.data.sigma_max))
    return CHATTER * near * rate * math.sqrt(min(experiment.data.shape))


def watches(
    experiment: Experiment, A: Float[np.ndarray, "n1 n2"], skip: set[int]
) -> dict[int, Watch]:
    """Return what to follow from A: the training (0) and the test error (1), less those to skip."""
    data, X, top = experiment.data, experiment.data.operator, experiment.data.sigma_max
    _, _, scale = units(experiment)
    radius = INTEGRATION + chatter_radius(experiment) / scale
    goals: list[tuple[Any, Any, float]] = [(X.forward, data.y_star, math.sqrt(top))]
    if data.a_star is not None:
        goals.append((lambda A: A, data.a_star, 1.0))
    found = {}
    for i, (see, target, lipschitz) in enumerate(goals):
        if i in skip:
            continue

        def error(A: np.ndarray, see: Any = see, target: Any = target / scale) -> float:
            return float(np.linalg.norm(see(A) - target))

        level = experiment.thresholds[i] * float(np.linalg.norm(target)) / scale
        spread = lipschitz * radius
        around = (level, level + spread, max(level - spread, 0.0))
        found[i] = Watch(error, lipschitz, around, A)
    return found


def slip(one: list[float | None], two: list[float | None]) -> float:
    """Return how far two integrations are apart at the first level; infinite if not known.

    **Arguments:**

    - `one`, `two`: when each of them passes the levels.
    """
    here, there = one[0], two[0]
    return math.inf if here is None or there is None else abs(here - there)


def bracket(
    name: str,
    watch: Watch,
    slip: float,
    step: Callable[[float], float],
    margin: float,
    last: int,
    apart: float,
) -> tuple[Passage, str | None]:
    """Return the passage of the run, and what to say of it.

    **Arguments:**

    - `name`: t1, of which any bracket is returned, or t2, of which none wider than `WIDEST` is.
    - `watch`: of the threshold, and levels above and below it.
    - `slip`: how far the passages of the flow may be off, in slow time.
    - `step`: slow time to step, a real number.
    - `margin`: half the width of the bracket.
    - `last`: the last step that was followed.
    - `apart`: the margin at the end, in slow time.
    """
    _, early, late = watch.first
    if early is None:
        near = watch.value - HASTE * watch.rate * apart <= watch.levels[1]
        sure = max(math.floor(step(0.0)), math.floor(last * (1 - margin)) - 1) if near else last
        return Passage.after(sure), None
    known = math.isfinite(slip)
    off = slip if known else 0.0
    low = max(math.floor(step(early - off) * (1 - margin)), math.floor(step(0.0)) + 1)
    if known and late is not None:
        high = math.ceil(step(late + off) * (1 + margin))
        if high <= last and (name == "t1" or high - low <= WIDEST * low):
            return Passage.between(low, high), BRACKET.format(name=name)
    return Passage.after(low - 1), UNDECIDED.format(name=name)
