"""First passages of a network's errors along its flow, and the brackets of the run's made of
them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from latebloom.core.lazy import optimize
from latebloom.core.phases import Passage

from .slow_passages import BRACKET, HASTE

# Half the width of a bracket: a fraction of the time and a few steps, beside the error of the
# integration. Its method is of second order in steps whose size goes as the third root of the
# tolerance, so that of the distance to one with a ten times larger tolerance 0.27 is the error of
# the more exact one; seen were up to 0.35. Chosen on 300 random problems (docs/network_delay.md).
TIMES, MARGIN, STEPS = 0.5, 1e-3, 2.0
# The levels of an error of real outputs, about its threshold: steps of a finite alpha leave errors
# a little off those of the flow, which is much in time where an error hardly changes.
LEVEL = 1e-4
# And this many times the memory of the momentum, in steps: what its first order leaves.
MEMORIES = 0.3
# A wider bracket than this fraction of the time is not an answer.
WIDEST = 0.02
# The error of the integration may be this part of that.
MUCH = 0.25
# Passages are located to this fraction of the time.
ROOT = 1e-7
# A step whose lowest error is no further than this part above a level is looked at closely: the
# lowest point of real outputs is found; errors of classes, which go up and down by some examples,
# are looked at at so many points.
NEAR, NEAR_CLASSES, MANY = 0.01, 0.05, 64
# An error that differs from its threshold by more than this fraction just before and just after it
# jumps. An error of classes always does, and has levels of its own.
JUMP = 0.05

NOTE = (
    "after step {k} the trajectory is that of the flow in slow time s = beta tau, followed to "
    "s = {s:.4g} with {n:,} gradients in place of {m:,} steps"
)
UNPENALIZED = (
    "after step {k} the trajectory is that of the flow of gradient descent, followed with {n:,} "
    "gradients in place of {m:,} steps"
)
EDGE = (
    "the flow was left at step {k}: alpha times the curvature of the loss is {x:.3g} there, above "
    "{limit:g}, from where on updates oscillate (edge of stability); choose a smaller alpha, or "
    "engine 'step'"
)
STOPPED = "the integration of the flow stopped at step {k} ({why}); use engine 'step'"
REST = (
    "the flow has come to rest at step {k} with a test error of {error:.3g}, above the threshold "
    "{threshold:.3g}: unless that is a saddle, a longer run will not pass it"
)
UNRESOLVED = (
    "training losses below {level:.1g} after step {k} are those of the integration, and may be too "
    "large: those of the run are the balance of gradient and penalty; engine 'step' gives them"
)
BELOW = "its threshold is below what the flow resolves of the training error"
WIDE = "{name} is undecided: {why}; use engine 'step', or another threshold"


@dataclass
class Watch:
    """The first passages of one error below several levels, in flow time.

    - `levels`: the threshold, one that is passed early, one that is passed late or None.
    - `first`: when each was passed, or None.
    - `jumped`: whether the error jumps at the threshold.
    """

    levels: tuple[float, float, float | None]
    smooth: bool
    first: list[float | None] = field(default_factory=lambda: [None, None, None])
    value: float = math.inf
    rate: float = 0.0
    jumped: bool = False

    @classmethod
    def of(cls, threshold: float, examples: int | None) -> "Watch":
        """Return the watch of an error; of classes `examples` counts those it is a mean over.

        Their levels lie between the numbers of wrong ones: one example more, and one less.
        """
        if examples is None:
            return cls((threshold, threshold * (1 + LEVEL), threshold * (1 - LEVEL)), True)
        allowed = math.floor(threshold * examples * (1 + 1e-12))
        levels = [(allowed + k + 0.5) / examples for k in (0, 1, -1)]
        return cls((levels[0], levels[1], levels[2] if allowed else None), False)

    @property
    def pending(self) -> bool:
        """Whether a level has not been passed."""
        pairs = zip(self.levels, self.first, strict=True)
        return any(first is None and level is not None for level, first in pairs)

    def follow(
        self, times: list[float], values: list[float], error: Callable[[float], float]
    ) -> None:
        """Take a step of the integrator into account.

        **Arguments:**

        - `times`: its begin, points inside, its end.
        - `values`: the error there.
        - `error`: as a function of a time in the step.
        """
        self.rate = abs(values[-1] - values[0]) / (times[-1] - times[0])
        self.value = values[-1]
        times, values = self._closely(times, values, error)
        for i, level in enumerate(self.levels):
            if level is None or self.first[i] is not None:
                continue
            below = np.flatnonzero(np.array(values) <= level)
            if not below.size:
                continue
            j = int(below[0])
            if j == 0:
                self.first[i] = times[0]
                continue
            low, high, ends = times[j - 1], times[j], [values[j - 1], values[j]]
            while high - low > ROOT * high:
                middle = 0.5 * (low + high)
                value = error(middle)
                low, high = (low, middle) if value <= level else (middle, high)
                ends = [ends[0], value] if value <= level else [value, ends[1]]
            self.first[i] = high
            if i == 0 and self.smooth and ends[0] - ends[1] > JUMP * level:
                self.jumped = True

    def _closely(
        self, times: list[float], values: list[float], error: Callable[[float], float]
    ) -> tuple[list[float], list[float]]:
        """Return the times and values of `follow` with more points, if the lowest value is near a
        level that has not been passed."""
        pairs = zip(self.levels, self.first, strict=True)
        levels = [level for level, first in pairs if level is not None and first is None]
        j = int(np.argmin(values))
        if not self.smooth:
            if not any(values[j] <= level * (1 + NEAR_CLASSES) for level in levels):
                return times, values
            known = dict(zip(times, values, strict=True))
            more = np.linspace(times[0], times[-1], MANY)[1:-1].tolist()
            known |= {t: error(t) for t in more if t not in known}
            return sorted(known), [known[t] for t in sorted(known)]
        if not any(level < values[j] <= level * (1 + NEAR) for level in levels):
            return times, values
        ends = times[max(j - 1, 0)], times[min(j + 1, len(times) - 1)]
        best = optimize.minimize_scalar(
            error, bounds=ends, method="bounded", options={"xatol": ROOT}
        )
        t, lowest = float(best.x), float(best.fun)
        if lowest >= values[j]:
            return times, values
        k = int(np.searchsorted(times, t))
        return [*times[:k], t, *times[k:]], [*values[:k], lowest, *values[k:]]

    def disagrees(self, slips: float, clock: "Clock") -> bool:
        """Return whether an error of the integration of `slips` makes a bracket too wide."""
        first = self.first[0] or 0.0
        return 2 * slips * clock.pace > MUCH * WIDEST * clock.step(first)

    def pack(self) -> dict[str, Any]:
        """Return what changes along a run, JSON-ready."""
        names = ("first", "value", "rate", "jumped")
        return {name: getattr(self, name) for name in names}

    def unpack(self, found: dict[str, Any]) -> None:
        """Take what `pack` returned."""
        self.first, self.jumped = list(found["first"]), bool(found["jumped"])
        self.value, self.rate = float(found["value"]), float(found["rate"])


@dataclass(frozen=True)
class Clock:
    """From flow time to steps.

    - `origin`, `pace`: the step of time 0, and steps per time.
    - `memory`: of the momentum and of a step, in steps, see `Rates`.
    """

    origin: int
    pace: float
    memory: float = 0.5

    def step(self, time: float) -> float:
        """Return the step, as a real number, at a time."""
        return self.origin + self.pace * time


def bracket(
    name: str, watch: Watch, slips: float, clock: Clock, last: int
) -> tuple[Passage, str | None]:
    """Return the passage of the run, and what to say of it.

    **Arguments:**

    - `name`: t1 or t2.
    - `watch`: of its error.
    - `slips`: how far the passages of the flow may be off, in flow time.
    - `clock`: the time of the flow in steps.
    - `last`: the last step that was followed.
    """
    least, (at, early, late) = clock.origin + 1, watch.first
    around = STEPS + MEMORIES * clock.memory
    if early is None:
        # The run may be ahead of its flow by the margin.
        margin = MARGIN * last + around
        ahead = HASTE * watch.rate * margin / clock.pace
        near = watch.value - ahead <= watch.levels[1]
        sure = math.floor(last - margin) - 1 if near else last
        return Passage.after(max(least - 1, sure)), None
    known = math.isfinite(slips)
    off = around + (slips * clock.pace if known else 0.0)
    low = max(math.floor(clock.step(early) * (1 - MARGIN) - off), least)
    why = "its integration was not repeated, so that nothing bounds its error"
    if watch.jumped:
        why = "the error jumps at its threshold, and the time of a jump is not bounded here"
    elif at is None or (late is None and watch.levels[2] is not None):
        why = "the error passes its threshold, but not clearly before the end"
    elif known:
        late = at if late is None else late
        high = math.ceil(clock.step(late) * (1 + MARGIN) + off)
        if high <= last and high - low <= WIDEST * low:
            return Passage.between(low, high), BRACKET.format(name=name)
        why = f"a bracket would be [{low:,}, {high:,}], "
        why += "beyond the end" if high > last else f"wider than {WIDEST:.0%}"
        slow = "the error changes slowly" if watch.smooth else "one example more or less decides"
        spans = {
            "two integrations disagree, as at kinks": 2 * slips * clock.pace,
            "the momentum has a memory": 2 * around,
            slow: clock.pace * (late - early),
        }
        worst = max(spans, key=lambda key: spans[key])
        why += f" ({worst})" if high <= last else ""
    return Passage.after(min(low - 1, last - 1)), WIDE.format(name=name, why=why)
