"""Which alpha and beta generalize within a budget of steps, at an error below a target."""

import math
from collections.abc import Callable
from dataclasses import replace

from latebloom.core import checks as check
from latebloom.core.bisection import bisect, halfway
from latebloom.core.errors import InvalidInput, NotCovered, Unsupported, shown
from latebloom.core.progress import Progress, with_note
from latebloom.engines.base import run_engine
from latebloom.engines.slow import SLOW
from latebloom.engines.threads import blas_threads
from latebloom.experiment.experiment import MAX_STEPS, Experiment
from latebloom.experiment.given import Given, experiment_of
from latebloom.experiment.record import At
from latebloom.methods import ProximalGradient
from latebloom.problems import LeastSquares, MatrixLeastSquares

from .facts import facts, largest_beta
from .network_plan import plan_network
from .prediction import Plan as Plan
from .recoverability import recoverability
from .two_term_floor import final_error

# A step size at the limit is stable but slow in its stiffest direction.
BELOW_LIMIT = 0.9
# Strengths are found to two digits: beta is chosen, not measured.
DIGITS = 0.01
# Strengths that are tried on the way from the largest useful one down: twelve decades.
DECADES = 12
# So many quarter decades without progress, and smaller strengths are not tried.
STILL = 4
# Twelve decades below the largest useful strength t2 still was in time: it does not depend on it.
SMALLEST = 1e-12
# Beyond it a plan would ask for strengths that rounding hides, at minutes for each.
LONGEST = 1e12


def plan(
    experiment: Given,
    budget: float,
    error: float,
    alpha: float | None = None,
    progress: Progress | None = None,
) -> Plan:
    r"""Say which beta generalizes within a budget of steps at an error below a target.

    Every beta has two sides: $t_2 \approx s_2/(\alpha\beta)$ falls with it, the bias of the end
    grows in proportion. Both are computed, not estimated: t2 by the event-driven engine (of
    matrices and of networks by the flow in slow time), the end with its certificate (of networks
    where the flow comes to rest).

    **Arguments:**

    - `experiment`: its problem, start and kind of penalty (L1 or Nuclear, alone; of networks any);
      the strengths do not matter, of networks they are where the search begins.
    - `budget`: steps, 1 to 10^12.
    - `error`: the relative test error to reach, in (0, 1).
    - `alpha`: the step size; 0.9 of the largest stable one if left out, of networks their own: t2
      is proportional to 1/alpha, the end does not depend on it.
    - `progress`: of networks: called with (gradients computed, gradients at most, a note).

    **Returns:** a `Plan`, also where it is impossible: with what would be possible instead.

    **Raises:** `Unsupported` for other penalties, models and methods (momentum; of networks
    minibatches and Adam), without a ground truth, or if the experiment's own alpha is unstable or
    its beta 0; `InvalidInput` for numbers out of range.

    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery(n=20, s=1, N=12, seed=1)
    >>> found = plan(lb.Experiment(problem, lb.L1(1e-5), lb.ProximalGradient(0.1)), 1e5, 1e-2)
    >>> found.possible, found.t2 <= 1e5, found.final_error <= 1e-2
    (True, True, True)
    """
    check.real("budget", budget, low=1)
    if budget > LONGEST:
        raise InvalidInput(
            f"budget = {budget:g}: must be at most {LONGEST:g}; t2 is proportional to 1/beta: "
            "plan for less, and scale beta"
        )
    if alpha is not None:
        check.real("alpha", alpha, low=0, strict=True)
    check.real("error", error, low=0, strict=True)
    if error >= 1:
        raise InvalidInput(f"error = {error:g}: must be below 1, the error of a = 0")
    progress = with_note(progress)
    experiment = experiment_of(experiment, "plan")
    if not isinstance(experiment.problem, LeastSquares):
        return plan_network(experiment, int(budget), float(error), alpha, progress)
    with blas_threads(experiment.problem):
        return _Search(experiment, int(budget), float(error), alpha).run()


