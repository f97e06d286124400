"""From the records of two columns to two curves with thresholds, or a reason why not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.passage import Curve

from .carried import evaluated
from .curves import Records, as_records, ordered
from .logs import Series
from .logs.names import is_distance, is_rate
from .units import (
    TEST_ACCURACY,
    TEST_LOSS,
    TRAIN_ACCURACY,
    TRAIN_LOSS,
    OptionNeeded,
    in_percent,
    read_kinds,
)

# A threshold of no error at all: `phases` needs a positive number.
NO_ERROR = 1e-9
# Test better than train in so many of the records is worth a word.
MOSTLY = 0.9
# Thresholds between 1 and this are neither a fraction nor a usual percentage.
LEAST_PERCENT = 10
# What a threshold of a loss means.
_OF_LOSS = (
    " (of a cross-entropy, exp(-loss) is the probability of the right answer: 0.01 means 99 %, and "
    "0.051 means 95 %)"
)


def prepare(
    columns: Mapping[str, Series],
    pair: Sequence[str],
    kind: str | Sequence[str] | None,
    thresholds: tuple[float | None, float | None],
    notes: list[str],
) -> tuple[Records, Records, tuple[float, float]]:
    """Return the train and the test curve, and the thresholds of their errors.

    **Arguments:**

    - `columns`, `pair`: steps and values by name; the names of (train, test).
    - `kind`, `thresholds`: as for `diagnose_log`.
    - `notes`: gets a sentence for everything that was repaired or assumed.

    **Raises:** `InvalidInput` for curves, kinds or thresholds that make no sense.
    """
    curves = [evaluated(name, *ordered(name, *columns[name], notes), notes) for name in pair]
    kinds = read_kinds(kind, pair, [v for _, v in curves], notes)
    percent = in_percent(pair, kinds, [v for _, v in curves], notes)
    train, test = (
        as_records(name, word, *curve, divided)
        for name, word, curve, divided in zip(pair, kinds, curves, percent, strict=True)
    )
    options = _levels((train, test), thresholds)
    limits = (
        _limit("train", train, thresholds[0], TRAIN_ACCURACY, options, notes),
        _limit("test", test, thresholds[1], TEST_ACCURACY, options, notes),
    )
    if test.diverged_at is not None and train.diverged_at is None:
        keep = np.isfinite(test.errors)
        notes.append(f"{train.name} stays finite, so the end of {test.name} is left out")
        if np.count_nonzero(keep) < 2:
            raise InvalidInput(f"{test.name} is not finite; choose another column")
        kept = {name: getattr(test, name)[keep] for name in ("steps", "values", "errors")}
        test = replace(test, **kept)
    _compare(train, test, notes)
    return train, test, limits


def _levels(curves: Sequence[Records], given: Sequence[float | None]) -> str:
    """The options for thresholds that are probably meant; empty where a curve has none.

    Of an error it is the share of wrong examples. Of a loss it is the one of a cross-entropy, whose
    exp(-loss) is the probability of the right answer, averaged on a logarithmic scale.
    """
    found = []
    for which, curve, own, level in zip(
        ("train", "test"), curves, given, (TRAIN_ACCURACY, TEST_ACCURACY), strict=True
    ):
        if own is not None or curve.kind == "accuracy":
            continue
        if curve.kind == "error":
            limit = (1 - level) * share_of_errors(curve.errors)
        else:
            limit = 0.0 if is_distance(curve.name) else (TRAIN_LOSS, TEST_LOSS)[which == "test"]
        if not limit:
            return ""
        found.append(f"--{which}-threshold {limit:.2g}")
    return " ".join(found)


def _limit(
    which: str,
    curve: Records,
    threshold: float | None,
    default: float,
    options: str,
    notes: list[str],
) -> float:
    """The threshold of the error of a curve; `options` are those that are probably meant."""
    option = f"--{which}-threshold"
    if threshold is None:
        unit = share_of_errors(curve.errors)
        if curve.kind == "error" and unit and is_rate(curve.name):
            threshold = round((1 - default) * unit, 12)
            notes.append(f"{curve.name}: the threshold is a share of {threshold:g} ({option})")
            return threshold
        if curve.kind != "accuracy":
            first, least = float(curve.errors[0]), float(curve.errors.min())
            what, of_loss = ("a loss", _OF_LOSS) if curve.kind == "loss" else ("an error", "")
            raise OptionNeeded(
                f"{curve.name} is {what} and has no natural threshold: it starts at {first:.3g} "
                f"and its least is {least:.3g}; give {option}{of_loss if options else ''}",
                options,
            )
        threshold = default
        notes.append(f"{curve.name}: the threshold is an accuracy of {default:g} ({option})")
    if curve.kind != "accuracy":
        check.real(option, threshold, low=0, strict=True)
        return float(threshold)
    accuracy = accuracy_threshold(option, threshold)
    if accuracy < threshold:
        notes.append(f"{option} is in percent: divided by 100")
    # Rounded as the accuracies are: 1 - 0.95 is not exactly 0.05.
    return max(float(1.0 - np.float64(accuracy)), NO_ERROR)


def share_of_errors(errors: Curve) -> float:
    """Return 1 or 100 for errors that may be shares or percentages of wrong examples, which begin
    with many; else 0."""
    top = float(np.nanmax(errors))
    unit = 1.0 if top <= 1 else 100.0
    return unit if 0.3 * unit <= top <= unit and np.nanmin(errors) >= 0 else 0.0


def accuracy_threshold(option: str, threshold: float) -> float:
    """Return a threshold of accuracies in (0, 1], whether it is given as a fraction or in percent.

    **Arguments:**

    - `option`: what it is called in messages.
    - `threshold`: in (0, 1], or in percent, 10 to 100.

    **Raises:** `InvalidInput` for other values.

    >>> accuracy_threshold("the test threshold", 95), accuracy_threshold("the test threshold", 0.95)
    (0.95, 0.95)
    """
    check.real(option, threshold, low=0, strict=True)
    if LEAST_PERCENT <= threshold <= 100:
        return float(threshold) / 100
    if threshold > 1:
        raise InvalidInput(
            f"{option} {threshold:g}: must be an accuracy in (0, 1], or in percent, 10 to 100"
        )
    return float(threshold)


def _compare(train: Records, test: Records, notes: list[str]) -> None:
    """Note a test curve that is better than the training curve from the start: a swap, perhaps."""
    if train.kind != test.kind:
        return
    late = test.steps >= train.steps[0]
    if np.count_nonzero(late) < 2:
        return
    e, f = train.at(test.steps[late]), test.errors[late]
    differ = e != f
    better = np.count_nonzero(f < e)
    if better and better >= MOSTLY * np.count_nonzero(differ) and differ.mean() > 0.5:
        notes.append(
            f"{test.name} is better than {train.name} from the start, in {better} of {len(e)} "
            "records: are the columns swapped? (dropout and augmentation do this too)"
        )
