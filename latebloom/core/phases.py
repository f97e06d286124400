"""From two error curves to t1, t2 and a verdict: pure NumPy, for the curves of any trainer.

t1 (memorization) and t2 (generalization) are first passages below a threshold, as in section 3 of
arXiv:2506.05718. Step 0 is the initialization; step k means after k updates. Curves are ERRORS
(relative errors or error rates): pass an accuracy as ``1 - accuracy``.
"""

import enum
import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InvalidInput

Kind = Literal["exact", "bracketed", "censored", "infeasible"]
Curve = NDArray[np.float64]
Steps = NDArray[np.int64]
Limit = tuple[float, float | None]  # threshold, floor
Limits = tuple[Limit, Limit]  # train, test


@dataclass(frozen=True)
class Passage:
    """The first step at which an error is at or below its threshold, $min {t : e_t <= threshold}$.

    **Arguments:**

    - `step`: the passage if it is known to the step, else None.
    - `kind`: `exact` (low = high = step); `bracketed` (in [low, high]); `censored` (not seen yet:
      low = last step seen + 1, or 0 if nothing was seen, high = None); `infeasible` (the limit of
      the error is above the threshold and it was not reached: step = low = high = None).
    - `sustained`: whether the error stays there until the end; None if not reached or not known.
    - `sustained_from`: the step (of a record) from which it stays; None if it ends above.
    - `floor`: what the error stays above in the end, set if and only if that makes the passage
      infeasible.

    **Raises:** `InvalidInput` when the fields contradict `kind`.
    """

    step: int | None
    kind: Kind
    low: int | None = None
    high: int | None = None
    sustained: bool | None = None
    sustained_from: int | None = None
    floor: float | None = None

    def __post_init__(self) -> None:
        low, high, step = self.low, self.high, self.step
        if low is not None and high is not None:
            kind = "exact" if low == high else "bracketed"
            fits = self.kind in (kind, "bracketed") and low <= high
            fits = fits and step == (low if low == high else None)
        else:
            kind = "censored" if low is not None else "infeasible"
            fits = self.kind == kind and step is None and high is None
        if not fits or (self.floor is None) != (self.kind != "infeasible"):
            raise InvalidInput(
                f"a passage of kind {self.kind!r} cannot have step={step}, low={low}, high={high}, "
                f"floor={self.floor}; use Passage.between(low, high), .after(last) or .never(floor)"
            )

    @classmethod
    def between(cls, low: int, high: int) -> "Passage":
        """In [low, high]; exact when both are the same step."""
        if low == high:
            return cls(low, "exact", low, high)
        return cls(None, "bracketed", low, high)

    @classmethod
    def after(cls, last: int) -> "Passage":
        """Not reached up to and including step `last`."""
        return cls(None, "censored", last + 1)

    @classmethod
    def never(cls, floor: float) -> "Passage":
        """Not reached, and not reachable: the error tends to `floor`, above the threshold."""
        return cls(None, "infeasible", floor=float(floor))

    def to_dict(self) -> dict[str, Any]:
        """All fields, JSON-ready."""
        return asdict(self)

    def __str__(self) -> str:
        if self.low == 0 and self.high is None:
            return "unknown"  # no curve was seen
        if self.high is None:
            return f"not by {self.low - 1}" if self.low is not None else "never"
        return f"{self.step}" if self.step is not None else f"in [{self.low}, {self.high}]"


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
    # A curve is flat if it changes by less than this share while time doubles: the 5 % of the
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

    def to_dict(self) -> dict[str, Any]:
        """All fields with `delay` and `delay_bounds`, JSON-ready."""
        return {
            **asdict(self),
            "verdict": self.verdict.value,
            "delay": self.delay,
            "delay_bounds": list(self.delay_bounds),
        }


