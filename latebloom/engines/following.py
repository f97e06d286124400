"""Follows a flow to the horizon of a run, and once more to see how exact that is."""

import math
from collections.abc import Callable
from typing import Any

from latebloom.core.interrupts import listening
from latebloom.core.phases import Passage

from . import chebyshev
from .chebyshev import Stretch, Tree
from .flow import Flow, Rates
from .network_passages import EDGE, STOPPED, TIMES, Clock, Watch, bracket
from .network_search import Search, passages_of
from .network_steps import Moved, begin, move, skip
from .slow_passages import slip

# How much larger the tolerance of the second integration is, whose distance from the first bounds
# the error of the first; and how much smaller that of a third one.
LOOSER = 10.0
# More gradients than this many times those of the first integration are not spent on another: at
# kinks their number grows with the inverse of the tolerance.
PATIENCE = 4
# The flow is left where it has cost so many gradients per step that it skips, but not among the
# first ones: at kinks that it slides along its steps are shorter than those of the method. ReLU
# networks cross many of them early on, and few later.
FUTILE, GRACE = 3, 20_000
FUTILE_BECAUSE = "it takes more gradients than steps, as at kinks"
# How much longer Z - A of a proximal flow takes to follow in the integration that shows its effect.
LAGGARD = 3.0
# The rest of the horizon is skipped where only rounding moves the flow: its speed is below this
# part of its unknown times the radius of its Jacobian (at rest 3e-15 to 2e-14 were seen). What
# grows from rounding at the rate of the penalty would have been seen after so much slow time.
STILL, SEEN = 1e-13, 50.0
# The flow is at rest where as much time again would move it by less than this part of its size, and
# only after so much slow time of the weakest penalty: what decays with it is then at 5e-5.
AT_REST, ACTED = 1e-3, 10.0


