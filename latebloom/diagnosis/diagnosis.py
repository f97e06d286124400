"""The diagnosis of logged curves: t1, t2, a verdict with reasons, the norm, a forecast."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from latebloom.core.errors import InvalidInput
from latebloom.core.phases import DEFAULT, Phases, Rules, Verdict, phases

from .choose import choose, proposal
from .curves import Records, ordered
from .definition import Definition, define
from .delay import delay
from .finding import Finding
from .forecast import Forecast, forecast
from .judge import Answer, Evidence, answer_of
from .jump import Jump, jump
from .logs import Log, Series, read_log
from .norm import NormAnswer, norm_answer
from .passages import Found, level_passage
from .prepare import prepare
from .result import Diagnosis
from .stability import stability
from .units import OptionNeeded, whole_steps


def diagnose_log(
    log: Log | str | Path,
    train: str | None = None,
    test: str | None = None,
    step: str | None = None,
    norm: str | None = None,
    *,
    kind: str | Sequence[str] | None = None,
    thresholds: tuple[float | None, float | None] = (None, None),
    q: float | None = None,
    kappa: float | None = None,
    rules: Rules = DEFAULT,
) -> Diagnosis:
    """Say what two columns of a log show.

    **Arguments:**

    - `log`: from `read_log`, or the path of one.
    - `train`, `test`, `norm`: columns, or tags of TensorBoard; they may be logged on different
      rows. None: guessed from the names of the columns, and said.
    - `step`: the column with the number of updates, `a,b` if train and test have one each, or `row`
      for the number of the record; None: the first that is called like one, else the records.
    - `kind`: as for `diagnose`; None: guessed from the words in the names of the columns.
    - `thresholds`, `q`, `kappa`, `rules`: as for `diagnose`.

    **Returns:** a `Diagnosis`.

    **Raises:** `InvalidInput` for columns that do not exist, and as `diagnose`.
    """
    log = log if isinstance(log, Log) else read_log(log)
    choice = choose(log, train, test, step, norm)
    names = (choice.train, choice.test, choice.norm or "")
    by = define(q, kappa, thresholds, rules)
    try:
        notes = list(choice.notes)
        return diagnose_series(choice.series, names, kind, by, notes, choice.of_records)
    except InvalidInput as error:
        if not choice.guessed:
            raise
        text = f"{error} (columns guessed: {choice.options})"
        if isinstance(error, OptionNeeded) and error.options:
            text += proposal(log, f"{choice.options} {error.options}")
        raise InvalidInput(text) from None


def diagnose_series(
    columns: dict[str, Series],
    names: tuple[str, str, str],
    kind: str | Sequence[str] | None,
    by: Definition,
    notes: list[str],
    of_records: bool = False,
) -> Diagnosis:
    """Say what the steps and values of two curves show.

    **Arguments:**

    - `columns`: steps and values by name.
    - `names`: of train, test and the norm, which may be missing.
    - `kind`: as for `diagnose_log`.
    - `by`: the definition of grokking.
    - `notes`: what is known already; gets a sentence for everything that is repaired or assumed.
    - `of_records`: whether the steps are only the numbers of the records.

    **Returns:** a `Diagnosis`, with these notes.

    **Raises:** `InvalidInput` for curves that cannot be judged, or only by a guess.
    """
    columns, unit = whole_steps(columns, notes)
    train, test, limits = prepare(columns, names[:2], kind, by.thresholds, notes)
    by.check((train, test))
    passages = (
        level_passage(train.steps, train.errors, limits[0]),
        level_passage(test.steps, test.errors, limits[1]),
    )
    found = _phases(train, test, limits, passages, by.rules, notes)
    late = delay(found.t1, found.t2, train, test, (by.kappa, limits[0]), of_records)
    after = None if passages[1].record is None else stability(train, test, limits, passages[1])
    seen = Evidence(found, passages, train, test, limits, by.rules, by.strict, late, after)
    answer = answer_of(seen)
    found = _with(found, answer)
    explained = _norm(columns.get(names[2]), names[2], test, found, limits[1], by.rules, notes)
    return Diagnosis(
        verdict=answer.verdict,
        advice=answer.advice,
        reasons=(*map(_reached, (train, test), limits, passages), *answer.reasons),
        phases=found,
        thresholds=(train.shown(limits[0]), test.shown(limits[1])),
        norm=explained,
        forecast=_forecast(found, answer.verdict, test, limits[1], explained),
        notes=tuple(notes),
        train=train,
        test=test,
        unit=unit,
        delay=late,
        stability=after,
        jump=_jump(found, train, test),
        definition=by.to_dict(late, found.t2.high is None),
    )


def _jump(found: Phases, train: Records, test: Records) -> Jump | None:
    """The jump of the test curve after t1, or in the whole log without one."""
    t1, t2 = found.t1.high, found.t2.high
    return jump(test, int(train.steps[0] if t1 is None else t1), t2 is not None and t2 > (t1 or 0))


def _with(found: Phases, answer: Answer) -> Phases:
    """The phases with the verdict on the log; what only a log can be is undecided there."""
    words = {verdict.value: verdict for verdict in Verdict}
    words |= {Finding.delayed.value: Verdict.generalized_at_once}
    verdict = words.get(answer.verdict.value, Verdict.undecided)
    return replace(found, verdict=verdict, reason="; ".join(answer.reasons))


def _phases(
    train: Records,
    test: Records,
    limits: tuple[float, float],
    passages: tuple[Found, Found],
    rules: Rules,
    notes: list[str],
) -> Phases:
    """The phases on the steps of the test curve; t1 and t2 each from all records of its curve."""
    k = test.steps
    if not np.array_equal(k, train.steps):
        k = k[k >= train.steps[0]]
        notes.append(
            f"{train.name} and {test.name} are logged at different steps: at each of {test.name} "
            "stands the last training record before it"
        )
        if train.steps[-1] > k[-1:].max(initial=0) and len(k):
            later = np.count_nonzero(train.steps > k[-1])
            notes.append(f"{later} records of {train.name} are later than the last of {test.name}")
    if len(k) < 2:
        raise InvalidInput(
            f"{test.name} ends at step {test.steps[-1]}, before {train.name} begins at step "
            f"{train.steps[0]}; choose columns of one run"
        )
    known = (passages[0].passage, passages[1].passage)
    seen = {"passages": known, "diverged_at": train.diverged_at, "rules": rules}
    return phases(k, train.at(k), test.at(k), limits, **seen)


def _reached(curve: Records, limit: float, passage: Found) -> str:
    """One sentence on a curve and its threshold, in the unit of the column."""
    sign = ">=" if curve.kind == "accuracy" else "<="
    goal = f"{curve.name} {sign} {curve.shown(limit):.4g}"
    i = int(np.argmin(curve.errors))
    best, last = curve.shown(float(curve.errors[i])), curve.shown(float(curve.errors[-1]))
    found = passage.passage
    when = "is not reached"
    if found.high is not None:
        exact, between = f"at step {found.high}", f"between the steps {found.low} and {found.high}"
        when = f"is reached {exact if found.low == found.high else between}"
    return f"{goal} {when}; best {best:.4g} at step {curve.steps[i]}, last {last:.4g}"


def _norm(
    series: Series | None,
    name: str,
    test: Records,
    found: Phases,
    limit: float,
    rules: Rules,
    notes: list[str],
) -> NormAnswer | None:
    if series is None:
        return None
    k, v = ordered(name, *series, notes)
    k, v = k[np.isfinite(v)], v[np.isfinite(v)]
    if (v <= 0).any():
        raise InvalidInput(f"{name} is {v.min():g} somewhere; a norm must be positive")
    both = np.isfinite(test.errors) & (test.steps >= k[0]) & (test.steps <= k[-1])
    if np.count_nonzero(both) < 4:
        return NormAnswer(
            "cannot tell", f"{name} and {test.name} have hardly a step in common: log both together"
        )
    if not np.isin(test.steps[both], k).all():
        notes.append(f"{name} is interpolated at the steps of {test.name}")
    steps = test.steps[both]
    norm = np.exp(np.interp(steps, k, np.log(v)))
    after = found.t1.high or 0
    return norm_answer(steps, test.errors[both], norm, test.kind, after, limit, rules.mirage_drop)


def _forecast(
    found: Phases, verdict: Finding, test: Records, limit: float, norm: NormAnswer | None
) -> Forecast | None:
    if found.t2.high is not None:
        return None
    if found.diverged_at is not None:
        why = "the run diverged"
    elif found.t1.high is None:
        why = "the training curve has not reached its threshold: the laws hold after t1"
    elif norm is not None and norm.answer == "yes":
        why = "the test error has only followed the norm: that tells nothing of t2"
    elif verdict is not Finding.still_improving:
        why = f"the verdict is {verdict}: the test curve is not getting better"
    else:
        return forecast(test.steps, test.errors, found.t1.high, limit, test.kind)
    return Forecast.refused(why)
