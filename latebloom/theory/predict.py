"""What the laws say of an experiment before it runs."""

import math
from dataclasses import replace

import numpy as np

from latebloom.core.errors import Unsupported
from latebloom.engines.base import run_engine
from latebloom.engines.spectral import SPECTRAL
from latebloom.engines.threads import few_threads
from latebloom.experiment.experiment import MAX_STEPS, Experiment
from latebloom.experiment.record import At
from latebloom.methods import ProximalGradient
from latebloom.penalties import Strengths
from latebloom.problems import LeastSquares, MatrixLeastSquares

from .closed_form import Rates, rates, smooth_times
from .facts import STUCK, Facts, facts
from .fit_time import fit_time
from .intervals import t1_interval, t2_interval
from .limits import constants, fitted, limit
from .lower_bound import least_t2
from .nuclear_predict import predict_matrix
from .prediction import MOMENTUM, UNKNOWN_LIMIT
from .prediction import Prediction as Prediction
from .recoverability import recoverability

NETWORKS = "no law known here gives t1 or t2 of a network before it is trained"


@few_threads
def predict(experiment: Experiment, exact: bool = True) -> Prediction:
    r"""Return what the laws say of an experiment before it runs.

    **Arguments:**

    - `experiment`: the spec; linear model, constant alpha and beta, penalties L1 and L2, or on
      matrices Nuclear. Of others only the step size limit and recoverability are predicted, of
      networks nothing.
    - `exact`: also find `t2_proximal` with the engine `jump` (a fraction of a second) or `slow`
      (seconds).

    **Returns:** a `Prediction`.

    Source: arXiv 2506.05718, theorem 3.1 (C.29) with equation 78, theorem 3.6 (C.51), Figure 4.

    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery.code(N=30)
    >>> seen = predict(lb.Experiment(problem, lb.L1(1e-5), lb.Subgradient(0.1)), exact=False)
    >>> seen.t1, round(seen.delay), seen.generalizes
    (85, 69545, True)
    """
    if not isinstance(experiment.problem, LeastSquares):
        return Prediction(notes=(NETWORKS,))
    data, notes = experiment.data, []
    top = experiment.alpha_limit
    found = Prediction(alpha_max=top if math.isfinite(top) else None)
    if found.alpha_max is None:
        notes.append("alpha_max: no step size is known to make this method diverge")
    try:
        found = replace(found, recoverability=recoverability(data))
    except Unsupported as error:
        notes.append(f"delay, t2, test_floor, generalizes: {error}")
    alpha = experiment.method.alpha
    if isinstance(alpha, int | float):
        found = replace(found, stable=alpha < top if math.isfinite(top) else None)
    if isinstance(data, MatrixLeastSquares):
        found = predict_matrix(experiment, found, notes, exact)
    else:
        found = _predict_vector(experiment, found, notes, exact)
    floor = found.train_floor  # the train error ends at or below its threshold, or above it
    memorizes = None if floor is None else floor <= experiment.thresholds[0]
    return replace(found, memorizes=memorizes, notes=tuple(notes))


def _predict_vector(
    experiment: Experiment, found: Prediction, notes: list[str], exact: bool
) -> Prediction:
    """Return `found` with what the laws of l1, l2 and no penalty say."""
    known = constants(experiment)
    if isinstance(known, str):
        notes.append(known)
        return found
    alpha, beta = known
    found = _with_floors(replace(found, stable=True), experiment, beta, notes)
    speed = rates(experiment, alpha, beta)
    if speed is not None and speed.rho_2 >= 1:
        notes.append(f"rho_2, t1, delay, t2: {STUCK}")
        return found
    if speed is None:
        notes.append(MOMENTUM)
    elif beta.l1 > 0:
        found = _with_l1_times(found, experiment, alpha, beta, speed, notes)
    else:
        found = _with_smooth_times(found, experiment, alpha, beta, speed, notes)
    if exact and beta.l1 > 0 and experiment.data.a_star is not None:
        t2 = _t2_proximal(experiment, alpha, notes)
        s2 = None if t2 is None else alpha * beta.l1 * t2
        found = replace(found, t2_proximal=t2, s2=s2)
    if exact and speed is not None:
        found = _with_intervals(found, experiment, notes)
    return found


def _with_intervals(found: Prediction, experiment: Experiment, notes: list[str]) -> Prediction:
    """Add intervals of t1 and t2, and the lower bound of t2."""
    known = facts(experiment)
    if isinstance(known, str):
        notes.append(f"t1_interval, t2_interval: {known}")
        return found
    if known.h == "none":
        t1, t2 = _exact_passages(experiment)
        return replace(found, t1_interval=t1, t2_interval=t2)
    if found.train_plateau is not None:
        found = replace(found, t1_interval=t1_interval(known, found.train_plateau))
    found = replace(found, t2_least=least_t2(experiment))
    if found.generalizes is False or known.a_star is None:
        return found
    expected = t2_interval(experiment)
    if isinstance(expected, str):
        notes.append(f"t2_interval: {expected}")
        return found
    return replace(found, t2_interval=expected[1])