class _Search:
    """The search over strengths for one experiment."""

    def __init__(
        self, experiment: Experiment, budget: int, error: float, alpha: float | None
    ) -> None:
        try:
            found = facts(experiment)
        except NotCovered as reason:
            raise Unsupported(f"plan: {reason}") from reason
        if found.h == "none" or found.ridge > 0:
            penalty = shown(experiment.penalty)
            raise Unsupported(f"plan: penalty = {penalty}: must be L1 or Nuclear, alone")
        if found.a_star is None:
            raise Unsupported("plan: needs the ground truth (a_star, of a matrix A_star)")
        self.facts, self.budget, self.error = found, budget, error
        self.alpha = BELOW_LIMIT * experiment.data.alpha_max if alpha is None else float(alpha)
        assert experiment.penalty is not None
        self.term = experiment.penalty.terms[0]
        self.base = experiment.with_(
            method=ProximalGradient(self.alpha),
            steps=MAX_STEPS,
            record=At(()),
            thresholds=(experiment.thresholds[0], error),
        )
        self.base.method.require_stable(self.base.data, None, self.base.least_squares_model)
        self.ends: dict[float, float | None] = {}
        self.times: dict[float, int | None] = {}

    def run(self) -> Plan:
        """Return the plan."""
        found = Plan(self.budget, self.error, self.alpha, False)
        possible = recoverability(self.base.data)
        # The end with beta -> 0; a larger beta may come nearer, but only by luck.
        name = "program_error" if self.facts.h == "nuclear" else "basis_pursuit_error"
        lost = getattr(possible, name, None)
        if possible.recoverable is False and (lost is None or lost > self.error):
            return replace(found, why=f"no beta does: {possible.reason}")
        high = self._largest(lambda beta: (self.end(beta) or math.inf) <= self.error)
        if high is None:
            seen = min((e for e in self.ends.values() if e is not None), default=math.nan)
            why = f"no beta ends below the error; the least end found is {seen:.3g}"
            return replace(found, least_error=self._least_error(), why=why)
        # The largest may end so near to its target that it gets there late, or not at all.
        tried = {beta: self.time(beta) for beta in (high, high / 1.5, high / 2.25)}
        times = {beta: math.inf if t2 is None else t2 for beta, t2 in tried.items()}
        start = min(times, key=times.__getitem__)
        high = max((beta for beta in times if times[beta] <= self.budget), default=high)
        fastest = tried[start]
        found = replace(found, least_budget=fastest)
        if fastest is None or fastest > self.budget:
            why = f"at an error of {self.error:g} generalization takes {fastest or 'more'} steps"
            return replace(found, least_error=self._least_error(), why=why)
        low = self._smallest(start)
        if low is None:
            why, beta = (
                "t2 does not depend on beta here: any beta up to the largest does",
                high / 10,
            )
        else:
            why = "a smaller beta ends nearer to the truth, a larger one gets there sooner"
            beta = math.sqrt(low * high)
            beta = low if self._late(beta) else beta
        found = replace(found, possible=True, beta_low=low, beta_high=high, beta=beta, why=why)
        return replace(found, t2=self.time(beta), final_error=self.end(beta))

    def _late(self, beta: float) -> bool:
        """Return whether t2 is beyond the budget."""
        t2 = self.time(beta)
        return t2 is None or t2 > self.budget

    def at(self, beta: float) -> Experiment:
        """Return the experiment with a strength."""
        return self.base.with_(penalty=type(self.term)(beta))  # pyright: ignore

    def end(self, beta: float) -> float | None:
        """Return the test error in the end."""
        if beta not in self.ends:
            self.ends[beta] = final_error(self.at(beta))
        return self.ends[beta]

    def time(self, beta: float) -> int | None:
        """Return the step at which the test error is first below the target."""
        if beta not in self.times:
            self.times[beta] = _passage(self.at(beta))
        return self.times[beta]

    def _largest(self, fits: Callable[[float], bool]) -> float | None:
        """Return the largest beta that fits, to a percent, from above."""
        beta, least, still = largest_beta(self.facts), math.inf, 0
        for _ in range(4 * DECADES):
            beta /= 10**0.25
            if fits(beta):
                break
            # Where the end no longer follows beta, it is the noise that keeps it away.
            end = self.end(beta)
            still = still + 1 if end is not None and end > 0.97 * least else 0
            least = min(least, end or math.inf)
            if still >= STILL and least < 0.5:
                return None
        else:
            return None
        return bisect(fits, beta, beta * 10**0.25, _middle)[0]

    def _smallest(self, high: float) -> float | None:
        """Return the least beta, up to one that does, with t2 within the budget; None if t2 does
        not depend on beta."""
        low = high
        # t2 is nearly proportional to 1/beta: one guess comes close.
        for _ in range(4 * DECADES):
            if self._late(low):
                break
            t2 = self.time(low)
            assert t2 is not None
            low *= min(0.5, max(0.9 * t2 / self.budget, 1e-4))
            if low < SMALLEST * high:
                return None
        else:
            return None
        return bisect(self._late, low, high, self._between)[1]

    def _between(self, low: float, high: float) -> float | None:
        """Return a strength between one that is late and one that is not, where a power law
        through both meets the budget; None if they differ by a percent."""
        late, soon = self.time(low), self.time(high)
        if _middle(low, high) is None or late is None or soon is None or late <= soon:
            return _middle(low, high)
        exponent = math.log(late / self.budget) / math.log(late / soon)
        # Not at an end: from both sides of the guess the interval becomes small enough.
        inside = (1 + DIGITS) ** 0.9
        return min(max(low * (high / low) ** exponent, low * inside), high / inside)

    def _least_error(self) -> float | None:
        """Return the least error that some beta reaches within the budget, to a stride."""
        # Large strides where the target is far out of reach: never more than 24.
        stride = max(1.5, (0.9 / self.error) ** (1 / 24))
        beyond = math.ceil(-math.log(self.error) / math.log(stride))

        def missed(k: int) -> bool:
            error = self.error * stride**k
            other = _Search(self.base, self.budget, error, self.alpha)
            other.ends = self.ends  # where a strength ends does not depend on the target
            high = other._largest(lambda beta: (other.end(beta) or math.inf) <= error)
            return high is None or (other._late(high) and other._late(high / 1.5))

        k = bisect(missed, 0, beyond, halfway)[1]
        return self.error * stride**k if k < beyond else None


def _passage(experiment: Experiment) -> int | None:
    if isinstance(experiment.data, MatrixLeastSquares):
        reason = SLOW.why_not(experiment)
        if reason:
            raise Unsupported(f"plan: engine 'slow': {reason}")
        found = SLOW.run(experiment).t2
    else:
        found = run_engine("jump", experiment).t2
    return None if found is None else found.high


def _middle(low: float, high: float) -> float | None:
    """Return the geometric mean, None for numbers that differ by a percent."""
    return math.sqrt(low * high) if high > (1 + DIGITS) * low else None
