"""What a run that is watched has come to: events, and whether it may stop."""

from dataclasses import dataclass

from latebloom.core.text import number

from .watched import Watched

# The delay is a constant over alpha beta. Measured constants: 0.1 in Figures 3 and 4 of the paper,
# 3.5 in Figure 5; so events show a decade on each side of one.
CONSTANT = (0.1, 10.0)


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
            return Decision(True, f"{when}, and has kept it")
        best = f"best at step {number(test.best_step)}"
        return Decision(
            False,
            f"{when} and lost it at step {number(test.lost)} ({best}): go back to that "
            "checkpoint, or wait until it returns",
        )
    if train.reached is None:
        return Decision(False, "the training data are not memorized yet")
    when = f"memorized at step {number(train.reached)}"
    if scale:
        done = step - train.reached
        low, high = (c * scale for c in CONSTANT)
        since = f"{when}, {number(done)} steps ago; the delay scales as 1/(alpha beta)"
        if done > high:
            return Decision(
                True, f"{since}, and {number(high)} steps are {CONSTANT[1]:g} times that"
            )
        return Decision(False, f"{since}: about {number(low)} to {number(high)} steps")
    times = step / max(train.reached, 1.0)
    since = f"{when} and trained {times:.3g} times as long"
    if times > patience:
        return Decision(True, f"{since}; patience is {patience:g} times")
    return Decision(
        False,
        f"{since}; a plateau does not tell whether a late drop follows, and patience is "
        f"{patience:g} times",
    )