def _exact_passages(experiment: Experiment) -> tuple[tuple[int, int] | None, ...]:
    """Return t1 and t2 of a run without l1, whatever its horizon, as intervals."""
    whole = experiment.with_(steps=MAX_STEPS, record=At(()))
    if SPECTRAL.why_not(whole) is not None:
        return None, None
    ends = SPECTRAL.run(whole)
    return tuple(
        None if p is None or p.low is None or p.high is None else (p.low, p.high)
        for p in (ends.t1, ends.t2)
    )


def _with_floors(
    found: Prediction, experiment: Experiment, beta: Strengths, notes: list[str]
) -> Prediction:
    """Add where the errors end, and whether that is generalization."""
    end = limit(experiment)
    if end is None:
        notes.append(UNKNOWN_LIMIT)
    else:
        found = replace(found, train_floor=end.train_error, test_floor=end.test_error)
    possible = found.recoverability
    if possible is None:
        return found
    if found.test_floor is None:
        # Where the end is not known: no limit beta -> 0 is nearer than basis pursuit gets.
        error = getattr(possible, "basis_pursuit_error", None)
        lost = beta.l1 > 0 and not possible.recoverable and (error or 0) > experiment.thresholds[1]
        return replace(found, generalizes=False) if lost else found
    return replace(found, generalizes=found.test_floor <= experiment.thresholds[1])


def _with_l1_times(
    found: Prediction,
    experiment: Experiment,
    alpha: float,
    beta: Strengths,
    speed: Rates,
    notes: list[str],
) -> Prediction:
    f = Facts(experiment, alpha, "l1", beta.l1, beta.l2)
    away = experiment.vector_data.svd.Vt @ f.start - fitted(experiment, beta)
    fit = fit_time(f.start, away, speed.rho_2, f.step_bound)
    found = replace(found, rho_2=speed.rho_2, t1=fit, train_plateau=f.plateau, delay=f.delay)
    _explain_t1(found, experiment, notes)
    if f.delay is None:
        return found
    if found.generalizes is False:
        _explain_t2(found, experiment, notes)
        return found
    return replace(found, t2=fit + math.ceil(f.delay))


def _with_smooth_times(
    found: Prediction,
    experiment: Experiment,
    alpha: float,
    beta: Strengths,
    speed: Rates,
    notes: list[str],
) -> Prediction:
    t1, t2 = smooth_times(experiment, beta, speed)
    found = replace(found, rho_2=speed.rho_2, t1=t1, t2=t2, train_plateau=found.train_floor)
    if t1 is None:
        _explain_t1(found, experiment, notes)
    if t1 is not None and t2 is not None:
        return replace(found, delay=float(t2 - t1))
    a_star = experiment.data.a_star
    if a_star is None:
        return found
    if t2 is None:
        _explain_t2(found, experiment, notes)
    Vt = experiment.vector_data.svd.Vt
    outside = experiment.start - Vt.T @ (Vt @ experiment.start)
    ratio = float(np.linalg.norm(outside) / np.linalg.norm(a_star))
    if beta.l2 > 0 and ratio > 1:
        notes.append(
            "delay: the start decays in the kernel of X, and the test error with it, at the rate "
            "alpha beta; this is a late drop without generalization"
        )
        return replace(found, delay=math.log(ratio) / (alpha * beta.l2))
    notes.append("delay: nothing is left to happen after the data are fitted")
    return found


def _explain_t1(found: Prediction, experiment: Experiment, notes: list[str]) -> None:
    """Say so if the threshold is not where equation 78 counts: t1 then is not its first passage."""
    goal, plateau, floor = experiment.thresholds[0], found.train_plateau, found.train_floor
    if floor is not None and floor > goal:
        notes.append(f"t1: the train error ends at {floor:.3g}, above its threshold {goal:.3g}")
    elif plateau is not None and plateau > goal:
        notes.append(
            f"t1: the plateau {plateau:.3g} of the train error is above its threshold {goal:.3g}, "
            "which is therefore crossed later than t1, on the way to the floor"
        )


def _explain_t2(found: Prediction, experiment: Experiment, notes: list[str]) -> None:
    """Say why the run does not generalize."""
    goal, floor, possible = experiment.thresholds[1], found.test_floor, found.recoverability
    if floor is not None and floor > goal:
        notes.append(f"t2: the test error ends at {floor:.3g}, above its threshold {goal:.3g}")
    elif possible is not None:
        notes.append(f"t2: {possible.reason}")


def _t2_proximal(experiment: Experiment, alpha: float, notes: list[str]) -> int | None:
    """Return the exact t2 of proximal gradient, whatever the horizon of the experiment."""
    proximal = experiment.with_(method=ProximalGradient(alpha), steps=MAX_STEPS, record=At(()))
    try:
        t2 = run_engine("jump", proximal).t2
    except Unsupported as error:
        notes.append(f"t2_proximal: {error}")
        return None
    if t2 is None or t2.step is None:
        notes.append(f"t2_proximal: proximal gradient does not get there in {MAX_STEPS:.0e} steps")
        return None
    return t2.step
