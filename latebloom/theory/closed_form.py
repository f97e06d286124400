r"""Times of plain gradient descent and ridge: every mode of the error is a geometric sequence."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from latebloom.core.bisection import bisect, double, halfway
from latebloom.experiment.experiment import MAX_STEPS, Experiment
from latebloom.methods import FISTA, ProjectedSubgradient, ProximalGradient
from latebloom.penalties import Strengths

from .limits import smooth_limit


class Rates(NamedTuple):
    """Factors per step of the error: along each right singular vector of X, and in its kernel."""

    row: Float[np.ndarray, " r"]
    null: float

    @property
    def rho_2(self) -> float:
        """The largest factor in the row space, the usable rho_2."""
        return float(np.abs(self.row).max())


def rates(experiment: Experiment, alpha: float, beta: Strengths) -> Rates | None:
    r"""Return the factors of the linear part of the update, or None for a method with momentum.

    Explicit methods: $1 - \alpha(\sigma_k + \beta_2)$ and $1 - \alpha\beta_2$; proximal gradient:
    $(1 - \alpha\sigma_k)/(1 + \alpha\beta_2)$ and $1/(1 + \alpha\beta_2)$; projected methods leave
    nothing of the row space.
    """
    sigma = experiment.vector_data.svd.s**2
    if isinstance(experiment.method, FISTA):
        return None
    if isinstance(experiment.method, ProximalGradient):
        shrink = 1 + alpha * beta.l2
        return Rates((1 - alpha * sigma) / shrink, 1 / shrink)
    null = 1 - alpha * beta.l2
    if isinstance(experiment.method, ProjectedSubgradient):
        return Rates(np.zeros_like(sigma), null)
    return Rates(1 - alpha * (sigma + beta.l2), null)


def smooth_times(
    experiment: Experiment, beta: Strengths, rates: Rates
) -> tuple[int | None, int | None]:
    r"""Return steps by which the train and the test error are below their thresholds, without l1.

    From $e_t = e_\infty + q^t (e_0 - e_\infty)$ in each mode, the norm is at most
    $\|e_\infty\| + \|q^t (e_0 - e_\infty)\|$, which falls with t. For the train error without
    penalty both parts are orthogonal and the time is exact; otherwise it is an upper bound, tight
    where the limit is far below the threshold.

    **Returns:** (t1, t2), None where the limit is above the threshold (or there is no ground
    truth).
    """
    data = experiment.vector_data
    s, Vt = data.svd.s, data.svd.Vt
    end = smooth_limit(experiment, beta)
    away = experiment.start - end
    row = Vt @ away
    null = float(np.linalg.norm(away - Vt.T @ row))
    left = float(np.linalg.norm(data.X @ end - data.y_star))
    train, test = experiment.thresholds
    goal = train * float(np.linalg.norm(data.y_star))
    exact = beta.l2 == 0

    def fit(t: int) -> float:
        moving = float(np.linalg.norm(s * rates.row**t * row))
        return float(np.hypot(left, moving)) if exact else left + moving

    t1 = first_below(fit, goal) if left < goal else None
    if data.a_star is None:
        return t1, None
    bias = float(np.linalg.norm(end - data.a_star))
    goal = test * float(np.linalg.norm(data.a_star))

    def distance(t: int) -> float:
        return bias + float(np.hypot(np.linalg.norm(rates.row**t * row), rates.null**t * null))

    return t1, first_below(distance, goal) if bias < goal else None


def first_below(curve: Callable[[int], float], goal: float) -> int | None:
    """Return the first step at which a falling curve is at most `goal`, None if that is never.

    >>> first_below(lambda t: 0.5**t, 0.2)
    3
    """

    def above(t: int) -> bool:
        return curve(t) > goal

    if not above(0):
        return 0
    high = double(above, 1, MAX_STEPS)  # beyond is as good as never
    return None if high is None else bisect(above, high // 2, high, halfway)[1]
