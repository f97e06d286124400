r"""What is known of the errors of a run after its last step.

- Where the limit of the method is proved, its errors; whether the run passes a threshold on the
  way there, by the exact engines, which go on from the last step for ever.
- Where no law covers the method, but the objective is convex, the same of proximal gradient from
  the last step on: it shows what may still move, and proves nothing.
- Else how long the penalty has acted, in slow time $\sum_t\alpha_t\beta_t$.
"""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from latebloom.core import schedules
from latebloom.core.errors import NotCovered, Unsupported
from latebloom.core.judgement import Ahead
from latebloom.core.phases import Passage
from latebloom.engines.base import Engine
from latebloom.engines.jump import JUMP
from latebloom.engines.result import EngineResult
from latebloom.engines.spectral import SPECTRAL
from latebloom.experiment.experiment import MAX_STEPS, Experiment
from latebloom.experiment.record import At
from latebloom.methods import FISTA, ProjectedSubgradient, ProximalGradient, Subgradient
from latebloom.models import Linear
from latebloom.penalties import Term
from latebloom.problems import LeastSquares, VectorLeastSquares

from .certificates import constant_strengths
from .limits import Limit, constants, errors_within, limit, relative_errors

Pair = tuple[Ahead, Ahead]
# A penalty has acted for long enough when ENOUGH times 1/(alpha beta) steps are done: the delay is
# s2/(alpha beta), and s2, a difference of entries, is below 1 where the entries are.
ENOUGH = 1.0
# Step sizes and strengths that change are added up at so many steps.
SAMPLES = 200
# The step size of the way to the minimizer, as a fraction of the limit; it decides nothing.
INSIDE = 0.5


class Way(NamedTuple):
    """Where a run goes after its last step, for ever, from an engine whose cost does not grow.

    - `result`: the way; `since`: the step of the run at its step 0.
    - `own`: whether it is that of the method, or of the average it chatters about; else that of
      proximal gradient to the same minimizer.
    - `pace`: how many of its steps are as long as one of the run.
    """

    result: EngineResult
    since: int
    own: bool
    pace: float = 1.0

    def passage(self, passage: Passage | None) -> int | None:
        """Return the step of the run about which a passage of the way is, None without one."""
        if passage is None or passage.low is None or passage.low > MAX_STEPS:
            return None
        high = passage.low if passage.high is None else passage.high
        return self.since + round((passage.low + high) / 2 / self.pace)


def ahead_of_least_squares(experiment: Experiment, result: EngineResult) -> Pair:
    """Return what is known of the training and the test error after the last step of a run.

    **Arguments:**

    - `experiment`: the spec.
    - `result`: its run, to the horizon or interrupted.
    """
    acting = _acting(experiment, result.done, result.t1)
    if result.interrupted:  # whoever has stopped a run does not wait for proofs
        return Ahead(moving=acting), Ahead(moving=acting)
    way = _way(experiment, result)
    end = limit(experiment, start=None if way is None else way.result.params[-1])
    passages: tuple[int | None, int | None] = (None, None)
    if way is not None:
        passages = way.passage(way.result.t1), way.passage(way.result.t2)
    if end is None:
        if way is not None and way.own:
            return Ahead(passage=passages[0]), Ahead(passage=passages[1])
        # No law covers the method: what the way to the minimizer shows is no proof, but if it
        # shows a passage, the run may still get there.
        train, test = (way is None or step is not None for step in passages)
        return Ahead(moving=acting if train else ""), Ahead(moving=acting if test else "")
    here = result.params[-1]
    if isinstance(experiment.method, FISTA):  # it oscillates, so that this is no proof
        train, test = _near(experiment.data, end, here, experiment.thresholds)
        return replace(train, floor=None), replace(test, floor=None)
    if way is None:
        return _near(experiment.data, end, here, experiment.thresholds)
    kept = _kept(experiment.data, end, here)
    ends = (
        (kept[0], end.train_floor, end.train_least, end.train_error),
        (kept[1], end.test_floor, end.test_least, end.test_error),
    )
    if isinstance(experiment.method, Subgradient):
        bare = relative_errors(experiment.data, way.result.params[-1])
        (train, test), goals = passages, experiment.thresholds
        passages = (
            _seen(train, bare[0], end.train_error, goals[0]),
            _seen(test, bare[1], end.test_error, goals[1]),
        )
    train, test = (
        _on_the_way(*of, step, goal)
        for of, step, goal in zip(ends, passages, experiment.thresholds, strict=True)
    )
    return train, test


