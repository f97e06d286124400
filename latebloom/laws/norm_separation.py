r"""Norm separation, after Truong et al.: the delay as the time in which weight decay shrinks V.

$V = \|\theta\|^2$. Where the gradient vanishes, decoupled decay makes V fall by $(1 -
\eta\lambda)^2$ per step, at the rate $2\eta\lambda$; the printed rate $\eta\lambda$ is that of the
norm, so the printed law leaves a factor of 2. A gradient that points outwards makes V fall more
slowly. In ridge regression the part of $\theta$ in the kernel of X falls at exactly that rate, the
rest does not fall at all.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from latebloom.core import schedules
from latebloom.experiment.experiment import Experiment
from latebloom.methods import SGD, Adam, GradientDescent, Optimizer
from latebloom.models import Linear
from latebloom.problems import LeastSquares, VectorLeastSquares
from latebloom.runs.run import Run

from .contexts import weight_decay
from .finding import Assumption, Measurement, Promise
from .law import Law, NotCovered, Undecided

SOURCE = "arXiv 2603.13331"
DELAY = "t2 - t1"
# Times are those of records, which are a twentieth of a delay apart in the study of this law.
RECORDS = 0.05


@dataclass(frozen=True)
class Decay:
    r"""Weight decay as a rate.

    **Fields:**

    - `eta`, `decay`: learning rate $\eta$ and weight decay $\lambda$.
    - `most`: $\eta$ times the largest eigenvalue of $X^\top X$ plus $\lambda$, None for networks.
    """

    eta: float
    decay: float
    most: float | None = None

    @property
    def rate(self) -> float:
        r"""$\eta\lambda$."""
        return self.eta * self.decay


def decay_rate(experiment: Experiment) -> Decay:
    """Return learning rate and weight decay of an experiment with weight decay alone."""
    method, penalty = experiment.method, weight_decay(experiment)
    eta, decay = schedules.constant(method.alpha), schedules.constant(penalty.beta)
    if eta is None or decay is None:
        raise NotCovered("it needs a constant learning rate and weight decay")
    if decay == 0:
        raise NotCovered("beta = 0: without weight decay nothing shrinks")
    if isinstance(experiment.problem, LeastSquares):
        data = experiment.problem
        linear = isinstance(experiment.model, Linear) and isinstance(data, VectorLeastSquares)
        if not linear or not isinstance(method, GradientDescent):
            raise NotCovered("of least squares it is about a linear model and gradient descent")
        return Decay(eta, decay, eta * (data.sigma_max + decay))
    assert isinstance(method, Optimizer)
    if method.sphere is not None:
        raise NotCovered("the norm is held: it cannot shrink")
    name = type(method).__name__
    plain = isinstance(method, SGD) and method.momentum == 0
    if method.coupling != "decoupled" and not plain:
        raise NotCovered(
            f"coupled to {name}, weight decay has another rate: use coupling = 'decoupled'"
        )
    if not isinstance(method, SGD | Adam):
        raise NotCovered(f"it is about SGD and Adam, not {name}")
    return Decay(eta, decay)


def steady_decay(d: Decay) -> Iterable[Assumption]:
    """Return the hypotheses under which weight decay shrinks the norm steadily."""
    yield Assumption.of("eta lambda", d.rate < 1, d.rate, "below 1")
    if d.most is not None:
        yield Assumption.of("eta (lambda_max + lambda)", d.most < 2, d.most, "below 2: stable")


class Fall(NamedTuple):
    """The delay of a run, and its norm at the records from t1 to the first one not before t2."""

    t1: int
    t2: int
    step: np.ndarray
    norm: np.ndarray

    @property
    def V1(self) -> float:
        """V(t1)."""
        return float(self.norm[0]) ** 2

    @property
    def log_ratio(self) -> float:
        """log(V(t1)/V(t2))."""
        return 2 * math.log(float(self.norm[0]) / float(self.norm[-1]))


def fall(run: Run) -> Fall:
    """Return how V falls from t1 to t2.

    **Raises:** `Undecided` for a run without a delay.
    """
    t1, t2 = run.phases.t1.high, run.phases.t2.high
    if t1 is None or t2 is None:
        raise Undecided(f"t1 = {run.phases.t1}, t2 = {run.phases.t2}")
    if t2 <= t1:
        raise Undecided(f"no delay: t1 = {t1:,}, t2 = {t2:,}")
    step, norm = (run.trajectory[name].to_numpy() for name in ("step", "l2_norm"))
    first, last = np.searchsorted(step, (t1, t2))
    return Fall(t1, t2, step[first : last + 1], norm[first : last + 1])


def _delay(run: Run, d: Decay) -> Measurement:
    f = fall(run)
    slow, fast = max(f.log_ratio, 0.0) / d.rate, f.log_ratio / (2 * d.rate)
    why = f"log(V(t1)/V(t2)) = {f.log_ratio:.4g}, t1 = {f.t1:,}, t2 = {f.t2:,}"
    return Measurement(float(f.t2 - f.t1), why, Promise(DELAY, fast, slow, RECORDS))


def _norm_ratio(run: Run, d: Decay) -> Measurement:
    f = fall(run)
    return Measurement(math.exp(-f.log_ratio), f"t1 = {f.t1:,}, t2 = {f.t2:,}")


decay_law = partial(Law, status="other group", context=decay_rate, hypotheses=steady_decay)
SYMBOLS = ("eta", "lambda", "V(t1)", "V(t2)")
NORM_SEPARATION = (
    decay_law(
        name="norm separation",
        statement="t2 - t1 = log(V(t1)/V(t2))/gamma, eta lambda <= gamma <= 2 eta lambda",
        source=f"{SOURCE}, equation (2); the upper end of gamma: V falls twice as fast as the norm",
        symbols=SYMBOLS,
        promise=Promise(DELAY, later=True),
        measure=_delay,
    ),
    decay_law(
        name="norm separation is necessary",
        statement="t2 > t1 only if V(t2) < V(t1)",
        source=f"{SOURCE}, theorem 3.8",
        symbols=SYMBOLS,
        promise=Promise("V(t2)/V(t1)", high=1.0),
        measure=_norm_ratio,
    ),
)
