"""The rule by which two logged curves get their verdict.

Once the level of the test curve has passed its threshold, the delay decides, and how the curve
holds from there on. Until then the end of the curves does: falling, worse than its best, at rest.
"""

import math
from dataclasses import dataclass

import numpy as np

from latebloom.core.phases import DEFAULT, Phases, Rules, Verdict, phases

from .curves import Records
from .delay import Delay
from .finding import EARLIER, FORGOT, LATER, NEAR, NOT_HELD, PART, RATIO, UNFITTED, Finding
from .noise import last_half, measure
from .passages import LOST, Found
from .stability import Stability
from .trends import POINT, SIGMAS, Rise, Trend, end_trend, rise, trend, window_of


@dataclass(frozen=True)
class Evidence:
    """What a verdict is made of.

    - `found`: the phases of the curves, `passages`: how t1 and t2 were found.
    - `train`, `test`: the curves, `limits`: the thresholds (train, test) of their errors.
    - `rules`: the numbers behind the verdict; `strict`: whether training must hold from t1 to t2.
    - `delay`, `stability`: None without t1, or t2.
    """

    found: Phases
    passages: tuple[Found, Found]
    train: Records
    test: Records
    limits: tuple[float, float]
    rules: Rules
    strict: bool
    delay: Delay | None
    stability: Stability | None

    @property
    def top(self) -> float:
        """The largest possible test error."""
        return 1.0 if self.test.kind == "accuracy" else np.inf


@dataclass(frozen=True)
class Answer:
    """A verdict, what to try, and the sentences behind it."""

    verdict: Finding
    advice: str
    reasons: tuple[str, ...]


def answer_of(seen: Evidence) -> Answer:
    """Return the verdict on two logged curves."""
    found = seen.found
    if found.verdict is Verdict.diverged or seen.test.diverged_at is not None:
        return _answer(Finding.diverged, found.reason)
    if found.t1.high is not None and found.t1.high > seen.test.steps[-1] and found.t2.high is None:
        why = f"the last record of {seen.test.name} is at step {seen.test.steps[-1]}, before t1"
        return _answer(Finding.undecided, why)
    return _unreached(seen) if found.t2.high is None else _reached(seen)


def _answer(verdict: Finding, *reasons: str, advice: str = "") -> Answer:
    return Answer(verdict, advice or verdict.advice, tuple(reasons))


def _reached(seen: Evidence) -> Answer:
    """The verdict on a run whose test curve has passed its threshold."""
    held, delay = seen.stability, seen.delay
    assert held is not None
    said = held.sentences(seen.train, seen.test, seen.limits)
    if all(found.record == 0 for found in seen.passages):
        return _answer(
            Finding.undecided,
            f"the first record, at step {seen.test.steps[0]}, is beyond both thresholds",
            *said,
            advice=EARLIER,
        )
    if held.for_good:
        return _answer(Finding.ungrokked, *said)
    if held.often_lost:
        return _answer(Finding.unstable, *said, *_of_delay(seen))
    if delay is None:
        why = f"t1 is not reached: {seen.train.name} does not get to its threshold"
        rests = _train_rests(seen)
        verdict = Finding.never_memorized if rests else Finding.undecided
        return _answer(verdict, why, *said, advice=UNFITTED)
    said = [*_of_delay(seen), *said]
    if delay.high is not None and delay.high <= 0:
        return _answer(Finding.generalized_at_once, *said)
    if (seen.found.t2.high or 0) <= (seen.found.t1.high or 0):
        return _answer(
            Finding.generalized_at_once, *said, "t1 and t2 are between the same two records"
        )
    if delay.late is None:
        open_ = f"whether (t2 - t1)/t1 = {delay.ratio_words} is above {delay.kappa:g} is open"
        if seen.found.t1.kind != "exact":
            open_ += f": the interval of t1, {seen.found.t1}, is too wide for that alone"
        return _answer(Finding.undecided, *said, open_, advice=RATIO)
    if not delay.late:
        return _not_late(delay, said)
    if seen.strict and delay.misses:
        return _answer(Finding.undecided, *said, advice=NOT_HELD)
    return _answer(Finding.grokked, *said)


def _not_late(delay: Delay, said: list[str]) -> Answer:
    """The verdict on a delay that is not above kappa, however long it is."""
    usual = DEFAULT.delay_ratio - 1
    if delay.ratio_low > usual:
        long = f"the ratio is above {usual:g}, the default, and not above kappa = {delay.kappa:g}"
        return _answer(Finding.delayed, *said, long)
    advice = ""
    if delay.low > 0:
        advice = LATER.format(ratio=delay.ratio_words, kappa=delay.kappa)
    return _answer(Finding.generalized_at_once, *said, advice=advice)


def _of_delay(seen: Evidence) -> list[str]:
    """The delay, in numbers."""
    delay, test = seen.delay, seen.test
    if delay is None:
        return []
    steps = f"{seen.found.delay_words} {'records' if delay.of_records else 'steps'}"
    at = "" if delay.test_at_t1 is None else f"; {test.name} at t1 is {delay.test_at_t1:.4g}"
    said = [f"t2 - t1 is {steps}, {delay.ratio_words} times t1 (kappa {delay.kappa:g}){at}"]
    if delay.of_records:
        said.append(
            "the log has no steps: this ratio is that of the updates only if the records are "
            "evenly spaced from the first update on"
        )
    if delay.misses and (seen.strict or 2 * delay.misses > delay.between):
        said.append(
            f"from t1 to t2 {seen.train.name} misses its threshold in {delay.misses} of "
            f"{delay.between} records"
        )
    return said


