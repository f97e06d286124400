"""What a run that is watched has come to: events, and whether it may stop."""

import math
from dataclasses import dataclass

import numpy as np

from latebloom.core.text import number

from .noise import FEW
from .trends import end_trend
from .watched import Watched

# The delay is a constant over alpha beta. Measured constants: 0.1 in Figures 3 and 4 of the paper,
# 3.5 in Figure 5; so events show a decade on each side of one.
CONSTANT = (0.1, 10.0)
# Steps may be fractions of epochs, and trends count in whole numbers: so many until now.
WHOLE = 10**6
# A run may not stop whose test curve gets better by so much (of an accuracy, else of the error)
# while its steps double, if that is beyond noise: one example in a test set of 10,000.
BETTER = 1e-4
# So large a rise of an accuracy (or fraction of an error) that noise may hide is no rest either.
HIDDEN = 0.1
# A curve that is at its threshold in so many of the records has kept it.
HELD = 0.9
# A curve that has lost half of its error after t1 has begun to generalize: it may stop where the
# steps have doubled without a new best.
PART, AGAIN = 0.5, 2.0


@dataclass(frozen=True)
class Event:
    """What has happened in a run.

    - `kind`: `memorized`, `generalized`, `lost`, `generalized_again` or `diverged`.
    - `step`: since when.
    - `text`: a sentence with its numbers, also `str(event)`.
    """

    kind: str
    step: float
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Decision:
    """Whether a run may stop, and why; true where it may."""

    stop: bool
    reason: str

    def __bool__(self) -> bool:
        return self.stop

    def __str__(self) -> str:
        return f"{'it may stop' if self.stop else 'do not stop yet'}: {self.reason}"


def event_of(
    change: str, curve: Watched, train: Watched, test: Watched, scale: float | None
) -> Event | None:
    """Return the event that a record of a curve makes, or None.

    **Arguments:**

    - `change`: what the record shows, from `Watched.add`.
    - `curve`: whose record it is, one of the next two.
    - `train`, `test`: the curves.
    - `scale`: 1/(alpha beta) in steps, or None.
    """
    at = f"step {number(curve.since)}"
    if change == "diverged":
        return Event(change, curve.since, f"{curve.name} is not finite since {at}")
    if curve is train:
        if change != "reached":
            return None  # training may leave its threshold and come back
        return Event("memorized", curve.since, f"memorized at {at}{_outlook(test, scale)}")
    now = f"test {curve.kind} {number(curve.record.values[-1])}"
    if change == "reached":
        t1 = train.reached
        delay = "" if t1 is None else f", {number(curve.since - t1)} steps after memorization"
        if t1 is not None and t1 >= curve.since:
            delay = ", no later than it memorized"
        return Event("generalized", curve.since, f"generalized at {at}{delay}")
    if change == "lost":
        best = f"best {number(curve.shown(curve.best))} at step {number(curve.best_step)}"
        return Event("lost", curve.since, f"lost again at {at}: {now}, {best}")
    return Event("generalized_again", curve.since, f"generalized again at {at}: {now}")


def _outlook(test: Watched, scale: float | None) -> str:
    """What memorization means for a test curve that has not followed."""
    if test.reached is not None:
        return "; it had generalized before"
    text = ""
    if test.record.values:
        text = f"; test {test.kind} {number(test.record.values[-1])}"
    text += ": this is where late generalization can begin"
    if scale:
        low, high = (number(c * scale) for c in CONSTANT)
        text += (
            f"; with this decay and rate the delay scales as 1/(alpha beta): about {low} to "
            f"{high} more steps, for a constant between {CONSTANT[0]:g} and {CONSTANT[1]:g}"
        )
    return text


