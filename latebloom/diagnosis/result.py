"""The result of a diagnosis."""

from dataclasses import dataclass, field
from typing import Any

from latebloom.core.phases import Phases

from .curves import Records
from .finding import Finding
from .forecast import Forecast
from .norm import NormAnswer


@dataclass(frozen=True)
class Diagnosis:
    """What the curves of a run show.

    - `verdict`: one word; `verdict.advice` says what it means and what to try.
    - `reasons`: the sentences, with their numbers, that led to it.
    - `phases`: t1 and t2 as intervals between records, and the verdict of `latebloom.phases`, of
      errors (1 - accuracy).
    - `thresholds`: (train, test) in the unit of the columns: accuracies in [0, 1].
    - `norm`: whether the late drop is the decay of the norm; None without a norm.
    - `forecast`: of t2; None once t2 is reached.
    - `notes`: what was repaired or assumed.
    - `train`, `test`: the cleaned curves.
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

    def __repr__(self) -> str:
        """Return verdict, t1, t2 and the reasons, a line each."""
        lines = (f"t1: {self.phases.t1.words}", f"t2: {self.phases.t2.words}", *self.reasons)
        return "\n  ".join((f"Diagnosis: {self.verdict}", *lines))

    def to_dict(self) -> dict[str, Any]:
        """All but the curves, JSON-ready."""
        found = self.phases.to_dict()
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
            "advice": self.verdict.advice,
            "reasons": list(self.reasons),
            **{key: found[key] for key in ("t1", "t2", "delay_bounds", "diverged_at", "plateau")},
            **curves,
            "norm": self.norm and self.norm.to_dict(),
            "forecast": self.forecast and self.forecast.to_dict(),
            "notes": list(self.notes),
        }
