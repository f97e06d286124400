"""The paper's predictors, and the levels and verdicts of `predict`, as laws."""

import math
from functools import lru_cache

import numpy as np

from latebloom.core.phases import Passage
from latebloom.core.phases import Verdict as PhaseVerdict
from latebloom.experiment.experiment import Experiment
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, facts, largest_beta
from latebloom.theory.predict import predict
from latebloom.theory.prediction import Prediction

from .common import chatter_missing
from .floors import at_rest, settled_error
from .law import Assumption, Law, Measurement, Promise, register

# The paper's predictor of t2 is of the right order: 1.44 too small in its own Figure 4.
FACTOR = 2.0
# Plateau and floors are formulas; records sample a chatter of some 10 %.
LEVEL = 0.1
# A relative error below this is rounding: predicted and measured are both 0.
ZERO = 1e-12


class Said:
    """The facts of an experiment, and what is predicted of it."""

    def __init__(self, facts: Facts, prediction: Prediction) -> None:
        self.facts, self.prediction = facts, prediction


@lru_cache(maxsize=8)
def _said(experiment: Experiment) -> Said | str:
    found = facts(experiment)
    if isinstance(found, str):
        return found
    return Said(found, predict(experiment, exact=False))


def _nothing(said: Said) -> list[Assumption]:
    return []


def _step_size(experiment: Experiment) -> tuple[float, float] | str:
    """Return alpha and its limit; beyond it no other law has anything to say."""
    from latebloom.core import schedules
    from latebloom.problems import LeastSquares

    if not isinstance(experiment.problem, LeastSquares):
        return "it is about least squares; the experiment trains a network"
    alpha = schedules.constant(experiment.method.alpha)
    if alpha is None:
        return "it needs a constant step size"
    top = experiment.alpha_limit
    if not math.isfinite(top):
        return "no step size is known to make this method diverge"
    return alpha, top


def _always(known: tuple[float, float]) -> list[Assumption]:
    return []


def _diverges(known: tuple[float, float]) -> Promise:
    alpha, top = known
    end = float(alpha >= top)
    return Promise(f"diverges (1: yes), as alpha {'>=' if end else '<'} {top:.4g}", end, end)


def _diverged(run: Run, known: tuple[float, float]) -> Measurement | str:
    diverged = run.phases.verdict is PhaseVerdict.diverged
    if known[0] >= known[1] and not diverged:
        return "above the limit divergence may take longer than the horizon"
    return Measurement(float(diverged))


def _useful(said: Said) -> list[Assumption]:
    """Beyond the largest useful strength the minimizer is 0, and the chatter of its size."""
    f = said.facts
    if f.h == "none":
        return []
    top = largest_beta(f)
    return [Assumption.of("beta", f.beta < top, f.beta, f"< ||X^T y*||_dual = {top:.4g}")]


def _needs(name: str):
    def foretell(said: Said) -> Promise | str:
        value = getattr(said.prediction, name)
        if value is None:
            why = (n for n in said.prediction.notes if name in n.partition(":")[0])
            return next(why, f"{name} is not predicted")
        return Promise(name, float(value), float(value), tolerance=LEVEL)

    return foretell


def _delay(said: Said) -> Promise | str:
    found = said.prediction
    if found.delay is None or found.t2 is None:
        return "no t2 is predicted"
    return Promise("t2", found.t2 / FACTOR, found.t2 * FACTOR)


def _middle(passage: Passage) -> float | None:
    if passage.low is None or passage.high is None:
        return None
    return 0.5 * (passage.low + passage.high)


def _t2(run: Run, said: Said) -> Measurement | str:
    found = _middle(run.phases.t2)
    return f"t2 was not seen: {run.phases.t2}" if found is None else Measurement(found)


def _smooth(experiment: Experiment) -> Said | str:
    found = _said(experiment)
    if not isinstance(found, str) and found.facts.h != "none":
        return "it is about no penalty, or L2 alone"
    return found


def _t1_at_most(said: Said) -> Promise | str:
    if said.prediction.t1 is None:
        return "the train error does not come down to its threshold"
    return Promise("t1", high=float(said.prediction.t1))


def _t1(run: Run, said: Said) -> Measurement | str:
    found = run.phases.t1
    if found.low is not None and found.high is not None:
        return Measurement(float(found.low))
    if said.prediction.t1 is not None and run.last_step < said.prediction.t1:
        return f"the run ends at step {run.last_step:,}, before it"
    return Measurement(math.inf, "not reached")