def decide(
    train: Watched, test: Watched, step: float, scale: float | None, patience: float
) -> Decision:
    """Return whether a run may stop.

    **Arguments:**

    - `train`, `test`: the curves.
    - `step`: the last one.
    - `scale`: 1/(alpha beta) in steps, or None.
    - `patience`: without it, how many times t1 to wait.
    """
    lost = train.diverged if train.diverged is not None else test.diverged
    if lost is not None:
        return Decision(True, f"the values are not finite since step {number(lost)}")
    if test.reached is not None:
        when = f"generalized at step {number(test.reached)}"
        if test.lost is None:
            return _kept(test, when)
        best = f"best at step {number(test.best_step)}"
        return Decision(
            False,
            f"{when} and lost it at step {number(test.lost)} ({best}): go back to that "
            "checkpoint, or wait until it returns",
        )
    if train.reached is None:
        return Decision(False, "the training data are not memorized yet")
    when = f"memorized at step {number(train.reached)}"
    waited = _waited(train.reached, when, step, scale, patience)
    if waited and (better := _improvement(test, train.reached)) is not None:
        return Decision(False, f"{when}; {better}")
    return waited


def _kept(test: Watched, when: str) -> Decision:
    """Whether a run that has generalized, and not lost it by far, is there most of the time."""
    record, since = test.record, test.reached or 0.0
    later = [test.error(v) for k, v in zip(record.steps, record.values, strict=True) if k >= since]
    share = sum(error <= test.limit for error in later) / max(len(later), 1)
    if share >= HELD:
        return Decision(True, f"{when}, and has kept it")
    text = f"{when}; {share:.0%} of the records since then are beyond the threshold"
    if share >= 0.5:
        return Decision(True, f"{text}, and it is not lost")
    return Decision(False, f"{text}: wait until it holds")


def _improvement(test: Watched, t1: float) -> str | None:
    """How much better the test curve has become, if it may still do; None where it rests."""
    k, values = (np.array(x) for x in (test.record.steps, test.record.values))
    accuracy = test.kind == "accuracy"
    errors = 1.0 - values if accuracy else values
    good = np.isfinite(errors)
    if np.count_nonzero(good) < FEW:
        return None
    top = 1.0 if accuracy else math.inf
    k, errors = k[good], errors[good]
    unit = (k[-1] - k[0]) / WHOLE
    steps = np.round((k - k[0]) / unit).astype(np.int64)
    found, falls, _ = end_trend(steps, errors, BETTER, top=top)
    since = f"since step {number(float(k[0]) + unit * found.start)}"
    if falls and abs(found.change) >= (BETTER if accuracy else 0.0):
        better = f"by {abs(found.change):.2g} {since}"
        return f"the test {test.kind} is still getting better: {better}"
    # Noise puts so many records in order once in 40,000 times (8!).
    ordered = bool((np.diff(errors[-FEW:]) < 0).all())
    better = float(errors[-FEW] - errors[-1])
    if ordered and better > BETTER * (1.0 if accuracy else float(errors[-1])):
        return (
            f"the test {test.kind} is still getting better: by {better:.2g}, in each of the last "
            f"{FEW} records"
        )
    hidden = 2 * found.error - found.change
    if found.change < 0 and hidden > HIDDEN * (1.0 if accuracy else abs(found.level)):
        return (
            f"the test {test.kind} may still be getting better: by {-found.change:.2g} {since}, "
            f"with a standard error of {found.error:.2g}"
        )
    at_t1 = float(errors[min(int(np.searchsorted(k, t1)), len(k) - 1)])
    if test.best <= PART * at_t1 and k[-1] < AGAIN * test.best_step:
        best = number(test.shown(test.best))
        return (
            f"it has generalized in part: best test {test.kind} {best} at step "
            f"{number(test.best_step)}; wait for {AGAIN:g} times that"
        )
    return None


def _waited(
    reached: float, when: str, step: float, scale: float | None, patience: float
) -> Decision:
    """Whether a run has gone on for long enough after t1."""
    if scale:
        done = step - reached
        low, high = (c * scale for c in CONSTANT)
        since = f"{when}, {number(done)} steps ago; the delay scales as 1/(alpha beta)"
        if done > high:
            return Decision(
                True, f"{since}, and {number(high)} steps are {CONSTANT[1]:g} times that"
            )
        return Decision(False, f"{since}: about {number(low)} to {number(high)} steps")
    times = step / max(reached, 1.0)
    since = f"{when} and trained {times:.3g} times as long"
    if times > patience:
        return Decision(True, f"{since}; patience is {patience:g} times")
    return Decision(
        False,
        f"{since}; a plateau does not tell whether a late drop follows, and patience is "
        f"{patience:g} times",
    )
