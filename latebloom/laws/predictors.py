"""The predictors of the paper and the results of `predict`, as laws."""

import math
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from latebloom.core import schedules
from latebloom.core.phases import Verdict as PhaseVerdict
from latebloom.experiment.experiment import Experiment
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, facts, largest_beta
from latebloom.theory.predict import predict
from latebloom.theory.prediction import Prediction

from .contexts import any_least_squares
from .finding import Assumption, Measurement, Promise
from .floors import converged_error, converged_from
from .law import Law, Measure, NotCovered, Predict, Undecided
from .measures import middle_of_t2, require_chatter
from .slow_time import whole_path

# The paper's predictor of t2 is of the right order: 1.44 too small in its own Figure 4.
FACTOR = 2.0
# Plateau and floors are formulas; records sample a chatter of some 10 %.
LEVEL = 0.1
# A relative error below this is rounding: predicted and measured are both 0.
ZERO = 1e-12


class Predicted(NamedTuple):
    """The facts of an experiment, and what `predict` returns for it."""

    facts: Facts
    prediction: Prediction


@lru_cache(maxsize=8)
def _predicted(experiment: Experiment) -> Predicted:
    return Predicted(facts(experiment), predict(experiment, exact=False))


def _smooth(experiment: Experiment) -> Predicted:
    p = _predicted(experiment)
    if p.facts.h != "none":
        raise NotCovered("it is about no penalty, or L2 alone")
    return p


class StepSize(NamedTuple):
    """The step size alpha and its stability limit."""

    alpha: float
    limit: float


def _step_size(experiment: Experiment) -> StepSize:
    """Return alpha and its limit; beyond the limit no other law applies."""
    any_least_squares(experiment)
    alpha = schedules.constant(experiment.method.alpha)
    if alpha is None:
        raise NotCovered("it needs a constant step size")
    limit = experiment.alpha_limit
    if not math.isfinite(limit):
        raise NotCovered("no step size is known to make this method diverge")
    return StepSize(alpha, limit)


def _diverges(step: StepSize) -> Promise:
    beyond = step.alpha >= step.limit
    what = f"diverges (1: yes), as alpha {'>=' if beyond else '<'} {step.limit:.4g}"
    return Promise(what, float(beyond), float(beyond))


def _diverged(run: Run, step: StepSize) -> Measurement:
    diverged = run.phases.verdict is PhaseVerdict.diverged
    if step.alpha >= step.limit and not diverged:
        raise Undecided("above the limit divergence may take longer than the horizon")
    return Measurement(float(diverged))


def _useful(p: Predicted) -> list[Assumption]:
    """Beyond the largest useful beta the minimizer is 0, and the chatter as large as it."""
    f = p.facts
    if f.h == "none":
        return []
    top = largest_beta(f)
    return [Assumption.of("beta", f.beta < top, f.beta, f"< ||X^T y*||_dual = {top:.4g}")]


def _level(name: str) -> Predict:
    """Return the promise of a predicted error."""

    def promise(p: Predicted) -> Promise:
        value = getattr(p.prediction, name)
        if value is None:
            why = (note for note in p.prediction.notes if name in note.partition(":")[0])
            raise NotCovered(next(why, f"{name} is not predicted"))
        return Promise(name, float(value), float(value), tolerance=LEVEL)

    return promise


def _stretch(p: Predicted) -> tuple[float, float] | None:
    """Return the first and the last step of the plateau, None where they are not predicted.

    The transient must be gone, and the slow flow must not have gone far: by 5 % of the delay.
    """
    t1, delay, rho = p.prediction.t1_paper, p.prediction.delay_paper, p.facts.rho
    if t1 is None or delay is None:
        return None
    return max(2 * t1, 5 / -math.log(rho) if 0 < rho < 1 else 1), t1 + 0.05 * delay


def _plateaus(p: Predicted) -> Promise:
    r"""Return the least and the largest level that the slow flow of l1 has on the plateau.

    Between two events of the flow $a = A(s) + \beta B$ with a constant B (`SlowPath`), and A fits
    the data as well as anything does. So $\|Xa - y^*\|^2 = \|\beta XB\|^2 + \|r\|^2$, with r what
    nothing fits, and $XB = -(X^\top)^\dagger H$, with the H of entries at rest that keeps them
    there. Where there is no flow, H is that of the least squares solution.
    """
    level, f, stretch = _level("train_plateau")(p), p.facts, _stretch(p)
    if f.h != "l1" or f.projected or f.ridge > 0 or stretch is None or stretch[0] > stretch[1]:
        return level
    path, slow = whole_path(f.experiment), f.alpha * f.beta * np.array(stretch)
    first, last = np.searchsorted(path.s, slow, side="right") - 1
    # An event is early or late by a correction of order beta: the pieces beside count as well.
    B = path.B[max(first - 1, 0) : last + 2]
    y = f.data.y_star
    inside = f.beta * np.linalg.norm(B @ f.experiment.vector_data.X.T, axis=1)
    outside = np.linalg.norm(f.residual(f.near))
    levels = np.hypot(inside, outside) / np.linalg.norm(y)
    return Promise("train_plateau", float(levels.min()), float(levels.max()), tolerance=LEVEL)


