"""The delay as numbers, and the definition of grokking by an accuracy and a relative delay."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from latebloom.core.phases import Passage

from .curves import Records


@dataclass(frozen=True)
class Delay:
    """How long after memorization a run generalized.

    - `low`, `high`: bounds of $t_2 - t_1$ in steps; `high` is None where the log ends before t2.
    - `ratio_low`, `ratio_high`: bounds of $(t_2 - t_1) / max(t_1, 1)$.
    - `test_at_t1`: the test curve at t1, in the unit of the column.
    - `kappa`: the least ratio of a late generalization.
    - `misses`: in how many training records from t1 to t2 the threshold is missed.
    - `between`: how many records there are.
    - `of_records`: whether the log has no steps, so that t1, t2 and the ratio count records.
    """

    low: int
    high: int | None
    ratio_low: float
    ratio_high: float | None
    test_at_t1: float | None
    kappa: float
    misses: int
    between: int
    of_records: bool = False

    @property
    def late(self) -> bool | None:
        """Whether the ratio is above kappa; None where its interval holds kappa."""
        if self.ratio_low > self.kappa:
            return True
        if self.ratio_high is not None and self.ratio_high <= self.kappa:
            return False
        return None

    def to_dict(self) -> dict[str, Any]:
        """All fields, JSON-ready."""
        return asdict(self)

    @property
    def ratio_words(self) -> str:
        """The ratio in words.

        >>> Delay(401, 599, 4.01, 599.0, 0.1, 9.0, 0, 5).ratio_words
        '4.01 to 599'
        """
        if self.ratio_high is None:
            return f"more than {self.ratio_low:.3g}"
        low, high = f"{self.ratio_low:.3g}", f"{self.ratio_high:.3g}"
        return low if low == high else f"{low} to {high}"

    @property
    def ratio_cell(self) -> str:
        """The ratio as a table has it, with what it is one of where that is not steps."""
        return self.ratio_words + (" (of record numbers)" if self.of_records else "")


def delay(
    t1: Passage,
    t2: Passage,
    train: Records,
    test: Records,
    rules: tuple[float, float],
    of_records: bool = False,
) -> Delay | None:
    """Return the delay, or None without t1.

    **Arguments:**

    - `t1`, `t2`: the passages.
    - `train`, `test`: the curves.
    - `rules`: kappa, and the threshold of the training error.
    - `of_records`: whether the steps are the numbers of the records.
    """
    if t1.low is None or t1.high is None or t2.low is None:
        return None
    kappa, limit = rules
    first, last = max(t1.low, 1), max(t1.high, 1)
    low = t2.low - t1.high
    high = None if t2.high is None else t2.high - t1.low
    until = train.steps[-1] if t2.high is None else t2.high
    inside = (train.steps >= t1.high) & (train.steps <= until)
    known = test.steps[0] <= t1.high
    at = float(test.shown(float(test.at(np.array([t1.high]))[0]))) if known else None
    return Delay(
        low=low,
        high=high,
        ratio_low=low / (last if low >= 0 else first),
        ratio_high=None if high is None else high / (first if high >= 0 else last),
        test_at_t1=at,
        kappa=kappa,
        misses=int((train.errors[inside] > limit).sum()),
        between=int(inside.sum()),
        of_records=of_records,
    )
