"""The rules that turn two curves with their first passages into a verdict."""

import math

import numpy as np

from .passage import Curve, Passage, Steps
from .verdict import Plateau, Rules, Verdict

Limit = tuple[float, float | None]  # threshold, floor


def _change(k: Steps, e: Curve) -> float:
    """Relative change over the last half of the run, $(|D max| + |D min|) / max$, in [0, 2].

    D compares the third quarter with the fourth: the total change of a monotone curve, but about
    zero for one that only oscillates. A single record shows no end: infinite.
    """
    if len(e) < 2:
        return math.inf
    middle, three_quarters = k[0] + np.array([0.5, 0.75]) * (k[-1] - k[0])
    i = min(int(np.searchsorted(k, middle, "right")) - 1, len(k) - 2)
    j = max(int(np.searchsorted(k, three_quarters, "right")) - 1, i)
    # Record j is in both quarters, so that the changes of a monotone curve add up.
    third, fourth = e[i : j + 1], e[j:]
    top = max(third.max(), fourth.max())
    moved = abs(third.max() - fourth.max()) + abs(third.min() - fourth.min())
    return float(moved / top) if top > 0 else 0.0


def judge(
    k: Steps,
    e: Curve,
    f: Curve | None,
    t1: Passage,
    t2: Passage,
    limits: tuple[Limit, Limit],
    rules: Rules,
) -> tuple[Verdict, str]:
    """The verdict on a run that did not diverge, and the sentence with the numbers behind it."""
    (threshold, floor), ratio, end = limits[0], rules.delay_ratio, f"at the last step {k[-1]}"
    if t1.high is None:
        sign = ">" if e[-1] > threshold else "<="
        what = f"train error {e[-1]:.3g} {sign} {threshold:.3g} {end}"
        if t1.floor is not None:
            return Verdict.never_memorized, f"{what}, and in the end it stays above {t1.floor:.3g}"
        if floor is not None:
            return Verdict.undecided, f"{what}; nothing is known to keep it above {floor:.3g}"
        if e[-1] <= threshold or 0 < (t1.low or 0) <= k[-1]:
            return Verdict.undecided, f"{what}, but too near to it to be sure"
        change = _change(k, e)
        verdict = Verdict.never_memorized if change <= rules.flat else Verdict.undecided
        return verdict, f"{what}; it changed by {change:.2g} of itself over the last half"
    if t2.high is None:
        if f is None:
            return Verdict.undecided, f"t1 = {t1}; without a test error nothing is known of t2"
        return _judge_unreached(k, f, t1, t2, limits[1], rules)
    both = f"t1 = {t1}, t2 = {t2}"
    if t2.sustained is False and t2.sustained_from is None:
        now = "it" if f is None else f"test error {f[-1]:.3g}"
        return Verdict.ungrokked, f"{both}, but {now} > {limits[1][0]:.3g} {end}"
    at_least, at_most = (ratio * max(t or 0, 1) for t in (t1.low, t1.high))
    if (t2.low or 0) > at_most:
        return Verdict.grokked, f"{both}: t2 > {ratio:g} max(t1, 1) = {at_most:.6g}"
    if t2.high <= at_least:
        reason = f"{both}: t2 <= {ratio:g} max(t1, 1) = {at_least:.6g}"
        return Verdict.generalized_at_once, reason
    if t2.high <= t1.high:
        return Verdict.generalized_at_once, f"{both}: no delay visible between these records"
    return Verdict.undecided, f"{both}: records too far apart to compare t2 with {ratio:g} t1"


def _judge_unreached(
    k: Steps, f: Curve, t1: Passage, t2: Passage, limit: Limit, rules: Rules
) -> tuple[Verdict, str]:
    """The same for a run that memorized and whose test error never reached its threshold."""
    sign = ">" if f[-1] > limit[0] else "<="
    what = f"t1 = {t1}; test error {f[-1]:.3g} {sign} {limit[0]:.3g} at the last step {k[-1]}"
    if t2.floor is not None:
        final, how = t2.floor, f"in the end it stays above {t2.floor:.3g}"
    elif limit[1] is not None:
        may = f"nothing is known to keep it above {limit[1]:.3g}: it may still generalize"
        return Verdict.undecided, f"{what}; {may}"
    else:
        # The average of a run, within the margin of its bracket, or within that of some step.
        if f[-1] <= limit[0] or 0 < (t2.low or 0) <= k[-1]:
            return Verdict.undecided, f"{what}, but too near to it to be sure"
        final, change = float(f[-1]), _change(k, f)
        how = f"changed by {change:.2g} of itself over the last half"
        if change > rules.flat:
            return Verdict.undecided, f"{what}, {how}: it has not settled"
    start = _at(k, t1)
    drop = float(f[start]) / final  # final > threshold > 0
    what = f"{what}, {how}; it falls {drop:.3g}-fold after t1"
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
    """Return the first stretch of the test error after t1 that is flat, if there is one."""
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
