"""What a law is: a statement with assumptions, a promise before the run, and a check after it."""

import enum
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from latebloom.core.errors import InvalidInput, nearest
from latebloom.core.json_text import jsonable
from latebloom.experiment.experiment import Experiment
from latebloom.runs.run import Run

State = Literal["holds", "fails", "not computable"]
Status = Literal["printed", "corrected", "as printed", "ours", "other group"]
# Sums of rounding errors of a few thousand terms in float64 stay below this share.
ROUNDING = 1e-10


class Verdict(enum.StrEnum):
    """What a check came to.

    `vacuous`: an assumption fails, or the promise excludes nothing; `undecided`: the run was too
    short, or its records too far apart, to tell.
    """

    holds = "holds"
    violated = "violated"
    vacuous = "vacuous"
    undecided = "undecided"


@dataclass(frozen=True)
class Assumption:
    """One hypothesis of a law on one experiment: its state, and the number that decides it."""

    what: str
    state: State
    number: float | None = None
    needed: str = ""

    @classmethod
    def of(cls, what: str, holds: bool, number: float, needed: str) -> "Assumption":
        """Return a hypothesis that the number decides."""
        return cls(what, "holds" if holds else "fails", float(number), needed)

    @classmethod
    def unknown(cls, what: str, why: str) -> "Assumption":
        """Return a hypothesis that cannot be computed, and why."""
        return cls(what, "not computable", None, why)

    def __str__(self) -> str:
        value = "" if self.number is None else f" = {self.number:.4g}"
        needed = f" (needed: {self.needed})" if self.needed else ""
        return f"{self.what}{value}: {self.state}{needed}"


@dataclass(frozen=True)
class Promise:
    """What a law says of one quantity: it lies in [low, high].

    A bound has one end, a formula both ends together, with the `tolerance` by which what is
    measured may leave them, relative to the end. `later`: the ends depend on the run, whose
    `Measurement` brings them.
    """

    quantity: str
    low: float | None = None
    high: float | None = None
    tolerance: float = ROUNDING
    later: bool = False

    @property
    def value(self) -> float | None:
        """The promised value, the end of a bound, or the middle of an interval."""
        ends = [end for end in (self.low, self.high) if end is not None]
        return sum(ends) / len(ends) if ends else None

    @property
    def empty(self) -> bool:
        """Whether nothing is excluded."""
        if self.later:
            return False
        low = self.low is None or self.low == -math.inf
        return low and (self.high is None or self.high == math.inf)

    def slack(self, measured: float) -> float:
        """Return how far inside the promise the measured value is, relative to its end; negative
        if it is outside."""
        slacks = []
        for end, sign in ((self.low, -1.0), (self.high, 1.0)):
            if end is not None and math.isfinite(end):
                scale = abs(end) or 1.0
                slacks.append(sign * (end - measured) / scale + self.tolerance)
        return min(slacks, default=math.inf)

    def __str__(self) -> str:
        low, high = self.low, self.high
        if self.later:
            return f"{self.quantity}: depends on the run"
        if low is None and high is None:
            return f"{self.quantity}: nothing"
        if low is None:
            return f"{self.quantity} <= {high:.4g}"
        if high is None:
            return f"{self.quantity} >= {low:.4g}"
        if low == high:
            return f"{self.quantity} = {low:.4g}"
        return f"{self.quantity} in [{low:.4g}, {high:.4g}]"


