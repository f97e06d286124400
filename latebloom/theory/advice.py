"""The advice on a simulated run: what its verdict means and what to try, from all that is known."""

from typing import NamedTuple

from latebloom.core import schedules
from latebloom.core.phases import Passage, Verdict
from latebloom.models import Linear
from latebloom.penalties import L2
from latebloom.problems import LeastSquares, VectorLeastSquares
from latebloom.runs.run import Run

from .limits import relative_errors
from .predict import predict_at_once
from .prediction import UNKNOWN_LIMIT, Prediction


def explain(run: Run, prediction: Prediction) -> list[str]:
    """Return the sentences that belong to the numbers of a run: why the verdict, what to try, how
    it was computed, and what the prediction says besides.

    **Arguments:**

    - `run`: what was simulated.
    - `prediction`: what the laws say of its experiment.

    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery.code(n=20, s=1, N=10, seed=1)
    >>> experiment = lb.Experiment(problem, method=lb.GradientDescent(0.1), steps=1000)
    >>> explain(lb.simulate(experiment), lb.predict(experiment))[1]
    'The model fits the training data and does not generalize; add a penalty that fits the target'
    """
    said = [run.phases.reason, advise(run, prediction), *run.notes]
    # The end of a run is proved more often than that of its experiment: from nearer to it.
    ends_known = any(p.floor is not None for p in (run.phases.t1, run.phases.t2))
    hidden = {*said, UNKNOWN_LIMIT} if ends_known else {*said}
    return said + [note for note in prediction.notes if note not in hidden]


def advise(run: Run, prediction: Prediction) -> str:
    """Return what the verdict of a run means, and what to try with such a penalty and horizon.

    **Arguments:**

    - `run`, `prediction`: as for `explain`.
    """
    known = Known(run, prediction)
    meaning, try_ = ADVICE[run.phases.verdict](known)
    return f"{meaning}; {try_}" if try_ else meaning


def advise_on(run: Run) -> str:
    """Return the advice on a run with what is predicted of its experiment.

    **Arguments:**

    - `run`: what was simulated; of an interrupted one nothing else is computed.

    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery.code(n=20, s=1, N=10, seed=1)
    >>> run = lb.simulate(lb.Experiment(problem, method=lb.GradientDescent(0.1), steps=1000))
    >>> advise_on(run)
    'The model fits the training data and does not generalize; add a penalty that fits the target'
    """
    known = Prediction() if run.interrupted else predict_at_once(run.experiment)
    return advise(run, known)


class Known(NamedTuple):
    """What advice depends on."""

    run: Run
    prediction: Prediction

    @property
    def penalized(self) -> bool:
        """Whether there is a penalty that acts at some step."""
        return any(schedules.largest(term.beta) > 0 for term in self.run.experiment.terms)

    @property
    def memorized(self) -> bool:
        """Whether the training error has reached its threshold."""
        return self.run.phases.t1.high is not None

    @property
    def passage(self) -> Passage:
        """The first passage that is missing, of the training error before that of the test one."""
        return self.run.phases.t2 if self.memorized else self.run.phases.t1

    @property
    def ends_below(self) -> bool | None:
        """Whether the error of this passage ends at or below its threshold, if that is known."""
        return self.prediction.generalizes if self.memorized else self.prediction.memorizes

    def beta_helps(self, test: bool) -> bool:
        """Whether the test (else the training) error may end at its threshold with a lower beta.

        Without a penalty there is none. Where the limit of the error as beta -> 0 is that of least
        squares, it must be at the threshold: it always is that of the training error, and of the
        test error where least squares has one solution, or nothing but squared l2 is penalized.
        """
        experiment = self.run.experiment
        if not self.penalized or not isinstance(experiment.problem, LeastSquares):
            return self.penalized
        data, goal = experiment.data, experiment.thresholds[test]
        error = relative_errors(data, data.a_hat)[test]
        unique = isinstance(data, VectorLeastSquares) and data.svd.s.size == data.X.shape[1]
        smooth = all(isinstance(term, L2) for term in experiment.terms)
        linear = type(experiment.model) is Linear
        if not test or unique or (smooth and linear):
            return error is None or error <= goal
        possible = self.prediction.recoverability
        return possible is not None and bool(possible.recoverable)

    @property
    def ahead(self) -> int | None:
        """The step after the last one at which this error is predicted to pass its threshold."""
        step = self.prediction.t2 if self.memorized else self.prediction.t1
        return step if step is not None and step > self.run.last_step else None

    @property
    def slow_time(self) -> float | None:
        """The number of steps 1/(alpha beta), if constant and longer than the run."""
        alpha = schedules.constant(self.run.experiment.method.alpha)
        betas = [schedules.constant(term.beta) for term in self.run.experiment.terms]
        rates = [alpha * beta for beta in betas if alpha and beta]
        steps = 1 / min(rates) if rates and len(rates) == len(betas) else 0.0
        return steps if steps > self.run.last_step else None