def phases(
    steps: ArrayLike,
    train: ArrayLike,
    test: ArrayLike | None = None,
    thresholds: tuple[float, float] = (1e-3, 1e-3),
    *,
    passages: tuple[Passage | None, Passage | None] = (None, None),
    floors: tuple[float | None, float | None] = (None, None),
    diverged_at: int | None = None,
    rules: Rules = Rules(),
) -> Phases:
    """Say when a run memorized and generalized, and whether that was grokking.

    $t_1 = min {t : train_t <= thresholds[0]}$, $t_2 = min {t : test_t <= thresholds[1]}$ (section 3
    of arXiv:2506.05718); `grokked` if $t_2 > r max(t_1, 1)$ with r = `rules.delay_ratio`.

    **Arguments:**

    - `steps`: (T,) recorded steps, increasing integers >= 0; 0 is the initialization.
    - `train`, `test`: (T,) errors (not accuracies), dimensionless. A passage is exact if the
      record before it is one step earlier, else it lies between the two records (a dip below
      the threshold that comes back between two records cannot be seen).
    - `thresholds`: (train, test), positive, same unit as the errors.
    - `passages`: (t1, t2) known from a simulator; they override what the records show.
    - `floors`: what (train, test) stay above as t -> infinity, if known: their limits, where they
      have one. An unreached threshold below its floor is `infeasible`; with a floor at or below it
      a longer run may reach it.
    - `diverged_at`: the step at which a simulator saw the run diverge. Otherwise: from where the
      errors are non-finite, or train is beyond `rules.divergence`, until the end.
    - `rules`: the numbers behind the verdict.

    **Returns:** `Phases`. `undecided` if the records cannot tell: the last word is never a guess.
    If t1 and t2 fall between the same two records no delay is visible: `generalized_at_once`.

    **Raises:** `InvalidInput` for steps, curves or thresholds that make no sense.

    >>> steps = [0, 1, 2, 3, 98, 99, 100]
    >>> train = [1.0, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0]
    >>> test = [1.0, 0.8, 0.8, 0.8, 0.8, 0.0, 0.0]
    >>> found = phases(steps, train, test)
    >>> found.t1.step, found.t2.step, str(found.verdict)
    (2, 99, 'grokked')
    """
    k = _read_steps(steps)
    for name, pair, default in (
        ("thresholds", thresholds, "(1e-3, 1e-3), or 1e-9 for 'no error at all'"),
        ("floors", floors, "(None, None): not known"),
    ):
        least = math.ulp(0.0) if name == "thresholds" else 0.0
        ok = isinstance(pair, tuple | list) and len(pair) == 2
        if not ok or not all(
            (x is None and not least) or least <= (x or 0) < math.inf for x in pair
        ):
            raise InvalidInput(
                f"{name} is {pair!r}; it must be a pair (train, test) of finite numbers "
                f"{'> 0' if least else '>= 0 or None'}; try {default}"
            )
    e, blown = _read_curve("train", train, k, 0)
    over = blown if diverged_at is None else min(blown, int(np.searchsorted(k, diverged_at)))
    f, lost = (None, len(k)) if test is None else _read_curve("test", test, k, over)
    if passages[0] is None and floors[0] is None:
        _refuse_accuracy(e)
    why = "non-finite errors" if min(blown, lost) < len(k) else "reported by the simulator"
    # The stretch at the end that is beyond the bound contains the non-finite stretch (now inf).
    bound = rules.divergence * max(1.0, float(e[0]))
    sane = np.flatnonzero(e <= bound)
    beyond = int(sane[-1]) + 1 if len(sane) else 0
    if beyond < blown:
        why = f"train error {e[beyond]:.3g} > {bound:.3g}"
    first = min(beyond, lost)
    if first < len(k):
        seen = int(k[first])
        diverged_at = seen if diverged_at is None else min(seen, int(diverged_at))
    limits = (thresholds[0], floors[0]), (thresholds[1], floors[1])
    t1, t2 = _passage(k, e, limits[0], passages[0]), _passage(k, f, limits[1], passages[1])
    if diverged_at is not None:
        reason = f"the run diverged at step {diverged_at} ({why})"
        return Phases(t1, t2, Verdict.diverged, reason, None, int(diverged_at))
    verdict, reason = _judge(k, e, f, t1, t2, limits, rules)
    return Phases(t1, t2, verdict, reason, _plateau(k, f, t1, thresholds[1], rules))


