"""The first step at which an error is at or below its threshold."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .errors import InvalidInput

Kind = Literal["exact", "bracketed", "censored", "infeasible"]
Curve = NDArray[np.float64]
Steps = NDArray[np.int64]


@dataclass(frozen=True)
class Passage:
    """The first step at which an error is at or below its threshold, $min {t : e_t <= threshold}$.

    **Arguments:**

    - `step`: the passage if it is known to the step, else None.
    - `kind`: `exact` (low = high = step); `bracketed` (in [low, high]); `censored` (not seen yet:
      low = last step seen + 1, or 0 if nothing was seen, high = None); `infeasible` (the error is
      known never to come to the threshold: step = low = high = None).
    - `sustained`: whether the error stays there until the end; None if not reached or not known.
    - `sustained_from`: the step (of a record) from which it stays; None if it ends above.
    - `floor`: what the error is at least, at the recorded steps and at all later ones; set if and
      only if the passage is infeasible.
    - `end`: the limit of such an error, where it is known: it may come to it from below.

    **Raises:** `InvalidInput` when the fields contradict `kind`.
    """

    step: int | None
    kind: Kind
    low: int | None = None
    high: int | None = None
    sustained: bool | None = None
    sustained_from: int | None = None
    floor: float | None = None
    end: float | None = None

    def __post_init__(self) -> None:
        low, high, step = self.low, self.high, self.step
        if low is not None and high is not None:
            kind = "exact" if low == high else "bracketed"
            fits = self.kind in (kind, "bracketed") and low <= high
            fits = fits and step == (low if low == high else None)
        else:
            kind = "censored" if low is not None else "infeasible"
            fits = self.kind == kind and step is None and high is None
        if not fits or (self.floor is None) != (self.kind != "infeasible"):
            raise InvalidInput(
                f"a passage of kind {self.kind!r} cannot have step={step}, low={low}, high={high}, "
                f"floor={self.floor}; use Passage.between(low, high), .after(last) or .never(floor)"
            )

    @classmethod
    def between(cls, low: int, high: int) -> "Passage":
        """In [low, high]; exact when both are the same step."""
        if low == high:
            return cls(low, "exact", low, high)
        return cls(None, "bracketed", low, high)

    @classmethod
    def after(cls, last: int) -> "Passage":
        """Not reached up to and including step `last`."""
        return cls(None, "censored", last + 1)

    @classmethod
    def never(cls, floor: float, end: float | None = None) -> "Passage":
        """Not reached, and not reachable: the error stays above `floor`, and tends to `end`."""
        return cls(None, "infeasible", floor=float(floor), end=end)

    def to_dict(self) -> dict[str, Any]:
        """All fields, JSON-ready."""
        return asdict(self)

    @property
    def words(self) -> str:
        """The passage with its kind, as a report has it.

        >>> Passage.between(900, 1100).words, Passage.after(1000).words
        ('in [900, 1,100] (bracketed)', 'not by step 1,000 (censored)')
        >>> Passage.after(-1).words  # no step was seen
        'unknown (censored)'
        """
        if self.step is not None:
            text = f"{self.step:,}"
        elif self.high is not None:
            text = f"in [{self.low:,}, {self.high:,}]"
        elif self.end is not None:
            text = f"never: the error ends at {self.end:.3g}"
        elif self.floor is not None:
            text = f"never: the error stays above {self.floor:.3g}"
        else:
            text = f"not by step {self.low - 1:,}" if self.low else "unknown"
        return f"{text} ({self.kind})"

    def words_at(self, last: int) -> str:
        """The same for a run that goes to step `last`: a passage may be missing though it does.

        >>> Passage.after(80).words_at(80), Passage.after(80).words_at(10**6)
        ('not by step 80 (censored)', 'not known: not before step 81 (censored)')
        """
        if self.kind == "censored" and 0 < (self.low or 0) <= last:
            return f"not known: not before step {self.low:,} ({self.kind})"
        return self.words

    @property
    def brief(self) -> str:
        """The passage in as few words as a table of many runs has room for."""
        if self.step is not None:
            return f"{self.step:,}"
        if self.high is not None:
            return f"{self.low:,} to {self.high:,}"
        if self.floor is not None:
            return "never"
        return f"> {self.low - 1:,}" if self.low else "unknown"

    def __str__(self) -> str:
        if self.low == 0 and self.high is None:
            return "unknown"  # no curve was seen
        if self.high is None:
            return f"not by {self.low - 1}" if self.low is not None else "never"
        return f"{self.step}" if self.step is not None else f"in [{self.low}, {self.high}]"


def first_passage(steps: Steps, curve: Curve, threshold: float) -> Passage:
    """Return the first passage of recorded errors: exact if the record before it is one step
    earlier, else between the two records.

    **Arguments:**

    - `steps`: (T,) increasing steps.
    - `curve`: (T,) the errors there.
    - `threshold`: in the unit of the errors.

    >>> first_passage(np.array([0, 5, 6]), np.array([1.0, 0.5, 0.1]), 0.5)
    Passage(step=None, kind='bracketed', low=1, high=5, sustained=None, sustained_from=None, \
floor=None, end=None)
    """
    below = curve <= threshold
    if not below.any():
        return Passage.after(int(steps[-1]))
    i = int(np.argmax(below))
    return Passage.between(int(steps[i - 1]) + 1 if i else 0, int(steps[i]))