def _seen(step: int | None, bare: float | None, end: float | None, goal: float) -> int | None:
    """Return the passage of a run that chatters, None if the chatter hides it: where the average
    ends below the threshold (`bare`) and the run above."""
    hidden = end is not None and bare is not None and bare <= goal < end
    return None if hidden else step


def _kept(
    data: LeastSquares, end: Limit, here: Float[np.ndarray, "..."]
) -> tuple[float, float | None]:
    """Return what both errors are at least from here on: a proof.

    No step leads away from the minimizer but within the ball that the iterates do not leave. What
    was recorded may be an average, from which they are as far as they chatter.
    """
    away = float(np.linalg.norm(here - end.minimizer)) + 2 * end.radius
    return errors_within(data, end.minimizer, max(away, end.trap))


def _on_the_way(
    kept: float | None,
    floor: float | None,
    least: float | None,
    end: float | None,
    step: int | None,
    goal: float,
) -> Ahead:
    """Return what is known of an error that is at least `kept` and in the end at least `floor`.

    It may pass its threshold on the way to an end above it, at `step`. If it does not, and does not
    end there, it is at least the next number.
    """
    if kept is None or floor is None or least is None:
        return Ahead(None, least, end, step)
    if step is not None:
        return Ahead(min(kept, goal), min(least, goal), end, step)
    never = math.nextafter(goal, math.inf)
    return Ahead(max(kept, never) if floor > goal else min(kept, floor), least, end)


def ahead_of_network(experiment: Experiment, step: int, t1: Passage) -> Pair:
    """Return the same of a network, of which only the penalty is known.

    **Arguments:**

    - `experiment`: the spec; `step`: the last step of its run.
    - `t1`: the memorization step.
    """
    acting = Ahead(moving=_acting(experiment, step, t1))
    return acting, acting


def _way(experiment: Experiment, result: EngineResult) -> Way | None:
    """Return where the run goes from here, None where the objective is not convex or has no closed
    form."""
    data, method = experiment.data, experiment.method
    if type(experiment.model) is not Linear or not isinstance(data, VectorLeastSquares):
        return None
    try:
        beta = constant_strengths(experiment.penalty)
    except Unsupported:
        return None
    if data.sigma_max == 0:
        return None
    whole = experiment.with_(steps=MAX_STEPS, record=At(()))
    covered = _covered(experiment)
    if covered and SPECTRAL.why_not(experiment) is None:
        return Way(SPECTRAL.run(whole), 0, True)
    # These methods have no memory: their run goes on from the last step.
    whole = whole.with_(init=result.params[-1])
    if covered and isinstance(method, ProximalGradient | ProjectedSubgradient):
        return _way_by(JUMP, whole, result, True) if JUMP.why_not(whole) is None else None
    alpha = schedules.constant(method.alpha) if covered else None
    step = min(alpha or math.inf, INSIDE * data.alpha_max)
    proximal = ProximalGradient(step)
    engine = SPECTRAL if beta.l1 == 0 else JUMP
    own = covered and isinstance(method, Subgradient)
    pace = alpha / step if alpha else 1.0
    return _way_by(engine, whole.with_(method=proximal), result, own, pace)


def _way_by(
    engine: Engine, whole: Experiment, result: EngineResult, own: bool, pace: float = 1.0
) -> Way | None:
    """Return the way an engine finds from the last step on, None if it would take too long."""
    way = engine.run_bounded(whole)
    return Way(way, result.done, own, pace) if way.done == whole.steps else None


