r"""Memorization: after t1 the row space of X stays near least squares.

In the row space the update is $e_{t+1} = (I - \alpha X^\top X)e_t - \alpha\beta P_{\mathrm{row}}H$
with $e = P_{\mathrm{row}}(a - \hat a)$, a contraction by $\rho$ disturbed by at most
$\alpha\beta\sup\|H\|$ per step; in the kernel of X nothing contracts, and the iterate drifts by
$\alpha\beta$ per step all the way from $\hat a$ to $a^*$.
"""

import math
from dataclasses import replace
from functools import partial

import numpy as np

from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, Point, regularized

from .contexts import small_steps
from .finding import INEQUALITY, Measurement, Promise
from .law import Law, NotCovered, Undecided
from .measures import largest, largest_after_t1

ROUNDING = 1e-9  # bounds hold up to rounding of the recorded parameters
LARGEST = "largest at step {:,}"


def _after_t1(quantity: str, bound: float) -> Promise:
    return Promise(f"{quantity} after t1", high=bound, tolerance=ROUNDING)


def _distance(bound: float) -> Promise:
    return _after_t1("distance to least squares", bound)


def _printed_rho(f: Facts) -> Promise:
    gap = 1 - f.rho_printed
    return _distance(2 * f.alpha * f.beta * math.sqrt(f.start.size) / gap if gap > 0 else math.inf)


def _row_distance(f: Facts, a: Point) -> float:
    return float(np.linalg.norm(f.row(a - f.fitted)))


def _distance_over_bound(f: Facts, steps: np.ndarray, points: Point) -> np.ndarray:
    """Equation 77 at every record."""
    decay = f.rho ** steps.astype(float)
    bound = decay * _row_distance(f, f.start) + 0.5 * f.radius * (1 - decay)
    # The start itself is known to rounding only.
    bound = bound + 1e-14 * float(np.linalg.norm(f.fitted))
    return [_row_distance(f, x) for x in points] / bound


def _t1(f: Facts) -> Promise:
    """The step of equation 78, where what it promises is below the threshold of t1."""
    most = math.sqrt(2 * f.loss(f.fitted)) + f.radius * math.sqrt(float(f.sigma[0]))
    most /= float(np.linalg.norm(f.data.y_star))
    if most > f.experiment.thresholds[0]:
        raise NotCovered(
            f"by step {f.t1:,} the train error is promised to be below {most:.3g} only, and the "
            f"threshold is {f.experiment.thresholds[0]:g}"
        )
    return Promise("t1", high=float(f.t1))


def _measured_t1(run: Run, f: Facts) -> Measurement:
    t1 = run.phases.t1
    if t1.low is not None and t1.high is not None:
        return Measurement(float(t1.high))
    if run.last_step < f.t1:
        raise Undecided(f"the run ends at step {run.last_step:,}, before it")
    return Measurement(math.inf, "not reached")


SOURCE = "arXiv 2506.05718, theorems 3.1 (C.29) and 3.4 (C.40)"
_law = partial(
    Law,
    symbols=("X", "y*", "alpha", "beta", "a(0)"),
    context=regularized,
    hypotheses=small_steps,
)
_full_distance = largest_after_t1(lambda f, a: float(np.linalg.norm(a - f.fitted)), LARGEST)
ROW_SPACE = (
    _law(
        name="closeness to least squares, printed rho",
        statement="||a(t) - a_hat|| <= 2 alpha beta sqrt(n)/(1 - rho_2) for all t >= t1, rho_2 = "
        "||I - alpha X^T X||",
        source=f"{SOURCE}, (i)",
        status="printed",
        erratum="E-07",
        promise=_printed_rho,
        measure=_full_distance,
    ),
    _law(
        name="closeness to least squares, all of a",
        statement="the same with rho_2 = max |1 - alpha sigma_k| over the range of X^T X",
        source=f"{SOURCE}, (i)",
        status="printed",
        erratum="E-08",
        # With the number of unknowns as it is printed: theorem C.40 has n = n1 n2.
        promise=lambda f: _distance(f.radius * math.sqrt(f.start.size) / f.subgradient_bound),
        measure=_full_distance,
    ),
    _law(
        name="closeness to least squares, row space",
        statement="||P_row(a(t) - a_hat)|| <= 2 alpha beta sup||H||/(1 - rho) for all t >= t1, rho "
        "over the range, sup||H|| = sqrt(n), of matrices sqrt(min(n1, n2))",
        source=f"{SOURCE}, (i), for the row space",
        status="corrected",
        erratum="E-08",
        promise=lambda f: _distance(f.radius),
        measure=largest_after_t1(_row_distance, LARGEST),
    ),
    _law(
        name="training loss after t1",
        statement="g(a(t)) <= g(a_hat) + 2 (alpha beta sup||H||)^2 sigma_max/(1 - rho)^2 for all "
        "t >= t1",
        source=f"{SOURCE}, (ii), rho over the range",
        status="corrected",
        erratum="E-07",
        promise=lambda f: _after_t1(
            "training loss g", f.loss(f.fitted) + 0.5 * float(f.sigma[0]) * f.radius**2
        ),
        measure=largest_after_t1(Facts.loss, LARGEST),
    ),
    _law(
        name="t1",
        statement="t1 <= ceil(-ln(1 + (1 - rho)||P_row(a(0) - a_hat)||/(alpha beta sup||H||))/"
        "ln rho)",
        source="arXiv 2506.05718, equation 78, for the row space; an upper bound",
        status="corrected",
        erratum="E-32",
        promise=_t1,
        measure=_measured_t1,
    ),
    _law(
        name="row space at every step",
        statement="||P_row(a(t) - a_hat)|| <= rho^t ||P_row(a(0) - a_hat)|| + alpha beta sup||H|| "
        "(1 - rho^t)/(1 - rho)",
        source="arXiv 2506.05718, equation 77, for the row space",
        status="corrected",
        erratum="E-07",
        promise=replace(INEQUALITY, tolerance=ROUNDING),
        measure=largest(_distance_over_bound),
    ),
    _law(
        name="gradient after t1",
        statement="||G(a(t))|| <= 2 alpha beta sup||H|| sigma_max/(1 - rho) for all t >= t1",
        source="arXiv 2506.05718, equation 82, rho over the range",
        status="corrected",
        erratum="E-07",
        promise=lambda f: _after_t1("||G||", float(f.sigma[0]) * f.radius),
        measure=largest_after_t1(lambda f, a: float(np.linalg.norm(f.gradient(a)))),
    ),
    _law(
        name="subgradient of f after t1",
        statement="||F(a(t))|| <= 2 alpha beta sup||H|| sigma_max/(1 - rho) + beta sup||H|| for "
        "all t >= t1",
        source="arXiv 2506.05718, equation 83, rho over the range",
        status="corrected",
        erratum="E-07",
        promise=lambda f: _after_t1(
            "||F||", float(f.sigma[0]) * f.radius + f.beta * f.subgradient_bound
        ),
        measure=largest_after_t1(
            lambda f, a: float(np.linalg.norm(f.gradient(a) + f.beta * f.subgradient(a)))
        ),
    ),
)
