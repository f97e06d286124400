r"""The slow flow of l1: the path from memorization to generalization without alpha and beta.

After memorization the iterate stays among the interpolators up to order beta, and in slow time $s =
\alpha\beta t$ it follows $\dot a = -P H$, $H \in \partial\|a\|_1$, with P the projector on the
kernel of X: the gradient flow of $\|\cdot\|_1$ among the interpolators, whose velocity is the
shortest of its subgradients. It is piecewise linear. To first order in beta the iterate is $A(s) +
\beta B(s)$: B is constant between the events of A and jumps at them, see `SlowPath`.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.brief import brief
from latebloom.core.errors import NotCovered
from latebloom.core.lazy import optimize
from latebloom.engines.jump import JUMP
from latebloom.engines.threads import few_threads
from latebloom.experiment.experiment import Experiment
from latebloom.experiment.record import At
from latebloom.methods import ProximalGradient
from latebloom.penalties import L1
from latebloom.problems import LinearData

from .closed_form import rates
from .limits import constants

Vector = Float[np.ndarray, " n"]
# Subgradients this far inside the box are taken as they are; velocities below this fraction of the
# largest are rounding.
INSIDE, STILL = 1e-9, 1e-11
# Each coordinate may stop at zero, leave and return; hundreds happen, this never did.
MOST_EVENTS = 20_000
# Fast steps that are followed for the start of B: the slowest mode has then decayed e^-30.
DECAYED = 30.0
MOST_FAST = 200_000


@dataclass(frozen=True, eq=False)
class SlowPath:
    r"""The slow flow of an experiment with l1, and its first correction in beta.

    At the event $s_i$ at which coordinate i reaches zero, H jumps by $\Delta H$ and the velocity
    by $\Delta\dot A$. The true event is at $s_i + \beta\delta$ with $\delta = -B_i/\dot A_i$; B
    jumps by $-(X^\top X)^\dagger\Delta H$ in the row space and by $-\delta\,\Delta\dot A - P h$ in
    the kernel, where h is the impulse on the coordinates at rest that keeps them there.

    Where coordinates leave rest at an event, when they do is decided while the row space follows,
    in a layer of a few fast steps: B then jumps by what proximal gradient does there, at the scale
    of beta.

    **Fields:**

    - `s`: the times of the events, 0 first, shape (K,).
    - `A`: the flow at these times, shape (K, n); linear between, constant after the last.
    - `B`: the coefficient of beta right after each, shape (K, n).
    - `velocity`: from each event on, shape (K, n).
    """

    s: Float[np.ndarray, " K"]
    A: Float[np.ndarray, "K n"]
    B: Float[np.ndarray, "K n"]
    velocity: Float[np.ndarray, "K n"]
    __repr__ = brief

    def at(self, s: float) -> Vector:
        """Return A at slow time s."""
        k = int(np.searchsorted(self.s, s, side="right")) - 1
        return self.A[k] + (s - self.s[k]) * self.velocity[k]

    def passage(self, target: Vector, radius: float) -> "SlowPassage | None":
        """Return when the flow is first within `radius` of a target, or None if it never is."""
        for k, start in enumerate(self.s):
            away, v = self.A[k] - target, self.velocity[k]
            size = float(away @ away) - radius**2
            if size <= 0:
                return SlowPassage(float(start), 0.0)
            length = self.s[k + 1] - start if k + 1 < len(self.s) else np.inf
            # The smaller root of a convex parabola, written so that nothing cancels.
            a, b = float(v @ v), float(away @ v)
            if a == 0 or b >= 0 or b * b < a * size:
                continue
            u = size / (-b + np.sqrt(b * b - a * size))
            if u <= length:
                there = away + u * v
                slope = float(there @ v)
                shift = -float(there @ self.B[k]) / slope if slope else np.inf
                return SlowPassage(float(start + u), shift)
        return None


@dataclass(frozen=True)
class SlowPassage:
    r"""A first passage in slow time, $\alpha\beta t = s + \beta\,\mathrm{correction} + O(\beta^2)$.

    **Fields:** `s`, and `correction`, its derivative in beta at 0.
    """

    s: float
    correction: float


@few_threads
def slow_path(experiment: Experiment, until: tuple[Vector, float] | None = None) -> SlowPath:
    """Return the slow flow of an experiment with L1.

    **Arguments:**

    - `experiment`: with the linear model, a constant alpha and L1 alone; alpha enters the layers of
      B only, beta nothing.
    - `until`: a target and a radius: stop well within it, at half of the radius.

    **Raises:** `NotCovered` for others.

    Source: arXiv 2506.05718, section 3.1, for the two phases; the flow and its correction are
    derived in the documentation, page "Sharper laws".

    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery.from_arrays(np.ones((1, 2)), np.ones(1), np.array([1.0, 0.0]))
    >>> start = np.array([0.9, 0.1])
    >>> path = slow_path(lb.Experiment(problem, lb.L1(1e-3), lb.ProximalGradient(0.1), init=start))
    >>> float(abs(path.velocity[0]).max())  # every interpolator with positive entries has norm 1
    0.0
    """
    alpha, beta = constants(experiment)
    if beta.l1 == 0 or beta.l2 > 0:
        raise NotCovered("the slow flow is that of the penalty L1, alone")
    if rates(experiment, alpha, beta) is None:
        raise NotCovered("the slow flow is not that of a method with momentum (FISTA)")
    data = experiment.vector_data
    _, sv, Vt = data.svd
    flow = _Flow(data.X, Vt, sv, alpha)
    a = data.nearest_fit(experiment.start)
    # A coordinate that the start leaves at rounding has no sign.
    a = np.where(np.abs(a) > 1e-14 * np.abs(a).max(initial=0.0), a, 0.0)
    return flow.run(a, flow.start_of_correction(experiment, a), until)


class _Flow:
    """The slow flow in the kernel of one X."""

    def __init__(self, X: np.ndarray, Vt: np.ndarray, sv: np.ndarray, alpha: float) -> None:
        n = Vt.shape[1]
        self.X, self.alpha = X, alpha
        self.P = np.eye(n) - Vt.T @ Vt
        self.inverse = (Vt.T / sv**2) @ Vt  # (X^T X)^+
        self.speed = 1 - alpha * sv**2
        slowest = float(np.abs(self.speed).max())
        # How long the row space takes to follow, 1 step if at once.
        fast = int(np.ceil(DECAYED / -np.log(slowest))) if slowest > 0 else 1
        self.layer_steps = min(fast, MOST_FAST)

    def subgradient(self, a: Vector) -> Vector:
        """Return the H in the subdifferential at a with the shortest P H."""
        H = np.sign(a)
        rest = np.flatnonzero(a == 0)
        if not rest.size:
            return H
        across = -self.P @ H
        # ||P (H + h)||^2 over h on the coordinates at rest; P is its own square root.
        h = np.linalg.lstsq(self.P[:, rest], across, rcond=1e-10)[0]
        if np.abs(h).max() > 1 + INSIDE:
            h = optimize.lsq_linear(self.P[:, rest], across, (-1, 1), method="bvls", tol=1e-13).x
        H[rest] = h
        return H

    def velocity(self, a: Vector, H: Vector) -> Vector:
        """Return -P H, without rounding where it is zero."""
        v = -self.P @ H
        v[np.abs(v) <= STILL * max(1.0, np.abs(v).max())] = 0.0
        v[(a == 0) & (np.abs(H) < 1 - INSIDE)] = 0.0
        return v

    def run(self, a: Vector, b: Vector, until: tuple[Vector, float] | None) -> SlowPath:
        """Return the path from a, with the kernel's part of B there."""
        s, largest, v = 0.0, np.abs(a).max(), self.velocity(a, self.subgradient(a))
        b = self._settled(a, v, b)
        times, points, more, speeds = [s], [a], [b], [v]
        while len(times) < MOST_EVENTS:
            towards = np.flatnonzero((a != 0) & (a * v < 0))
            if not towards.size:
                break
            wait = -a[towards] / v[towards]
            i, length = towards[np.argmin(wait)], float(wait.min())
            s, a = s + length, a + length * v
            if until is not None and float(np.linalg.norm(a - until[0])) <= 0.5 * until[1]:
                break
            a[i] = 0.0
            # Coordinates that reach zero together are the same event.
            a[np.abs(a) <= 1e-13 * largest] = 0.0
            delta = -b[i] / v[i]
            after = self.velocity(a, self.subgradient(a))
            b = self._settled(a, after, b + delta * v) - delta * after
            v = after
            times.append(s)
            points.append(a)
            more.append(b)
            speeds.append(v)
        return SlowPath(*map(np.array, (times, points, more, speeds)))

    def _settled(self, a: Vector, v: Vector, b: Vector) -> Vector:
        """Return B once the row space has followed a new subgradient, less the drift meanwhile."""
        rest = a == 0
        if (v[rest] != 0).any():
            return self._layer(a, v, b)
        H = self.subgradient(a)
        # b + what the row space and the impulse h add must vanish on the coordinates at rest.
        b = self.P @ b - self.inverse @ H
        kept = np.flatnonzero(rest)
        if not kept.size:
            return b
        h = np.linalg.lstsq(self.P[np.ix_(kept, kept)], b[kept], rcond=1e-10)[0]
        return b - self.P[:, kept] @ h

    def _layer(self, a: Vector, v: Vector, b: Vector) -> Vector:
        """Follow proximal gradient at the scale of beta until only the drift is left."""
        rest, steps = a == 0, self.layer_steps
        b = np.where(rest, 0.0, b)
        # Entries that move keep their signs: at this scale they are far from zero.
        reach = 2 * (np.abs(b).max(initial=0.0) + steps * self.alpha * np.abs(v).max() + 1)
        centre = np.where(rest, 0.0, reach * np.sign(a))
        problem = LinearData(X=self.X, y_star=self.X @ centre)
        method = ProximalGradient(self.alpha)
        local = Experiment(problem, L1(1.0), method, init=centre + b, steps=steps, record=At(()))
        return JUMP.run(local).params[-1] - centre - steps * self.alpha * v

    def start_of_correction(self, experiment: Experiment, end: Vector) -> Vector:
        r"""Return the kernel's part of B(0), $-\alpha\sum_t P(\mathrm{sign}(a_t) - H_0)$: while the
        data are fitted the signs are not yet those of the least squares solution."""
        Vt, steps = experiment.vector_data.svd.Vt, self.layer_steps
        gap = Vt @ (experiment.start - end)
        if not gap.any() or not self.speed.any():
            return np.zeros_like(end)
        H0, total = np.sign(end), np.zeros_like(end)
        # Proximal gradient takes the subgradient at the new point, the others at the old one.
        first = int(isinstance(experiment.method, ProximalGradient))
        for t in range(0, steps, 512):
            k = first + np.arange(t, min(t + 512, steps))[:, None]
            path = end + (self.speed**k * gap) @ Vt
            total += (np.sign(path) - H0).sum(axis=0)
        check.real("start of the slow flow", float(total @ total))
        return -self.alpha * self.P @ total
