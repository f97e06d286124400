"""What the laws say of an experiment before it runs."""

import math

import numpy as np

from latebloom.core import checks as check
from latebloom.core.errors import NotCovered, Unsupported
from latebloom.core.progress import Progress, with_note
from latebloom.engines.threads import few_threads
from latebloom.experiment.experiment import Experiment
from latebloom.experiment.given import Given, experiment_of
from latebloom.methods import ProximalGradient
from latebloom.penalties import Strengths
from latebloom.problems import LeastSquares, MatrixLeastSquares

from .closed_form import Rates, rates, smooth_times
from .facts import STUCK, Facts
from .fit_time import fit_time
from .intervals import add_passages, first_passages, middle, why_unknown
from .limits import constants, fitted, limit, relative_errors
from .lower_bound import least_t2
from .network_predict import predict_network
from .nuclear_predict import predict_matrix
from .prediction import MOMENTUM, UNKNOWN_LIMIT, Found
from .prediction import Prediction as Prediction
from .recoverability import recoverability


def predict(experiment: Given, exact: bool = True, progress: Progress | None = None) -> Prediction:
    r"""Return what the laws say of an experiment before it runs.

    **Arguments:**

    - `experiment`: the spec, or what stands for one (a name, a file, a run); linear model,
      constant alpha and beta, penalties L1 and L2, or on matrices Nuclear. Of others only the step
      size limit and recoverability are predicted. A network under full-batch gradient descent or
      heavy ball, whatever its model, loss and penalty.
    - `exact`: also find t1, t2, their intervals, `delay`, `t2_proximal`, `s2` and `t2_least`, with
      the engines `spectral`, `jump` (a fraction of a second) or `slow` (seconds; of networks
      seconds to minutes). Else only what has a formula.
    - `progress`: of networks: called with (gradients computed, gradients at most, a note).

    **Returns:** a `Prediction`.

    Source: arXiv 2506.05718, theorem 3.1 (C.29) with equation 78, theorem 3.6 (C.51), Figure 4.

    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery.code(N=30)
    >>> seen = predict(lb.Experiment(problem, lb.L1(1e-5), lb.Subgradient(0.1)))
    >>> seen.t1, seen.t2, seen.t2_interval, seen.generalizes  # the run: 60 and 100,347
    (60, 100336, (100299, 100374), True)
    >>> seen.t2_paper  # ||a_hat - a*||/(alpha beta), and equation 78
    69631
    """
    check.boolean("exact", exact)
    progress = with_note(progress)
    experiment = experiment_of(experiment, "predict")
    if isinstance(experiment.problem, LeastSquares):
        return _predict(experiment, exact)
    found: Found = {"notes": []}
    predict_network(experiment, found, exact, progress)
    return Prediction(notes=tuple(found.pop("notes")), **found)


def predict_at_once(experiment: Experiment) -> Prediction:
    """Return what is predicted in a second or two, beside a run: of networks no flow."""
    return predict(experiment, exact=isinstance(experiment.problem, LeastSquares))


@few_threads
def _predict(experiment: Experiment, exact: bool) -> Prediction:
    """Return the prediction for an experiment of least squares."""
    data, top = experiment.data, experiment.alpha_limit
    notes: list[str] = []
    found: Found = {"notes": notes}
    if math.isfinite(top):
        found["alpha_max"] = top
    else:
        notes.append("alpha_max: no step size is known to make this method diverge")
    try:
        found["recoverability"] = recoverability(data)
    except Unsupported as error:
        notes.append(f"delay, t2, test_floor, generalizes: {error}")
    alpha = experiment.method.alpha
    if isinstance(alpha, int | float) and math.isfinite(top):
        found["stable"] = alpha < top
    try:
        if isinstance(data, MatrixLeastSquares):
            predict_matrix(experiment, found, exact)
        else:
            _predict_vector(experiment, found, exact)
    except NotCovered as reason:
        notes.append(str(reason))
    _drop_no_plateau(experiment, found)
    floor = found.get("train_floor")  # the train error ends at or below its threshold, or above it
    if floor is not None:
        found["memorizes"] = floor <= experiment.thresholds[0]
    return Prediction(notes=tuple(found.pop("notes")), **found)


def _drop_no_plateau(experiment: Experiment, found: Found) -> None:
    """Take away a plateau where there is none.

    The formula takes the row space for fitted before the penalty has moved anything, and is far off
    where small singular values take longer than the delay.
    """
    level, goal = found.get("train_plateau"), experiment.thresholds[0]
    if level is None:
        return
    begun = relative_errors(experiment.data, experiment.start)[0]
    reached = found.get("t1") is not None and level > goal
    if level > begun or reached:
        above = f"the threshold {goal:.3g} of t1" if reached else f"the error {begun:.3g} at step 0"
        found["train_plateau"] = None
        found["notes"].append(
            f"train_plateau: the formula gives {level:.3g}, above {above}: there is no plateau"
        )