def _unreached(seen: Evidence) -> Answer:
    """The verdict on a run whose test curve has not passed its threshold."""
    test, limits, flat = seen.test, seen.limits, seen.rules.flat
    k, e = test.steps, test.errors
    moving, falls, rest = end_trend(k, e, flat, top=seen.top)
    worse = rise(k, e)
    said = [*_of_delay(seen), *_of_touches(seen), _of_trend(moving, falls, test, flat)]
    if (lost := _memorization_lost(seen)) is not None:
        return _answer(Finding.undecided, *said, lost, advice=FORGOT)
    if falls:
        return _answer(Finding.still_improving, *said)
    least = POINT if test.kind == "accuracy" else 0.0
    if worse.beyond(flat) and worse.end - worse.best >= least:
        said.append(_of_rise(worse, test))
        # Both got worse: that is an instability, not overfitting.
        before = float(seen.train.at(k[k == worse.best_step])[0])
        after = float(np.median(seen.train.errors[-window_of(len(seen.train.errors)) :]))
        if after <= limits[0] or after <= (1 - flat) * before:
            return _answer(Finding.overfitting, *said)
        said.append(f"{seen.train.name} did not get better meanwhile: no overfitting")
    if seen.found.t1.high is None:
        rests = _train_rests(seen)
        return _answer(Finding.never_memorized if rests else Finding.undecided, *said)
    if rest.beyond(flat):
        return _answer(Finding.undecided, *said)
    if not rest.above(limits[1], flat):
        near = f"{test.name} has settled at {test.shown(rest.mean):.4g}, near its threshold"
        return _answer(Finding.undecided, *said, near, advice=NEAR)
    return _settled(seen, rest, said)


def _settled(seen: Evidence, rest: Trend, said: list[str]) -> Answer:
    """What a run has come to whose test curve rests above its threshold."""
    test, t1, rules = seen.test, seen.found.t1, seen.rules
    at = f"{test.name} has settled at {test.shown(rest.mean):.4g} +- {rest.mean_error:.2g}"
    said = [*said, at]
    if test.kind != "accuracy":
        # With the level at which the test error ends, `phases` judges the drop and how late it was.
        k = test.steps
        known = {"passages": (t1, None), "floors": (None, rest.mean), "rules": rules}
        found = phases(k, seen.train.at(k), test.errors, seen.limits, **known)
        return _answer(Finding(found.verdict.value), *said, found.reason)
    start = float(test.at(np.array([t1.high or 0]))[0])
    # The level is a mean; the curve at t1 is one record, with the noise of one.
    end = last_half(test.steps)
    noise = math.hypot(rest.mean_error, measure(test.steps[end:], test.errors[end:]).sigma)
    if start - rest.mean > max(POINT, SIGMAS * noise, rules.flat * min(start, 1 - start)):
        late = f"it was {test.shown(start):.4g} at t1: it generalizes in part"
        return _answer(Finding.memorized_only, *said, late, advice=PART)
    return _answer(Finding.memorized_only, *said)


def _memorization_lost(seen: Evidence) -> str | None:
    """Say that training ends far from a threshold that it had reached."""
    train, limit = seen.train, seen.limits[0]
    if seen.found.t1.high is None:
        return None
    end = float(np.median(train.errors[-window_of(len(train.errors)) :]))
    if end <= LOST * limit:
        return None
    return (
        f"{train.name} reached its threshold, left it, and ends at {train.shown(end):.4g} (median)"
    )


def _train_rests(seen: Evidence) -> bool:
    """Whether the training curve has settled above its threshold."""
    train, flat = seen.train, seen.rules.flat
    top = 1.0 if train.kind == "accuracy" else np.inf
    _, falls, rest = end_trend(train.steps, train.errors, flat, top=top)
    return not falls and not rest.beyond(flat) and rest.above(seen.limits[0], 0.0)


def _of_touches(seen: Evidence) -> list[str]:
    """Say that records touch a threshold, and why that is no passage."""
    said = []
    pairs = zip(seen.passages, (seen.train, seen.test), seen.limits, strict=True)
    for found, curve, limit in pairs:
        if found.record is not None or not found.touches:
            continue
        rest = trend(curve.steps, curve.errors)
        said.append(
            f"{found.touches} of {len(curve.steps)} records of {curve.name} touch "
            f"{curve.shown(limit):.4g}, the first at step {found.first.high}: noise about "
            f"{curve.shown(rest.mean):.4g}, no passage"
        )
    return said


def _of_trend(found: Trend, falls: bool, test: Records, flat: float) -> str:
    accuracy = test.kind == "accuracy"
    change = -found.change if accuracy else found.change
    sigmas = abs(found.change) / found.error if found.error > 0 else np.inf
    moves = f"{test.name} changed by {change:+.3g} since step {found.start} (the line through it, "
    moves += f"standard error {found.error:.2g})"
    if not found.significant:
        return f"{moves}: no change beyond noise"
    if not found.beyond(flat):
        return f"{moves}: {sigmas:.2g} standard errors, but less than {flat:.0%} of its level"
    stopped = "it got better, and has stopped" if found.change < 0 else "getting worse"
    return f"{moves}: {'still getting better' if falls else stopped}"


def _of_rise(worse: Rise, test: Records) -> str:
    best, end = test.shown(worse.best), test.shown(worse.end)
    return (
        f"{test.name} was best, {best:.4g}, about step {worse.best_step} and ends at {end:.4g} "
        f"(medians; noise of such a median {worse.error:.2g})"
    )
