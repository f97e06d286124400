"""The verdict on a pair of error curves, and the numbers behind it."""

import enum
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .errors import InvalidInput
from .passage import Curve, Passage, Steps
from .text import UNKNOWN


class Verdict(enum.StrEnum):
    """What a pair of curves shows; `advice` says what it means and what to try next."""

    grokked = "grokked"
    generalized_at_once = "generalized_at_once"
    memorized_only = "memorized_only"
    mirage = "mirage"
    never_memorized = "never_memorized"
    ungrokked = "ungrokked"
    diverged = "diverged"
    undecided = "undecided"

    @property
    def advice(self) -> str:
        """One sentence: the meaning, then what to try."""
        return _ADVICE[self]


_ADVICE = {
    Verdict.grokked: "The model generalized long after it had memorized; vary alpha and beta to "
    "see the delay scale as 1/(alpha beta).",
    Verdict.generalized_at_once: "The model generalized as soon as it fitted the data; use fewer "
    "samples or a smaller beta to see a delay.",
    Verdict.memorized_only: "The model fits the training data and its test error stays high; add "
    "a regularizer that fits the target, more samples, or train about 1/(alpha beta) steps longer.",
    Verdict.mirage: "The test error dropped late and stopped far above the threshold, as when a "
    "large initialization decays; try a regularizer that fits the target, or more samples.",
    Verdict.never_memorized: "The training error stays above its threshold; lower beta, try "
    "another alpha, train longer, or set a threshold above the floor.",
    Verdict.ungrokked: "The model generalized and lost it again; stop earlier, or look for a "
    "regularizer or noise that pulls away from the solution.",
    Verdict.diverged: "The training error blew up; lower alpha (below 2/sigma_max for a quadratic "
    "loss).",
    Verdict.undecided: "The run does not show how it ends; train longer, record more often, or "
    "give the known limits as floors=(train, test).",
}


@dataclass(frozen=True)
class Rules:
    """The numbers behind a verdict, all dimensionless; raises `InvalidInput` out of range."""

    # t2 > delay_ratio * max(t1, 1) is a delay: one decade on the log axis everybody plots.
    # max(t1, 1) because a run may start memorized, and a log axis has no step 0.
    delay_ratio: float = 10.0
    # test(t1) / (final or limit test error) >= mirage_drop is a drop: half a decade, larger than
    # the drift of a plateau or the spread between seeds, far smaller than Figure 7's 549 / 0.85.
    mirage_drop: float = 3.0
    # A curve is flat if it changes by less than this fraction while time doubles: the 5 % of the
    # plateau rule in the paper's code, but over a duration that does not depend on the records.
    flat: float = 0.05
    # train > divergence * max(1, initial) at the end: out of reach of a stable run, far below
    # overflow. An error that comes back was a spike, not a divergence.
    divergence: float = 1e6

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            low, high = (0, 1) if name == "flat" else (1, math.inf)
            if not low <= value < high:
                default = type(self).__dataclass_fields__[name].default
                raise InvalidInput(
                    f"the rule {name} is {value!r}; it must be at least {low} and below {high}; "
                    f"try the default, {default}"
                )


DEFAULT = Rules()


@dataclass(frozen=True)
class Plateau:
    """The first stretch after t1 on which the test error is flat while the step number doubles.

    `level` is the test error at record `start`; it stays within `Rules.flat` of it up to record
    `end` and is outside at record `left` (None: never left), so it was left in (end, left].
    """

    level: float
    start: int
    end: int
    left: int | None


@dataclass(frozen=True)
class Phases:
    """What `phases` found: the two passages, the verdict and the numbers that decided it."""

    t1: Passage
    t2: Passage
    verdict: Verdict
    reason: str
    plateau: Plateau | None = None
    diverged_at: int | None = None

    def __repr__(self) -> str:
        return f"<Phases {self.verdict}: t1 {self.t1.words}, t2 {self.t2.words}>"

    @property
    def delay(self) -> int | None:
        """$t_2 - t_1$ in steps (negative if the test error came first); None unless both exact."""
        if self.t1.step is None or self.t2.step is None:
            return None
        return self.t2.step - self.t1.step

    @property
    def delay_bounds(self) -> tuple[int | None, int | None]:
        """$[t_2^{low} - t_1^{high}, t_2^{high} - t_1^{low}]$; None: no bound, or no t1."""
        t1, t2 = self.t1, self.t2
        if t1.low is None or t1.high is None:
            return None, None
        return (
            None if t2.low is None else t2.low - t1.high,
            None if t2.high is None else t2.high - t1.low,
        )

    @property
    def delay_words(self) -> str:
        """The delay as a report has it."""
        low, high = self.delay_bounds
        if low is not None and high is not None:
            return f"{low:,}" if low == high else f"in [{low:,}, {high:,}]"
        return f"more than {low - 1:,}" if low is not None and self.t2.low else UNKNOWN

    def to_dict(self) -> dict[str, Any]:
        """All fields with `delay` and `delay_bounds`, JSON-ready."""
        return {
            **asdict(self),
            "verdict": self.verdict.value,
            "delay": self.delay,
            "delay_bounds": list(self.delay_bounds),
        }


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
    """Return the verdict on a run that did not diverge, and the sentence with the numbers behind
    it.

    **Arguments:**

    - `k`, `e`, `f`: (T,) steps, training and test errors; f is None without a test error.
    - `t1`, `t2`: their first passages.
    - `limits`: (threshold, floor) of both errors.
    - `rules`: the numbers behind the verdict.
    """
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