def _delay(p: Predicted) -> Promise:
    t2 = p.prediction.t2_paper
    if p.prediction.delay_paper is None or t2 is None:
        raise NotCovered("no t2 is predicted")
    return Promise("t2", t2 / FACTOR, t2 * FACTOR)


def _t1_at_most(p: Predicted) -> Promise:
    if p.prediction.t1_paper is None:
        raise NotCovered("the train error does not come down to its threshold")
    return Promise("t1", high=float(p.prediction.t1_paper))


def _t1(run: Run, p: Predicted) -> Measurement:
    t1, latest = run.phases.t1, p.prediction.t1_paper
    if t1.low is not None and t1.high is not None:
        return Measurement(float(t1.low))
    if latest is not None and run.last_step < latest:
        raise Undecided(f"the run ends at step {run.last_step:,}, before it")
    return Measurement(math.inf, "not reached")


def _both_zero(predicted: float | None, found: Measurement) -> Measurement:
    """Return the predicted value where both are rounding, else the measured one."""
    if predicted is not None and max(found.value, predicted) <= ZERO:
        return Measurement(predicted, "both are rounding")
    return found


def _plateau(run: Run, p: Predicted) -> Measurement:
    require_chatter(run)
    steps = _stretch(p)
    if steps is None:
        raise Undecided("t1 and the delay are not predicted")
    stretch = run.trajectory["train_error"].sel(step=slice(*steps))
    if not stretch.size:
        raise Undecided("no record lies on the plateau")
    level = Measurement(float(np.sqrt(np.mean(stretch.values**2))))
    return _both_zero(p.prediction.train_plateau, level)


def _error_in_the_end(name: str) -> Measure:
    """Return the measurement of an error, `train` or `test`, once the run has converged."""
    return lambda run, p: _both_zero(
        getattr(p.prediction, f"{name}_floor"), converged_error(run, f"{name}_error")
    )


def _generalizes(p: Predicted) -> Promise:
    value = p.prediction.generalizes
    if value is None:
        raise NotCovered("whether it generalizes is not predicted")
    return Promise("generalizes (1: yes)", float(value), float(value), tolerance=0.0)


def _generalized(run: Run, p: Predicted) -> Measurement:
    t2 = run.phases.t2
    if t2.kind == "infeasible":
        return Measurement(0.0)
    if t2.high is not None and t2.sustained:
        return Measurement(1.0)
    # An error above its threshold may come down, unless the run has converged.
    if t2.sustained is not True and run.last_step >= converged_from(run):
        return Measurement(0.0)
    raise Undecided(f"the run is too short to tell: {t2}")


SYMBOLS = ("X", "y*", "a*", "alpha", "beta", "a(0)")
_prediction_law = partial(Law, symbols=SYMBOLS, status="ours", context=_predicted)
_level_law = partial(_prediction_law, hypotheses=_useful)
PREDICTORS = (
    Law(
        name="stable step size",
        statement="the iteration diverges from its largest stable step size on, for explicit steps "
        "2/(sigma_max + beta_2)",
        source="arXiv 2506.05718, theorem C.29; the curvature of an l2 term besides",
        symbols=("X", "alpha"),
        status="as printed",
        context=_step_size,
        promise=_diverges,
        measure=_diverged,
    ),
    Law(
        name="delay of the paper",
        statement="t2 = t1 + ||a_hat - a*||_inf/(alpha beta), of matrices the spectral norm; "
        "within a factor of 2",
        source="arXiv 2506.05718, theorems C.29 and C.40, Figures 4 and 6",
        erratum="E-33",
        symbols=SYMBOLS,
        status="printed",
        context=_predicted,
        promise=_delay,
        measure=middle_of_t2,
    ),
    Law(
        name="t1 of gradient descent",
        statement="every mode of the residual is a geometric sequence: t1 is at most the step at "
        "which their sum is at the threshold",
        source="arXiv 2506.05718, theorem 3.6 (C.51), solved for the threshold",
        symbols=SYMBOLS,
        status="ours",
        context=_smooth,
        promise=_t1_at_most,
        measure=_t1,
    ),
    _level_law(
        name="train plateau",
        statement="the train error after t1 is beta ||(X^T)^+ H||/||y*||, and what nothing fits, "
        "with H of the slow flow: between its extremes, to a tenth, until 5 % of the delay",
        source="the balance X^T (X a - y*) = -beta P_row H; derived in the documentation",
        promise=_plateaus,
        measure=_plateau,
    ),
    _level_law(
        name="train floor",
        statement="the train error ends at that of the minimizer, with the chatter of subgradients",
        source="the certified limit; derived in the documentation",
        promise=_level("train_floor"),
        measure=_error_in_the_end("train"),
    ),
    _level_law(
        name="test floor",
        statement="the test error ends at that of the minimizer, with the chatter of subgradients",
        source="the certified limit; derived in the documentation",
        promise=_level("test_floor"),
        measure=_error_in_the_end("test"),
    ),
    _prediction_law(
        name="generalizes",
        statement="the test error ends below its threshold if and only if its floor is",
        source="recoverability and the certified limit; derived in the documentation",
        promise=_generalizes,
        measure=_generalized,
    ),
)
