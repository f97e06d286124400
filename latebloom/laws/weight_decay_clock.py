r"""The weight-decay clock, after Kim: heavy ball on ridge regression.

With the penalty in the gradient the part $\xi$ of the parameters in the kernel of X follows
$\xi_{k+1} = (1 + m - \eta\lambda)\xi_k - m\xi_{k-1}$. The larger root of $z^2 - (1 + m -
\eta\lambda)z + m$ is $1 - \frac{\eta\lambda}{1-m}(1 + mp + O(p^2))$ with $p = \eta\lambda/(1-m)^2$,
so that for small p it takes $\frac{1-m}{\eta\lambda}\log(1/x)$ steps until x of the start is left.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from latebloom.core import schedules
from latebloom.experiment.experiment import Experiment
from latebloom.methods import SGD
from latebloom.models import Linear
from latebloom.problems import VectorLeastSquares

from .contexts import weight_decay
from .finding import Assumption, Promise
from .first_passage import SETTLED, left_of, step_of_t2
from .law import Law, NotCovered

# What the law leaves out, relative, over p: m p of the rate, and what that makes of small log(1/x).
SECOND = 2.0


@dataclass(frozen=True)
class Clock:
    r"""Heavy ball on ridge regression.

    **Fields:**

    - `rate`, `momentum`: $\eta\lambda$ and m.
    - `left`: what is left of the part in the kernel when the test error passes its threshold; NaN
      if it does not come down to it.
    - `row`: distance of the row space from its end, over the threshold, at that time.
    """

    rate: float
    momentum: float
    left: float
    row: float

    @property
    def period(self) -> float:
        r"""$(1 - m)/(\eta\lambda)$, in steps."""
        return (1 - self.momentum) / self.rate

    @property
    def p(self) -> float:
        r"""$\eta\lambda/(1 - m)^2$."""
        return self.rate / (1 - self.momentum) ** 2


def remaining(
    curvature: Float[np.ndarray, " r"], eta: float, momentum: float, steps: int
) -> Float[np.ndarray, " r"]:
    r"""Return what heavy ball leaves of a distance along directions of a quadratic.

    **Arguments:**

    - `curvature`: second derivatives c of the directions, penalty included.
    - `eta`, `momentum`: step size and m; `steps`: k.

    **Returns:** $\xi_k/\xi_0$ of $\xi_{k+1} = (1 + m - \eta c)\xi_k - m\xi_{k-1}$, shape (r,).

    >>> remaining(np.array([0.5]), eta=0.2, momentum=0.0, steps=3).round(6)
    array([0.729])
    """
    A = np.zeros((len(curvature), 2, 2))
    A[:, 0, 0], A[:, 0, 1], A[:, 1, 0] = 1 + momentum - eta * curvature, -momentum, 1.0
    return np.linalg.matrix_power(A, steps)[:, 0].sum(axis=1)


def clock(experiment: Experiment) -> Clock:
    """Return the clock of an experiment.

    **Raises:** `NotCovered` for anything but heavy ball on linear regression with the penalty L2 in
    the gradient.
    """
    data, method = experiment.problem, experiment.method
    if not isinstance(data, VectorLeastSquares) or data.a_star is None:
        raise NotCovered(
            "it is about linear regression with a vector of unknowns and a known truth"
        )
    if type(experiment.model) is not Linear or type(method) is not SGD or method.nesterov:
        raise NotCovered("it is about a linear model and SGD, without Nesterov's momentum")
    if method.coupling != "coupled" or method.transforms:
        raise NotCovered("it is about the penalty in the gradient, without transforms")
    eta, decay = schedules.constant(method.alpha), schedules.constant(weight_decay(experiment).beta)
    if eta is None or decay is None or decay == 0:
        raise NotCovered("it needs a constant learning rate and a constant weight decay above 0")
    svd, truth, m = data.svd, data.a_star, method.momentum
    curvature = svd.s**2 + decay
    if eta * float(curvature.max()) >= 2 * (1 + m):
        raise NotCovered("heavy ball is not stable: eta (lambda_max + lambda) is at its limit")
    end = svd.s * (svd.U.T @ data.y_star) / curvature
    start = experiment.start
    hidden, wanted = (a - svd.Vt.T @ (svd.Vt @ a) for a in (start, truth))
    goal = experiment.thresholds[1] * float(np.linalg.norm(truth))
    left = left_of(hidden, wanted, float(np.sum((end - svd.Vt @ truth) ** 2)), goal)
    found = Clock(eta * decay, m, left, 0.0)
    if math.isnan(left):
        return found
    steps = int(found.period * -math.log(left))
    away = remaining(curvature, eta, m, steps) * (svd.Vt @ start - end)
    return Clock(eta * decay, m, left, float(np.linalg.norm(away)) / goal)


def _regime(c: Clock) -> Iterable[Assumption]:
    most = (1 - math.sqrt(c.momentum)) ** 2
    yield Assumption.of("eta lambda", c.rate < most, c.rate, f"below (1 - sqrt(m))^2 = {most:.4g}")
    what = "what is left of the start in the kernel of X at t2"
    yield Assumption.of(what, 0 < c.left < 1, c.left, "in (0, 1): the error passes its threshold")
    what = "distance of the row space from its end at t2, over the threshold"
    yield Assumption.of(what, c.row <= SETTLED, c.row, f"at most {SETTLED:g}")


def _passage(c: Clock) -> Promise:
    if math.isnan(c.left):
        raise NotCovered("the test error does not come down to its threshold that way")
    t2 = -c.period * math.log(c.left)
    around = (1 + SETTLED * c.period) / max(t2, 1.0)
    return Promise("t2", t2, t2, tolerance=SECOND * c.p + around)


WEIGHT_DECAY_CLOCK = (
    Law(
        name="weight-decay clock",
        statement="t2 = (1 - m)/(eta lambda) log(1/x), x left of the start in the kernel of X",
        source="arXiv 2607.23967, corollary 5, as quoted by others; x from the threshold: derived",
        symbols=("X", "y*", "a*", "eta", "lambda", "m", "a(0)", "threshold"),
        status="other group",
        context=clock,
        hypotheses=_regime,
        promise=_passage,
        measure=step_of_t2,
    ),
)
