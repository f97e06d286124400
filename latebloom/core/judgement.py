"""The rule by which a pair of error curves gets its verdict."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .passage import Curve, Passage, Steps
from .verdict import Plateau, Rules, Verdict


@dataclass(frozen=True)
class Ahead:
    """What is known of an error after its last record, besides the records; all of it optional.

    **Fields:**

    - `floor`: it is at least this, on the way and in the end: a proof.
    - `least`: an estimate of the least it comes to, no proof.
    - `end`: its limit as t -> infinity, of a method that keeps moving the root mean square.
    - `passage`: the step about which it gets to its threshold if the run goes on.
    - `moving`: a sentence that says why it may still move, however flat it is; "" if nothing does.
    """

    floor: float | None = None
    least: float | None = None
    end: float | None = None
    passage: int | None = None
    moving: str = ""


NOTHING = Ahead()


class Curves(NamedTuple):
    """What is judged: steps, training and test errors (None if there are none), thresholds, and
    what is known of both errors ahead."""

    k: Steps
    train: Curve
    test: Curve | None
    thresholds: tuple[float, float]
    ahead: tuple[Ahead, Ahead] = (NOTHING, NOTHING)


class End(NamedTuple):
    """How an error that did not reach its threshold ends: the level if that is decided; and why."""

    level: float | None
    why: str


def judge(curves: Curves, t1: Passage, t2: Passage, rules: Rules) -> tuple[Verdict, str]:
    """Return the verdict on a run that did not diverge, and the sentence with the numbers behind
    it.

    An error above its threshold at the last step is said to stay there (`never_memorized`,
    `memorized_only`, `mirage`) on three grounds only:

    1. Proof: it is known to be at least a floor that is above the threshold.
    2. Limit: it ends above its threshold, and so is an estimate of the least it comes to.
    3. Rest: nothing is known to move it (no limit below its threshold, no passage ahead, no penalty
       that has yet to act), and over the last factor `span` of the steps it changed by at most the
       fraction `flat`, and ranged over at most what lies between it and its threshold: what it has
       done, it may do again. A training error has done so over the last factor `span`^2, and has
       fallen to the fraction `begun` of its largest value before, as a run may begin at a saddle or
       come to one. For a test error all of the last factor `span` is after t1.

    In all other cases the run is `undecided`, and the sentence says what is known.

    **Arguments:**

    - `curves`: the errors, their thresholds and what is known of them ahead.
    - `t1`, `t2`: their first passages.
    - `rules`: the numbers behind the verdict.
    """
    k, f, ratio = curves.k, curves.test, rules.delay_ratio
    if t1.high is None:
        end = _end("train", curves, t1, 0, rules)
        return Verdict.undecided if end.level is None else Verdict.never_memorized, end.why
    if t2.high is None:
        if f is None:
            return Verdict.undecided, f"t1 = {t1}; without a test error nothing is known of t2"
        return _memorized(curves, t1, t2, rules)
    both = f"t1 = {t1}, t2 = {t2}"
    if t2.sustained is False and t2.sustained_from is None:
        goal = curves.thresholds[1]
        now = f"it > {goal:.3g}" if f is None else f"test error {_compared(f[-1], goal)}"
        return Verdict.ungrokked, f"{both}, but {now} {_last(k)}"
    at_least, at_most = (ratio * max(t or 0, 1) for t in (t1.low, t1.high))
    if (t2.low or 0) > at_most:
        return Verdict.grokked, f"{both}: t2 > {ratio:g} max(t1, 1) = {at_most:.6g}"
    if t2.high <= at_least:
        reason = f"{both}: t2 <= {ratio:g} max(t1, 1) = {at_least:.6g}"
        return Verdict.generalized_at_once, reason
    if t2.high <= t1.high:
        return Verdict.generalized_at_once, f"{both}: no delay visible between these records"
    return Verdict.undecided, f"{both}: records too far apart to compare t2 with {ratio:g} t1"


def _compared(error: float, threshold: float) -> str:
    """Return which is larger, with as many digits as tell them apart.

    >>> _compared(0.000220004, 0.00022), _compared(0.5, 1e-3)
    ('0.000220004 > 0.00022', '0.5 > 0.001')
    """
    digits = 3
    while error != threshold and f"{error:.{digits}g}" == f"{threshold:.{digits}g}":
        digits += 1
    left, right = f"{error:.{digits}g}", f"{threshold:.{digits}g}"
    return f"{left} {'>' if error > threshold else '<='} {right}"


def _last(k: Steps) -> str:
    return f"at the last step {k[-1]}"


def _end(name: str, curves: Curves, passage: Passage, after: int, rules: Rules) -> End:
    """Return how an error ends that has not reached its threshold.

    **Arguments:**

    - `name`: train or test; `curves`: the errors.
    - `passage`: of the error; `after`: the step after which its rest counts.
    - `rules`: what counts as rest.
    """
    which = 0 if name == "train" else 1
    k, threshold, ahead = curves.k, curves.thresholds[which], curves.ahead[which]
    e = curves.test if which else curves.train
    assert e is not None
    what = f"{name} error {_compared(e[-1], threshold)} {_last(k)}"
    if passage.floor is not None:
        if passage.end is None:
            why = f"{what}, and from there on it stays above {passage.floor:.3g}"
            return End(passage.floor, why)
        return End(passage.end, f"{what}; it never gets there, and ends at {passage.end:.3g}")
    # The average of a run, within the margin of its bracket, or within that of some step.
    if e[-1] <= threshold or 0 < (passage.low or 0) <= k[-1]:
        return End(None, f"{what}, but too near to it to be sure")
    if ahead.passage is None and (ahead.least or 0.0) > threshold and ahead.end is not None:
        return End(ahead.end, f"{what}, and in the end it is about {ahead.end:.3g}")
    if (why := _expected(threshold, ahead)) is not None:
        return End(None, f"{what}; {why}")
    if ahead.moving:
        return End(None, f"{what}; {ahead.moving}")
    since = k[0] + (k[-1] - k[0]) / rules.span
    change = _change(k, e, rules.span)
    part = f"{1 - 1 / rules.span:.0%} of the steps"
    how = f"it changed by {change:.2g} of itself over the last {part}"
    if change > rules.flat:
        return End(None, f"{what}; {how}: it has not come to rest")
    back = rules.span if which else rules.span**2
    recent = e[_record_before(k, back) :]
    moved, left = float(np.ptp(recent)), float(recent.min()) - threshold
    if moved > left:
        return End(
            None,
            f"{what}; over the last {1 - 1 / back:.0%} of the steps it came within {left:.2g} of "
            f"it, and ranged over {moved:.2g}: too near to be sure",
        )
    if not which and e.min() > rules.begun * e.max():
        return End(None, f"{what}; {how}, and little more before: it has not begun to fall")
    if since < after:
        return End(None, f"{what}; {how}: too soon after t1 to tell")
    return End(float(e[-1]), f"{what}; {how}")


def _expected(threshold: float, ahead: Ahead) -> str | None:
    """Return what is known of an error that is not known to stay above its threshold."""
    if ahead.passage is not None:
        passes = f"it gets there about step {ahead.passage:,}"
        above = ahead.end is not None and ahead.end > threshold
        return f"{passes}, on the way to {ahead.end:.3g}" if above else passes
    if ahead.end is not None and ahead.end <= threshold:
        return f"its limit is {ahead.end:.3g}: it has yet to get there"
    if ahead.end is not None and (ahead.floor is not None or ahead.least is not None):
        return (
            f"in the end it is about {ahead.end:.3g}, and that it never dips below its threshold "
            "is not proved"
        )
    if ahead.floor is not None:
        return f"it is known to stay above {ahead.floor:.3g} only"
    return None


def _change(k: Steps, e: Curve, span: float) -> float:
    """Relative change over the last factor `span` of the steps, $(|D max| + |D min|) / max$, in
    [0, 2].

    D compares the two halves of these steps on a logarithmic axis: the total change of a monotone
    curve, but about zero for one that only oscillates. A single record shows no end: infinite.
    """
    if len(e) < 2:
        return math.inf
    i = _record_before(k, span)
    j = max(int(np.searchsorted(k, k[0] + (k[-1] - k[0]) / math.sqrt(span), "right")) - 1, i)
    # Record j is in both halves, so that the changes of a monotone curve add up.
    early, late = e[i : j + 1], e[j:]
    top = max(early.max(), late.max())
    moved = abs(early.max() - late.max()) + abs(early.min() - late.min())
    return float(moved / top) if top > 0 else 0.0


def _record_before(k: Steps, span: float) -> int:
    """Return the last record before the last factor `span` of the steps, which is not the last."""
    return min(int(np.searchsorted(k, k[0] + (k[-1] - k[0]) / span, "right")) - 1, len(k) - 2)


def _memorized(curves: Curves, t1: Passage, t2: Passage, rules: Rules) -> tuple[Verdict, str]:
    """The same for a run that memorized and whose test error never reached its threshold."""
    k, f = curves.k, curves.test
    assert f is not None
    end = _end("test", curves, t2, t1.high or 0, rules)
    what = f"t1 = {t1}; {end.why}"
    if end.level is None:
        return Verdict.undecided, what
    start = _at(k, t1)
    drop = float(f[start]) / end.level  # level > threshold > 0
    what = f"{what}; it falls {drop:.3g}-fold after t1"
    if drop < rules.mirage_drop:
        return Verdict.memorized_only, f"{what} (a mirage needs {rules.mirage_drop:g})"
    # Late means what it means for t2: a drop within a decade of t1 belongs to memorization.
    late = rules.delay_ratio * max(t1.high or 0, 1)
    fallen = np.flatnonzero(f[start:] * rules.mirage_drop <= f[start])
    if len(fallen):
        step = int(k[start + fallen[0]])
        verdict = Verdict.mirage if step > late else Verdict.memorized_only
    else:  # The known limit promises a drop that has yet to come.
        step = int(k[-1]) + 1
        verdict = Verdict.mirage if step > late else Verdict.undecided
    by = "by" if len(fallen) else "not before"
    return verdict, f"{what}, {rules.mirage_drop:g}-fold {by} step {step} (late: > {late:.6g})"


def _at(k: Steps, t1: Passage) -> int:
    """The first record at or after t1, which is free of the transient before it."""
    return min(int(np.searchsorted(k, t1.high or 0)), len(k) - 1)


def plateau(
    k: Steps, f: Curve | None, t1: Passage, threshold: float, rules: Rules
) -> Plateau | None:
    """Return the first stretch of the test error after t1 that is flat, if there is one.

    **Arguments:**

    - `k`, `f`: (T,) steps, and test errors or None.
    - `t1`: the first passage of the training error.
    - `threshold`: of the test error.
    - `rules`: what counts as flat.
    """
    if f is None or t1.high is None:
        return None
    i = _at(k, t1)
    while f[i] > threshold:
        doubled = int(np.searchsorted(k, 2.0 * max(int(k[i]), 1)))
        if doubled >= len(k):
            return None
        if np.all(np.abs(f[i : doubled + 1] - f[i]) <= rules.flat * f[i]):
            out = np.flatnonzero(np.abs(f[doubled:] - f[i]) > rules.flat * f[i])
            end = doubled + int(out[0]) - 1 if len(out) else len(k) - 1
            left = int(k[end + 1]) if len(out) else None
            return Plateau(float(f[i]), int(k[i]), int(k[end]), left)
        # Starts 10 % apart keep the cost linear in the records.
        i = max(i + 1, int(np.searchsorted(k, 1.1 * k[i])))
    return None
