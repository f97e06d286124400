r"""Proximal gradient from event to event: the closed form between two changes of the pattern.

With l1 (plus squared l2) the update is affine as long as the signs do not change. They change at
step k if an active coordinate's next value does not keep its sign, or the gradient of a resting
coordinate exceeds beta: linear functions of the modes psi_m(k), whose first sign change
`linear_functions` certifies. A run of 10^12 steps has a few hundred such events.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from latebloom.core.interrupts import check
from latebloom.core.progress import Progress
from latebloom.problems import VectorLeastSquares

from .affine import AffinePiece, Start
from .decomposition import Moving
from .first_event import Resting, first_event
from .modes import EPS
from .passages import Tracker, advance

# After this many explicit steps without an event a closed form is worth its cost, which is that of
# 20 to 50 steps from n = 100 to 2,000 (so the policy is within about a factor 2 of the best one in
# hindsight).
QUIET = 24
# A piece of fewer steps than this would have been cheaper to take step by step.
PATIENT = 64
# Explicit steps are judged in blocks: of up to this many, which bounds their memory, and of two at
# least, because after the step of an event one quiet step is looked for.
BLOCK = 64
PAIR = 2
# A run whose iterate has not moved by more than rounding over this many events goes in circles at a
# tie (|G_j| = beta to the last digit): nothing will change until the end.
CIRCLE = 64


class Phase(NamedTuple):
    """Constant settings up to step `end`, or up to t1 if that comes first and `until_t1` is set."""

    alpha: float
    beta: float  # of l1
    ridge: float  # of l2
    end: int
    until_t1: bool


@dataclass
class State:
    """The iterate, and what is recorded and detected on the way."""

    a: Float[np.ndarray, " n"]
    residual: Float[np.ndarray, " N"]  # X a - y*
    k: int
    train: list[Tracker]  # several levels can be watched at once; the first is the threshold
    test: list[Tracker]  # empty without a ground truth
    due: Iterator[int]
    next_due: int | None
    events: int = 0
    pieces: int = 0  # closed forms; at the edge of rounding they come without events
    most: int | None = None  # events and pieces after which the run stops, None: no bound
    anchor: Float[np.ndarray, " n"] | None = None  # the iterate some events ago
    anchored: int = 0  # how many events there were then
    records: dict[int, np.ndarray] = field(default_factory=dict)
    progress: Progress | None = None
    total: int = 0

    @property
    def spent(self) -> bool:
        """Whether the run stops because of the work done, whatever its horizon."""
        return self.most is not None and self.events + self.pieces >= self.most

    @property
    def passages(self) -> list[int]:
        """The first passages seen so far."""
        main = self.train[:1] + self.test[:1]
        return [t.first for t in main if t.first is not None]

    def squares(self, a_star: Float[np.ndarray, " n"] | None) -> list[tuple[Tracker, float]]:
        """Return every tracker with its squared error at the present step."""
        found = [(tracker, float(self.residual @ self.residual)) for tracker in self.train]
        if self.test:
            e = self.a - a_star
            found += [(tracker, float(e @ e)) for tracker in self.test]
        return found

    def observe(self, a_star: Float[np.ndarray, " n"] | None) -> None:
        """Take the errors at the present step into account, and record it if it is due."""
        for tracker, square in self.squares(a_star):
            tracker.step(self.k, square)
        due = self.k == self.next_due
        if due:
            self.next_due = next(self.due, None)
        if due or self.k in self.passages:
            self.records[self.k] = self.a

    def take_due(self, end: int) -> list[int]:
        """Return the steps after the present one and up to `end` at which to record."""
        due = [p for p in self.passages if self.k < p <= end]
        while self.next_due is not None and self.next_due <= end:
            due.append(self.next_due)
            self.next_due = next(self.due, None)
        return sorted(set(due))


class ProximalJump:
    """Event-driven proximal gradient on one problem, for any number of phases."""

    def __init__(self, problem: VectorLeastSquares) -> None:
        self.X = np.ascontiguousarray(problem.X)
        self.XT = np.ascontiguousarray(problem.X.T)
        self.y = problem.y_star
        self.a_star = problem.a_star
        self.y_norm = float(np.sqrt(self.y @ self.y))
        self.column_norm = np.sqrt((self.X**2).sum(axis=0))
        self.moving = Moving(self.XT)

    def run(self, state: State, phase: Phase) -> None:
        """Advance the state to the end of the phase."""

        def finished() -> bool:
            if state.k >= phase.end or state.spent:
                return True
            return phase.until_t1 and state.train[0].first is not None

        length, state.anchor = 0, None
        while not finished():
            if self._circles(state):
                self._rest(state, phase.end)
                return
            # Events come in bursts: after a short piece wait for the burst to end.
            patience = QUIET if length < PATIENT else 1
            quiet = 0
            while quiet < patience and not finished() and not self._circles(state):
                count = min(max(patience - quiet, PAIR), BLOCK, phase.end - state.k)
                after = self._explicit(state, phase, count)
                quiet = quiet + count if after == count else after
            before = state.k
            if not finished() and not self._circles(state):
                self._closed_form(state, phase)
            length = state.k - before

    @staticmethod
    def _circles(state: State) -> bool:
        """Return whether events still come and the iterate no longer moves."""
        if state.anchor is None:
            state.anchor, state.anchored = state.a, state.events
        if state.events - state.anchored < CIRCLE:
            return False
        moved = float(np.abs(state.a - state.anchor).max())
        stays = moved <= CIRCLE * EPS * float(np.abs(state.a).max())
        if not stays:
            state.anchor, state.anchored = state.a, state.events
        return stays

    def _rest(self, state: State, end: int) -> None:
        """Stay where the iterate is until step `end`."""
        for tracker, square in state.squares(self.a_star):
            tracker.rest(square, end)
        state.records.update(dict.fromkeys(state.take_due(end), state.a))
        state.k = end

    def _explicit(self, state: State, phase: Phase, count: int) -> int:
        """Take `count` proximal steps, fewer if the phase ends at t1, and return how many of them
        came after the last one that changed the pattern."""
        check()
        alpha, beta, ridge, _, until_t1 = phase
        path: np.ndarray = np.empty((count + 1, state.a.size))
        residuals: np.ndarray = np.empty((count + 1, self.y.size))
        path[0], residuals[0] = state.a, state.residual
        threshold, divisor = alpha * beta, 1.0 + alpha * ridge
        for i in range(count):
            v = self.XT @ residuals[i]
            v *= alpha
            np.subtract(path[i], v, out=v)
            new = path[i + 1]
            np.maximum(v, -threshold, out=new)
            np.minimum(new, threshold, out=new)
            np.subtract(v, new, out=new)  # the soft threshold
            if ridge:
                new /= divisor
            np.matmul(self.X, new, out=residuals[i + 1])
            residuals[i + 1] -= self.y
        train = _squared(residuals[1:])
        if until_t1:
            level = state.train[0].level
            count = next((i for i, value in enumerate(train, 1) if value <= level), count)
        for tracker in state.train:
            tracker.steps(state.k, train[:count])
        if state.test:
            test = _squared(path[1 : count + 1] - self.a_star)
            for tracker in state.test:
                tracker.steps(state.k, test)
        for k in state.take_due(state.k + count):
            state.records[k] = path[k - state.k].copy()
        state.a, state.residual = path[count], residuals[count]
        state.k += count
        if beta == 0:
            return count  # there is no threshold, and crossing zero is no event
        sign = np.sign(path[: count + 1])
        changes = (sign[1:] != sign[:-1]).any(axis=1).nonzero()[0]
        state.events += changes.size
        return count - 1 - int(changes[-1]) if changes.size else count

    def _closed_form(self, state: State, phase: Phase) -> None:
        """Jump to the step before the next event, or to the end of the phase."""
        alpha, beta, ridge, end, until_t1 = phase
        a, k = state.a, state.k
        state.pieces += 1
        # With beta = 0 there is no threshold: nothing rests, nothing is an event.
        moves = a != 0 if beta > 0 else np.ones(a.size, dtype=bool)
        moving, resting = np.flatnonzero(moves), np.flatnonzero(~moves)
        z = a[moving]
        error, error_off = np.zeros(z.size), 0.0
        if self.a_star is not None:
            error = z - self.a_star[moving]
            rest = self.a_star[resting]
            error_off = float(rest @ rest)
        start = Start(z, state.residual, error, error_off, beta * np.sign(z))
        piece = AffinePiece(self.moving.factors(moves), start, alpha, ridge)
        length = end - k
        if beta > 0:
            inner = Resting(self.XT[resting], self.column_norm[resting], beta, self.y_norm)
            event = first_event(piece, inner, length - 1)
            length = length if event is None else event
        if length < 1:
            # An event within rounding of the present step: the explicit step decides.
            self._explicit(state, phase, 1)
            return
        if until_t1 and state.train[0].first is None:
            first = piece.train().first_below(1, length, state.train[0].level)
            length = first if first is not None else length
        a = np.zeros_like(a)
        a[moving] = piece.end(length)
        residual = self.X @ a - self.y
        watched = [(state.train, piece.train, state.residual, residual)]
        if state.test:
            watched.append((state.test, piece.test, state.a - self.a_star, a - self.a_star))
        for tracked, norm, old, new in watched:
            step = new - old
            begin, final, moved = float(old @ old), float(new @ new), float(step @ step)
            # Every mode goes one way, unless it alternates: then no step on the way is farther from
            # the ends than they are from each other.
            moved = np.inf if piece.modes.alternates else moved**0.5
            left = [t for t in tracked if not t.skip(k + length, begin, final, moved)]
            if left:
                exact = norm()
                for tracker in left:
                    advance(tracker, exact, k, length, final)
        due = state.take_due(k + length)
        if due:
            block = np.zeros((len(due), a.size))
            block[:, moving] = piece.at(np.array(due, dtype=float) - k).T
            state.records.update(zip(due, block, strict=True))
        state.a, state.residual, state.k = a, residual, k + length
        check()
        if state.progress is not None:
            state.progress(state.k, state.total)


def _squared(rows: Float[np.ndarray, "K n"]) -> list[float]:
    """Return the squared norm of every row."""
    return np.einsum("ij,ij->i", rows, rows).tolist()
