"""Record policies: the steps at which a run keeps its parameters."""

import abc
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput, shown
from latebloom.core.spec import register


class Record(abc.ABC):
    """The steps to record; step 0 and the last are always among them, and t1 and t2 when they
    occur."""

    @abc.abstractmethod
    def chosen(self, last: int) -> Int[np.ndarray, " k"]:
        """Return the policy's own steps in 0..last, in any order."""

    def steps(self, last: int) -> Int[np.ndarray, " R"]:
        """Return all steps to record, increasing, with 0 and `last`."""
        ends = np.array([0, last], dtype=np.int64)
        return np.unique(np.concatenate([ends, self.chosen(last).astype(np.int64)]))


@register("record")
@dataclass(frozen=True)
class LogSpaced(Record):
    """Steps spaced evenly on a logarithmic axis.

    >>> from latebloom.experiment.record import LogSpaced
    >>> LogSpaced(per_decade=2).steps(100).tolist()
    [0, 1, 3, 10, 32, 100]
    """

    per_decade: int = 60  # smooth curves on paper: 540 records for 10^9 steps

    def __post_init__(self) -> None:
        check.integer("per_decade", self.per_decade, low=1, high=10**6)

    def chosen(self, last: int) -> Int[np.ndarray, " k"]:
        """Return round(10^(i/per_decade)) up to `last`."""
        if last < 1:
            return np.zeros(0, dtype=np.int64)
        count = int(np.floor(np.log10(last) * self.per_decade)) + 1
        steps = np.round(10.0 ** (np.arange(count) / self.per_decade)).astype(np.int64)
        return steps[steps <= last]


@register("record")
@dataclass(frozen=True)
class Every(Record):
    """Every k-th step; ``Every(1)`` is every step.

    >>> from latebloom.experiment.record import Every
    >>> Every(2).steps(5).tolist()
    [0, 2, 4, 5]
    """

    k: int = 1

    def __post_init__(self) -> None:
        check.integer("k", self.k, low=1)

    def chosen(self, last: int) -> Int[np.ndarray, " k"]:
        """Return the multiples of k."""
        if last // self.k > 2**27:
            raise InvalidInput(
                f"record every {self.k} of {last} steps: {last // self.k} records do not fit in "
                "memory; use a larger k or LogSpaced"
            )
        return np.arange(0, last + 1, self.k, dtype=np.int64)


@register("record")
@dataclass(frozen=True)
class At(Record):
    """The listed steps.

    >>> from latebloom.experiment.record import At
    >>> At((3, 1)).steps(5).tolist()
    [0, 1, 3, 5]
    """

    at: tuple[int, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.at, tuple):
            raise InvalidInput(
                f"at = {shown(self.at)}: must be a list of steps, such as (100, 1000)"
            )
        for step in self.at:
            check.integer("at", step, low=0)

    def chosen(self, last: int) -> Int[np.ndarray, " k"]:
        """Return the listed steps up to `last`."""
        return np.array([step for step in self.at if step <= last], dtype=np.int64)