class Following:
    """An integration from the end of the first updates to the horizon.

    **Arguments:**

    - `flow`, `of`: the flow, see `Flow`, and its arguments.
    - `rates`: the scales of time.
    - `origin`, `last`: the steps at its begin and at its end.
    - `y`: the unknown at its begin.
    - `watches`: of the errors (0 training, 1 test) that the updates left above their thresholds.
    - `rtol`: the tolerance of a step.

    **Raises:** `Collapsed` if the flow is not finite at y.
    """

    def __init__(
        self,
        flow: Flow,
        of: Any,
        rates: Rates,
        origin: int,
        last: int,
        y: Tree,
        watches: dict[int, Watch],
        rtol: float,
    ) -> None:
        self.flow, self.of, self.rates, self.start, self.rtol = flow, of, rates, y, rtol
        self.last, self.length = last, (last - origin) * rates.a
        self.clock = Clock(origin, 1 / rates.a, rates.memory / rates.a)
        self.watches, self.slips = watches, dict.fromkeys(watches, math.inf)
        # Of a more exact integration. They stay apart: a run that goes on compares its first one.
        self.refined: dict[int, Watch] = {}
        self.search = Search(flow, of)
        self.moved: Moved = begin(flow, of, y, self.length)
        self.repeated = 0  # gradients of other integrations
        self.failure = ""

    @property
    def state(self) -> chebyshev.State:
        """The state of the integrator."""
        return self.moved.state

    @property
    def step(self) -> int:
        """The step of the run that it has come to."""
        return self.last if self.ended else int(self.clock.step(self.state.t))

    @property
    def ended(self) -> bool:
        """Whether it has come to the horizon."""
        return self.state.t >= self.length

    @property
    def gradients(self) -> int:
        """How many gradients it took."""
        return self.state.evaluations + self.repeated

    def run(
        self,
        measure: Callable[[Stretch], dict[float, Any]],
        after: Callable[[], None],
        laggard: Any = None,
    ) -> bool:
        """Follow to the horizon, and integrate again; what ends the integration early is kept as
        the failure.

        **Arguments:**

        - `measure`: as for `advance`; `laggard`: as for `repeat`.
        - `after`: called after every step.

        **Returns:** whether Ctrl-C ended it.
        """
        try:
            with listening():
                while self.goes_on():
                    self.advance(measure)
                    after()
        except chebyshev.Collapsed as why:
            self.failure = STOPPED.format(k=f"{self.step:,}", why=why)
        except KeyboardInterrupt:
            return True
        try:
            with listening():
                self.repeat(laggard)
        except KeyboardInterrupt:
            return True
        return False

    def goes_on(self) -> bool:
        """Return whether there is more to follow; if updates leave the flow here, or if its steps
        are not worth their cost, say so."""
        x, limit = self.rates.alpha * self.state.radius, self.rates.limit
        if x > limit and not self.ended:
            self.failure = EDGE.format(k=f"{self.step:,}", x=x, limit=limit)
        elif self.state.evaluations > max(GRACE, FUTILE * (self.step - self.clock.origin)):
            self.failure = STOPPED.format(k=f"{self.step:,}", why=FUTILE_BECAUSE)
        return not (self.ended or self.failure)

    def advance(self, measure: Callable[[Stretch], dict[float, Any]]) -> None:
        """Make a step, which comes to its end whatever happens.

        **Arguments:** `measure`: records what is due in it and returns the errors seen on the way,
        by time.

        **Raises:** `Collapsed` if no step is small enough.
        """
        with listening(math.inf):
            if self.still:
                moved, stretch = skip(self.moved, self.length)
            else:
                moved, stretch = move(
                    self.flow, self.of, self.rates.memory, self.moved, self.length, self.rtol
                )
            self.search.take(stretch, self.watches, measure(stretch))
            self.moved = moved

    def time(self, step: int) -> float:
        """Return the flow time of a step."""
        if step == self.last:
            return self.length
        return (step - self.clock.origin) * self.rates.a

    def repeat(self, laggard: Any = None) -> None:
        """Integrate again with a larger tolerance, to see how far the passages may be off; with a
        smaller one if they disagree. A proximal flow is also integrated with a larger nu
        (`laggard`)."""
        reached = {i: w for i, w in self.watches.items() if w.first[0] is not None}
        if not reached:
            return
        slips = self._again(self.of, LOOSER * self.rtol, reached)[0]
        if any(w.disagrees(slips[i], self.clock) for i, w in reached.items()):
            more, tighter = self._again(self.of, self.rtol / LOOSER, reached)
            if all(map(math.isfinite, more.values())):
                slips, reached = more, tighter
        if laggard is not None:
            more = self._again(laggard, self.rtol, self.watches)[0]
            # The error of nu grows with nu, so that it is less than this part of the distance.
            slips = {i: slips[i] + more[i] / (TIMES * (LAGGARD - 1)) for i in slips}
        self.slips |= slips
        self.refined = reached

    def _again(
        self, of: Any, rtol: float, reached: dict[int, Watch]
    ) -> tuple[dict[int, float], dict[int, Watch]]:
        """Return what another integration tells of the errors of the passages, and its own."""
        start = self.flow.begin(self.flow.params(self.start, self.of), of)
        most = PATIENCE * self.state.evaluations
        search = Search(self.flow, of)
        found, count = passages_of(search, self.rates.memory, start, reached, rtol, most)
        self.repeated += count
        apart = {i: slip(reached[i].first, found[i].first) for i in reached}
        return {i: TIMES * distance for i, distance in apart.items()}, found

    def passages(self, recorded: int) -> tuple[dict[int, Passage], list[str]]:
        """Return the passages of the run, and what to say of them.

        **Arguments:** `recorded`: the last step that was measured.
        """
        found, notes = {}, []
        for i, watch in self.best.items():
            name = ("t1", "t2")[i]
            passage, note = bracket(name, watch, self.slips[i], self.clock, self.step)
            if self.failure and passage.high is None:
                # What comes after the last record is not known.
                passage = Passage.after(min(passage.low or 0, recorded) - 1)
            found[i] = passage
            notes += [note] if note else []
        return found, notes + ([self.failure] if self.failure else [])

    @property
    def best(self) -> dict[int, Watch]:
        """The watches of the most exact integration that reached each threshold."""
        return self.watches | self.refined

    @property
    def still(self) -> bool:
        """Whether only rounding moves the flow."""
        state = self.state
        if self.rates.weakest * state.t < SEEN:
            return False
        speed, size = float(chebyshev.norm(state.F)), float(chebyshev.norm(state.y))
        return speed <= STILL * state.radius * size

    @property
    def stands(self) -> bool:
        """Whether the flow hardly moves any more."""
        state, weakest = self.state, self.rates.weakest
        left = float(chebyshev.norm(state.F)) * state.t
        acted = not weakest or weakest * state.t > ACTED
        return acted and left <= AT_REST * chebyshev.moving(state)

    def rests(self) -> bool:
        """Return whether the flow ended at a point, with a test error above its threshold."""
        watch = self.watches.get(1)
        return watch is not None and watch.first[1] is None and self.ended and self.stands
