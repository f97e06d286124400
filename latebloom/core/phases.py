"""From two error curves to t1, t2 and a verdict: pure NumPy, for the curves of any trainer.

t1 (memorization) and t2 (generalization) are first passages below a threshold, as in section 3 of
arXiv:2506.05718. Step 0 is the initialization; step k means after k updates. Curves are ERRORS
(relative errors or error rates): pass an accuracy as ``1 - accuracy``.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import checks as check
from .curve_input import read_curve, read_steps, refuse_accuracy
from .errors import InvalidInput, shown
from .judgement import NOTHING, Curves, judge, plateau
from .judgement import Ahead as Ahead
from .passage import Curve as Curve
from .passage import Passage as Passage
from .passage import Steps as Steps
from .passage import first_passage
from .verdict import DEFAULT as DEFAULT
from .verdict import Phases as Phases
from .verdict import Plateau as Plateau
from .verdict import Rules as Rules
from .verdict import Verdict as Verdict


def phases(
    steps: ArrayLike,
    train: ArrayLike,
    test: ArrayLike | None = None,
    thresholds: tuple[float, float] = (1e-3, 1e-3),
    *,
    passages: tuple[Passage | None, Passage | None] = (None, None),
    floors: tuple[float | None, float | None] = (None, None),
    ahead: tuple[Ahead, Ahead] = (NOTHING, NOTHING),
    diverged_at: int | None = None,
    rules: Rules = DEFAULT,
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
    - `ahead`: what else is known of (train, test) after the last record.
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
    k = read_steps(steps)
    _require_pairs(thresholds, floors, passages, ahead)
    check.instance("rules", rules, Rules)
    if diverged_at is not None:
        check.integer("diverged_at", diverged_at, low=0)
    e, blown = read_curve("train", train, k, 0)
    over = blown if diverged_at is None else min(blown, int(np.searchsorted(k, diverged_at)))
    f, lost = (None, len(k)) if test is None else read_curve("test", test, k, over)
    if passages[0] is None and floors[0] is None and ahead[0] == NOTHING:
        refuse_accuracy(e)
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
    known = tuple(
        a if x is None else replace(a, floor=x) for a, x in zip(ahead, floors, strict=True)
    )
    limits = zip(thresholds, known, strict=True)
    t1, t2 = (_passage(k, *of) for of in zip((e, f), limits, passages, strict=True))
    if diverged_at is not None:
        reason = f"the run diverged at step {diverged_at} ({why})"
        return Phases(t1, t2, Verdict.diverged, reason, None, int(diverged_at))
    verdict, reason = judge(Curves(k, e, f, thresholds, (known[0], known[1])), t1, t2, rules)
    return Phases(t1, t2, verdict, reason, plateau(k, f, t1, thresholds[1], rules))


def _require_pairs(thresholds: Any, floors: Any, passages: Any, ahead: Any) -> None:
    """Raise `InvalidInput` unless each is a pair (train, test) of what it holds."""

    def finite(x: Any, least: float) -> bool:
        number = isinstance(x, int | float | np.floating | np.integer) and not isinstance(x, bool)
        return number and bool(least <= x < math.inf)

    for name, pair, fits, what, default in (
        (
            "thresholds",
            thresholds,
            lambda x: finite(x, math.ulp(0.0)),
            "finite numbers > 0",
            "(1e-3, 1e-3), or 1e-9 for 'no error at all'",
        ),
        (
            "floors",
            floors,
            lambda x: x is None or finite(x, 0.0),
            "finite numbers >= 0 or None",
            "(None, None): not known",
        ),
        (
            "passages",
            passages,
            lambda x: x is None or isinstance(x, Passage),
            "Passage or None",
            "(None, None): what the records show",
        ),
        (
            "ahead",
            ahead,
            lambda x: isinstance(x, Ahead),
            "Ahead",
            "(Ahead(), Ahead()): nothing is known",
        ),
    ):
        ok = isinstance(pair, tuple | list) and len(pair) == 2 and all(map(fits, pair))
        if not ok:
            raise InvalidInput(
                f"{name} is {shown(pair)}; it must be a pair (train, test) of {what}; try {default}"
            )


def _passage(
    k: Steps, e: Curve | None, limit: tuple[float, Ahead], known: Passage | None
) -> Passage:
    """The known passage, or the one the records show, with what the records say of its end.

    `limit` is the threshold, and what is known of the error ahead.
    """
    threshold, floor, end = limit[0], limit[1].floor, limit[1].end
    below = np.zeros(0, dtype=bool) if e is None else e <= threshold
    if known is not None:
        p = known
    else:
        p = Passage.after(-1) if e is None else first_passage(k, e, threshold)
    if p.kind == "censored" and floor is not None and floor > threshold:
        # It may have been lower before, and a limit given as a floor is approached from below.
        floor = floor if e is None else min(floor, float(e.min()))
        return Passage.never(floor, None if end is None or end <= threshold else end)
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
