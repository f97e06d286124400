"""Which strength of the penalty lets a network generalize within a budget of steps."""

import math
from dataclasses import replace

from latebloom.core.bisection import bisect
from latebloom.core.errors import Unsupported, shown
from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.penalties import scaled

from .network_predict import why_not
from .prediction import Plan

# Strengths to try lie half a decade apart, at most eight decades from that of the spec.
STRIDE, DECADES = 10**0.5, 8
# The largest strength is found to a quarter: at it the error ends at its target, and one stays
# below. The smallest to a tenth in t2; t2 being nearly proportional to 1/beta, two flows do.
DIGITS, INSIDE, FLOWS = 0.25, 0.9, 6
# Halvings of the stride in search of the fastest strength: to 4 %, two flows each.
HALVINGS = 4
# A t2 below this part of the budget, after so many flows, does not depend on beta.
FAR_BELOW = 0.5


def plan_network(
    experiment: Experiment,
    budget: int,
    error: float,
    alpha: float | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Return which strengths let a network generalize within a budget.

    **Arguments:**

    - `experiment`: the spec; all its strengths are scaled together.
    - `budget`: steps; `error`: the test error to reach.
    - `alpha`: the step size, that of the spec if None.
    - `progress`: of each flow: called with (gradients computed, gradients at most, a note).

    **Returns:** a `Plan`: the range of strengths, one between, its t2, and where it ends.

    **Raises:** `Unsupported` for a network whose method has no flow.
    """
    if reason := why_not(experiment):
        raise Unsupported(f"plan: method = {shown(experiment.method)}: {reason}")
    base = experiment.with_(thresholds=(experiment.thresholds[0], error))
    base = base if alpha is None else base.with_(**{"method.alpha": alpha})
    return _Search(base, budget, progress).run()


class _Search:
    """The search over strengths, each a flow; `times` has t2 by strength, infinite without one."""

    def __init__(self, base: Experiment, budget: int, progress: Progress | None) -> None:
        self.base, self.budget, self.progress = base, budget, progress
        self.beta = max(float(term.beta) for term in base.terms)  # pyright: ignore - constant
        self.times: dict[float, float] = {}
        self.ends: dict[float, float] = {}  # errors, where the flow came to rest
        self.why: dict[float, str] = {}  # why no t2 was seen

    def run(self) -> Plan:
        """Return the plan."""
        alpha, error = float(self.base.method.alpha), self.base.thresholds[1]  # pyright: ignore
        found = Plan(self.budget, error, alpha, False)
        high = self._fastest()
        if high is not None and not self._in_time(high):
            high = self._faster(high)
        if high is None or not self._in_time(high):
            least = None if high is None else math.ceil(self.times[high])
            ends = [end for end in self.ends.values() if math.isfinite(end)]
            seen = f"the least end found is {min(ends):.3g}" if ends else self.why[self.beta]
            why = f"the fastest strength tried takes {least:,} steps" if least else (
                f"no strength tried reaches an error of {error:g}; {seen}"
            )  # fmt: skip
            return replace(found, least_budget=least, why=why)
        least, low = math.ceil(self.times[high]), self._smallest(high)
        above = high * STRIDE
        while self._in_time(above) and above < self.beta * 10**DECADES:
            above *= STRIDE
        if not self._in_time(above):
            above = bisect(self._in_time, above / STRIDE, above, _middle)[0]
        high = above
        # Where t2 stays far below the budget as beta falls, beta has no lower limit.
        limits = self.times[low] > FAR_BELOW * self.budget
        beta = math.sqrt(low * high)
        beta = beta if self._in_time(beta) else low
        from .network_ahead import ahead_of

        ahead = ahead_of(self.at(beta), self.progress)
        t2 = math.ceil(self.times[beta]) if ahead.t2.high is None else ahead.t2.high
        return replace(
            found, possible=True, beta_low=low if limits else None, beta_high=high, beta=beta,
            t2=t2, final_error=ahead.errors[1] if ahead.at_rest else None, least_budget=least,
            why="a smaller beta ends nearer to the truth, a larger one gets there sooner",
        )  # fmt: skip

    def at(self, beta: float) -> Experiment:
        """Return the experiment with its strengths scaled so that the largest is beta."""
        assert self.base.penalty is not None
        return self.base.with_(penalty=scaled(self.base.penalty, beta / self.beta))

    def time(self, beta: float) -> float:
        """Return when the test error is at its target along the flow."""
        if beta not in self.times:
            from .network_ahead import ahead_of

            ahead = ahead_of(self.at(beta), self.progress, brackets=False)
            self.times[beta] = ahead.passed
            self.why[beta] = ahead.why("t2") or "no end was seen"
            if ahead.at_rest:
                self.ends[beta] = ahead.errors[1]
        return self.times[beta]

    def _in_time(self, beta: float) -> bool:
        return self.time(beta) <= self.budget

    def _fastest(self) -> float | None:
        """Return the strength with the least t2 among those tried, None if none has one."""
        beta, far = self.beta, 10**DECADES
        while math.isinf(self.time(beta)):
            # A large strength ends above the target; of a small one no end is seen.
            following = beta / STRIDE if beta in self.ends else beta * STRIDE
            if following in self.times or not self.beta / far <= following <= self.beta * far:
                return None
            beta = following
        while beta < self.beta * 10**DECADES and self.time(beta * STRIDE) < self.time(beta):
            beta *= STRIDE
        return beta

    def _faster(self, beta: float) -> float:
        """Return a strength near one with a smaller t2: the fastest lies just below the strength
        from which on the error ends above its target."""
        stride = STRIDE
        for _ in range(HALVINGS):
            stride = math.sqrt(stride)
            beta = min((beta, beta * stride, beta / stride), key=self.time)
            if self._in_time(beta):
                break
        return beta

    def _smallest(self, beta: float) -> float:
        """Return about the smallest strength whose t2 is in the budget, from one that is."""
        for _ in range(FLOWS):
            t2 = self.time(beta)
            if INSIDE * self.budget <= t2 <= self.budget:
                break
            following = beta * t2 / (math.sqrt(INSIDE) * self.budget)
            if math.isinf(self.time(following)):
                break
            beta = following
        return min(b for b, t2 in self.times.items() if t2 <= self.budget)


def _middle(low: float, high: float) -> float | None:
    """Return the geometric mean, None for numbers that differ by less than `DIGITS`."""
    return math.sqrt(low * high) if high > (1 + DIGITS) * low else None