def _plateau(run: Run, said: Said) -> Measurement | str:
    found = said.prediction
    missing = chatter_missing(run)
    if missing:
        return missing
    if found.t1 is None or found.delay is None:
        return "t1 and the delay are not predicted"
    # The transient must be gone; by 5 % of the delay few components have changed sign.
    f = said.facts
    first = max(2 * found.t1, 5 / -math.log(f.rho) if 0 < f.rho < 1 else 1)
    stretch = run.trajectory["train_error"].sel(step=slice(first, found.t1 + 0.05 * found.delay))
    if not stretch.size:
        return "no record lies on the plateau"
    found_level = Measurement(float(np.sqrt(np.mean(stretch.values**2))))
    return _both_zero(found.train_plateau, found_level)


def _train_end(run: Run, said: Said) -> Measurement | str:
    return _both_zero(said.prediction.train_floor, settled_error(run, "train_error"))


def _test_end(run: Run, said: Said) -> Measurement | str:
    return _both_zero(said.prediction.test_floor, settled_error(run))


def _both_zero(predicted: float | None, found: Measurement | str) -> Measurement | str:
    if isinstance(found, str) or predicted is None:
        return found
    if max(found.value, predicted) <= ZERO:
        return Measurement(predicted, "both are rounding")
    return found


def _generalizes(said: Said) -> Promise | str:
    value = said.prediction.generalizes
    if value is None:
        return "whether it generalizes is not predicted"
    return Promise("generalizes (1: yes)", float(value), float(value), tolerance=0.0)


def _generalized(run: Run, said: Said) -> Measurement | str:
    t2 = run.phases.t2
    if t2.kind == "infeasible":
        return Measurement(0.0)
    if t2.high is not None and t2.sustained:
        return Measurement(1.0)
    if t2.high is not None and t2.sustained is False:
        # It may come back: only a run that has settled tells.
        rest = at_rest(run)
        if not isinstance(rest, str) and run.last_step >= rest:
            return Measurement(0.0)
    return f"the run is too short to tell: {t2}"


SYMBOLS = ("X", "y*", "a*", "alpha", "beta", "a(0)")
COMMON = {"symbols": SYMBOLS, "know": _said, "assume": _nothing, "status": "as printed"}
register(
    Law(
        name="stable step size",
        statement="the iteration diverges from its largest stable step size on, for explicit steps "
        "2/(sigma_max + beta_2)",
        source="arXiv 2506.05718, theorem C.29; the curvature of an l2 term besides",
        symbols=("X", "alpha"),
        status="as printed",
        know=_step_size,
        assume=_always,
        foretell=_diverges,
        measure=_diverged,
    ),
    Law(
        name="delay of the paper",
        statement="t2 = t1 + ||a_hat - a*||_inf/(alpha beta), of matrices the spectral norm; "
        "within a factor of 2",
        source="arXiv 2506.05718, theorems C.29 and C.40, Figures 4 and 6",
        erratum="E-33",
        foretell=_delay,
        measure=_t2,
        **{**COMMON, "status": "printed"},
    ),
    Law(
        name="t1 of gradient descent",
        statement="every mode of the residual is a geometric sequence: t1 is at most the step at "
        "which their sum is at the threshold",
        source="arXiv 2506.05718, theorem 3.6 (C.51), solved for the threshold",
        foretell=_t1_at_most,
        measure=_t1,
        **{**COMMON, "know": _smooth, "status": "ours"},
    ),
    Law(
        name="train plateau",
        statement="the train error right after t1 is beta ||(X^T)^+ H(a_hat)||/||y*||, and what "
        "nothing fits: to a tenth, while few entries have changed sign",
        source="the balance X^T (X a - y*) = -beta P_row H; derived in the documentation",
        foretell=_needs("train_plateau"),
        measure=_plateau,
        **{**COMMON, "status": "ours", "assume": _useful},
    ),
    Law(
        name="train floor",
        statement="the train error ends at that of the minimizer, with the chatter of subgradients",
        source="the certified limit; derived in the documentation",
        foretell=_needs("train_floor"),
        measure=_train_end,
        **{**COMMON, "status": "ours", "assume": _useful},
    ),
    Law(
        name="test floor",
        statement="the test error ends at that of the minimizer, with the chatter of subgradients",
        source="the certified limit; derived in the documentation",
        foretell=_needs("test_floor"),
        measure=_test_end,
        **{**COMMON, "status": "ours", "assume": _useful},
    ),
    Law(
        name="generalizes",
        statement="the test error ends below its threshold if and only if its floor is",
        source="recoverability and the certified limit; derived in the documentation",
        foretell=_generalizes,
        measure=_generalized,
        **{**COMMON, "status": "ours"},
    ),
)
