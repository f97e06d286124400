r"""Memorization: after t1 the row space of X stays near least squares.

In the row space the update is $e_{t+1} = (I - \alpha X^\top X)e_t - \alpha\beta P_{\mathrm{row}}H$
with $e = P_{\mathrm{row}}(a - \hat a)$, a contraction by $\rho$ disturbed by at most
$\alpha\beta\sup\|H\|$ per step; in the kernel of X nothing contracts, and the iterate drifts by
$\alpha\beta$ per step all the way from $\hat a$ to $a^*$.
"""

import math

import numpy as np

from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, regularized

from .common import assume_step_sizes, late, records
from .law import Law, Measurement, Promise, register

ROUNDING = 1e-9  # bounds hold up to rounding of the recorded parameters
DISTANCE = "distance to least squares after t1"
SYMBOLS = ("X", "y*", "alpha", "beta", "a(0)")


def _all_entries(f: Facts) -> Promise:
    """The radius as it is printed, with the number of unknowns: theorem C.40 has n = n1 n2."""
    size = math.sqrt(f.start.size)
    return Promise(DISTANCE, high=f.radius * size / f.pull, tolerance=ROUNDING)


def _printed_rho(f: Facts) -> Promise:
    gap = 1 - f.rho_printed
    bound = 2 * f.alpha * f.beta * math.sqrt(f.start.size) / gap if gap > 0 else math.inf
    return Promise(DISTANCE, high=bound, tolerance=ROUNDING)


def _radius(f: Facts) -> Promise:
    return Promise(DISTANCE, high=f.radius, tolerance=ROUNDING)


def _full_distance(run: Run, f: Facts) -> Measurement | str:
    found = late(run, f.t1)
    if isinstance(found, str):
        return found
    steps, a = found
    away = [float(np.linalg.norm(x - f.fitted)) for x in a]
    worst = int(np.argmax(away))
    return Measurement(away[worst], f"largest at step {steps[worst]:,}")


def _row_distance(run: Run, f: Facts) -> Measurement | str:
    found = late(run, f.t1)
    if isinstance(found, str):
        return found
    steps, a = found
    away = [float(np.linalg.norm(f.row(x - f.fitted))) for x in a]
    worst = int(np.argmax(away))
    return Measurement(away[worst], f"largest at step {steps[worst]:,}")


def _loss_bound(f: Facts) -> Promise:
    most = f.loss(f.fitted) + 0.5 * float(f.sigma[0]) * f.radius**2
    return Promise("training loss g after t1", high=most, tolerance=ROUNDING)


def _largest_loss(run: Run, f: Facts) -> Measurement | str:
    found = late(run, f.t1)
    if isinstance(found, str):
        return found
    losses = [f.loss(x) for x in found[1]]
    worst = int(np.argmax(losses))
    return Measurement(losses[worst], f"largest at step {found[0][worst]:,}")


def _t1(f: Facts) -> Promise | str:
    """The step of equation 78, where what it promises is below the threshold of t1."""
    most = math.sqrt(2 * f.loss(f.fitted)) + f.radius * math.sqrt(float(f.sigma[0]))
    most /= float(np.linalg.norm(f.data.y_star))
    if most > f.experiment.thresholds[0]:
        return (
            f"by step {f.t1:,} the train error is promised to be below {most:.3g} only, and the "
            f"threshold is {f.experiment.thresholds[0]:g}"
        )
    return Promise("t1", high=float(f.t1))


def _measured_t1(run: Run, f: Facts) -> Measurement | str:
    t1 = run.phases.t1
    if t1.low is None or t1.high is None:
        if run.last_step < f.t1:
            return f"the run ends at step {run.last_step:,}, before it"
        return Measurement(math.inf, "not reached")
    return Measurement(float(t1.high))


def _one(f: Facts) -> Promise:
    return Promise("largest left side / right side", high=1.0, tolerance=ROUNDING)


def _every_step(run: Run, f: Facts) -> Measurement | str:
    """Equation 77 at every record."""
    found = records(run)
    if isinstance(found, str):
        return found
    steps, a = found
    first = float(np.linalg.norm(f.row(f.start - f.fitted)))
    decay = f.rho ** steps.astype(float)
    bound = decay * first + 0.5 * f.radius * (1 - decay)
    # The start itself is known to rounding only.
    bound = bound + 1e-14 * float(np.linalg.norm(f.fitted))
    ratio = [float(np.linalg.norm(f.row(x - f.fitted))) for x in a] / bound
    worst = int(np.argmax(ratio))
    return Measurement(float(ratio[worst]), f"at step {steps[worst]:,}")


