"""From logged records to a curve that can be judged: sorted, one record per step, errors.

Every repair leaves a note; what cannot be repaired without a guess is refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from latebloom.core.brief import brief
from latebloom.core.curve_input import no_steps
from latebloom.core.errors import InvalidInput
from latebloom.core.passage import Curve, Passage, Steps, first_passage

KINDS = ("accuracy", "percent", "error", "loss")
# Words in a column's name that stand for its kind. F1 and AUC are accuracies: 1 is best.
WORDS = {
    "accuracy": ("acc", "accuracy", "acc1", "acc5", "top1", "top5", "f1", "auc", "auroc"),
    "error": ("err", "error", "errors", "wer", "cer"),
    "loss": ("loss", "losses", "nll", "mse", "squared", "ce", "bce", "xent", "entropy", "ppl"),
}
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
    - `kind`: what it measures, of `KINDS`; `percent` becomes `accuracy`.
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

    def passage(self, threshold: float) -> Passage:
        """Return the first passage of the error at or below the threshold, between two records."""
        return first_passage(self.steps, self.errors, threshold)

    def shown(self, error: float) -> float:
        """Return an error as a value of the column: 1 - error of an accuracy."""
        return 1.0 - error if self.kind == "accuracy" else error

    def at(self, steps: Steps) -> Curve:
        """Return the last error logged at or before each step; the first one before that."""
        return self.errors[np.maximum(np.searchsorted(self.steps, steps, "right") - 1, 0)]


def guess_kind(name: str) -> str | None:
    """Return the kind that the words of a column's name stand for, or None.

    >>> guess_kind("val/acc_epoch"), guess_kind("evalLoss"), guess_kind("score")
    ('accuracy', 'loss', None)
    """
    words = re.findall(r"[a-z]+[0-9]*", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    found = {kind for kind, known in WORDS.items() if set(words) & set(known)}
    return found.pop() if len(found) == 1 else None


def read_kinds(kind: str | Sequence[str] | None, names: Sequence[str]) -> list[str]:
    """Return the kind of each column: given, as one word or one per column, or guessed.

    **Raises:** `InvalidInput` for other words, or where the name of a column does not show it.
    """
    words = map(guess_kind, names) if kind is None else kind
    words = words.split(",") if isinstance(words, str) else words
    kinds: list[Any] = [word and word.strip() for word in words]
    kinds = kinds * len(names) if len(kinds) == 1 else kinds
    if len(kinds) != len(names):
        raise InvalidInput(f"kind {kind!r}: give one word, or one for train and one for test")
    for name, word in zip(names, kinds, strict=True):
        if word is None:
            raise InvalidInput(
                f"the name '{name}' does not tell whether it is an accuracy or a loss; add --kind "
                f"with one of {', '.join(KINDS)}, or two as in --kind loss,accuracy"
            )
        if word not in KINDS:
            raise InvalidInput(f"kind {word!r}: must be one of {', '.join(KINDS)}")
    return kinds


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
            f"a step of {name} is {k[bad[0]]:g}; steps must be whole numbers >= 0; if it is an "
            "epoch, take the column that counts the updates"
        )
    back = (np.diff(k) < 0).any()
    distinct = len(np.unique(k))
    # The same steps again and again, from the start: other runs. A run that was resumed repeats
    # the steps since its last checkpoint only.
    if back and len(k) - distinct >= 0.5 * distinct:
        raise InvalidInput(
            f"the steps of {name} start again ({len(k)} records on {distinct} steps): several runs "
            "in one log? keep the rows of one"
        )
    if back:
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


def in_percent(
    names: Sequence[str], kinds: Sequence[str], curves: Sequence[Curve], notes: list[str]
) -> list[bool]:
    """Return which curves are percentages; both curves of a log have one unit.

    **Arguments:**

    - `names`, `kinds`, `curves`: of the columns.
    - `notes`: gets a sentence for every curve in percent.

    **Raises:** `InvalidInput` where one is above 1 and the other is not: the other may be an
    accuracy of 0.9 or one of 0.9 percent.
    """
    tops = [float(np.max(c[np.isfinite(c)])) for c in curves]
    found = [kind == "percent" for kind in kinds]
    open_ = [i for i, kind in enumerate(kinds) if kind == "accuracy"]
    above = [i for i in open_ if tops[i] > 1 + ROUNDING]
    if above and len(above) < len(open_):
        one, other = above[0], next(i for i in open_ if i not in above)
        raise InvalidInput(
            f"{names[one]} reaches {tops[one]:g} and {names[other]} never exceeds {tops[other]:g}: "
            "one unit or two? say --kind percent, or one word for train and one for test, as in "
            "--kind percent,accuracy"
        )
    for i in above:
        found[i] = True
    notes += [f"{names[i]} is in percent: divided by 100" for i, yes in enumerate(found) if yes]
    return found
