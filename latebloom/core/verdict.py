"""The verdict on a pair of error curves, and the numbers behind it; `judgement` has the rule."""

import enum
import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from .errors import InvalidInput, shown
from .html import facts
from .passage import Passage
from .text import UNKNOWN


class Verdict(enum.StrEnum):
    """What a pair of curves shows; `advice` says what it means and what to try next.

    The advice knows the curves only; of a run, of which more is known, `theory.advice` gives it.
    """

    grokked = "grokked"
    generalized_at_once = "generalized_at_once"
    memorized_only = "memorized_only"
    mirage = "mirage"
    never_memorized = "never_memorized"
    ungrokked = "ungrokked"
    diverged = "diverged"
    undecided = "undecided"

    @property
    def advice(self) -> str:
        """One sentence: the meaning, then what to try."""
        return _ADVICE[self]


_ADVICE = {
    Verdict.grokked: "The model generalized long after it had memorized; with a penalty of "
    "strength beta the delay scales as 1/(alpha beta).",
    Verdict.generalized_at_once: "The model generalized as soon as it fitted the data; use fewer "
    "samples to see a delay.",
    Verdict.memorized_only: "The model fits the training data and its test error has come to rest "
    "above its threshold; add a regularizer that fits the target, or more samples.",
    Verdict.mirage: "The test error dropped late and stopped far above the threshold, as when a "
    "large initialization decays; try a regularizer that fits the target, or more samples.",
    Verdict.never_memorized: "The training error has come to rest above its threshold; regularize "
    "less, try another step size, or set a threshold above its end.",
    Verdict.ungrokked: "The model generalized and lost it again; stop earlier, or look for a "
    "regularizer or noise that pulls away from the solution.",
    Verdict.diverged: "The training error blew up; lower alpha (below 2/sigma_max for a quadratic "
    "loss).",
    Verdict.undecided: "The curves do not show how the run ends; train longer, record more often, "
    "or give what is known of the end as floors=(train, test).",
}


@dataclass(frozen=True)
class Rules:
    """The numbers behind a verdict, all dimensionless; raises `InvalidInput` out of range."""

    # t2 > delay_ratio * max(t1, 1) is a delay: one decade on the log axis everybody plots.
    # max(t1, 1) because a run may start memorized, and a log axis has no step 0.
    delay_ratio: float = 10.0
    # test(t1) / (final or limit test error) >= mirage_drop is a drop: half a decade, larger than
    # the drift of a plateau or the spread between seeds, far smaller than Figure 7's 549 / 0.85.
    mirage_drop: float = 3.0
    # A curve is flat if it changes by less than this fraction while time doubles: the 5 % of the
    # plateau rule in the paper's code, but over a duration that does not depend on the records.
    flat: float = 0.05
    # A curve is at rest if it is flat over the last factor `span` of the steps: the least value
    # tried at which no verdict of the calibration was overturned (docs/verdicts.md). A
    # training error must also be farther from its threshold than it ranged over the last `span`^2.
    span: float = 4.0
    # A training error has begun to fall once it is at most this fraction of its largest value. Most
    # runs of calibration that were overturned, at any `span`, had not: they were taken to rest in
    # their first hundred steps.
    begun: float = 0.5
    # train > divergence * max(1, initial) at the end: out of reach of a stable run, far below
    # overflow. An error that comes back was a spike, not a divergence.
    divergence: float = 1e6

    def __post_init__(self) -> None:
        for field in fields(self):
            name, value = field.name, getattr(self, field.name)
            low, high = (0, 1) if name in ("flat", "begun") else (1, math.inf)
            if (
                not isinstance(value, int | float | np.floating | np.integer)
                or not low <= value < high
            ):
                raise InvalidInput(
                    f"the rule {name} is {shown(value)}; it must be at least {low} and below "
                    f"{high}; try the default, {field.default}"
                )


DEFAULT = Rules()


@dataclass(frozen=True)
class Plateau:
    """The first stretch after t1 on which the test error is flat while the step number doubles.

    `level` is the test error at record `start`; it stays within `Rules.flat` of it up to record
    `end` and is outside at record `left` (None: never left), so it was left in (end, left].
    """

    level: float
    start: int
    end: int
    left: int | None


@dataclass(frozen=True)
class Phases:
    """What `phases` found: the two passages, the verdict and the numbers that decided it."""

    t1: Passage
    t2: Passage
    verdict: Verdict
    reason: str
    plateau: Plateau | None = None
    diverged_at: int | None = None

    def _repr_html_(self) -> str:
        """Return the same and the reason, for notebooks."""
        rows = {"t1": self.t1.words, "t2": self.t2.words}
        return facts(f"Phases: {self.verdict}", rows, [self.reason])

    def __repr__(self) -> str:
        return f"<Phases {self.verdict}: t1 {self.t1.words}, t2 {self.t2.words}>"

    @property
    def delay(self) -> int | None:
        """$t_2 - t_1$ in steps (negative if the test error came first); None unless both exact."""
        if self.t1.step is None or self.t2.step is None:
            return None
        return self.t2.step - self.t1.step

    @property
    def delay_bounds(self) -> tuple[int | None, int | None]:
        """$[t_2^{low} - t_1^{high}, t_2^{high} - t_1^{low}]$; None: no bound, or no t1."""
        t1, t2 = self.t1, self.t2
        if t1.low is None or t1.high is None:
            return None, None
        return (
            None if t2.low is None else t2.low - t1.high,
            None if t2.high is None else t2.high - t1.low,
        )

    @property
    def delay_words(self) -> str:
        """The delay as a report has it."""
        low, high = self.delay_bounds
        if low is not None and high is not None:
            return f"{low:,}" if low == high else f"in [{low:,}, {high:,}]"
        return f"more than {low - 1:,}" if low is not None and self.t2.low else UNKNOWN

    def to_dict(self) -> dict[str, Any]:
        """All fields with `delay` and `delay_bounds`, JSON-ready."""
        return {
            **asdict(self),
            "verdict": self.verdict.value,
            "delay": self.delay,
            "delay_bounds": list(self.delay_bounds),
        }
