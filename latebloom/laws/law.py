"""A law: a statement with hypotheses, a promise before the run, and a check after it."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from latebloom.core.errors import InvalidInput, nearest
from latebloom.core.errors import NotCovered as NotCovered
from latebloom.experiment.experiment import Experiment
from latebloom.runs.run import Run

from .finding import Assumption, Finding, Measurement, Promise, Status, Verdict


class Undecided(Exception):
    """Raised where a run cannot decide a law; the message is the reason."""


# The parts of a law are functions of a context: the data of an experiment that the law uses.
Context = Callable[[Experiment], Any]
Hypotheses = Callable[[Any], Iterable[Assumption]]
Predict = Callable[[Any], Promise]
Measure = Callable[[Run, Any], Measurement]


def no_hypotheses(context: object) -> Iterable[Assumption]:
    """Return the hypotheses of a law that holds for every experiment that it covers."""
    return ()


def no_promise(reason: str) -> Predict:
    """Return the promise of a law that cannot be checked, for one reason in all experiments."""

    def promise(context: object) -> Promise:
        raise NotCovered(reason)

    return promise


def not_measured(run: Run, context: object) -> Measurement:
    """Raise `Undecided`: the measurement of a law that promises nothing."""
    raise Undecided("nothing is promised")


@dataclass(frozen=True, kw_only=True)
class Law:
    r"""A statement about experiments, with its hypotheses, its promise and its measurement.

    **Arguments:**

    - `name`: short, unique.
    - `statement`: the formula, in words and symbols.
    - `source`: where it is from: arXiv number and equation, or the derivation.
    - `symbols`: the quantities that it depends on.
    - `status`: `printed` (and not right), `corrected`, `as printed` (and right), `ours`, or
      `other group`.
    - `erratum`: the entry of the errata that says what is wrong with the printed statement.
    - `context`: experiment to the data that the next functions use; raises `NotCovered` for an
      experiment that the law is not about.
    - `hypotheses`: context to the hypotheses, each an `Assumption`; none if left out.
    - `promise`: a `Promise`, or the function from the context to one; raises `NotCovered` where the
      law promises nothing.
    - `measure`: run and context to the measured quantity; raises `Undecided` where the run is too
      short.
    """

    name: str
    statement: str
    source: str
    symbols: tuple[str, ...]
    status: Status
    context: Context = field(repr=False)
    hypotheses: Hypotheses = field(repr=False, default=no_hypotheses)
    promise: Promise | Predict = field(repr=False)
    measure: Measure = field(repr=False, default=not_measured)
    erratum: str | None = None

    def assumptions(self, experiment: Experiment) -> tuple[Assumption, ...]:
        """Return the hypotheses of the law on an experiment.

        **Returns:** each with its state (holds, fails, not computable) and its number; where the
        law is not about such an experiment, one that fails and says why.
        """
        try:
            return tuple(self.hypotheses(self.context(experiment)))
        except NotCovered as reason:
            return (Assumption(str(reason), "fails"),)

    def predict(self, experiment: Experiment) -> Promise | None:
        """Return what the law promises about an experiment, whether or not its hypotheses hold
        there; None if nothing."""
        try:
            return self._promise(self.context(experiment))
        except NotCovered:
            return None

    def check(self, run: Run) -> Finding:
        """Compare the promise with a run."""
        finding = Finding(
            self.name, self.source, self.status, Verdict.vacuous, erratum=self.erratum
        )
        try:
            context = self.context(run.experiment)
        except NotCovered as reason:
            why = str(reason)
            return replace(finding, assumptions=(Assumption(why, "fails"),), why=why, covered=False)
        finding = replace(finding, assumptions=tuple(self.hypotheses(context)))
        vacuous = [str(found) for found in finding.assumptions if found.state == "fails"]
        try:
            promise = self._promise(context)
        except NotCovered as reason:
            return replace(finding, why=[*vacuous, str(reason)][0])
        if promise.empty:
            vacuous.append(f"the promise excludes nothing ({promise})")
        finding = replace(finding, promise=promise)
        if vacuous:
            return replace(finding, why=vacuous[0])
        try:
            measured = self.measure(run, context)
        except (NotCovered, Undecided) as reason:
            return replace(finding, verdict=Verdict.undecided, why=str(reason))
        promise = measured.promise or promise
        slack = promise.slack(measured.value)
        if math.isnan(slack):
            return replace(finding, verdict=Verdict.undecided, why="not a number")
        return replace(
            finding,
            verdict=Verdict.holds if slack >= 0 else Verdict.violated,
            promise=promise,
            measured=measured.value,
            slack=slack,
            why=measured.why,
        )

    def _promise(self, context: Any) -> Promise:
        return self.promise if isinstance(self.promise, Promise) else self.promise(context)


LAWS: dict[str, Law] = {}


def register_law(*laws: Law) -> None:
    """Add laws to those that `check` compares with a run, after the ones that are there.

    The same law once more changes nothing.

    **Raises:** `InvalidInput` for another type, or if another law has the name.

    >>> import latebloom as lb
    >>> from latebloom.laws import LAWS, Law, Measurement, Promise
    >>> mine = Law(
    ...     name="residual of the start",
    ...     statement="the train error is at most 1 at every record",
    ...     source="an example",
    ...     symbols=("X", "y*"),
    ...     status="ours",
    ...     context=lambda experiment: experiment.data,
    ...     promise=Promise("largest train error", high=1.0),
    ...     measure=lambda run, data: Measurement(float(run.trajectory["train_error"].max())),
    ... )
    >>> lb.register_law(mine)
    >>> problem = lb.SparseRecovery(n=20, s=1, N=10)
    >>> experiment = lb.Experiment(problem, lb.L1(1e-3), lb.ProximalGradient(0.1), init=0.0)
    >>> str(lb.check(lb.simulate(experiment))["residual of the start"].verdict)
    'holds'
    >>> del LAWS["residual of the start"]
    """
    for law in laws:
        if not isinstance(law, Law):
            raise InvalidInput(f"register_law({law!r}): must be an instance of Law")
        if LAWS.setdefault(law.name, law) != law:
            raise InvalidInput(f"law {law.name!r}: the name is taken; choose another")


def law(name: str) -> Law:
    """Return a law by its name.

    **Raises:** `InvalidInput` for an unknown name, with the nearest.
    """
    if name not in LAWS:
        raise InvalidInput(f"law {name!r}: unknown{nearest(name, LAWS)}")
    return LAWS[name]
