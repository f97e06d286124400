r"""The event-driven engine: exact proximal gradient runs whose cost does not grow with the delay.

With g quadratic, a linear model and l1 (plus squared l2) the update is affine as long as the
support and the signs do not change. So: take the closed form on the present pattern, find the first
step at which the pattern changes, go there, take that one step explicitly, repeat. A run of 10^5
steps and one of 10^12 steps have the same few hundred events.
"""

from functools import partial

import numpy as np
from jaxtyping import Float

from latebloom.core import schedules
from latebloom.core.errors import Unsupported
from latebloom.core.progress import Progress
from latebloom.core.schedules import Piecewise, Schedule, SwitchOn
from latebloom.experiment.experiment import MAX_STEPS, Experiment
from latebloom.models import Linear
from latebloom.penalties import Penalty, is_elastic_net, strengths
from latebloom.problems import VectorLeastSquares

from .event_driven import ProximalJump, State
from .passages import Tracker, trackers
from .result import EngineResult


def settings(experiment: Experiment) -> list[float | Schedule]:
    """Return alpha and every beta of the experiment."""
    terms = experiment.penalty.terms if experiment.penalty else ()
    return [experiment.method.alpha, *(term.beta for term in terms)]


def why_not(experiment: Experiment) -> str | None:
    """Return why the event-driven proximal engine does not apply, or None if it does."""
    if not isinstance(experiment.model, Linear):
        return "it needs a linear model"
    if not is_elastic_net(experiment.penalty):
        return "it needs a penalty made of L1 and L2"
    varying = [v for v in settings(experiment) if isinstance(v, Schedule)]
    if any(not isinstance(v, Piecewise | SwitchOn) for v in varying):
        return "it needs alpha and beta that are constant between steps (Piecewise, SwitchOn)"
    return experiment.unstable()


def simulate_proximal(experiment: Experiment, progress: Progress | None = None) -> EngineResult:
    """Simulate proximal gradient to the horizon, exactly, event by event.

    **Arguments:**

    - `experiment`: method `ProximalGradient`, for which `why_not` returned None.
    - `progress`: called with (steps done, steps in all) after every closed-form piece.

    **Returns:** an `EngineResult` with exact first passages.
    """
    state = start_state(experiment, progress)
    interrupted = drive(experiment, state)
    return collect(state, interrupted)


def drive(experiment: Experiment, state: State) -> bool:
    """Advance the state to the horizon through every phase of (alpha, beta); True if
    interrupted."""
    data = experiment.vector_data
    engine = ProximalJump(data)
    pieces = [v for v in settings(experiment) if isinstance(v, Piecewise)]
    boundaries = sorted({s for v in pieces for s in v.steps if 0 < s < experiment.steps})
    waits = any(schedules.needs_t1(v) for v in settings(experiment))
    state.observe(data.a_star)
    try:
        while state.k < experiment.steps:
            t1 = -1 if state.train[0].first is None else state.train[0].first
            at = partial(schedules.value_at, t=state.k, t1=t1)
            alpha = float(at(experiment.method.alpha))
            l1, l2 = strengths(experiment.penalty, at)
            end = next((b for b in boundaries if b > state.k), experiment.steps)
            engine.run(state, alpha, float(l1), float(l2), end, until_t1=waits and t1 < 0)
    except KeyboardInterrupt:
        return True  # what is done is kept
    return False


def start_state(experiment: Experiment, progress: Progress | None) -> State:
    """Return the state at step 0."""
    data = experiment.vector_data
    due = iter(experiment.record_steps.tolist())
    tracked = trackers(experiment)
    return State(
        a=np.array(experiment.start),
        residual=data.X @ experiment.start - data.y_star,
        k=0,
        train=tracked[:1],
        test=tracked[1:],
        due=due,
        next_due=next(due, None),
        progress=progress,
        total=experiment.steps,
    )


def collect(state: State, interrupted: bool) -> EngineResult:
    """Return what the state has recorded and detected."""
    state.records[state.k] = state.a
    steps = sorted(k for k in state.records if k <= state.k)
    return EngineResult(
        steps=np.array(steps, dtype=np.int64),
        params=np.array([state.records[k] for k in steps]),
        t1=state.train[0].passage(),
        t2=state.test[0].passage() if state.test else None,
        done=state.k,
        interrupted=interrupted,
        events=state.events,
    )


def solve(
    problem: VectorLeastSquares,
    penalty: Penalty | None,
    alpha: float | None = None,
    start: Float[np.ndarray, " n"] | None = None,
) -> Float[np.ndarray, " n"]:
    r"""Return the limit of proximal gradient on $g + \beta_1\|a\|_1 + \frac{\beta_2}{2}\|a\|^2$.

    The event-driven run to 10^15 steps: a homotopy in time rather than in beta.

    **Arguments:**

    - `problem`, `penalty`: the objective; a schedule counts with its value at step 0.
    - `alpha`: step size; by default half the limit, where no mode oscillates.
    - `start`: initial point, shape (n,); zeros by default.
    """
    if not is_elastic_net(penalty):
        raise Unsupported("the event-driven solver needs a penalty made of L1 and L2")
    a = np.zeros(problem.X.shape[1]) if start is None else np.array(start, dtype=float)
    never = iter(())
    state = State(a, problem.X @ a - problem.y_star, 0, [Tracker(-1.0)], [], never, None)
    if alpha is None:
        alpha = 0.5 * problem.alpha_max
    ProximalJump(problem).run(state, alpha, *strengths(penalty), MAX_STEPS, until_t1=False)
    return state.a