def _covered(experiment: Experiment) -> bool:
    """Return whether the laws are about the method and its settings."""
    try:
        constants(experiment)
    except NotCovered:
        return False
    return True


def _near(
    data: LeastSquares, end: Limit, here: Float[np.ndarray, "..."], goals: tuple[float, float]
) -> Pair:
    """Return what is known where only the limit is: how far below it a run may come from here.

    Proximal gradient never moves away from a minimizer, so that it stays as near to its limit as
    it is: a proof. With momentum so does a run up to its oscillations, with subgradients up to its
    chatter: estimates.
    """
    floors = _kept(data, end, here)
    if end.radius > 0:
        away = float(np.linalg.norm(here - end.a))
        train_goal, test_goal = goals
        train = max(0.0, end.train_least - away * data.sigma_max**0.5 / _norm(data.y_star))
        test = end.test_least
        if test is not None and data.a_star is not None:
            test = max(0.0, test - away / _norm(data.a_star))
        arrived = away <= end.radius
        slack = end.radius * data.sigma_max**0.5 / _norm(data.y_star)
        error = _chattering(Ahead(floors[0], train, end.train_error), slack, arrived, train_goal)
        known = Ahead(floors[1], test, end.test_error)
        if data.a_star is None:
            return error, known
        slack = end.radius / _norm(data.a_star)
        return error, _chattering(known, slack, arrived, test_goal)
    train, test = floors
    return Ahead(train, train, end.train_error), Ahead(test, test, end.test_error)


def _chattering(known: Ahead, slack: float, arrived: bool, goal: float) -> Ahead:
    """Return what is known of an error that ends within `slack` of that of a point.

    If the threshold lies there, the run may end on either side of it. Once it has arrived, nothing
    but the records shows which.
    """
    end = known.end
    if end is None or not end <= goal < end + slack:
        return known
    return Ahead(moving="" if arrived else f"it is yet to come to within {slack:.3g} of its limit")


def _acting(experiment: Experiment, step: int, t1: Passage) -> str:
    r"""Return a sentence if the penalty has yet to act, in slow time, else ""."""
    reached = -1 if t1.high is None else t1.high
    least, term = min(
        ((_slow_time(experiment, term, step, reached), term) for term in experiment.terms),
        key=lambda pair: pair[0],
        default=(math.inf, None),
    )
    if term is None or least >= ENOUGH:
        return ""
    alpha, beta = (schedules.constant(x) for x in (experiment.method.alpha, term.beta))
    if alpha is None or beta is None:
        return (
            "the penalty acts until alpha beta, added up over the steps, is about 1, and it is "
            f"{least:.2g}"
        )
    return f"the penalty acts over about 1/(alpha beta) = {1 / (alpha * beta):.3g} steps"


def _slow_time(experiment: Experiment, term: Term, step: int, t1: int) -> float:
    r"""Return $\sum_t\alpha_t\beta_t$ over the steps done, infinite for a strength of 0."""
    alpha, beta = experiment.method.alpha, term.beta
    if schedules.largest(beta) == 0 or (schedules.needs_t1(beta) and t1 < 0):
        return math.inf  # it does not act, or not before memorization
    if schedules.constant(alpha) is not None and schedules.constant(beta) is not None:
        return schedules.initial(alpha) * schedules.initial(beta) * step
    steps = np.unique(np.geomspace(1, max(step, 1) + 1, SAMPLES).astype(np.int64)) - 1
    rates = [
        float(schedules.value_at(alpha, t, t1 if t >= t1 else -1))
        * float(schedules.value_at(beta, t, t1 if t >= t1 else -1))
        for t in steps[:-1]
    ]
    return float(np.dot(rates, np.diff(steps)))


def _norm(x: Float[np.ndarray, "..."]) -> float:
    return float(np.linalg.norm(x))
