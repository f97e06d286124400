r"""Ridge regression: computable bounds on t1 and t2, after Xu, Vardi and Safran.

Gradient descent on $\frac1{2n}\|\Phi\theta - y\|^2 + \frac\lambda2\|\theta\|^2$ is this library's
with $X = \Phi/\sqrt n$. The source takes n, m and 1/lambda large enough, with constants it does not
give. Its two bounds follow, for one start, from hypotheses that are numbers:

- in the kernel of X the start shrinks by $1 - \eta\lambda$ per step, whatever the data say, so the
  error is at least $(1-\eta\lambda)^t\|P\theta_0\| - \|P\theta^*\|$;
- in the row space it comes within $r^t\|V^\top(\theta_0 - \theta_\lambda)\|$ of the ridge solution
  $\theta_\lambda$, $r = 1 - \eta\lambda^+_{\min}(X^\top X) - \eta\lambda$. The source has
  $\|\theta_0\| + \|\theta^*\|$ in place of that distance, which noise can make too small.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.methods import GradientDescent, Subgradient
from latebloom.problems import VectorLeastSquares
from latebloom.runs.run import Run
from latebloom.theory.limits import smooth_limit

from .contexts import linear_regression
from .finding import Assumption, Measurement, Promise
from .law import Law, Measure, NotCovered, Undecided

SOURCE = "arXiv 2601.19791, equation (8)"
T1 = "last step with the training loss above its threshold"
T2 = "first step with the test loss at its threshold"
AT_ONCE = "the start is not far enough from the truth in the kernel of X to bound t2"
# -2 log(1 - x) <= 2.02 x holds up to there (and up to 0.0197).
SMALL_RATE = 0.01


@dataclass(frozen=True, eq=False)
class Ridge:
    r"""A ridge regression by gradient descent, in the symbols of the source.

    **Fields:**

    - `data`, `truth`: the problem, with $X = \Phi/\sqrt n$, and $\theta^*$.
    - `start`, `end`: $\theta_0$ and the ridge solution $\theta_\lambda$.
    - `eta`, `decay`: step size and $\lambda$.
    - `eps`: the training loss $\frac12\|X\theta - y\|^2$ at the threshold of t1.
    - `c`: $\|\theta - \theta^*\|^2$ at the threshold of t2 (the source's c over the variance of a
      feature).
    """

    data: VectorLeastSquares
    truth: np.ndarray
    start: np.ndarray
    end: np.ndarray
    eta: float
    decay: float
    eps: float
    c: float

    @property
    def shape(self) -> tuple[int, int]:
        """Examples n and features m."""
        return self.data.X.shape

    @property
    def nu2(self) -> float:
        """Mean square of the entries of the start."""
        return float(np.mean(self.start**2))

    def hidden(self, a: np.ndarray) -> float:
        """Return the norm of the part of a in the kernel of X."""
        Vt = self.data.svd.Vt
        return norm(a - Vt.T @ (Vt @ a))


def norm(a: np.ndarray) -> float:
    """Return the l2 norm."""
    return float(np.linalg.norm(a))


def _ridge(experiment: Experiment) -> Ridge:
    data, truth, eta, beta = linear_regression(experiment)
    if not isinstance(experiment.method, GradientDescent | Subgradient) or beta.l1 > 0:
        raise NotCovered("it is about gradient descent with the penalty L2, alone")
    if beta.l2 == 0:
        raise NotCovered("beta = 0: without weight decay the kernel of X stays as it starts")
    train, test = experiment.thresholds
    eps, c = 0.5 * (train * norm(data.y_star)) ** 2, (test * norm(truth)) ** 2
    end = smooth_limit(experiment, beta)
    return Ridge(data, truth, experiment.start, end, eta, beta.l2, eps, c)


def _small_decay(r: Ridge) -> Iterable[Assumption]:
    _, s, Vt = r.data.svd
    rate = r.eta * (r.decay + float(s[0] ** 2))
    yield Assumption.of("eta (lambda + lambda_max(X^T X))", rate < 1, rate, "below 1")
    left = 0.5 * float(np.sum((r.data.X @ r.end - r.data.y_star) ** 2)) / r.eps
    what = "training loss of the ridge solution over its threshold"
    yield Assumption.of(what, left <= 0.25, left, "at most 1/4: a small lambda")
    m, away = r.start.size, norm(Vt @ (r.start - r.end))
    spread = away**2 / (m * r.nu2) if r.nu2 else math.inf
    what = "||V^T (theta_0 - theta_ridge)||^2/(m nu^2), V of the row space of X"
    yield Assumption.of(what, spread <= 7, spread, "at most 7: a start larger than the truth")


def _t1(r: Ridge) -> Promise:
    # The mean squared norm of the features, 1 in the source, and the least eigenvalue of X^T X.
    size, least = float(np.sum(r.data.X**2)), float(r.data.svd.s[-1] ** 2)
    m, nu2 = r.start.size, r.nu2
    most = math.log(14 * size * m * nu2 / r.eps) / (2 * r.eta * least) if nu2 else 0.0
    return Promise(T1, high=max(0.0, most))


def _last_above(run: Run, r: Ridge) -> Measurement:
    t1 = run.phases.t1
    if t1.sustained_from is not None:
        return Measurement(float(max(0, t1.sustained_from - 1)))
    most = _t1(r).high
    if most is not None and run.last_step > most:
        return Measurement(float(run.last_step), "still above at the end of the run")
    raise Undecided("the training loss is above its threshold at the end of the run")


def _random_start(r: Ridge) -> Iterable[Assumption]:
    n, m = r.shape
    yield Assumption.of("m - n", m > n, m - n, "above 0: more features than examples")
    rate = r.eta * r.decay
    yield Assumption.of("eta lambda", rate <= SMALL_RATE, rate, f"at most {SMALL_RATE}")
    expected = (m - n) * r.nu2
    spread = r.hidden(r.start) ** 2 / expected if expected > 0 else 0.0
    what = "||P theta_0||^2/((m - n) nu^2), P the projection on the kernel of X"
    yield Assumption.of(what, spread >= 0.5, spread, "at least 1/2: a random start")


def _zero_passes(r: Ridge) -> Iterable[Assumption]:
    yield from _random_start(r)
    ratio = math.sqrt(r.c) / norm(r.truth)
    what = "relative test error at the threshold"
    needed = "at least 1: the zero function passes (equation (7) has no such condition)"
    yield Assumption.of(what, ratio >= 1, ratio, needed)


def _later(r: Ridge, distance2: float) -> Promise:
    n, m = r.shape
    hidden2 = (m - n) * r.nu2
    if m <= n or hidden2 <= distance2:
        raise NotCovered(AT_ONCE)
    return Promise(T2, low=math.log(hidden2 / distance2) / (2.02 * r.eta * r.decay))


def _t2(r: Ridge) -> Promise:
    return _later(r, 8 * r.c)


def _t2_any(r: Ridge) -> Promise:
    return _later(r, 2 * (math.sqrt(r.c) + norm(r.truth)) ** 2)


def _t2_kernel(r: Ridge) -> Promise:
    hidden, goal = r.hidden(r.start), math.sqrt(r.c) + r.hidden(r.truth)
    if hidden <= goal:
        raise NotCovered(AT_ONCE)
    return Promise(T2, low=math.log(hidden / goal) / -math.log1p(-r.eta * r.decay))


def _first_below(promised: Callable[[Ridge], Promise]) -> Measure:
    """Return the measurement of t2. A run that ends before t2 decides only an earlier promise."""

    def measure(run: Run, r: Ridge) -> Measurement:
        t2 = run.phases.t2
        if t2.kind == "infeasible":
            return Measurement(math.inf, "the test loss ends above its threshold")
        if t2.kind != "censored":
            return Measurement(float(t2.low or 0))
        least = promised(r).low
        if t2.low is not None and least is not None and t2.low >= least:
            return Measurement(float(t2.low), "not reached by the end of the run: at least this")
        raise Undecided(f"t2 is {t2}")

    return measure


def _steady_decay(r: Ridge) -> Iterable[Assumption]:
    rate = r.eta * r.decay
    yield Assumption.of("eta lambda", rate < 1, rate, "below 1")


_bound_law = partial(
    Law, symbols=("X", "y*", "a*", "alpha", "beta", "a(0)", "thresholds"), context=_ridge
)
RIDGE_BOUNDS = (
    _bound_law(
        name="ridge t1",
        statement="t1 <= n log(14 m nu^2/eps)/(2 eta lambda+_min(Phi^T Phi))",
        source=SOURCE,
        status="other group",
        hypotheses=_small_decay,
        promise=_t1,
        measure=_last_above,
    ),
    _bound_law(
        name="ridge t2",
        statement="t2 >= log((m - n) nu^2/(8 m c))/(2.02 eta lambda), features N(0, I/m)",
        source=SOURCE,
        status="other group",
        hypotheses=_zero_passes,
        promise=_t2,
        measure=_first_below(_t2),
    ),
    _bound_law(
        name="ridge t2, any threshold",
        statement="t2 >= log((m - n) nu^2/(2 (sqrt(c) + ||theta*||)^2))/(2.02 eta lambda)",
        source="arXiv 2601.19791, equation (7), with 2.02 in place of 4",
        status="other group",
        hypotheses=_random_start,
        promise=_t2_any,
        measure=_first_below(_t2_any),
    ),
    _bound_law(
        name="ridge t2, kernel",
        statement="t2 >= log(||P theta_0||/(sqrt(c) + ||P theta*||))/(-log(1 - eta lambda))",
        source="derived: the error in the kernel of X alone",
        status="ours",
        hypotheses=_steady_decay,
        promise=_t2_kernel,
        measure=_first_below(_t2_kernel),
    ),
)