def _gradient_bound(f: Facts) -> Promise:
    return Promise("||G|| after t1", high=float(f.sigma[0]) * f.radius, tolerance=ROUNDING)


def _largest_gradient(run: Run, f: Facts) -> Measurement | str:
    found = late(run, f.t1)
    if isinstance(found, str):
        return found
    return Measurement(max(float(np.linalg.norm(f.gradient(x))) for x in found[1]))


def _update_bound(f: Facts) -> Promise:
    most = float(f.sigma[0]) * f.radius + f.beta * f.pull
    return Promise("||F|| after t1", high=most, tolerance=ROUNDING)


def _largest_update(run: Run, f: Facts) -> Measurement | str:
    found = late(run, f.t1)
    if isinstance(found, str):
        return found
    sizes = [float(np.linalg.norm(f.gradient(x) + f.beta * f.subgradient(x))) for x in found[1]]
    return Measurement(max(sizes))


SOURCE = "arXiv 2506.05718, theorems 3.1 (C.29) and 3.4 (C.40)"
COMMON = {"symbols": SYMBOLS, "know": regularized, "assume": assume_step_sizes}
register(
    Law(
        name="closeness to least squares, printed rho",
        statement="||a(t) - a_hat|| <= 2 alpha beta sqrt(n)/(1 - rho_2) for all t >= t1, rho_2 = "
        "||I - alpha X^T X||",
        source=f"{SOURCE}, (i)",
        status="printed",
        erratum="E-07",
        foretell=_printed_rho,
        measure=_full_distance,
        **COMMON,
    ),
    Law(
        name="closeness to least squares, all of a",
        statement="the same with rho_2 = max |1 - alpha sigma_k| over the range of X^T X",
        source=f"{SOURCE}, (i)",
        status="printed",
        erratum="E-08",
        foretell=_all_entries,
        measure=_full_distance,
        **COMMON,
    ),
    Law(
        name="closeness to least squares, row space",
        statement="||P_row(a(t) - a_hat)|| <= 2 alpha beta sup||H||/(1 - rho) for all t >= t1, rho "
        "over the range, sup||H|| = sqrt(n), of matrices sqrt(min(n1, n2))",
        source=f"{SOURCE}, (i), for the row space",
        status="corrected",
        erratum="E-08",
        foretell=_radius,
        measure=_row_distance,
        **COMMON,
    ),
    Law(
        name="training loss after t1",
        statement="g(a(t)) <= g(a_hat) + 2 (alpha beta sup||H||)^2 sigma_max/(1 - rho)^2 for all "
        "t >= t1",
        source=f"{SOURCE}, (ii), rho over the range",
        status="corrected",
        erratum="E-07",
        foretell=_loss_bound,
        measure=_largest_loss,
        **COMMON,
    ),
    Law(
        name="t1",
        statement="t1 <= ceil(-ln(1 + (1 - rho)||P_row(a(0) - a_hat)||/(alpha beta sup||H||))/"
        "ln rho)",
        source="arXiv 2506.05718, equation 78, for the row space; an upper bound",
        status="corrected",
        erratum="E-32",
        foretell=_t1,
        measure=_measured_t1,
        **COMMON,
    ),
    Law(
        name="row space at every step",
        statement="||P_row(a(t) - a_hat)|| <= rho^t ||P_row(a(0) - a_hat)|| + alpha beta sup||H|| "
        "(1 - rho^t)/(1 - rho)",
        source="arXiv 2506.05718, equation 77, for the row space",
        status="corrected",
        erratum="E-07",
        foretell=_one,
        measure=_every_step,
        **COMMON,
    ),
    Law(
        name="gradient after t1",
        statement="||G(a(t))|| <= 2 alpha beta sup||H|| sigma_max/(1 - rho) for all t >= t1",
        source="arXiv 2506.05718, equation 82, rho over the range",
        status="corrected",
        erratum="E-07",
        foretell=_gradient_bound,
        measure=_largest_gradient,
        **COMMON,
    ),
    Law(
        name="subgradient of f after t1",
        statement="||F(a(t))|| <= 2 alpha beta sup||H|| sigma_max/(1 - rho) + beta sup||H|| for "
        "all t >= t1",
        source="arXiv 2506.05718, equation 83, rho over the range",
        status="corrected",
        erratum="E-07",
        foretell=_update_bound,
        measure=_largest_update,
        **COMMON,
    ),
)
