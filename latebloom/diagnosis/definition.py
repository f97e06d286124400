"""Grokking by definition: an accuracy q, and a delay of kappa times t1.

A run groks if $t_1$ is the first step with a training accuracy of at least q, $t_2$ the first with
a test accuracy of at least q, $(t_2 - t_1)/t_1 > kappa$, and the training accuracy is at least q
throughout $[t_1, t_2]$. A run that stopped before $t_2$ is censored: it is neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.phases import Rules

from .curves import Records
from .delay import Delay
from .prepare import accuracy_threshold


@dataclass(frozen=True)
class Definition:
    """What is asked of a run.

    - `thresholds`: (train, test), None for the defaults of accuracies.
    - `rules`: with a `delay_ratio` of 1 + kappa, because $t_2 > (1 + kappa) t_1$ is the same.
    - `q`: the accuracy, if the thresholds come from it.
    """

    thresholds: tuple[float | None, float | None]
    rules: Rules
    q: float | None

    @property
    def kappa(self) -> float:
        """The least delay relative to t1."""
        return self.rules.delay_ratio - 1

    @property
    def strict(self) -> bool:
        """Whether training must hold its threshold from t1 to t2."""
        return self.q is not None

    def check(self, curves: Sequence[Records]) -> None:
        """Raise `InvalidInput` for an accuracy asked of a loss."""
        for curve in curves:
            if self.q is not None and curve.kind != "accuracy":
                raise InvalidInput(
                    f"--q {self.q:g} is an accuracy, and {curve.name} is an {curve.kind}; give "
                    "--train-threshold and --test-threshold instead"
                )

    def to_dict(self, delay: Delay | None, censored: bool) -> dict[str, Any]:
        """The definition and what it says of a run, JSON-ready.

        **Arguments:**

        - `delay`: of the run, None without t1.
        - `censored`: whether the run stopped before t2.
        """
        held = None if delay is None else delay.misses == 0
        late = None if delay is None or censored else delay.late
        fails = self.strict and held is False
        return {
            "q": self.q,
            "kappa": self.kappa,
            "train_held": held,
            "censored": censored,
            "grokking": False if fails and not censored else late,
        }


def define(
    q: float | None,
    kappa: float | None,
    thresholds: tuple[float | None, float | None],
    rules: Rules,
) -> Definition:
    """Return the definition that the options make.

    **Arguments:**

    - `q`: an accuracy in (0, 1], or in percent; None for thresholds.
    - `kappa`: at least 0; None for `rules.delay_ratio - 1`.
    - `thresholds`: (train, test), not together with q.
    - `rules`: the other numbers behind a verdict.

    **Raises:** `InvalidInput` for values out of range, and q beside thresholds.
    """
    check.instance("rules", rules, Rules)
    check.pair("thresholds", thresholds)
    if q is not None:
        if tuple(thresholds) != (None, None):
            raise InvalidInput("q sets both thresholds; leave out the train and test thresholds")
        q = accuracy_threshold("--q", q)
        thresholds = (q, q)
    if kappa is not None:
        check.real("--kappa", kappa, low=0)
        rules = replace(rules, delay_ratio=1 + float(kappa))
    return Definition(thresholds, rules, q)
