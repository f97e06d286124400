r"""Ridge regression groks: bounds on t1 and t2 by Xu, Vardi and Safran, in computable form.

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

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.methods import GradientDescent, Subgradient
from latebloom.problems import VectorLeastSquares
from latebloom.runs.run import Run
from latebloom.theory.limits import constants, smooth_limit

from .law import Assumption, Law, Measurement, Promise, register

SOURCE = "arXiv 2601.19791, equation (8)"
SYMBOLS = ("X", "y*", "a*", "alpha", "beta", "a(0)", "thresholds")
T1 = "last step with the training loss above its threshold"
T2 = "first step with the test loss at its threshold"
AT_ONCE = "the start is not far enough from the truth in the kernel of X to bound t2"
# -2 log(1 - x) <= 2.02 x holds up to there (and up to 0.0197).
SMALL_RATE = 0.01


@dataclass(frozen=True)
class Ridge:
    r"""What the bounds need, in the symbols of the source.

    **Fields:**

    - `n`, `m`: examples and features.
    - `eta`, `decay`: step size and $\lambda$.
    - `least`, `most`: extreme non-zero eigenvalues of $X^\top X = \Phi^\top\Phi/n$.
    - `size`: $L = \|X\|_F^2$, the mean squared norm of the features; 1 in the source.
    - `nu2`: mean square of the entries of the start.
    - `away`: the distance of $\theta_0$ from the ridge solution in the row space of X.
    - `truth`, `hidden`, `hidden_truth`: norms of $\theta^*$, and of the parts of $\theta_0$ and
      $\theta^*$ in the kernel of X.
    - `eps`: the training loss $\frac12\|X\theta - y\|^2$ at the threshold of t1.
    - `c`: $\|\theta - \theta^*\|^2$ at the threshold of t2 (the source's c over the variance of a
      feature).
    - `floor`: the training loss of the ridge solution.
    """

    n: int
    m: int
    eta: float
    decay: float
    least: float
    most: float
    size: float
    nu2: float
    away: float
    truth: float
    hidden: float
    hidden_truth: float
    eps: float
    c: float
    floor: float


def know(experiment: Experiment) -> Ridge | str:
    """Return the numbers of an experiment, or why the bounds are not about it."""
    data = experiment.problem
    if not isinstance(data, VectorLeastSquares):
        return "it is about linear regression with a vector of unknowns"
    if data.a_star is None:
        return "it needs the ground truth a*"
    found = constants(experiment)
    if isinstance(found, str):
        return found
    eta, beta = found
    if not isinstance(experiment.method, GradientDescent | Subgradient) or beta.l1 > 0:
        return "it is about gradient descent with the penalty L2, alone"
    if beta.l2 == 0:
        return "beta = 0: without weight decay the kernel of X stays as it starts"
    start, (_, s, Vt) = experiment.start, data.svd
    end = smooth_limit(experiment, beta)

    def hidden(a: np.ndarray) -> float:
        return float(np.linalg.norm(a - Vt.T @ (Vt @ a)))

    train, test = experiment.thresholds
    n, m = data.X.shape
    return Ridge(
        n,
        m,
        eta,
        beta.l2,
        float(s[-1] ** 2),
        float(s[0] ** 2),
        float(np.sum(data.X**2)),
        float(np.mean(start**2)),
        float(np.linalg.norm(Vt @ (start - end))),
        float(np.linalg.norm(data.a_star)),
        hidden(start),
        hidden(data.a_star),
        0.5 * (train * float(np.linalg.norm(data.y_star))) ** 2,
        (test * float(np.linalg.norm(data.a_star))) ** 2,
        0.5 * float(np.sum((data.X @ end - data.y_star) ** 2)),
    )


def _assume_t1(r: Ridge) -> Iterable[Assumption]:
    rate = r.eta * (r.decay + r.most)
    yield Assumption.of("eta (lambda + lambda_max(X^T X))", rate < 1, rate, "below 1")
    share = r.floor / r.eps
    what = "training loss of the ridge solution over its threshold"
    yield Assumption.of(what, share <= 0.25, share, "at most 1/4: a small lambda")
    spread = r.away**2 / (r.m * r.nu2) if r.nu2 else math.inf
    what = "||V^T (theta_0 - theta_ridge)||^2/(m nu^2), V of the row space of X"
    yield Assumption.of(what, spread <= 7, spread, "at most 7: a start larger than the truth")


def _t1(r: Ridge) -> Promise:
    most = math.log(14 * r.size * r.m * r.nu2 / r.eps) / (2 * r.eta * r.least) if r.nu2 else 0.0
    return Promise(T1, high=max(0.0, most))


def _last_above(run: Run, r: Ridge) -> Measurement | str:
    t1 = run.phases.t1
    if t1.sustained_from is not None:
        return Measurement(float(max(0, t1.sustained_from - 1)))
    most = _t1(r).high
    if most is not None and run.last_step > most:
        return Measurement(float(run.last_step), "still above at the end of the run")
    return "the training loss is above its threshold at the end of the run"


def _assume_start(r: Ridge) -> Iterable[Assumption]:
    yield Assumption.of("m - n", r.m > r.n, r.m - r.n, "above 0: more features than examples")
    rate = r.eta * r.decay
    yield Assumption.of("eta lambda", rate <= SMALL_RATE, rate, f"at most {SMALL_RATE}")
    expected = (r.m - r.n) * r.nu2
    share = r.hidden**2 / expected if expected > 0 else 0.0
    what = "||P theta_0||^2/((m - n) nu^2), P the projection on the kernel of X"
    yield Assumption.of(what, share >= 0.5, share, "at least 1/2: a random start")


def _assume_t2(r: Ridge) -> Iterable[Assumption]:
    yield from _assume_start(r)
    ratio = math.sqrt(r.c) / r.truth
    what = "relative test error at the threshold"
    needed = "at least 1: the zero function passes (equation (7) has no such condition)"
    yield Assumption.of(what, ratio >= 1, ratio, needed)


def _later(r: Ridge, distance2: float) -> Promise | str:
    hidden2 = (r.m - r.n) * r.nu2
    if r.m <= r.n or hidden2 <= distance2:
        return AT_ONCE
    return Promise(T2, low=math.log(hidden2 / distance2) / (2.02 * r.eta * r.decay))


def _t2(r: Ridge) -> Promise | str:
    return _later(r, 8 * r.c)


def _t2_any(r: Ridge) -> Promise | str:
    return _later(r, 2 * (math.sqrt(r.c) + r.truth) ** 2)


def _t2_kernel(r: Ridge) -> Promise | str:
    goal = math.sqrt(r.c) + r.hidden_truth
    if r.hidden <= goal:
        return AT_ONCE
    return Promise(T2, low=math.log(r.hidden / goal) / -math.log1p(-r.eta * r.decay))


def _first_below(promised: Callable[[Ridge], Promise | str]):
    """Return what measures t2: of a run that ends before it, only if what is promised is sooner."""

    def measure(run: Run, r: Ridge) -> Measurement | str:
        t2 = run.phases.t2
        if t2.kind == "infeasible":
            return Measurement(math.inf, "the test loss ends above its threshold")
        if t2.kind != "censored":
            return Measurement(float(t2.low or 0))
        said = promised(r)
        least = None if isinstance(said, str) else said.low
        if t2.low is not None and least is not None and t2.low >= least:
            return Measurement(float(t2.low), "not reached by the end of the run: at least this")
        return f"t2 is {t2}"

    return measure


def _assume_kernel(r: Ridge) -> Iterable[Assumption]:
    rate = r.eta * r.decay
    yield Assumption.of("eta lambda", rate < 1, rate, "below 1")


RIDGE_BOUNDS = (
    Law(
        name="ridge t1",
        statement="t1 <= n log(14 m nu^2/eps)/(2 eta lambda+_min(Phi^T Phi))",
        source=SOURCE,
        symbols=SYMBOLS,
        status="other group",
        know=know,
        assume=_assume_t1,
        foretell=_t1,
        measure=_last_above,
    ),
    Law(
        name="ridge t2",
        statement="t2 >= log((m - n) nu^2/(8 m c))/(2.02 eta lambda), features N(0, I/m)",
        source=SOURCE,
        symbols=SYMBOLS,
        status="other group",
        know=know,
        assume=_assume_t2,
        foretell=_t2,
        measure=_first_below(_t2),
    ),
    Law(
        name="ridge t2, any threshold",
        statement="t2 >= log((m - n) nu^2/(2 (sqrt(c) + ||theta*||)^2))/(2.02 eta lambda)",
        source="arXiv 2601.19791, equation (7), with 2.02 in place of 4",
        symbols=SYMBOLS,
        status="other group",
        know=know,
        assume=_assume_start,
        foretell=_t2_any,
        measure=_first_below(_t2_any),
    ),
    Law(
        name="ridge t2, kernel",
        statement="t2 >= log(||P theta_0||/(sqrt(c) + ||P theta*||))/(-log(1 - eta lambda))",
        source="derived: the error in the kernel of X alone",
        symbols=SYMBOLS,
        status="ours",
        know=know,
        assume=_assume_kernel,
        foretell=_t2_kernel,
        measure=_first_below(_t2_kernel),
    ),
)
register(*RIDGE_BOUNDS)