Advice = tuple[str, str]  # the meaning, and what to try


def _grokked(known: Known) -> Advice:
    what = "The model generalized long after it had memorized"
    if known.penalized and isinstance(known.run.experiment.problem, LeastSquares):
        return what, "vary alpha and beta to see the delay scale as 1/(alpha beta)"
    if known.penalized:
        return what, "vary alpha and beta to see how the delay depends on them"
    return what, "vary the start or the number of samples to see what the delay depends on"


def _at_once(known: Known) -> Advice:
    smaller = " or a smaller beta" if known.penalized else ""
    what = "The model generalized as soon as it fitted the data"
    return what, f"use fewer samples{smaller} to see a delay"


def _ungrokked(known: Known) -> Advice:
    end = known.prediction.test_floor
    what = "The model generalized and lost it again"
    if end is not None and end > known.run.experiment.thresholds[1]:
        lower = "lower beta, or " if known.beta_helps(test=True) else ""
        return what, f"the error ends at {end:.3g}: {lower}stop earlier"
    return what, "stop earlier, or lower alpha"


def _diverged(known: Known) -> Advice:
    top = known.prediction.alpha_max
    return "The training error blew up", "lower alpha" + (
        "" if top is None else f" below {top:.4g}"
    )


def _never_memorized(known: Known) -> Advice:
    lower = "lower beta, or " if known.beta_helps(test=False) else ""
    t1 = known.run.phases.t1
    if t1.floor is not None:
        what = "The model cannot fit the training data as well as its threshold asks"
        seen = float(known.run.trajectory["train_error"].min())
        reached = min(seen, t1.floor if t1.end is None else t1.end)
        return what, f"{lower}set a threshold above {reached:.3g}"
    how = "ends" if known.ends_below is False else "has come to rest"
    what = f"The training error {how} above its threshold"
    return what, f"{lower}try another alpha, another start or a larger threshold"


def _memorized_only(known: Known) -> Advice:
    proved = known.run.phases.t2.floor is not None
    how = "ends" if known.ends_below is False else "has come to rest"
    end = "does not generalize" if proved else f"its test error {how} above its threshold"
    return f"The model fits the training data and {end}", _what_lowers(known)


def _mirage(known: Known) -> Advice:
    what = "The test error drops late, and stops above its threshold: no generalization"
    return what, _what_lowers(known)


def _what_lowers(known: Known) -> str:
    """Return what makes the test error end lower."""
    if not known.penalized:
        return "add a penalty that fits the target"
    if known.beta_helps(test=True):
        return "lower beta, or try a penalty that fits the target"
    return "try more samples, or a penalty that fits the target"


def _undecided(known: Known) -> Advice:
    run, passage = known.run, known.passage
    if run.interrupted:
        return f"The run was stopped at step {run.last_step:,}", "run it to its end"
    if known.memorized and not run.has_truth:
        return "Without a ground truth nothing tells whether the model generalizes", ""
    if passage.high is not None:
        return "The times are not known well enough to compare them", "take the engine 'step'"
    if passage.floor is not None:
        what = "The model does not generalize"
        return what, "more steps would only show whether its test error drops late"
    error = "test" if known.memorized else "training"
    if known.ends_below is False and known.ahead is not None:
        what = f"The {error} error passes its threshold, and ends above it"
        return what, f"train to step {known.ahead:,} and stop there"
    if known.ends_below is False:
        helps = known.beta_helps(test=known.memorized)
        lower = "lower alpha or beta" if helps else "try another start"
        what = f"The {error} error ends above its threshold, and may pass below it before"
        return what, lower if not known.memorized else f"{lower}, or use more samples"
    if (passage.low or 0) <= run.last_step:
        what = f"The {error} error comes too near to its threshold to tell"
        return what, "take the engine 'step', or another threshold"
    if not known.memorized and run.phases.t2.floor is not None:
        return "The model has yet to memorize, and will not generalize", _what_lowers(known)
    if not known.memorized and known.prediction.generalizes is False:
        what = "The model has yet to memorize, and its test error ends above its threshold"
        return what, _what_lowers(known)
    if known.ends_below:
        return f"The horizon is too short for the {error} error to end", "train longer"
    steps = known.slow_time
    longer = "train longer" if steps is None else f"train for 1/(alpha beta) = {steps:.3g} steps"
    return "The run does not show how it ends", longer


ADVICE = {
    Verdict.grokked: _grokked,
    Verdict.generalized_at_once: _at_once,
    Verdict.memorized_only: _memorized_only,
    Verdict.mirage: _mirage,
    Verdict.never_memorized: _never_memorized,
    Verdict.ungrokked: _ungrokked,
    Verdict.diverged: _diverged,
    Verdict.undecided: _undecided,
}
