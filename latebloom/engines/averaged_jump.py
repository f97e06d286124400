r"""Event-driven brackets for subgradient methods, which chatter around zero instead of settling.

A coordinate at a kink flips its sign at almost every step, with amplitude alpha beta; no closed
form follows that. Its average does: proximal gradient for the subgradient method, and for the
projected method the flow $da/dk = -\alpha\beta P\xi$ on the interpolators, P the projection on ker
X and xi the element of the subdifferential with the least $\|P\xi\|$. The distance between a run
and its average stays within a small multiple of $\alpha\beta\sqrt n$, so passages of the average
through slightly higher and lower thresholds bracket those of the run.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from latebloom.core import schedules
from latebloom.core.interrupts import check, listening
from latebloom.core.lazy import linalg, optimize
from latebloom.core.phases import Passage
from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.methods import ProjectedSubgradient, ProximalGradient, Subgradient
from latebloom.penalties import L1, strengths

from . import proximal_jump
from .modes import Modes
from .passages import Tracker, advance, trackers
from .result import EngineResult
from .squared_norm import SquaredNorm

# The distance of a run from its average, in units of alpha beta sqrt(n). Measured at t2 on random
# instances: 0.1 to 1.4 (docs, page on engines); the margin is a factor of about two.
CHATTER = 3.0
# t1 of the subgradient method is found by plain steps, up to this many (a fraction of a second); t1
# does not grow with the delay.
MEMORIZATION_STEPS = 20_000

NOTE = (
    "the recorded trajectory is the average of the subgradient run, whose coordinates chatter "
    "around it with amplitude alpha beta"
)
BRACKET = "; t2 is a bracket (engine 'step' gives the step)"


def why_not(experiment: Experiment) -> str | None:
    """Return why there is no event-driven bracket, or None if there is."""
    method = experiment.method
    if not isinstance(method, Subgradient | ProjectedSubgradient):
        return "it needs ProximalGradient, Subgradient or ProjectedSubgradient"
    terms, values = experiment.terms, proximal_jump.settings(experiment)
    if terms and any(schedules.constant(v) is None for v in values):
        return f"with {type(method).__name__} it needs constant alpha and beta"
    if not terms or not all(isinstance(term, L1) for term in terms):
        return f"with {type(method).__name__} it needs the penalty L1"
    if isinstance(method, ProjectedSubgradient):
        return None
    return proximal_jump.why_not(experiment)


def _notes(t2: Passage | None) -> tuple[str, ...]:
    return (NOTE + BRACKET if t2 is not None and t2.kind == "bracketed" else NOTE,)


def _levels(tracker: Tracker, radius: float) -> list[Tracker]:
    """Return the tracker with two more: for the level raised and, if possible, lowered by
    radius."""
    root = float(np.sqrt(tracker.level))
    lowered = max(root - radius, 0.0)
    return [tracker, Tracker((root + radius) ** 2), Tracker(lowered**2)]


def _bracket(tracked: list[Tracker]) -> Passage:
    """Return the passage of the run, given those of its average through three levels."""
    early, late = tracked[1], tracked[2]
    if early.first is None:
        return Passage.after(early.seen)
    if late.first is None:
        return Passage.after(max(early.first - 1, 0))
    return Passage.between(early.first, late.first)


def simulate_subgradient(
    experiment: Experiment, progress: Progress | None = None, most: int | None = None
) -> EngineResult:
    """Bracket the passages of the subgradient method with l1, along those of its average; t1 is
    exact where steps reach it. After `most` events and closed forms it stops."""
    alpha = schedules.initial(experiment.method.alpha)
    beta = strengths(experiment.penalty).l1
    # Chatter has period two, to which a mode with q = 1 - alpha lambda < 0 responds 1/(1 - |q|)
    # fold.
    resonance = max(1.0, 1.0 / (2.0 - alpha * experiment.data.sigma_max))
    radius = CHATTER * resonance * alpha * beta * float(np.sqrt(experiment.start.size))
    proximal = experiment.with_(method=ProximalGradient(alpha))
    state = proximal_jump.start_state(proximal, progress, most)
    spread = radius * float(np.sqrt(experiment.data.sigma_max))
    state.train = _levels(state.train[0], spread)
    state.test = _levels(state.test[0], radius) if state.test else []
    result = proximal_jump.collect(state, proximal_jump.drive(proximal, state))
    early = [
        None if tracker.first is None else Passage.between(tracker.first, tracker.first)
        for tracker in _explicit(experiment, alpha, beta)
    ]
    t1 = early[0] or _bracket(state.train)
    t2 = (early[1] or _bracket(state.test)) if state.test else None
    return replace(result, t1=t1, t2=t2, notes=_notes(t2))


def _explicit(experiment: Experiment, alpha: float, beta: float) -> list[Tracker]:
    """Return the trackers of the errors over the first steps of the method itself."""
    data = experiment.vector_data
    X, XT, y = data.X, np.ascontiguousarray(data.X.T), data.y_star
    tracked = trackers(experiment)
    a = np.array(experiment.start)
    for k in range(min(MEMORIZATION_STEPS, experiment.steps) + 1):
        r = X @ a - y
        tracked[0].step(k, float(r @ r))
        if data.a_star is not None:
            e = a - data.a_star
            tracked[1].step(k, float(e @ e))
        if tracked[0].first is not None:
            break
        a = a - alpha * (XT @ r + beta * np.sign(a))
    return tracked


def simulate_projected(
    experiment: Experiment, progress: Progress | None = None, most: int | None = None
) -> EngineResult:
    """Follow the projected subgradient method with l1 along its piecewise linear flow, for at most
    `most` events.

    Until the first coordinate reaches zero the method itself is linear, and passages are exact;
    from then on they are brackets.
    """
    rate = schedules.initial(experiment.method.alpha) * strengths(experiment.penalty).l1
    data = experiment.vector_data
    U, s, Vt = data.svd

    def project(a: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        return a - Vt.T @ ((U.T @ (data.X @ a - data.y_star)) / s)

    a0 = np.array(experiment.start)
    kernel = linalg.null_space(data.X)
    tracked = trackers(experiment)
    floor = data.X @ project(a0) - data.y_star
    a1 = project(a0 - rate * np.sign(a0))
    for k, a in enumerate((a0, a1)):
        r = data.X @ a - data.y_star
        tracked[0].step(k, float(r @ r))
    tracked[0].rest(float(floor @ floor), experiment.steps)
    test: list[Tracker] = []
    if data.a_star is not None:
        test = _levels(tracked[1], CHATTER * rate * float(np.sqrt(experiment.start.size)))
        e0, e1 = a0 - data.a_star, a1 - data.a_star
        test[0].step(0, float(e0 @ e0))  # the start is no average: only the threshold itself counts
        for tracker in test:
            tracker.step(1, float(e1 @ e1))
    flow = _Flow(data.a_star, kernel, rate, a1, experiment.steps, test, most)
    due = experiment.record_steps
    records = {0: a0}
    interrupted = False
    try:
        with listening():
            for begin, end, a, velocity in flow.pieces():
                for k in due[(due >= begin) & (due <= end)].tolist():
                    records[k] = a + (k - begin) * velocity
                check()
                if progress is not None:
                    progress(int(end), experiment.steps)
    except KeyboardInterrupt:
        interrupted = True
    done = int(flow.k)
    records.setdefault(done, flow.a)
    passages, t2 = [tracked[0].passage()], None
    if test:
        exact = test[0].first is not None and test[0].first <= flow.first_hit
        t2 = test[0].passage() if exact else _bracket(test)
        passages.append(t2)
    return EngineResult.of(
        records, passages, done, interrupted=interrupted, events=flow.events, notes=_notes(t2)
    )


@dataclass
class _Flow:
    """The flow da/dk = -rate P xi from step 1, piece by piece between coordinates reaching zero."""

    a_star: Float[np.ndarray, " n"] | None
    kernel: Float[np.ndarray, "n d"]
    rate: float
    a: Float[np.ndarray, " n"]
    last: int
    test: list[Tracker]
    most: int | None = None
    k: float = 1.0
    events: int = 0
    first_hit: float = np.inf

    def pieces(self):
        """Yield (begin, end, a at begin, velocity) until the last step."""
        # Below this a coordinate is zero: rounding of the coordinates themselves.
        zero = 64 * np.finfo(float).eps * float(np.abs(self.a).max(initial=0.0))
        a = self.a
        while self.k < self.last and (self.most is None or self.events < self.most):
            a[np.abs(a) <= zero] = 0.0
            velocity = self._velocity(a)
            with np.errstate(divide="ignore", invalid="ignore"):
                hits = np.where((a != 0) & (a * velocity < 0), -a / velocity, np.inf)
            time = float(hits.min(initial=np.inf))
            end = min(self.k + time, float(self.last))
            self._observe(a, velocity, end)
            yield self.k, end, a.copy(), velocity
            a = a + (end - self.k) * velocity
            if time < np.inf and self.k + time <= self.last:
                a[hits <= time * (1 + 1e-12)] = 0.0
                self.events += 1
                if self.events == 1:
                    self.first_hit = np.floor(end)
            self.a, self.k = a, end

    def _velocity(self, a: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Return -rate P xi with the xi in the subdifferential of l1 that makes P xi least."""
        K = self.kernel
        resting = a == 0
        gradient = K.T @ np.sign(a)
        xi = np.zeros(a.size)
        if resting.any() and K.shape[1]:
            fit = optimize.lsq_linear(
                K[resting].T, -gradient, bounds=(-1.0, 1.0), method="bvls", tol=1e-14
            )
            xi[resting] = fit.x
        velocity = -self.rate * (K @ (gradient + K.T @ xi))
        # A resting coordinate whose xi is inside (-1, 1) rests; at a bound it leaves with its sign.
        rests = resting & ((np.abs(xi) < 1 - 1e-9) | (velocity * xi <= 0))
        velocity[rests] = 0.0
        still = np.abs(velocity).max(initial=0.0) <= 1e-12 * self.rate
        return np.zeros_like(velocity) if still else velocity

    def _observe(
        self, a: Float[np.ndarray, " n"], velocity: Float[np.ndarray, " n"], end: float
    ) -> None:
        """Track the test error at the whole steps in (k, end]."""
        low, high = int(np.floor(self.k)), int(np.floor(end))
        if self.a_star is None or high <= low:
            return
        error = a - (self.k - low) * velocity - self.a_star  # extrapolated back to the whole step
        speed = float(np.linalg.norm(velocity))
        unit = velocity / speed if speed > 0 else velocity
        along = float(unit @ error)
        rest = error - along * unit
        norm = SquaredNorm(
            Modes(np.zeros(1)), float(rest @ rest), np.array([along]), np.array([speed])
        )
        final = float(norm.values(np.array([float(high - low)]))[0])
        for tracker in self.test:
            advance(tracker, norm, low, high - low, final)