def _read_steps(steps: ArrayLike) -> Steps:
    k = _floats("steps", steps)
    if not len(k):
        raise InvalidInput("steps is empty; give at least one recorded step")
    # Beyond 2^53 a float no longer tells one step from the next.
    bad = np.flatnonzero(~np.isfinite(k) | (k != np.round(k)) | (k < 0) | (k > 2.0**53))
    if len(bad):
        raise InvalidInput(
            f"steps[{bad[0]}] is {k[bad[0]]:g}; steps must be integers from 0 (the initialization) "
            "to 2**53; if it is an epoch, multiply by the updates per epoch"
        )
    bad = np.flatnonzero(np.diff(k) <= 0)
    if len(bad):
        i = int(bad[0])
        raise InvalidInput(
            f"steps[{i + 1}] is {k[i + 1]:.0f} after {k[i]:.0f}; steps must increase without "
            "duplicates; sort the records and keep one per step"
        )
    return k.astype(np.int64)


def _floats(name: str, values: ArrayLike) -> Curve:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iufO":
        raise InvalidInput(
            f"{name} has shape {array.shape} and dtype {array.dtype}; it must be a 1-D array of "
            "real numbers; pass one run at a time"
        )
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"{name} cannot be read as numbers ({error}); drop those records"
        ) from None


def _read_curve(name: str, values: ArrayLike, k: Steps, nan_from: int) -> tuple[Curve, int]:
    """The curve with +inf where it is non-finite until the end, and the index where that starts."""
    e = _floats(name, values)
    if len(e) != len(k):
        raise InvalidInput(f"{name} has {len(e)} values for {len(k)} steps; give one per step")
    bad = np.flatnonzero(~np.isfinite(e))
    start = int(bad[0]) if len(bad) else len(e)
    # NaN in the test error of a healthy run is a skipped evaluation, not a divergence.
    skipped = bool(len(bad)) and bool(np.isnan(e[start])) and start < nan_from
    if len(bad) and (len(bad) < len(e) - start or skipped or start == 0):
        raise InvalidInput(
            f"{name} is {e[start]} at step {k[start]}; errors must be finite, or non-finite from "
            "the step of the divergence to the end; drop the records without a value"
        )
    e[start:] = np.inf
    # 1 - accuracy may be negative by the rounding of float32, no more.
    below = np.flatnonzero(e < -1e-6)
    if len(below):
        i = int(below[0])
        raise InvalidInput(
            f"{name} is {e[i]:g} at step {k[i]}; errors cannot be negative; pass relative errors "
            "or error rates (1 - accuracy, from accuracies in [0, 1] and not in percent)"
        )
    return np.maximum(e, 0.0), start


def _refuse_accuracy(e: Curve) -> None:
    # Safe only for a curve that climbs from below half to exactly 1 or 100, its largest value, and
    # stays there: a fit that is perfect, read as an error that is total.
    top = float(e.max())
    if top in (1.0, 100.0) and e[0] < top / 2 and e[-1] == top and e[-1 - len(e) // 10] == top:
        raise InvalidInput(
            f"train climbs from {e[0]:g} to exactly {top:g} and looks like an accuracy; pass "
            f"errors (1 - accuracy); if it is one, say so with floors=({top:g}, None)"
        )


def _passage(k: Steps, e: Curve | None, limit: Limit, known: Passage | None) -> Passage:
    """The known passage, or the one the records show, with what the records say of its end."""
    threshold, floor = limit
    below = np.zeros(0, dtype=bool) if e is None else e <= threshold
    if known is not None:
        p = known
    elif below.any():
        i = int(np.argmax(below))
        p = Passage.between(int(k[i - 1]) + 1 if i else 0, int(k[i]))
    else:
        p = Passage.after(-1 if e is None else int(k[-1]))
    if p.kind == "censored" and floor is not None and floor > threshold:
        return Passage.never(floor)
    if p.high is None or not len(below) or p.high > k[-1]:
        return p
    # Only later records: the passage itself is at or below, whatever the rounding of its record.
    later = k > p.high
    sustained = bool(below[later].all()) if p.sustained is None else p.sustained
    since = p.sustained_from
    if since is None and sustained:
        since = p.high
    elif since is None and below[-1]:
        since = int(k[np.flatnonzero(~below)[-1] + 1]) if not below.all() else p.high
    return replace(p, sustained=sustained, sustained_from=since)


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


def _judge(
    k: Steps, e: Curve, f: Curve | None, t1: Passage, t2: Passage, limits: Limits, rules: Rules
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


def _plateau(
    k: Steps, f: Curve | None, t1: Passage, threshold: float, rules: Rules
) -> Plateau | None:
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
