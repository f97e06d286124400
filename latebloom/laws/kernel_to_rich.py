r"""Kernel to rich, after Lyu et al.: a large start and a small decay turn at $\log(\gamma)/\beta$.

A diagonal network $a = u^2 - v^2$ from $u = v = \gamma 1$ with decay $\beta$: $u_iv_i = \gamma^2
e^{-2\beta t}$ along the flow, so the two halves separate when $\gamma e^{-\beta t}$ passes 1. Until
then a is the least l2 norm interpolant, after it (nearly) the least l1 norm one. The theorem holds
for any $\epsilon$ as $\gamma \to \infty$; the study `kernel-to-rich` follows the flow to $\gamma =
10^{12}$ and finds $\beta T = \log\gamma + 1.45$, so that a quarter is kept from $\log\gamma = 5.8$
on. Descent by steps, for which alpha must be below $1/(4\gamma^2\sigma_{\max})$, does not get
there: the second law below is the one to check on it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from jaxtyping import Float

from latebloom.core import schedules
from latebloom.experiment.experiment import Experiment
from latebloom.laws.constants.margins import min_norm_interpolant
from latebloom.methods import GradientDescent
from latebloom.models import HadamardDifference
from latebloom.problems import VectorLeastSquares
from latebloom.runs.run import Run

from .contexts import weight_decay
from .finding import Assumption, Measurement, Promise
from .law import Law, NotCovered, Undecided

TURN = "step at which the cosine to the l1 solution passes that to the l2 solution"
EPS = 0.25  # the study's
# beta T - log(gamma) of the study is 1.45 to 1.65 at every gamma, seeds 0 to 2.
CONSTANT = (0.0, 4.0)
LOG_GAMMA = 5.8  # from there on the constant is less than EPS of the logarithm
FITTED = 0.005  # the fit must take half a hundredth of 1/beta at most
STEEP = 1.0  # alpha times the largest curvature at the start: the flow is followed


@dataclass(frozen=True, eq=False)
class Diagonal:
    r"""A diagonal network with decay.

    **Fields:**

    - `gamma`, `alpha`, `beta`: start, step size, decay.
    - `least`, `most`: extreme non-zero eigenvalues of $X^\top X$.
    - `X`, `y`: the data.
    """

    gamma: float
    alpha: float
    beta: float
    least: float
    most: float
    X: Float[np.ndarray, "N n"] = field(repr=False)
    y: Float[np.ndarray, " N"] = field(repr=False)


def _diagonal(experiment: Experiment) -> Diagonal:
    data, model = experiment.problem, experiment.model
    if not isinstance(data, VectorLeastSquares):
        raise NotCovered(
            "it is about a vector of unknowns; the study kernel-to-rich has classification too"
        )
    if not isinstance(model, HadamardDifference) or model.depth != 2:
        raise NotCovered("it is about the diagonal network u^2 - v^2: HadamardDifference(depth=2)")
    penalty = weight_decay(experiment)
    if not isinstance(experiment.method, GradientDescent):
        raise NotCovered("it is about gradient descent")
    alpha, beta = (schedules.constant(v) for v in (experiment.method.alpha, penalty.beta))
    if alpha is None or not beta:
        raise NotCovered("it needs a constant step size and decay")
    start = np.asarray(experiment.start)
    if np.ptp(start) > 0:
        raise NotCovered("it starts at u = v = gamma 1")
    s2 = data.svd.s**2
    gamma = float(start.flat[0])
    return Diagonal(gamma, alpha, beta, float(s2[-1]), float(s2[0]), data.X, data.y_star)


def _follows_the_flow(d: Diagonal) -> Iterable[Assumption]:
    yield Assumption.of("gamma", d.gamma > 1, d.gamma, "above 1: a large start")
    N, n = d.X.shape
    yield Assumption.of("examples over unknowns", n > N, N / n, "below 1: many interpolants")
    steep = 8 * d.alpha * d.gamma**2 * d.most
    yield Assumption.of("8 alpha gamma^2 sigma_max", steep <= STEEP, steep, f"at most {STEEP}")
    slow = d.beta / (8 * d.gamma**2 * d.least)
    what = "beta/(8 gamma^2 sigma_min), the time of the fit over 1/beta"
    yield Assumption.of(what, slow <= FITTED, slow, f"at most {FITTED}")


def _large_start(d: Diagonal) -> Iterable[Assumption]:
    yield from _follows_the_flow(d)
    size = math.log(d.gamma) if d.gamma > 0 else -math.inf
    needed = f"at least {LOG_GAMMA}: the study kernel-to-rich gets there, steps do not"
    yield Assumption.of("log(gamma)", size >= LOG_GAMMA, size, needed)


def _as_printed(d: Diagonal) -> Promise:
    T = math.log(max(d.gamma, 1.0)) / (d.alpha * d.beta)
    return Promise(TURN, (1 - EPS) * T, (1 + EPS) * T)


def _with_constant(d: Diagonal) -> Promise:
    low, high = ((math.log(max(d.gamma, 1.0)) + c) / (d.alpha * d.beta) for c in CONSTANT)
    return Promise(TURN, low, high)


def _turn(run: Run, d: Diagonal) -> Measurement:
    t1 = run.phases.t1.high
    if t1 is None:
        raise Undecided(f"t1 = {run.phases.t1}: the data are not fitted")
    step = run.trajectory["step"].to_numpy()
    a = run.trajectory["a"].to_numpy()
    kernel, rich = (min_norm_interpolant(d.X, d.y, norm).w for norm in ("l2", "l1"))
    size = np.linalg.norm(a, axis=1)
    ahead = a @ (rich / np.linalg.norm(rich) - kernel / np.linalg.norm(kernel))
    passed = np.flatnonzero((step > t1) & (size > 0) & (ahead >= 0))
    if not passed.size:
        raise Undecided(f"not by step {run.last_step:,}")
    k = int(passed[0])
    constant = d.alpha * d.beta * float(step[k]) - math.log(d.gamma)
    return Measurement(float(step[k]), f"beta T - log(gamma) = {constant:.3g}")


_turn_law = partial(
    Law, symbols=("X", "y*", "gamma", "alpha", "beta"), context=_diagonal, measure=_turn
)
KERNEL_TO_RICH = (
    _turn_law(
        name="kernel to rich",
        statement="the turn is at (1 -+ eps) log(gamma)/(alpha beta), gamma large",
        source="arXiv 2311.18817, section 3",
        status="other group",
        hypotheses=_large_start,
        promise=_as_printed,
    ),
    _turn_law(
        name="kernel to rich, with its constant",
        statement="the turn is at (log(gamma) + c)/(alpha beta), c of the data, between 0 and 4",
        source="measured: the study kernel-to-rich",
        status="ours",
        hypotheses=_follows_the_flow,
        promise=_with_constant,
    ),
)
