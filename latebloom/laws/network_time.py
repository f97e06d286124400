r"""The slow time of a network: what t2 owes to alpha, to beta, and to the limit beta to 0.

Full-batch gradient descent follows $d\theta/ds = -\nabla g/\beta - H$ in slow time
$s = \alpha\beta t/(1 - m)$, see `latebloom.engines.network_flow`. So t2 is $s_2(\beta)$ over the
slow time of a step, and what s2 is made of can be seen at another alpha or beta.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from latebloom.core.arrays import double_precision
from latebloom.core.errors import InvalidInput
from latebloom.experiment.experiment import Experiment
from latebloom.penalties import scaled
from latebloom.problems import LeastSquares
from latebloom.runs.run import Run
from latebloom.theory.network_predict import why_not

from .finding import Assumption, Measurement, Promise
from .law import Law, NotCovered, Undecided
from .measures import middle_of_t2

# The flow is followed at this part of alpha.
SLOWER = 0.5
# Cross-entropy: the two weaker penalties that fix c and d, and beta from which on it is tried.
WEAKER, LOG_LEAST = (1e-2, 1e-4), math.log(1e5) - 1e-9
# What c + d/ln(1/beta) leaves out of s2, relative, times ln(1/beta)^2: 0.8 to 9 on addition mod 7,
# 11 and 13 at beta = 1e-5 and 1e-6, twelve problems; up to 22 at 1e-4.
SECOND = 15.0
# So much weaker a penalty stands for beta -> 0: the error of its s2 is a hundredth of beta's.
LIMIT = 1e-2
# beta over the smallest curvature of the loss on the data, up to which the limit is tried, and its
# effect on s2, relative, over it: 0.03 on a product of two vectors.
LINEAR, SLOPE, ROUNDED = 0.5, 0.2, 0.01
# A t2 that is known less well decides nothing.
WIDEST = 0.02
# Entries of the Jacobian: its decomposition takes seconds.
MOST_ENTRIES = 4_000_000


@lru_cache(maxsize=16)
def flow_at(experiment: Experiment, alpha: float, beta: float, brackets: bool) -> Any:
    """Return the `NetworkAhead` of an experiment with alpha and all strengths scaled.

    **Arguments:**

    - `experiment`: one that `network` accepts.
    - `alpha`, `beta`: the factors.
    - `brackets`: whether t2 has a bracket.

    **Returns:** the `NetworkAhead`; of the last sixteen calls it is kept.

    **Raises:** `NotCovered` where the flow cannot begin.
    """
    from latebloom.theory.network_ahead import ahead_of  # loads JAX

    assert experiment.penalty is not None
    slower = {"method.alpha": alpha * float(experiment.method.alpha)}  # pyright: ignore - constant
    penalty = scaled(experiment.penalty, beta)
    other = experiment.with_(penalty=penalty, **slower)
    try:
        return ahead_of(other, brackets=brackets)
    except InvalidInput as error:
        raise NotCovered(str(error)) from None


def network(experiment: Experiment) -> Experiment:
    """Return an experiment that follows a flow.

    **Raises:** `NotCovered` for least squares, and for what has no flow, with the reason.

    >>> import latebloom as lb
    >>> network(lb.load("slow-teacher", small=True)).name
    'slow-teacher small'
    """
    if isinstance(experiment.problem, LeastSquares):
        raise NotCovered("it is about networks")
    if reason := why_not(experiment):
        raise NotCovered(reason)
    return experiment


def measured(run: Run, e: Experiment) -> Measurement:
    """Return the middle of the bracket of t2, where it is as narrow as those of the laws.

    **Arguments:** `run`: the run; `e`: its experiment.

    **Raises:** `Undecided` for a bracket wider than 2 %, or none.
    """
    t2 = run.phases.t2
    if t2.low is not None and t2.high is not None and t2.high > (1 + WIDEST) * t2.low:
        raise Undecided(f"t2 = {t2}: between two records; simulate with refine=True")
    return middle_of_t2(run, e)


def _slower(e: Experiment) -> Promise:
    ahead = flow_at(e, SLOWER, 1.0, True)
    if ahead.t2.high is None:
        raise NotCovered(f"at alpha/2 t2 has no bracket: {ahead.why('t2')}")
    return Promise("t2", SLOWER * ahead.t2.low, SLOWER * ahead.t2.high)


def slow_time(e: Experiment, beta: float) -> tuple[float, float]:
    """Return s2 with all strengths multiplied by a factor.

    **Arguments:** `e`: the experiment; `beta`: the factor.

    **Returns:** s2, and slow time per step with the original strengths.

    **Raises:** `NotCovered` where t2 is not seen.
    """
    ahead = flow_at(e, 1.0, beta, False)
    if not math.isfinite(ahead.passed):
        raise NotCovered(f"with {beta:g} beta t2 is not seen: {ahead.why('t2')}")
    return ahead.passed * ahead.slow_time_per_step, ahead.slow_time_per_step / beta


# Cross-entropy ------------------------------------------------------------------------------------


def _strength(e: Experiment) -> float:
    return max(float(term.beta) for term in e.terms)  # pyright: ignore - constant


def cross_entropy(experiment: Experiment) -> Experiment:
    """Return an experiment with cross-entropy that follows a flow.

    **Raises:** `NotCovered` for other losses, and as `network`.
    """
    if network(experiment).supervised.loss != "cross_entropy":
        raise NotCovered("it is about cross-entropy")
    return experiment


def _weak(e: Experiment) -> Iterable[Assumption]:
    log = -math.log(_strength(e))
    yield Assumption.of("ln(1/beta)", log >= LOG_LEAST, log, f"at least {LOG_LEAST:.3g}")


def _logarithm(e: Experiment) -> Promise:
    beta = _strength(e)
    at = [1 / -math.log(factor * beta) for factor in WEAKER]
    (one, step), (two, _) = (slow_time(e, factor) for factor in WEAKER)
    d = (one - two) / (at[0] - at[1])
    x = 1 / -math.log(beta)
    when = (two + d * (x - at[1])) / step
    return Promise("t2", when, when, tolerance=SECOND * x**2)


# The limit beta -> 0 ------------------------------------------------------------------------------


@dataclass(frozen=True)
class WeakFlow:
    """The flow with a weak penalty, in place of the limit, or `why` there is none.

    **Fields:** `s2` of it; `step`, slow time per step at the beta of the run; `ratio`, beta over
    the smallest curvature of the squared loss in the directions that the data fix.
    """

    s2: float
    step: float
    ratio: float


def on_the_interpolators(experiment: Experiment) -> Experiment:
    """Return an experiment with squared loss that follows a flow.

    **Raises:** `NotCovered` for other losses, and as `network`.
    """
    if network(experiment).supervised.loss != "mse":
        raise NotCovered("it is about the squared loss: without minimizers there is no limit")
    return experiment


@lru_cache(maxsize=8)
def limit_of(e: Experiment) -> WeakFlow:
    """Return the flow with a penalty a hundred times weaker than that of an experiment.

    **Raises:** `NotCovered` where t2 is not seen, or the Jacobian is too large.
    """
    s2, step = slow_time(e, LIMIT)
    params = flow_at(e, 1.0, LIMIT, False).params
    return WeakFlow(s2, step, _strength(e) / smallest_curvature(e, params))


def smallest_curvature(e: Experiment, params: dict[str, np.ndarray]) -> float:
    r"""Return the least eigenvalue above rounding of $\frac{2}{NC}J^\top J$, J the Jacobian of the
    training outputs in the parameters.

    **Arguments:** `e`: the experiment, with N examples and C outputs; `params`: name -> array.

    **Raises:** `NotCovered` for a Jacobian of more than four million entries.
    """
    import jax

    inputs, outputs = e.supervised.train.inputs, e.supervised.outputs
    count = len(inputs) * outputs
    if count * sum(x.size for x in params.values()) > MOST_ENTRIES:
        raise NotCovered(f"the Jacobian has more than {MOST_ENTRIES:,} entries")
    with double_precision():
        tree = jax.jacrev(lambda p: e.network.apply(p, inputs))(params)
    J = np.concatenate([np.asarray(x).reshape(count, -1) for x in tree.values()], axis=1)
    values = np.linalg.svd(J, compute_uv=False)
    kept = values[values > values[0] * max(J.shape) * np.finfo(float).eps]
    return float(2 / count * kept[-1] ** 2)


def _small_beta(e: Experiment) -> Iterable[Assumption]:
    smooth = e.network.smooth
    yield Assumption.of("second derivatives of the model", smooth, float(smooth), "not zero")
    try:
        ratio = limit_of(e).ratio
    except NotCovered as reason:
        yield Assumption("beta over the smallest curvature", "not computable", None, str(reason))
        return
    what = "beta over the smallest curvature of the loss on the data"
    yield Assumption.of(what, ratio <= LINEAR, ratio, f"at most {LINEAR:g}: else the limit is bad")


def _limit(e: Experiment) -> Promise:
    found = limit_of(e)
    when = found.s2 / found.step
    return Promise("t2", when, when, tolerance=ROUNDED + SLOPE * found.ratio)


time_law = partial(Law, symbols=("g", "h", "alpha", "beta", "m", "theta(0)"), measure=measured)
NETWORK_TIME = (
    time_law(
        name="slow time of a network",
        statement="t2 = s2(beta) (1 - m)/(alpha beta) (1 + O(alpha)), s2 the same at alpha/2",
        source="derived in the documentation, page 'How the delay of a network is skipped'",
        status="ours",
        context=network,
        promise=_slower,
    ),
    time_law(
        name="slow time under cross-entropy",
        statement="s2 = c + d/ln(1/beta), c and d from beta/100 and beta/10^4",
        source="measured; the logits grow as ln(1/beta)",
        status="ours",
        context=cross_entropy,
        hypotheses=_weak,
        promise=_logarithm,
    ),
    time_law(
        name="flow on the interpolators",
        statement="t2 -> s2(0) (1 - m)/(alpha beta) for beta -> 0, s2(0) of d theta/ds = -P H on "
        "the interpolators",
        source="arXiv 2505.20172, theorem 1; here s2(0) is s2 at beta/100",
        status="other group",
        context=on_the_interpolators,
        hypotheses=_small_beta,
        promise=_limit,
    ),
)
