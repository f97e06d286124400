r"""First passage, after Truong et al.: generalization comes when V has fallen to a threshold.

$V = \|\theta\|^2$ falls exponentially after memorization, at the rate $2\kappa\eta\lambda$, and the
delay is the time to a threshold $V_*$: $\log(V(t_1)/V_*)/(2\kappa\eta\lambda)$. The two constants
belong to the architecture and are measured on some runs: `calibrated` makes the law of them. In
ridge regression they are known before the run: there the law is about the part of V in the kernel
of X, with $\kappa = -\log(1-\eta\lambda)/(\eta\lambda)$.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.line_fit import fit_line
from latebloom.experiment.experiment import Experiment
from latebloom.methods import GradientDescent
from latebloom.problems import VectorLeastSquares
from latebloom.runs.run import Run
from latebloom.theory.limits import constants, smooth_limit

from .finding import Assumption, Measurement, Promise
from .law import Law, NotCovered, Undecided
from .norm_separation import DELAY, Decay, decay_law, fall

SOURCE = "arXiv 2605.18845"
# The source's own errors, 17.7 to 23.3 percent in the mean, doubled.
SPREAD = 0.5
# Of the straight line through log V; the source's median is 0.97.
STRAIGHT = 0.9
FEWEST = 5  # records between t1 and t2: fewer make any curve straight
SETTLED = 1e-3  # of the goal: how far the row space may still be from its end at t2


def log_slope(step: Float[np.ndarray, " K"], V: Float[np.ndarray, " K"]) -> tuple[float, float]:
    """Return the slope of the least squares line through log V, and its R^2.

    >>> log_slope(np.arange(5.0), np.exp(-0.5 * np.arange(5.0)))
    (-0.5, 1.0)
    """
    line = fit_line(step, np.log(V))
    return line.slope, line.r2


def _straightness(run: Run, d: Decay) -> Measurement:
    f = fall(run)
    inside = f.step <= f.t2
    if inside.sum() < FEWEST:
        raise Undecided(f"{inside.sum()} records between t1 and t2: record more often")
    slope, r2 = log_slope(f.step[inside].astype(float), f.norm[inside] ** 2)
    kappa = f"kappa = {-slope / (2 * d.rate):.3g}"
    return Measurement(r2, kappa) if slope < 0 else Measurement(-math.inf, f"V grows: {kappa}")


def calibrated(kappa: float, target: float, spread: float = SPREAD) -> Law:
    r"""Return the law $t_2 - t_1 = \log(V(t_1)/V_*)/(2\kappa\eta\lambda)$ with given constants.

    **Arguments:**

    - `kappa`, `target`: $\kappa$ and $V_*$ of the architecture, both > 0.
    - `spread`: relative error allowed; half by default, twice the source's.

    **Returns:** a `Law` that is not registered: its constants are of one architecture.

    **Raises:** `InvalidInput` for constants that are not positive.

    >>> calibrated(kappa=0.25, target=1000.0).name
    'first passage, kappa = 0.25, V* = 1000'
    """
    for name, value in (("kappa", kappa), ("target", target), ("spread", spread)):
        check.real(name, value, low=0, strict=True)

    def measure(run: Run, d: Decay) -> Measurement:
        f = fall(run)
        value = max(0.0, math.log(f.V1 / target)) / (2 * kappa * d.rate)
        promise = Promise(DELAY, value, value, tolerance=spread)
        return Measurement(float(f.t2 - f.t1), f"V(t1) = {f.V1:.4g}", promise)

    return decay_law(
        name=f"first passage, kappa = {kappa:g}, V* = {target:g}",
        statement="t2 - t1 = log(V(t1)/V*)/(2 kappa eta lambda)",
        source=f"{SOURCE}, its closed-form law",
        symbols=("eta", "lambda", "V(t1)", "kappa", "V*"),
        promise=Promise(DELAY, later=True),
        measure=measure,
    )


@dataclass(frozen=True)
class Kernel:
    r"""Ridge regression as a first passage of the part of V in the kernel of X.

    **Fields:**

    - `rate`: $-\log(1-\eta\lambda)$, at which the norm in the kernel falls.
    - `start`: $\|P\theta_0\|^2$; `target`: what it must fall to; NaN if t2 is never reached.
    - `row`: distance of the row space from its end, over the goal, at that time.
    """

    rate: float
    start: float
    target: float
    row: float

    @property
    def t2(self) -> float:
        """The time of the passage."""
        return math.log(self.start / self.target) / (2 * self.rate)


def _kernel(experiment: Experiment) -> Kernel:
    """Return the passage in ridge regression."""
    data = experiment.problem
    if not isinstance(data, VectorLeastSquares) or data.a_star is None:
        raise NotCovered(
            "it is about linear regression with a vector of unknowns and a known truth"
        )
    eta, beta = constants(experiment)
    if not isinstance(experiment.method, GradientDescent) or beta.l1 > 0 or beta.l2 == 0:
        raise NotCovered("it is about gradient descent with the penalty L2")
    if eta * beta.l2 >= 1:
        raise NotCovered(
            f"eta lambda = {eta * beta.l2:.4g}: above 1 the kernel does not shrink steadily"
        )
    Vt, truth = data.svd.Vt, data.a_star
    start, end = experiment.start, smooth_limit(experiment, beta)
    away = Vt @ (start - end)
    hidden, wanted = (a - Vt.T @ (Vt @ a) for a in (start, truth))
    bias = float(np.sum((Vt @ (end - truth)) ** 2))
    goal = experiment.thresholds[1] * float(np.linalg.norm(truth))
    a, x = float(hidden @ hidden), left_of(hidden, wanted, bias, goal)
    rate = -math.log1p(-eta * beta.l2)
    if math.isnan(x):
        return Kernel(rate, a, math.nan, 0.0)
    t = -math.log(x) / rate
    factors = np.abs(1 - eta * (data.svd.s**2 + beta.l2)) ** t
    return Kernel(rate, a, a * x * x, float(np.linalg.norm(factors * away)) / goal)


def left_of(
    start: Float[np.ndarray, " n"], truth: Float[np.ndarray, " n"], bias: float, goal: float
) -> float:
    r"""Return what is left of the start, in the kernel of X, when the error comes down to a goal.

    **Arguments:**

    - `start`, `truth`: their parts in the kernel of X, $P\theta_0$ and $P\theta^*$.
    - `bias`: the squared error that the row space leaves; `goal`: the error to reach.

    **Returns:** the larger x with $\|xP\theta_0 - P\theta^*\|^2 + \mathrm{bias} =
    \mathrm{goal}^2$, NaN if it is not in (0, 1).

    **Raises:** `NotCovered` for a start without a part in the kernel.

    >>> x = left_of(np.array([2.0, 0.0]), np.array([0.0, 1.0]), bias=0.0, goal=math.sqrt(2.0))
    >>> round(x, 12)
    0.5
    """
    a, b = float(start @ start), float(start @ truth)
    root = b * b - a * (float(truth @ truth) + bias - goal**2)
    if a == 0:
        raise NotCovered("the start has no part in the kernel of X")
    x = (b + math.sqrt(root)) / a if root >= 0 else math.nan
    return x if 0 < x < 1 else math.nan


def _reached_by_the_kernel(k: Kernel) -> Iterable[Assumption]:
    what = "V* of the passage over V at the start, in the kernel of X"
    left = k.target / k.start
    yield Assumption.of(what, 0 < left < 1, left, "in (0, 1): the error ends below its threshold")
    what = "distance of the row space from its end at t2, over the threshold"
    yield Assumption.of(what, k.row <= SETTLED, k.row, f"at most {SETTLED:g}")


def _passage(k: Kernel) -> Promise:
    if math.isnan(k.target):
        raise NotCovered("the test error does not come down to its threshold that way")
    # The passage is the next whole step; what is left in the row space moves the goal by less.
    return Promise("t2", k.t2, k.t2, tolerance=(1 + SETTLED / k.rate) / max(k.t2, 1.0))


def step_of_t2(run: Run, context: Any) -> Measurement:
    """Return t2 where it is known to the step.

    **Arguments:** `run`: the run; `context`: of a law, not used.

    **Raises:** `Undecided` for a t2 that is not.
    """
    t2 = run.phases.t2
    if t2.step is None:
        raise Undecided(f"t2 = {t2}")
    return Measurement(float(t2.step))


FIRST_PASSAGE = (
    decay_law(
        name="first passage, exponential fall",
        statement="log V falls along a straight line from t1 to t2",
        source=f"{SOURCE}, section 4.2",
        symbols=("eta", "lambda", "V(t)"),
        promise=Promise("R^2 of a straight line through log V from t1 to t2", low=STRAIGHT),
        measure=_straightness,
    ),
    Law(
        name="first passage, ridge",
        statement="t2 = log(||P theta_0||^2/V*)/(-2 log(1 - eta lambda)), P on the kernel of X",
        source="derived: the closed form with the row space at rest",
        symbols=("X", "y*", "a*", "eta", "lambda", "a(0)", "threshold"),
        status="ours",
        context=_kernel,
        hypotheses=_reached_by_the_kernel,
        promise=_passage,
        measure=step_of_t2,
    ),
)
