"""The verdict on logged curves: that of `phases`, or what the end of the curves shows."""

import enum

import numpy as np

from latebloom.core.phases import Phases, Rules, Verdict, phases

from .curves import Records
from .trends import Rise, Trend, end_trend, rise, window_of


class Finding(enum.StrEnum):
    """What a pair of logged curves shows: the verdicts of `latebloom.Verdict` and two more."""

    grokked = "grokked"
    generalized_at_once = "generalized_at_once"
    memorized_only = "memorized_only"
    mirage = "mirage"
    overfitting = "overfitting"
    still_improving = "still_improving"
    never_memorized = "never_memorized"
    ungrokked = "ungrokked"
    diverged = "diverged"
    undecided = "undecided"

    @property
    def advice(self) -> str:
        """One sentence: the meaning, then what to try."""
        return _ADVICE[self]


_ADVICE = {
    Finding.grokked: "The model generalized long after it had memorized; more weight decay or a "
    "larger learning rate should shorten the delay, which scales as 1/(alpha beta).",
    Finding.generalized_at_once: "The model generalized as soon as it fitted the data: there is no "
    "delay to explain.",
    Finding.memorized_only: "The model fits the training data and its test curve does not move; a "
    "plateau does not tell whether a late drop follows: train longer (with weight decay about "
    "1/(alpha beta) steps), add a regularizer that fits the target, or more samples.",
    Finding.mirage: "The test error dropped late and settled above its threshold: a drop is no "
    "generalization; the norm of the weights (--norm) may tell whether its decay explains it.",
    Finding.overfitting: "The test curve is worse than it has been while training went on to fit "
    "the data; keep the best checkpoint, or regularize: what is overfitting now may still grok.",
    Finding.still_improving: "The test curve is still getting better; train on, diagnose again.",
    Finding.never_memorized: "The training curve has settled before its threshold; lower the "
    "regularization, try another learning rate, or set --train-threshold to what it can reach.",
    Finding.ungrokked: "The model generalized and lost it again; keep the earlier checkpoint, and "
    "look for instabilities or too large a learning rate.",
    Finding.diverged: "The training blew up; lower the learning rate.",
    Finding.undecided: "The log does not show how the run ends; train longer, or log more often.",
}

# A change of accuracy by less than a point is what another split of the data makes.
POINT = 0.01
# A training curve that ends at twice its threshold does not fit the data any more.
LOST = 2.0
# Here `phases` saw a passage of the test error that lasts, or a divergence; else the end decides.
CLOSED = (Verdict.grokked, Verdict.generalized_at_once, Verdict.diverged)


def find(
    found: Phases, train: Records, test: Records, limits: tuple[float, float], rules: Rules
) -> tuple[Finding, list[str]]:
    """Return the verdict, and what the end of the test curve shows as sentences.

    **Arguments:**

    - `found`: of the same curves.
    - `train`, `test`: the curves.
    - `limits`: the thresholds (train, test) of their errors.
    - `rules`: the numbers behind the verdict; `flat` is what counts as a change here too.
    """
    base = Finding(found.verdict.value)
    if found.verdict in CLOSED or test.diverged_at is not None:
        return base, []
    k, e = test.steps, test.errors
    (trend, falls), worse = end_trend(k, e, rules.flat), rise(k, e)
    reasons = [_of_trend(trend, falls, test, rules)]
    if found.verdict is Verdict.ungrokked:
        if worse.end > (1 + rules.flat) * limits[1] + 2 * worse.error:
            return base, reasons
        near = test.shown(worse.end)
        reasons.append(f"the test curve ends at {near:.4g}, too near to its threshold to be sure")
        return Finding.undecided, reasons
    lost = float(np.median(train.errors[-window_of(len(train.errors)) :]))
    if found.t1.high is not None and lost > LOST * limits[0]:
        shown = f"{train.name} ends at {train.shown(lost):.4g}: it left its threshold again"
        return Finding.undecided, [*reasons, shown]
    if falls:
        return Finding.still_improving, reasons
    if found.verdict is Verdict.mirage:
        return base, reasons
    least = POINT if test.kind == "accuracy" else 0.0
    if not worse.beyond(rules.flat) or worse.end - worse.best < least:
        return _settled(found, trend, train, test, limits, rules) or base, reasons
    reasons.append(_of_rise(worse, test))
    # Both got worse: that is an instability, not overfitting.
    before, after = (float(train.at(k[k == worse.best_step])[0]), float(train.errors[-1]))
    if after > limits[0] and after > (1 - rules.flat) * before:
        reasons.append(f"{train.name} did not get better meanwhile: no overfitting")
        return base, reasons
    return Finding.overfitting, reasons


def _settled(
    found: Phases,
    trend: Trend,
    train: Records,
    test: Records,
    limits: tuple[float, float],
    rules: Rules,
) -> Finding | None:
    """What a run has come to whose end is flat but for noise, in which `phases`, made for curves
    without noise, sees changes; None if nothing can be said."""
    if found.verdict is not Verdict.undecided:
        return None
    if found.t1.high is None:
        own, falls = end_trend(train.steps, train.errors, rules.flat)
        resting = not falls and own.rests(rules.flat) and own.level > limits[0]
        return Finding.never_memorized if resting else None
    end = trend.level + 0.5 * trend.change  # the mean of the last half
    if found.t1.high > test.steps[-1]:
        return None  # nothing is known of the test error after t1
    if found.t2.high is not None or not trend.rests(rules.flat) or end <= limits[1]:
        return None
    # With the level at which the test error ends, `phases` judges the drop and how late it was.
    k = test.steps
    known = {"passages": (found.t1, None), "floors": (None, end), "rules": rules}
    return Finding(phases(k, train.at(k), test.errors, limits, **known).verdict.value)


def _of_trend(trend: Trend, falls: bool, test: Records, rules: Rules) -> str:
    change = -trend.change if test.kind == "accuracy" else trend.change
    moves = (
        f"{test.name} changed by {change:+.3g} since step {trend.start} (the line through it, "
        f"standard error {trend.error:.2g})"
    )
    if not trend.beyond(rules.flat):
        return f"{moves}: no change beyond noise"
    stopped = "it got better, and has stopped" if trend.change < 0 else "getting worse"
    return f"{moves}: {'still getting better' if falls else stopped}"


def _of_rise(worse: Rise, test: Records) -> str:
    best, end = test.shown(worse.best), test.shown(worse.end)
    return (
        f"{test.name} was best, {best:.4g}, about step {worse.best_step} and ends at {end:.4g} "
        f"(medians; noise of such a median {worse.error:.2g})"
    )
