"""What the laws say of a low-rank experiment before it runs."""

import math
from dataclasses import replace

import numpy as np

from latebloom.engines.slow import SLOW
from latebloom.experiment.experiment import MAX_STEPS, Experiment
from latebloom.experiment.record import At
from latebloom.methods import FISTA, ProjectedSubgradient, ProximalGradient
from latebloom.problems import MatrixLeastSquares, NuclearRecovery
from latebloom.problems.low_rank import LowRankProblem

from .facts import facts
from .limits import limit, nuclear_strength
from .lower_bound import least_t2
from .prediction import MOMENTUM, UNKNOWN_LIMIT, Prediction

# How much earlier or later a chattering run may meet a threshold than the flow: three times the
# 0.3 % by which chatter near the threshold was seen to move it.
CHATTER = 0.01
DELAY_IS_LOW = (
    "delay, t2: the paper's predictor ||A_hat - A*||/(alpha beta), too short on matrices: 200 "
    "completions of 10 x 10 matrices of rank 2 took 1.6 to 11 times as long (median 3.4)"
)


def predict_matrix(
    experiment: Experiment, found: Prediction, notes: list[str], exact: bool
) -> Prediction:
    r"""Return `found` with what theorem C.40 and the flow in slow time say.

    - `rho_2`: $\max|1 - \alpha\lambda|$ over the non-zero eigenvalues of $X^\top X$.
    - `t1`: $\lceil -\ln(1 + (1-\rho_2)\|X^\dagger(XA_0 - y^*)\|_F/(\alpha\beta\sqrt{\min(n_1,
      n_2)}))/\ln\rho_2\rceil$; a subgradient has norm at most $\sqrt{\min(n_1, n_2)}$, the printed
      bound takes $\sqrt{n_1n_2}$.
    - `delay`: $\|\hat A - A^*\|_{2\to2}/(\alpha\beta)$.
    - `t2_proximal`, `s2`: from the flow in slow time.

    Source: arXiv 2506.05718, theorem 3.4 (C.40) and Figure 6.
    """
    data = experiment.data
    assert isinstance(data, MatrixLeastSquares)
    known = nuclear_strength(experiment)
    if isinstance(data, LowRankProblem) and data.instance.rejected:
        k = data.instance.rejected
        notes.append(f"recoverable: {k} of {k + 1} draws were rejected before this instance")
    if isinstance(known, str):
        notes.append(known)
        return found
    alpha, beta = known
    found = replace(found, stable=True)
    momentum = isinstance(experiment.method, FISTA)
    if momentum:
        notes.append(MOMENTUM)
    else:
        f = facts(experiment)
        if isinstance(f, str):
            notes.append(f"rho_2, t1, delay, train_plateau: {f}")
        else:
            t2 = None if f.delay is None else f.t1 + math.ceil(f.delay)
            found = replace(
                found, rho_2=f.rho, t1=f.t1, train_plateau=f.plateau, delay=f.delay, t2=t2
            )
    found = _with_floors(found, experiment, notes)
    if exact and not momentum and data.a_star is not None:
        found = replace(found, t2_least=least_t2(experiment))
        found = _with_flow(found, experiment, alpha, beta, notes)
    return found


def _with_floors(found: Prediction, experiment: Experiment, notes: list[str]) -> Prediction:
    """Add where the errors end, and whether that is generalization."""
    end, possible, goal = limit(experiment), found.recoverability, experiment.thresholds[1]
    low = high = None
    if end is None:
        notes.append(UNKNOWN_LIMIT)
    else:
        low, a_star = end.test_floor, experiment.data.a_star
        if end.test_error is not None and a_star is not None:
            high = end.test_error + end.radius / float(np.linalg.norm(a_star))
        if end.radius == 0:
            found = replace(found, train_floor=end.train_error, test_floor=end.test_error)
        else:
            notes.append(
                "train_floor, test_floor: the run chatters, within a distance of "
                f"{end.radius:.3g}, about a point with the errors {end.train_error:.3g} and "
                f"{end.test_error or 0:.3g}"
            )
    if possible is None:
        return found
    generalizes = None
    if high is not None and high <= goal:
        generalizes = True
    elif low is not None and low > goal:
        generalizes = False
        notes.append(f"t2: the test error ends at {low:.3g} or more, above {goal:.3g}")
    elif end is None and isinstance(possible, NuclearRecovery) and possible.recoverable is False:
        # In the limit beta -> 0 the run ends there.
        generalizes = False if (possible.program_error or 0) > goal else None
    if possible.recoverable is False:
        told = "t2: this instance cannot generalize" if generalizes is False else "recovery"
        notes.append(f"{told}: {possible.reason}")
    elif generalizes is None:
        notes.append(f"recovery: {possible.reason}")
    if generalizes is False:
        return replace(found, generalizes=False, t2=None)
    if found.t2 is not None:
        notes.append(DELAY_IS_LOW)
    return replace(found, generalizes=generalizes)


def _with_flow(
    found: Prediction, experiment: Experiment, alpha: float, beta: float, notes: list[str]
) -> Prediction:
    """Add t2 of proximal gradient, whatever the horizon of the experiment."""
    if found.generalizes is False:
        return found
    proximal = experiment.with_(method=ProximalGradient(alpha), steps=MAX_STEPS, record=At(()))
    reason = SLOW.why_not(proximal)
    if reason:
        notes.append(f"t2_proximal, s2: engine 'slow': {reason}")
        return found
    flow = SLOW.run(proximal)
    if flow.interrupted:
        raise KeyboardInterrupt
    t2 = flow.t2
    if t2 is None or t2.low is None or t2.high is None:
        notes.append("t2_proximal, s2: the flow does not get there, or too near to be sure")
        return found
    middle = (t2.low + t2.high) // 2
    notes.append("t2_proximal: from the flow in slow time, to 0.3 %")
    found = replace(found, t2_proximal=middle, s2=middle * alpha * beta)
    if isinstance(experiment.method, ProjectedSubgradient):
        return found
    # The flow's own interval; a subgradient chatters about it besides.
    spread = 0.0 if isinstance(experiment.method, ProximalGradient) else CHATTER
    interval = math.floor(t2.low * (1 - spread)), math.ceil(t2.high * (1 + spread))
    return replace(found, t2_interval=interval)
