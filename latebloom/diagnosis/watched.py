"""One curve while it is logged: when its threshold was reached, and whether it was lost again."""

import math
from typing import Any

from latebloom.core.errors import InvalidInput

from .curves import DIVERGED, ROUNDING
from .passages import LOST
from .thinned import Thinned

# So many records in a row must agree before something is said: a batch may be lucky once.
AGREE = 3


class Watched:
    """A curve with its threshold.

    - `record`: its records; `keep`, shared with the other curve, are steps that stay in it.
    - `reached`: the first step at or below the threshold (of the error), of `AGREE` in a row; the
      first record at or below it is kept, with the one before, so that t1 and t2 stay exact.
    - `lost`: the step from which the error is above twice the threshold, or None.
    - `diverged`: the step from which the values are not finite, or None.
    - `best`: the least error, and its step.
    """

    # What is saved beside the record.
    STATE = ("first", "reached", "lost", "diverged", "best", "best_step", "count", "since")
    __slots__ = ("keep", "kind", "limit", "name", "percent", "record", *STATE)

    def __init__(self, name: str, kind: str, threshold: float, keep: list[float]) -> None:
        self.name, self.percent, self.keep = name, kind == "percent", keep
        self.kind = "accuracy" if self.percent else kind
        self.limit = 1.0 - threshold if self.kind == "accuracy" else threshold
        # 1 - 0.95 is not exactly 0.05.
        self.limit += 1e-12
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.record = Thinned(keep=self.keep)
        # The first step at or below the threshold, and the one before.
        self.first: list[float] = []
        self.reached: float | None = None
        self.lost: float | None = None
        self.diverged: float | None = None
        self.best, self.best_step = math.inf, 0.0
        # Records in a row that speak for a change (above zero) or a divergence, and since when.
        self.count, self.since = 0, 0.0

    def shown(self, error: float) -> float:
        """An error as a value of the curve."""
        return 1.0 - error if self.kind == "accuracy" else error

    def error(self, value: float) -> float:
        """A value of the curve as an error."""
        return 1.0 - value if self.kind == "accuracy" else value

    def value(self, given: Any, step: float) -> float:
        """Return a value as a number, an accuracy in [0, 1].

        **Raises:** `InvalidInput` for what is none.
        """
        try:
            value = float(given)
        except (TypeError, ValueError, RuntimeError):
            raise InvalidInput(
                f"{self.name} is {str(given)[:40]!r} at step {step:g}; give one number"
            ) from None
        if self.percent:
            value /= 100.0
        if value < -ROUNDING or (self.kind == "accuracy" and 1.0 + ROUNDING < value < math.inf):
            allowed = "an accuracy is in [0, 1]" if self.kind == "accuracy" else "it is at least 0"
            hint = (
                "" if self.kind != "accuracy" or self.percent or value < 0 else ' (kind="percent"?)'
            )
            raise InvalidInput(f"{self.name} is {value:g} at step {step:g}; {allowed}{hint}")
        return value

    def add(self, step: float, value: float) -> str | None:
        """Take a record; return what it shows: reached, lost, again, diverged, or None."""
        record = self.record
        error = self.error(value)
        if error <= self.limit and not self.first:
            self.first = [*record.steps[-1:], step]
            self.keep += self.first
        record.add(step, value)
        if error < self.best:
            self.best, self.best_step = error, step
        if not error < math.inf:
            return self._agree("diverged", step, DIVERGED) if self.diverged is None else None
        if self.reached is None or self.lost is not None:
            change = "again" if self.reached is not None else "reached"
            agrees = error <= self.limit
        else:
            change, agrees = "lost", error > LOST * self.limit
        if agrees:
            return self._agree(change, step, AGREE)
        self.count = 0
        return None

    def _agree(self, change: str, step: float, times: int) -> str | None:
        # What is not finite counts below zero, so that it does not add up with anything else.
        sign = -1 if change == "diverged" else 1
        if self.count * sign <= 0:
            self.count, self.since = 0, step
        self.count += sign
        if abs(self.count) < times:
            return None
        self.count = 0
        if change == "reached":
            self.reached = self.since
        elif change == "again":
            self.lost = None
        elif change == "lost":
            self.lost = self.since
        else:
            self.diverged = self.since
        return change

    def rewind(self, step: float) -> None:
        """Take back the records from a step on, and what followed from them."""
        old = self.record
        old.rewind(step)
        self.clear()
        for k, v in zip(old.steps, old.values, strict=True):
            self.add(k, v)

    def to_dict(self) -> dict[str, Any]:
        """What `restore` needs, JSON-ready."""
        record = self.record
        values = [v if math.isfinite(v) else None for v in record.values]
        state = {name: getattr(self, name) for name in self.STATE}
        state["best"] = state["best"] if math.isfinite(self.best) else None
        return {"steps": record.steps, "values": values, **state}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take over what `to_dict` gave."""
        values = [math.nan if v is None else float(v) for v in saved["values"]]
        self.record = Thinned(saved["steps"], values, keep=self.keep)
        for name in self.STATE:
            setattr(self, name, saved[name])
        self.best = math.inf if saved["best"] is None else saved["best"]
        self.keep += self.first
