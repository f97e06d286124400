"""From logged records to a curve that can be judged: sorted, one record per step, errors.

Every repair leaves a note; what cannot be repaired without a guess is refused.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from latebloom.core.brief import brief
from latebloom.core.curve_input import no_steps
from latebloom.core.errors import InvalidInput
from latebloom.core.passage import Curve, Steps

from .logs.restarts import current, distinct_steps, starts
from .logs.runs import REPEATED

# 1 - accuracy may leave [0, 1] by the rounding of float32, no more (as in `phases`).
ROUNDING = 1e-6
# Below this the second half of a curve has no two quarters to compare.
MIN_RECORDS = 5
# Non-finite values until the end are a divergence; fewer than this many may be skipped evaluations.
DIVERGED = 3


@dataclass(frozen=True)
class Records:
    """The clean curve of one column.

    - `name`: the column.
    - `kind`: what it measures, of `units.KINDS`; `percent` becomes `accuracy`.
    - `percent`: whether its values were divided by 100.
    - `steps`: (T,) increasing integers.
    - `values`: (T,) as logged, accuracies in [0, 1].
    - `errors`: (T,) what falls: 1 - accuracy, or the values; inf from a divergence on.
    """

    name: str
    kind: str
    percent: bool
    steps: Steps
    values: Curve
    errors: Curve = field(repr=False)
    __repr__ = brief

    @property
    def diverged_at(self) -> int | None:
        """The first step of a divergence."""
        lost = np.isinf(self.errors)
        return int(self.steps[np.argmax(lost)]) if lost.any() else None

    def shown(self, error: float) -> float:
        """Return an error as a value of the column: 1 - error of an accuracy."""
        return 1.0 - error if self.kind == "accuracy" else error

    def at(self, steps: Steps) -> Curve:
        """Return the last error logged at or before each step; the first one before that."""
        return self.errors[np.maximum(np.searchsorted(self.steps, steps, "right") - 1, 0)]


def ordered(
    name: str, steps: ArrayLike, values: ArrayLike, notes: list[str]
) -> tuple[Steps, Float[np.ndarray, " T"]]:
    """Return one finite value per step, in order; +inf from where the curve is lost to the end.

    **Arguments:**

    - `name`: the column, for messages.
    - `steps`, `values`: (T,), in the order in which they were logged.
    - `notes`: gets a sentence for every repair.

    **Raises:** `InvalidInput` for steps that are no integers >= 0, several runs in one column, and
    a column without a finite value.
    """
    k, v = (np.array(x, dtype=np.float64) for x in (steps, values))
    if k.ndim != 1 or k.shape != v.shape:
        raise InvalidInput(
            f"{name} has shape {v.shape} for steps of shape {k.shape}; give one value per step"
        )
    bad = no_steps(k)
    if len(bad):
        raise InvalidInput(
            f"a step of {name} is {k[bad[0]]:g}; steps must be numbers from 0 to 2**53; choose "
            "another column for them"
        )
    distinct = distinct_steps(k)
    again = starts(k)
    if len(again) or ((np.diff(k) < 0).any() and len(k) - distinct >= REPEATED * distinct):
        raise InvalidInput(
            f"the steps of {name} start again ({len(k)} records on {distinct} steps): several runs "
            "in one log; keep the rows of one"
        )
    keep, dropped = current(k)
    notes += [f"{name}: {sentence}" for sentence in dropped]
    k, v = k[keep], v[keep]
    if (np.diff(k) < 0).any():
        order = np.argsort(k, kind="stable")
        k, v = k[order], v[order]
        notes.append(f"the records of {name} were not in the order of their steps: sorted")
    k, v = _finite(name, k, v, notes)
    last = np.append(np.diff(k) > 0, True)
    if not last.all():
        notes.append(
            f"{name} has {np.count_nonzero(~last)} steps more than once: of each the record logged "
            "last is kept"
        )
    k, v = k[last], v[last]
    if len(k) < MIN_RECORDS:
        raise InvalidInput(
            f"{name} has {len(k)} records; a diagnosis needs at least {MIN_RECORDS}: log more often"
        )
    return k.astype(np.int64), v


def _finite(name: str, k: np.ndarray, v: np.ndarray, notes: list[str]) -> tuple[Curve, Curve]:
    """Leave out what is not finite, except a divergence at the end, which becomes +inf."""
    finite = np.isfinite(v)
    if not finite.any():
        raise InvalidInput(f"{name} has no finite value; choose another column")
    end = int(np.flatnonzero(finite)[-1]) + 1
    lost = len(v) - end
    keep = finite.copy()
    # A column that is not logged in every row has gaps; a divergence is longer than any of them.
    if lost >= DIVERGED and lost > int(np.diff(np.flatnonzero(finite)).max(initial=1)) - 1:
        keep[end:] = True
        v = np.where(np.arange(len(v)) >= end, np.inf, v)
        notes.append(f"{name} is not finite from step {k[end]:.0f} to the end")
    dropped = np.flatnonzero(~keep)
    if len(dropped):
        notes.append(
            f"{name} is NaN or infinite in {len(dropped)} records, the first at step "
            f"{k[dropped[0]]:.0f}: left out"
        )
    return k[keep], v[keep]


def plain_decimals(values: Curve) -> Curve:
    """Return a curve that was logged in float32 as the decimals that were meant: 0.95, not
    0.949999988."""
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    if not np.array_equal(single.astype(np.float64), values):
        return values
    return np.array([float(str(x)) for x in single])


def as_records(name: str, kind: str, steps: Steps, values: Curve, percent: bool) -> Records:
    """Return the curve with its errors.

    **Arguments:**

    - `name`, `kind`: of the column.
    - `steps`, `values`: from `ordered`.
    - `percent`: whether accuracies are divided by 100.

    **Raises:** `InvalidInput` for accuracies beyond their range and negative errors.
    """
    values = plain_decimals(values)
    lost = np.isinf(values)
    if kind not in ("accuracy", "percent"):
        bad = np.flatnonzero(values < -ROUNDING)
        if len(bad):
            raise InvalidInput(
                f"{name} is {values[bad[0]]:g} at step {steps[bad[0]]}; an error or a loss cannot "
                "be negative; shift a log-likelihood by its least possible value"
            )
        errors = np.maximum(values, 0.0)
        return Records(name, kind, False, steps, values, errors)
    top = 100.0 if percent else 1.0
    bad = np.flatnonzero(~lost & ((values < -ROUNDING * top) | (values > (1 + ROUNDING) * top)))
    if len(bad):
        raise InvalidInput(
            f"{name} is {values[bad[0]]:g} at step {steps[bad[0]]}; an accuracy is in "
            f"[0, {top:g}]; if it is something else, say --kind error or --kind loss"
        )
    if percent:
        # Rounded to what a logger prints, so that 99.9 and 0.999 are the same accuracy.
        values = np.round(values / 100.0, 12)
    values = np.clip(values, 0.0, 1.0)
    return Records(name, "accuracy", percent, steps, values, np.where(lost, np.inf, 1.0 - values))
