"""The result of a diagnosis."""

from dataclasses import dataclass, field
from typing import Any

from latebloom.core.phases import Phases

from .curves import Records
from .delay import Delay
from .finding import Finding
from .forecast import Forecast
from .jump import Jump
from .norm import NormAnswer
from .shown import Shown
from .stability import Stability


@dataclass(frozen=True)
class Diagnosis(Shown):
    """What the curves of a run show.

    - `verdict`: one word; `advice` says what it means here and what to try.
    - `reasons`: the sentences, with their numbers, that led to it.
    - `phases`: t1 and t2 as intervals between records, and the verdict of `latebloom.phases`, of
      errors (1 - accuracy).
    - `thresholds`: (train, test) in the unit of the columns: accuracies in [0, 1].
    - `norm`: whether the late drop is the decay of the norm; None without a norm.
    - `forecast`: of t2; None once t2 is reached.
    - `notes`: what was repaired or assumed.
    - `train`, `test`: the cleaned curves.
    - `unit`: how much one step of `phases`, `forecast` and the curves is in the unit of the log: 1,
      or a part of an epoch where the log counts in fractions.
    - `delay`: bounds of the delay, of its ratio to t1, and the test curve at t1; None without t1.
    - `stability`: how the test curve holds after t2; None without t2.
    - `jump`: when half of the late rise is done; None where there is none beyond noise.
    - `definition`: the thresholds, kappa, and whether the run is grokking by them.
    """

    verdict: Finding
    reasons: tuple[str, ...]
    phases: Phases
    thresholds: tuple[float, float]
    norm: NormAnswer | None
    forecast: Forecast | None
    notes: tuple[str, ...]
    train: Records = field(repr=False)
    test: Records = field(repr=False)
    unit: float = 1.0
    advice: str = ""
    delay: Delay | None = None
    stability: Stability | None = None
    jump: Jump | None = None
    definition: dict[str, Any] = field(default_factory=dict)

    @property
    def delay_words(self) -> str:
        """The delay, in the unit of the log."""
        low, high = self.phases.delay_bounds
        if self.unit == 1 or low is None:
            return self.phases.delay_words
        if high is None:
            return f"more than {(low - 1) * self.unit:g}"
        return f"in ({(low - 1) * self.unit:g}, {(high + 1) * self.unit:g})"

    def _in_unit(self, found: dict[str, Any]) -> dict[str, Any]:
        """The numbers of steps in the unit of the log; a lower end is that of the record before."""
        if self.unit == 1:
            return found

        def scaled(step: int | None, shift: int = 0) -> float | None:
            return None if step is None else (step + shift) * self.unit

        found |= {"t1": self.t1.to_dict(), "t2": self.t2.to_dict()}
        low, high = found["delay_bounds"]
        found["delay_bounds"] = [scaled(low, -1), scaled(high, 1)]
        found["diverged_at"] = scaled(found["diverged_at"])
        return found

    def _forecast_in_unit(self, found: dict[str, Any]) -> dict[str, Any]:
        steps = ("step", "low", "high", "since")
        scaled = {k: v * self.unit for k in steps if (v := found.get(k)) is not None}
        return found if self.unit == 1 else found | scaled

    def _further(self) -> dict[str, Any]:
        """The delay relative to t1, what follows t2, and the jump, JSON-ready."""
        late, after, half = self.delay, self.stability, self.jump
        found: dict[str, Any] = {
            "ratio": late and [late.ratio_low, late.ratio_high],
            "test_at_t1": late and late.test_at_t1,
            "stability": after and after.to_dict(),
            "jump": half and half.to_dict(),
            "definition": self.definition,
        }
        if self.unit != 1 and after and after.worst_step is not None:
            found["stability"]["worst_step"] = after.worst_step * self.unit
        if self.unit != 1 and half:
            found["jump"] |= {"low": (half.low - 1) * self.unit, "high": half.high * self.unit}
        return found

    def __repr__(self) -> str:
        """Return a summary, a line each: verdict, t1, t2, the delay, its meaning, the reasons."""
        lines = [
            f"t1 (memorized): {self.t1.words}",
            f"t2 (generalized): {self.t2.words}",
            f"delay: {self.delay_words}",
            self.advice,
            *self.reasons,
        ]
        if self.norm is not None:
            lines.append(f"norm: {self.norm.sentence}")
        if self.forecast is not None:
            lines.append(f"forecast of t2: {self.forecast.reason}")
        lines += [f"note: {note}" for note in self.notes]
        return "\n  ".join((f"Diagnosis: {self.verdict}", *lines))

    def to_dict(self) -> dict[str, Any]:
        """All but the curves, JSON-ready."""
        found = self._in_unit(self.phases.to_dict())
        pair = zip(("train", "test"), (self.train, self.test), self.thresholds, strict=True)
        curves = {
            which: {
                "name": curve.name,
                "kind": curve.kind,
                "records": len(curve.steps),
                "threshold": threshold,
                "last": float(curve.values[-1]),
            }
            for which, curve, threshold in pair
        }
        return {
            "verdict": self.verdict.value,
            "advice": self.advice,
            "reasons": list(self.reasons),
            **{key: found[key] for key in ("t1", "t2", "delay_bounds", "diverged_at", "plateau")},
            **curves,
            "step_unit": self.unit,
            **self._further(),
            "norm": self.norm and self.norm.to_dict(),
            "forecast": self.forecast and self._forecast_in_unit(self.forecast.to_dict()),
            "notes": list(self.notes),
        }
