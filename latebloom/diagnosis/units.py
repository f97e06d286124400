"""What the curves measure, and in which unit: accuracies or losses, fractions or percent."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from latebloom.core.errors import InvalidInput, shown
from latebloom.core.passage import Curve

from .curves import ROUNDING
from .logs.log import Series
from .logs.names import guess_kind, is_rate

# Memorized: at most one percent of the training examples wrong, the rule of the paper's networks;
# an accuracy of exactly 1 would wait for the last mislabelled example.
TRAIN_ACCURACY = 0.99
# Generalized: 95 % of the test examples. A late drop that stops below that left something
# unlearned, and what is beyond is often out of reach for noise in the labels.
TEST_ACCURACY = 0.95
# The same of a cross-entropy, whose exp(-loss) is the probability of the right answer.
TRAIN_LOSS, TEST_LOSS = -math.log(TRAIN_ACCURACY), -math.log(TEST_ACCURACY)
KINDS = ("accuracy", "percent", "error", "loss")
# A curve whose name tells nothing is plainly an accuracy if it rises from below LOW to above HIGH
# within [0, 1] or [0, 100]; a loss would fall.
LOW, HIGH = 0.6, 0.9
# A curve that spans this much of [0, 1] may be a fraction beside one in percent; a curve within one
# percent may be either only if it does.
SPAN = 0.5

# Fractions of an epoch that logs have: of so many batches, else with so many decimals.
PARTS = (*range(2, 65), 100, 128, 200, 250, 256, 500, 512, 1000, 10**4, 10**5, 10**6)


class OptionNeeded(InvalidInput):
    """Raised where an option has to say what the values mean.

    **Arguments:**

    - `message`: for a human.
    - `options`: those that are probably meant.
    """

    def __init__(self, message: str, options: str = "") -> None:
        super().__init__(message)
        self.options = options


def whole_steps(columns: Mapping[str, Series], notes: list[str]) -> tuple[dict[str, Series], float]:
    """Return the curves with steps in whole numbers, and how much one of these is.

    Steps such as 0.25 epochs are counted in the smallest part that makes all of them even, so that
    there is a whole number between any two records.

    **Arguments:**

    - `columns`: steps and values by name.
    - `notes`: gets a sentence if the steps are fractions.

    >>> columns, unit = whole_steps({"acc": (np.array([0.0, 0.25, 0.5]), np.zeros(3))}, [])
    >>> columns["acc"][0], unit
    (array([0., 2., 4.]), 0.125)
    """
    every = np.concatenate([k for k, _ in columns.values()])
    every = every[np.isfinite(every)]
    if (every == np.round(every)).all() or (every < 0).any():
        return dict(columns), 1.0
    part = next(
        (q for q in PARTS if np.abs(every * q - np.round(every * q)).max() < 1e-6), PARTS[-1]
    )
    unit = 0.5 / part
    notes.append(
        f"the steps are fractions: t1, t2 and the delay are in their unit; the sentences count in "
        f"steps of 1/{2 * part}"
    )
    scaled = {name: (np.round(k / unit), v) for name, (k, v) in columns.items()}
    return scaled, unit


def read_kinds(
    kind: str | Sequence[str] | None,
    names: Sequence[str],
    curves: Sequence[Curve],
    notes: list[str],
) -> list[str]:
    """Return the kind of each column: given, as one word or one per column, or guessed.

    The words in a name decide; where they tell nothing, the values, if they are plain.

    **Arguments:**

    - `kind`: one word, two, or None.
    - `names`, `curves`: of the columns.
    - `notes`: gets a sentence for a kind that the values decided.

    **Raises:** `InvalidInput` for other words, or where neither the name nor the values show it.
    """
    words = [guess_kind(name) for name in names] if kind is None else kind
    words = words.split(",") if isinstance(words, str) else words
    listed = isinstance(words, list | tuple)
    if not listed or not all(kind is None or isinstance(word, str) for word in words):
        raise InvalidInput(f"kind {shown(kind)}: must be one or two of {', '.join(KINDS)}")
    kinds: list[Any] = [word and word.strip() for word in words]
    kinds = kinds * len(names) if len(kinds) == 1 else kinds
    if len(kinds) != len(names):
        raise InvalidInput(f"kind {kind!r}: give one word, or one for train and one for test")
    if kind is None and None in kinds and plainly_accuracies(curves):
        unknown = [n for n, word in zip(names, kinds, strict=True) if word is None]
        if all(word in (None, "accuracy") for word in kinds):
            kinds = ["accuracy"] * len(kinds)
            notes.append(
                f"{' and '.join(unknown)}: read as accuracies, because the training curve rises to "
                "nearly all (--kind)"
            )
    kinds = kinds if kind is not None else _by_values(names, kinds, curves, notes)
    for name, word in zip(names, kinds, strict=True):
        if word is None:
            raise InvalidInput(
                f"the name '{name}' does not tell whether it is an accuracy or a loss; add --kind "
                f"with one of {', '.join(KINDS)}, or two as in --kind loss,accuracy"
            )
        if word not in KINDS:
            raise InvalidInput(f"kind {word!r}: must be one of {', '.join(KINDS)}")
    return kinds


def _by_values(
    names: Sequence[str], kinds: Sequence[Any], curves: Sequence[Curve], notes: list[str]
) -> list[Any]:
    """The kinds where a curve without one is plainly an accuracy, and where the first five that
    should be right fall to nearly none: then they are those that are wrong."""
    found = list(kinds)
    for i, (name, curve) in enumerate(zip(names, curves, strict=True)):
        if found[i] is None and plainly_accuracies([curve]):
            found[i] = "accuracy"
            notes.append(f"{name}: read as an accuracy, because it rises to nearly all (--kind)")
    finite = [c[np.isfinite(c)] for c in curves]
    unit = 1.0 if max(map(np.max, finite)) <= 1 else 100.0
    falls = all(c[0] > LOW * unit and c[-1] < (1 - LOW) * unit for c in finite)
    if falls and found == ["accuracy"] * len(names) and all(map(is_rate, names)):
        notes.append(f"{' and '.join(names)}: read as errors, because they fall (--kind)")
        return ["error"] * len(names)
    return found


def plainly_accuracies(curves: Sequence[Curve]) -> bool:
    """Return whether curves can only be accuracies: within [0, 1] or [0, 100], and the first one
    rises to nearly all."""
    finite = [c[np.isfinite(c)] for c in curves]
    top = max(float(c.max()) for c in finite)
    unit = 1.0 if top <= 1 + ROUNDING else 100.0
    if top > unit * (1 + ROUNDING) or min(float(c.min()) for c in finite) < -ROUNDING:
        return False
    train = finite[0] / unit
    return bool(train[0] < LOW and train.max() > HIGH and train[-1] > LOW)


def in_percent(
    names: Sequence[str], kinds: Sequence[str], curves: Sequence[Curve], notes: list[str]
) -> list[bool]:
    """Return which curves are percentages; both curves of a log have one unit.

    A curve that never exceeds 1 beside one in percent stays below one percent, as at chance level,
    unless it spans most of [0, 1]: then it may be a fraction.

    **Arguments:**

    - `names`, `kinds`, `curves`: of the columns.
    - `notes`: gets a sentence for every curve in percent.

    **Raises:** `InvalidInput` where that cannot be told.
    """
    finite = [c[np.isfinite(c)] for c in curves]
    tops = [float(c.max()) for c in finite]
    found = [kind == "percent" for kind in kinds]
    open_ = [i for i, kind in enumerate(kinds) if kind == "accuracy"]
    above = [i for i in open_ if tops[i] > 1 + ROUNDING]
    below = [i for i in open_ if i not in above]
    if above and below:
        one, other = above[0], below[0]
        # The training curve is the higher one: a test curve in percent beside it may be tiny.
        if other == 0 or float(np.ptp(finite[other])) > SPAN:
            words = ",".join("accuracy" if i in below else "percent" for i in range(len(names)))
            raise OptionNeeded(
                f"{names[one]} reaches {tops[one]:g} and {names[other]} never exceeds "
                f"{tops[other]:g}: one unit or two? say --kind percent, or one word for train and "
                "one for test, as in --kind percent,accuracy",
                f"--kind {words}" if tops[other] >= HIGH and tops[one] <= 100 else "",
            )
        notes.append(
            f"{names[other]} never exceeds {tops[other]:g} and is read in percent, as "
            f"{names[one]}: one logger, one unit (else --kind percent,accuracy)"
        )
    for i in above + (below if above else []):
        found[i] = True
    notes += [f"{names[i]} is in percent: divided by 100" for i, yes in enumerate(found) if yes]
    return found
