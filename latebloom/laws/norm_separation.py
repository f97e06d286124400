r"""Norm separation, after Truong et al.: the delay as the time in which weight decay shrinks V.

$V = \|\theta\|^2$. Where the gradient vanishes, decoupled decay makes V fall by $(1 -
\eta\lambda)^2$ per step, at the rate $2\eta\lambda$; the printed rate $\eta\lambda$ is that of the
norm, so the printed law leaves a factor of 2. A gradient that pushes outwards makes V fall more
slowly. In ridge regression the part of $\theta$ in the kernel of X falls at exactly that rate, the
rest does not fall at all.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from latebloom.core import schedules
from latebloom.experiment.experiment import Experiment
from latebloom.methods import SGD, Adam, GradientDescent, Optimizer
from latebloom.models import Linear
from latebloom.penalties import L2
from latebloom.problems import LeastSquares, VectorLeastSquares
from latebloom.runs.run import Run

from .law import Assumption, Law, Measurement, Promise, register

SOURCE = "arXiv 2603.13331"
SYMBOLS = ("eta", "lambda", "V(t1)", "V(t2)")
DELAY = "t2 - t1"
# Times are those of records, which are a twentieth of a delay apart in the study of this law.
RECORDS = 0.05


@dataclass(frozen=True)
class Decay:
    r"""Weight decay as a rate: learning rate and strength.

    **Fields:**

    - `eta`, `decay`: $\eta$, $\lambda$.
    - `most`: $\eta$ times the largest eigenvalue of $X^\top X$ plus $\lambda$, None for networks.
    """

    eta: float
    decay: float
    most: float | None = None

    @property
    def rate(self) -> float:
        r"""$\eta\lambda$."""
        return self.eta * self.decay


def know(experiment: Experiment) -> Decay | str:
    """Return learning rate and weight decay of an experiment, or why there is no such rate."""
    method, penalty = experiment.method, experiment.penalty
    terms = penalty.terms if penalty else ()
    if len(terms) != 1 or not isinstance(terms[0], L2):
        return "it is about weight decay: the penalty L2, alone"
    eta, decay = schedules.constant(method.alpha), schedules.constant(terms[0].beta)
    if eta is None or decay is None:
        return "it needs a constant learning rate and weight decay"
    if decay == 0:
        return "beta = 0: without weight decay nothing shrinks"
    if isinstance(experiment.problem, LeastSquares):
        data = experiment.problem
        linear = isinstance(experiment.model, Linear) and isinstance(data, VectorLeastSquares)
        if not linear or not isinstance(method, GradientDescent):
            return "of least squares it is about a linear model and gradient descent"
        return Decay(eta, decay, eta * (data.sigma_max + decay))
    assert isinstance(method, Optimizer)
    if method.sphere is not None:
        return "the norm is held: it cannot shrink"
    plain = isinstance(method, SGD) and method.momentum == 0
    if method.coupling != "decoupled" and not plain:
        name = type(method).__name__
        return f"coupled to {name}, weight decay has another rate: use coupling = 'decoupled'"
    if not isinstance(method, SGD | Adam):
        return f"it is about SGD and Adam, not {type(method).__name__}"
    return Decay(eta, decay)


def assume(d: Decay) -> Iterable[Assumption]:
    """Return what weight decay needs to shrink anything steadily."""
    yield Assumption.of("eta lambda", d.rate < 1, d.rate, "below 1")
    if d.most is not None:
        yield Assumption.of("eta (lambda_max + lambda)", d.most < 2, d.most, "below 2: stable")


def shrinkage(run: Run) -> tuple[int, int, float] | str:
    """Return t1, t2 and log(V(t1)/V(t2)) of a run, or why there is no delay to speak of."""
    t1, t2 = run.phases.t1.high, run.phases.t2.high
    if t1 is None or t2 is None:
        return f"t1 = {run.phases.t1}, t2 = {run.phases.t2}"
    if t2 <= t1:
        return f"no delay: t1 = {t1:,}, t2 = {t2:,}"
    step = run.trajectory["step"].to_numpy()
    norm = run.trajectory["l2_norm"].to_numpy()
    first, last = (float(norm[np.searchsorted(step, t)]) for t in (t1, t2))
    return t1, t2, 2 * math.log(first / last)


def _delay(run: Run, d: Decay) -> Measurement | str:
    found = shrinkage(run)
    if isinstance(found, str):
        return found
    t1, t2, log_ratio = found
    slow, fast = max(log_ratio, 0.0) / d.rate, log_ratio / (2 * d.rate)
    why = f"log(V(t1)/V(t2)) = {log_ratio:.4g}, t1 = {t1:,}, t2 = {t2:,}"
    return Measurement(float(t2 - t1), why, Promise(DELAY, fast, slow, RECORDS))


def later(d: Decay) -> Promise:
    """Return the promise of a delay that depends on the norms of the run."""
    return Promise(DELAY, later=True)


RATIO = "V(t2)/V(t1)"


def _ratio(run: Run, d: Decay) -> Measurement | str:
    found = shrinkage(run)
    if isinstance(found, str):
        return found
    return Measurement(math.exp(-found[2]), f"t1 = {found[0]:,}, t2 = {found[1]:,}")


def _below_one(d: Decay) -> Promise:
    return Promise(RATIO, high=1.0)


NORM_SEPARATION = (
    Law(
        name="norm separation",
        statement="t2 - t1 = log(V(t1)/V(t2))/gamma, eta lambda <= gamma <= 2 eta lambda",
        source=f"{SOURCE}, equation (2); the upper end of gamma: V falls twice as fast as the norm",
        symbols=SYMBOLS,
        status="other group",
        know=know,
        assume=assume,
        foretell=later,
        measure=_delay,
    ),
    Law(
        name="norm separation is necessary",
        statement="t2 > t1 only if V(t2) < V(t1)",
        source=f"{SOURCE}, theorem 3.8",
        symbols=SYMBOLS,
        status="other group",
        know=know,
        assume=assume,
        foretell=_below_one,
        measure=_ratio,
    ),
)
register(*NORM_SEPARATION)
