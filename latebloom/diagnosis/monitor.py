"""A run while it trains: events as they happen, whether it may stop, a diagnosis at any time."""

import json
import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput, shown, unreadable
from latebloom.core.files import as_path, replace
from latebloom.core.phases import DEFAULT, Rules
from latebloom.core.text import number

from .definition import define
from .diagnosis import diagnose_series
from .events import Decision, Event, decide, event_of
from .prepare import TEST_ACCURACY, TRAIN_ACCURACY, accuracy_threshold
from .result import Diagnosis
from .units import KINDS
from .watched import Watched

# A guard without alpha and beta waits until so many times t1: two decades, as between 10^3 and 10^5
# steps in the first report of grokking (Power et al., arXiv:2201.02177, Figure 1).
PATIENCE = 100.0
# The format of the file with the state.
FORMAT = 1


class Monitor:
    """Watch the curves of a run while it trains, in bounded memory and a few microseconds a record.

    An event is reported once three records in a row agree, with the step of the first of them.

    **Arguments:**

    - `kind`: `accuracy` (in [0, 1]), `percent`, `error` or `loss`; two words for (train, test).
    - `thresholds`: (train, test); None is 0.99 and 0.95 for accuracies. Accuracies may be given as
      fractions or in percent, as for `latebloom.diagnose`. Errors and losses have no default.
    - `alpha`, `beta`: the learning rate and the strength of the regularizer (of decoupled weight
      decay its coefficient), for the scale 1/(alpha beta) of the delay in the event of t1.
    - `updates_per_step`: how many updates one step is, for this scaling: 1 if steps are updates.
    - `patience`: without alpha and beta, `may_stop` waits until this many times t1.
    - `path`: a JSON file that keeps the state: where it exists, the monitor goes on from it.
    - `save_every`: seconds between two writes of this file; it is written at every event too.
    - `rules`: the numbers behind the verdict of `diagnosis`.

    **Raises:** `InvalidInput` for options that make no sense, and a file of another monitor.

    >>> monitor = lb.Monitor()
    >>> for step in range(0, 1000, 20):
    ...     for event in monitor.update(step, train=min(1.0, step / 500), test=0.02):
    ...         print(event)
    memorized at step 500; test accuracy 0.02: this is where late generalization can begin
    >>> print(monitor.may_stop())
    do not stop yet: memorized at step 500 and trained 1.96 times as long; a plateau does not tell \
whether a late drop follows, and patience is 100 times
    """

    def __init__(
        self,
        *,
        kind: str | tuple[str, str] = "accuracy",
        thresholds: tuple[float | None, float | None] = (None, None),
        alpha: float | None = None,
        beta: float | None = None,
        updates_per_step: float = 1.0,
        patience: float = PATIENCE,
        path: str | Path | None = None,
        save_every: float = 60.0,
        rules: Rules = DEFAULT,
    ) -> None:
        for name, value in (("alpha", alpha), ("beta", beta)):
            if value is not None:
                check.real(name, value, low=0)
        check.real("updates_per_step", updates_per_step, low=0, strict=True)
        check.real("patience", patience, low=1)
        check.real("save_every", save_every, low=0)
        names = ("train", "test")
        check.instance("rules", rules, Rules)
        check.pair("thresholds", thresholds)
        given = kind.split(",") if isinstance(kind, str) else kind
        words = list(given) if isinstance(given, list | tuple) else []
        words = words * 2 if len(words) == 1 else words
        if len(words) != 2 or not all(word in KINDS for word in words):
            raise InvalidInput(f"kind {shown(kind)}: must be one or two of {', '.join(KINDS)}")
        limits = [
            _threshold(*one) for one in zip(("train", "test"), words, thresholds, strict=True)
        ]
        self.kinds = (words[0], words[1])
        self.thresholds: tuple[float | None, float | None] = (limits[0], limits[1])
        self.rules, self.patience = rules, patience
        # Without a regularizer there is no scaling to tell.
        self.scale = alpha and beta and 1.0 / (alpha * beta * updates_per_step)
        self._keep: list[float] = []
        self.train, self.test = (
            Watched(*one, self._keep) for one in zip(names, words, limits, strict=True)
        )
        self.step = -math.inf
        self.path = None if path is None else as_path("Monitor", path)
        self.save_every, self._saved = save_every, time.monotonic()
        if self.path is not None and os.path.exists(self.path):  # Path.exists raises for long names
            self._load(self.path)

    def update(self, step: Any, train: Any = None, test: Any = None) -> tuple[Event, ...]:
        """Take the values at a step, and return what has happened; mostly nothing.

        **Arguments:**

        - `step`: the number of updates, or of epochs. If it goes back, as after a restart from a
          checkpoint, what was recorded from there on is superseded.
        - `train`, `test`: numbers, or tensors of one number; None where nothing was measured.

        **Raises:** `InvalidInput` for what is no number, or not in the unit of the curve.
        """
        if type(step) not in (int, float):  # a number of NumPy, a tensor
            try:
                step = float(step)
            except (TypeError, ValueError, RuntimeError):
                step = repr(step)[:40]
        if isinstance(step, str) or not 0 <= step < math.inf:
            raise InvalidInput(f"step is {step}: must be a number >= 0")
        if step < self.step:
            self._rewind(step)
        self.step = step
        events: tuple[Event, ...] = ()
        # The training curve first, because t1 comes before t2.
        for curve, given in ((self.train, train), (self.test, test)):
            if given is None:
                continue
            change = curve.add(step, curve.value(given, step))
            if change is not None:
                event = event_of(change, curve, self.train, self.test, self.scale)
                events += () if event is None else (event,)
        if self.path is not None and (events or time.monotonic() - self._saved >= self.save_every):
            self.save()
        return events

    def diagnosis(self) -> Diagnosis:
        """Return the diagnosis of what has been recorded so far.

        **Raises:** `InvalidInput` as `latebloom.diagnose`, for example for fewer than five records.
        """
        columns = {}
        for curve in (self.train, self.test):
            if not curve.record.steps:
                raise InvalidInput(f"nothing has been recorded of {curve.name} yet")
            columns[curve.name] = np.array(curve.record.steps), np.array(curve.record.values)
        kinds, names = (self.train.kind, self.test.kind), ("train", "test", "")
        return diagnose_series(
            columns, names, kinds, define(None, None, self.thresholds, self.rules), []
        )

    def may_stop(self) -> Decision:
        """Return whether the run may stop, with the reason.

        A rule that stops when the test curve is flat stops before a late drop.
        """
        return decide(self.train, self.test, self.step, self.scale, self.patience)

    def save(self) -> None:
        """Write the state into `path`, whole or not at all.

        **Raises:** `InvalidInput` without a path, or if the file cannot be written.
        """
        if self.path is None:
            raise InvalidInput("this monitor has no file; make it with Monitor(path=...)")
        state = {
            "latebloom_monitor": FORMAT,
            **self._identity(),
            "step": self.step if math.isfinite(self.step) else None,
            "train": self.train.to_dict(),
            "test": self.test.to_dict(),
        }
        replace(self.path, json.dumps(state).encode())
        self._saved = time.monotonic()

    def _identity(self) -> dict[str, Any]:
        return {"kinds": list(self.kinds), "thresholds": list(self.thresholds)}

    def _load(self, path: Path) -> None:
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            known = state["latebloom_monitor"] == FORMAT
            for curve in (self.train, self.test):
                curve.restore(state[curve.name])
            step = state["step"]
        except OSError as error:
            raise unreadable(path, error) from None
        except (ValueError, KeyError, TypeError):
            raise InvalidInput(f"{path}: is no state of a monitor; choose another path") from None
        mine = self._identity()
        theirs = {name: state.get(name) for name in mine}
        if not known or theirs != mine:
            raise InvalidInput(
                f"{path}: is the state of a monitor with {theirs}, and this one has {mine}; choose "
                "another path, or the same options"
            )
        self.step = -math.inf if step is None else step

    def _rewind(self, step: float) -> None:
        for curve in (self.train, self.test):
            curve.rewind(step)
        self._keep[:] = self.train.first + self.test.first

    def __repr__(self) -> str:
        t1, t2 = self.train.reached, self.test.reached
        reached = ", ".join(
            f"{name} {'not reached' if t is None else f'at {number(t)}'}"
            for name, t in (("t1", t1), ("t2", t2))
        )
        return f"<Monitor at step {number(self.step)}: {reached}>"


def _threshold(which: str, kind: str, threshold: float | None) -> float:
    if threshold is None:
        if kind not in ("accuracy", "percent"):
            raise InvalidInput(
                f"the {which} curve is {'an error' if kind == 'error' else 'a loss'} and has no "
                "natural threshold; give thresholds=(train, test)"
            )
        return TRAIN_ACCURACY if which == "train" else TEST_ACCURACY
    if kind in ("accuracy", "percent"):
        return accuracy_threshold(f"the {which} threshold", threshold)
    check.real(f"the {which} threshold", threshold, low=0, strict=True)
    return float(threshold)