def _predict_vector(experiment: Experiment, found: Found, exact: bool) -> None:
    """Add what the laws of l1, l2 and no penalty say."""
    (alpha, beta), notes = constants(experiment), found["notes"]
    found["stable"] = True
    _add_floors(experiment, beta, found)
    speed = rates(experiment, alpha, beta)
    if speed is None:
        notes.append(MOMENTUM)
    elif speed.rho_2 >= 1:
        notes.append(f"rho_2, t1, delay, t2: {STUCK}")
        return
    else:
        found["rho_2"] = speed.rho_2
        if beta.l1 > 0:
            _add_l1_times(Facts(experiment, alpha, "l1", beta.l1, beta.l2), beta, found)
        else:
            _add_smooth_times(experiment, alpha, beta, speed, found)
    if exact and speed is not None:
        add_passages(experiment, found)
        found["t2_least"] = least_t2(experiment)
    if exact and beta.l1 > 0 and experiment.data.a_star is not None:
        t2 = _t2_proximal(experiment, alpha, found)
        found |= {"t2_proximal": t2, "s2": None if t2 is None else alpha * beta.l1 * t2}


def _add_floors(experiment: Experiment, beta: Strengths, found: Found) -> None:
    """Add where the errors end, and whether that is generalization."""
    end, possible = limit(experiment), found.get("recoverability")
    goal = experiment.thresholds[1]
    if end is None:
        found["notes"].append(UNKNOWN_LIMIT)
    else:
        found |= {"train_floor": end.train_error, "test_floor": end.test_error}
    if possible is None:
        return
    if end is not None and end.test_error is not None:
        found["generalizes"] = end.test_error <= goal
    # Where the end is not known: no limit beta -> 0 is nearer than basis pursuit gets.
    elif beta.l1 > 0 and not possible.recoverable and (possible.basis_pursuit_error or 0) > goal:
        found["generalizes"] = False


def _add_l1_times(f: Facts, beta: Strengths, found: Found) -> None:
    away = f.experiment.vector_data.svd.Vt @ f.start - fitted(f.experiment, beta)
    fit = fit_time(f.start, away, found["rho_2"], f.step_bound)
    found |= {"t1_paper": fit, "train_plateau": f.plateau, "delay_paper": f.delay}
    _explain_t1(f.experiment, found)
    if f.delay is None:
        return
    if found.get("generalizes") is False:
        _explain_t2(f.experiment, found)
    else:
        found["t2_paper"] = fit + math.ceil(f.delay)


def _add_smooth_times(
    experiment: Experiment, alpha: float, beta: Strengths, speed: Rates, found: Found
) -> None:
    t1, t2 = smooth_times(experiment, beta, speed)
    found |= {"t1_paper": t1, "t2_paper": t2, "train_plateau": found.get("train_floor")}
    if t1 is None:
        _explain_t1(experiment, found)
    if t1 is not None and t2 is not None:
        found["delay_paper"] = float(t2 - t1)
        return
    a_star = experiment.data.a_star
    if a_star is None:
        return
    if t2 is None:
        _explain_t2(experiment, found)
    Vt = experiment.vector_data.svd.Vt
    outside = experiment.start - Vt.T @ (Vt @ experiment.start)
    ratio = float(np.linalg.norm(outside) / np.linalg.norm(a_star))
    if beta.l2 > 0 and ratio > 1:
        found["delay"] = math.log(ratio) / (alpha * beta.l2)
        found["notes"].append(
            "delay: the start decays in the kernel of X, and the test error with it, at the rate "
            "alpha beta; this is a late drop without generalization"
        )
    else:
        found["notes"].append("delay: no late drop of the test error is predicted")


def _explain_t1(experiment: Experiment, found: Found) -> None:
    """Say so if the train error ends above its threshold."""
    goal, floor = experiment.thresholds[0], found.get("train_floor")
    if floor is not None and floor > goal:
        why = f"t1: the train error ends at {floor:.3g}, above its threshold {goal:.3g}"
        found["notes"].append(why)


def _explain_t2(experiment: Experiment, found: Found) -> None:
    """Say why the run does not generalize."""
    goal, floor = experiment.thresholds[1], found.get("test_floor")
    possible = found.get("recoverability")
    if floor is not None and floor > goal:
        why = f"t2: the test error ends at {floor:.3g}, above its threshold {goal:.3g}"
        found["notes"].append(why)
    elif possible is not None:
        found["notes"].append(f"t2: {possible.reason}")


def _t2_proximal(experiment: Experiment, alpha: float, found: Found) -> int | None:
    """Return the exact t2 of proximal gradient, whatever the horizon of the experiment."""
    if isinstance(experiment.method, ProximalGradient):
        return found.get("t2")
    try:
        passages = first_passages(experiment.with_(method=ProximalGradient(alpha)))
        if passages.stopped and passages.t2 is not None and passages.t2.high is None:
            why = why_unknown(passages.t2, passages.stopped)
            found["notes"].append(f"t2_proximal: {why}")
        return middle(passages.t2)
    except NotCovered as reason:
        found["notes"].append(f"t2_proximal: {reason}")
        return None