@dataclass(frozen=True)
class Finding:
    """The check of one law on one run.

    **Fields:**

    - `law`, `source`, `status`, `erratum`: the law, see `Law`.
    - `verdict`: holds, violated, vacuous or undecided.
    - `promise`: what was predicted, or None.
    - `measured`: the quantity on the run, or None.
    - `slack`: how far inside the promise, relative to it; negative beyond it.
    - `assumptions`: the hypotheses on this experiment.
    - `why`: why it is vacuous or undecided, or where the worst case is.
    - `covered`: whether the law is about experiments of this kind at all.
    """

    law: str
    source: str
    status: Status
    verdict: Verdict
    promise: Promise | None = None
    measured: float | None = None
    slack: float | None = None
    assumptions: tuple[Assumption, ...] = ()
    why: str = ""
    erratum: str | None = None
    covered: bool = True

    @property
    def ratio(self) -> float | None:
        """Measured over promised."""
        promised = None if self.promise is None else self.promise.value
        return self.measured / promised if self.measured is not None and promised else None

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, JSON-ready."""
        promise = None if self.promise is None else dict(vars(self.promise))
        assumptions = [dict(vars(a)) for a in self.assumptions]
        own = {**vars(self), "promise": promise, "assumptions": assumptions, "ratio": self.ratio}
        return jsonable({**own, "verdict": str(self.verdict)})


@dataclass(frozen=True)
class Measurement:
    """The quantity of a law on a run; `promise` where it depends on the run itself."""

    value: float
    why: str = ""
    promise: Promise | None = None


# What a law is made of. A sentence instead of a result says why there is none.
Assume = Callable[[Any], Iterable[Assumption]]
Foretell = Callable[[Any], Promise | str]
Measure = Callable[[Run, Any], Measurement | str]
# What a law needs to know of an experiment, or a sentence that says why it is not about it.
Know = Callable[[Experiment], Any]


@dataclass(frozen=True, kw_only=True)
class Law:
    """A statement about experiments that can be asked what it promises and whether it came true.

    **Arguments:**

    - `name`: short, unique.
    - `statement`: the formula, in words and symbols.
    - `source`: where it is from: arXiv number and equation, or the derivation.
    - `symbols`: what it needs to know.
    - `status`: `printed` (and not right), `corrected`, `as printed` (and right), `ours`, or
      `other group`.
    - `erratum`: the entry of the errata that says what is wrong with the printed statement.
    - `know`: computes what the functions below share; a sentence if the law is not about the
      experiment.
    - `assume`, `foretell`, `measure`: hypotheses, promise and measured quantity.
    """

    name: str
    statement: str
    source: str
    symbols: tuple[str, ...]
    status: Status
    know: Know = field(repr=False)
    assume: Assume = field(repr=False)
    foretell: Foretell = field(repr=False)
    measure: Measure = field(repr=False)
    erratum: str | None = None

    def assumptions(self, experiment: Experiment) -> tuple[Assumption, ...]:
        """Return the hypotheses of the law on an experiment.

        **Returns:** each with its state (holds, fails, not computable) and its number; where the
        law is not about such an experiment, one that fails and says why.
        """
        known = self.know(experiment)
        if isinstance(known, str):
            return (Assumption(known, "fails"),)
        return tuple(self.assume(known))

    def predict(self, experiment: Experiment) -> Promise | None:
        """Return what the law promises of an experiment, whether or not its hypotheses hold there;
        None if nothing."""
        known = self.know(experiment)
        said = known if isinstance(known, str) else self.foretell(known)
        return None if isinstance(said, str) else said

    def check(self, run: Run) -> Finding:
        """Compare the promise with what happened in a run."""
        found = Finding(
            law=self.name,
            source=self.source,
            status=self.status,
            verdict=Verdict.vacuous,
            erratum=self.erratum,
        )
        known = self.know(run.experiment)
        if isinstance(known, str):
            return replace(
                found, assumptions=(Assumption(known, "fails"),), why=known, covered=False
            )
        assumptions, said = tuple(self.assume(known)), self.foretell(known)
        promise = None if isinstance(said, str) else said
        found = replace(found, assumptions=assumptions, promise=promise)
        failed = [a for a in assumptions if a.state == "fails"]
        if failed:
            return replace(found, why=str(failed[0]))
        if isinstance(said, str):
            return replace(found, why=said)
        if said.empty:
            return replace(found, why=f"the promise excludes nothing ({said})")
        measured = self.measure(run, known)
        if isinstance(measured, str):
            return replace(found, verdict=Verdict.undecided, why=measured)
        promise = measured.promise or said
        slack = promise.slack(measured.value)
        if math.isnan(slack):
            return replace(found, verdict=Verdict.undecided, why="not a number")
        verdict = Verdict.holds if slack >= 0 else Verdict.violated
        return replace(
            found,
            verdict=verdict,
            promise=promise,
            measured=measured.value,
            slack=slack,
            why=measured.why,
        )


LAWS: dict[str, Law] = {}


def register(*laws: Law) -> None:
    """Enter laws into the list, each under its name."""
    for law in laws:
        assert law.name not in LAWS, law.name
        LAWS[law.name] = law


def law(name: str) -> Law:
    """Return a law by its name.

    **Raises:** `InvalidInput` for an unknown name, with the nearest.
    """
    if name not in LAWS:
        raise InvalidInput(f"law {name!r}: unknown{nearest(name, LAWS)}")
    return LAWS[name]
