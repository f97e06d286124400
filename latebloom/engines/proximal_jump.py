"""Exact proximal gradient runs of an experiment from event to event, through its schedules."""

from functools import partial

import numpy as np
from jaxtyping import Float

from latebloom.core import schedules
from latebloom.core.errors import Unsupported
from latebloom.core.interrupts import listening
from latebloom.core.progress import Progress
from latebloom.core.schedules import Piecewise, Schedule, StepSize, SwitchOn
from latebloom.experiment.experiment import MAX_STEPS, Experiment
from latebloom.models import Linear
from latebloom.penalties import Penalty, is_elastic_net, strengths
from latebloom.problems import VectorLeastSquares

from .event_driven import Phase, ProximalJump, State
from .passages import Tracker, trackers
from .result import EngineResult

# The work that a run to 10^15 steps may take where the program, not the user, chose it. Random
# instances of 20 to 400 entries took up to 7.5 events and closed forms per entry. A run that takes
# many more has come to where steps are lost in rounding, and would take minutes.
EVENTS_PER_ENTRY, EVENTS = 20, 200


def settings(experiment: Experiment) -> list[StepSize]:
    """Return alpha and every beta of the experiment."""
    return [experiment.method.alpha, *(term.beta for term in experiment.terms)]


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


def simulate(
    experiment: Experiment, progress: Progress | None = None, most: int | None = None
) -> EngineResult:
    """Simulate proximal gradient, for which `why_not` returned None, to the horizon, or until
    `most` events and closed forms are done."""
    state = start_state(experiment, progress, most)
    return collect(state, drive(experiment, state))


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
        with listening():
            while state.k < experiment.steps and not state.spent:
                t1 = -1 if state.train[0].first is None else state.train[0].first
                at = partial(schedules.value_at, t=state.k, t1=t1)
                alpha = float(at(experiment.method.alpha))
                l1, l2 = strengths(experiment.penalty, at)
                end = next((b for b in boundaries if b > state.k), experiment.steps)
                engine.run(state, Phase(alpha, float(l1), float(l2), end, waits and t1 < 0))
    except KeyboardInterrupt:
        return True  # what is done is kept
    return False


def start_state(
    experiment: Experiment, progress: Progress | None, most: int | None = None
) -> State:
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
        most=most,
    )


def collect(state: State, interrupted: bool) -> EngineResult:
    """Return what the state has recorded and detected."""
    state.records[state.k] = state.a
    passages = [tracker.passage() for tracker in state.train[:1] + state.test[:1]]
    return EngineResult.of(
        state.records, passages, state.k, interrupted=interrupted, events=state.events
    )


def work_limit(size: int) -> int:
    """Return the number of events and closed forms that a run of so many entries may take where
    no user has chosen its horizon."""
    return EVENTS_PER_ENTRY * size + EVENTS


def solve(
    problem: VectorLeastSquares,
    penalty: Penalty | None,
    alpha: float | None = None,
    start: Float[np.ndarray, " n"] | None = None,
) -> Float[np.ndarray, " n"]:
    r"""Return the limit of proximal gradient on $g + \beta_1\|a\|_1 + \frac{\beta_2}{2}\|a\|^2$.

    The event-driven run to 10^15 steps: a homotopy in time rather than in beta. After `work_limit`
    events it stops where it is, so that the point needs its certificate.

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
    state.most = work_limit(a.size)
    alpha = 0.5 * problem.alpha_max if alpha is None else alpha
    ProximalJump(problem).run(state, Phase(alpha, *strengths(penalty), MAX_STEPS, False))
    return state.a
