"""The result of a check: assumptions, promise, measured value and verdict."""

import enum
import math
from dataclasses import dataclass
from typing import Any, Literal

from latebloom.core.json_text import jsonable

State = Literal["holds", "fails", "not computable"]
Status = Literal["printed", "corrected", "as printed", "ours", "other group"]
# Sums of rounding errors of a few thousand terms in float64 stay below this fraction.
ROUNDING = 1e-10


class Verdict(enum.StrEnum):
    """The result of a check.

    `vacuous`: an assumption fails, or the promise excludes nothing; `undecided`: the run was too
    short, or its records too far apart, to tell.
    """

    holds = "holds"
    violated = "violated"
    vacuous = "vacuous"
    undecided = "undecided"


@dataclass(frozen=True)
class Assumption:
    """One hypothesis of a law on one experiment: its state, and the number that decides it.

    **Fields:**

    - `what`: the quantity, or the condition.
    - `state`: holds, fails, or not computable.
    - `number`: the value of the quantity, if it has one.
    - `needed`: the range that the hypothesis needs.
    """

    what: str
    state: State
    number: float | None = None
    needed: str = ""

    @classmethod
    def of(cls, what: str, holds: bool, number: float, needed: str) -> "Assumption":
        """Return a hypothesis that a number decides.

        **Arguments:**

        - `what`: the number, in symbols; `needed`: what it must be, in words.
        - `holds`: whether it is; `number`: its value.
        """
        return cls(what, "holds" if holds else "fails", float(number), needed)

    def __str__(self) -> str:
        value = "" if self.number is None else f" = {self.number:.4g}"
        needed = f" (needed: {self.needed})" if self.needed else ""
        return f"{self.what}{value}: {self.state}{needed}"


@dataclass(frozen=True)
class Promise:
    """What a law says about one quantity: it lies in [low, high].

    A bound has one end. A formula has two equal ends. `tolerance` is how far the measured value may
    be outside, relative to the end. `later`: the ends depend on the run, and the `Measurement` has
    them.
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
        """Whether the promise excludes nothing."""
        if self.later:
            return False
        low = self.low is None or self.low == -math.inf
        return low and (self.high is None or self.high == math.inf)

    def slack(self, measured: float) -> float:
        """Return how far inside the promise the measured value is, relative to the nearest end;
        negative if it is outside."""
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


# A law "left side <= right side" promises that the ratio of the sides is at most 1.
INEQUALITY = Promise("largest left side / right side", high=1.0)
# A law "left side = right side" promises that they differ by rounding.
IDENTITY = Promise("relative residual", high=1e-10, tolerance=0.0)


@dataclass(frozen=True)
class Finding:
    """The check of one law on one run.

    **Fields:**

    - `law`, `source`, `status`, `erratum`: the law, see `Law`.
    - `verdict`: holds, violated, vacuous or undecided.
    - `promise`: what was predicted, or None.
    - `measured`: the quantity on the run, or None.
    - `slack`: how far inside the promise, relative to it; negative outside.
    - `assumptions`: the hypotheses on this experiment.
    - `why`: why the law is vacuous or undecided, or where the worst case is.
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

    def __repr__(self) -> str:
        """Return law, verdict, promise, measured value and reason in one line."""
        parts = [] if self.promise is None else [str(self.promise)]
        parts += [] if self.measured is None else [f"measured {self.measured:.4g}"]
        parts += [self.why] if self.why else []
        return f"<Finding {self.law}: {self.verdict}{''.join(f'; {part}' for part in parts)}>"

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
    """The quantity of a law on a run, and the `promise` where that depends on the run."""

    value: float
    why: str = ""
    promise: Promise | None = None
