"""Schedules: step sizes and penalty strengths that change during a run.

A schedule is a function of the step t (the update from t to t + 1 uses its value at t) and of t1,
the memorization step, or -1 as long as the training data are not fitted.
"""

import abc
from dataclasses import dataclass
from typing import Literal

from . import checks as check
from .arrays import Array, namespace
from .errors import InvalidInput
from .spec import register


class Schedule(abc.ABC):
    """A non-negative number as a function of the step."""

    needs_t1 = False  # True: the value depends on t1, which must then be known at every step

    @property
    @abc.abstractmethod
    def largest(self) -> float:
        """The largest value the schedule ever takes: the one that decides about stability."""

    @abc.abstractmethod
    def __call__(self, t: Array, t1: Array) -> Array:
        """Return the value for the update from step t to t + 1."""


@register("schedule")
@dataclass(frozen=True)
class Piecewise(Schedule):
    """Constant values between given steps: ``values[i]`` from ``steps[i]`` on.

    >>> from latebloom.core.schedules import Piecewise
    >>> beta = Piecewise(steps=(0, 60), values=(0.0, 1e-5))
    >>> float(beta(59, -1)), float(beta(60, -1))
    (0.0, 1e-05)
    """

    steps: tuple[int, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.steps) != len(self.values) or not self.steps or self.steps[0] != 0:
            raise InvalidInput(
                f"steps = {self.steps}, values = {self.values}: must have equal length and start "
                "at step 0"
            )
        for step in self.steps:
            check.integer("steps", step, low=0)
        if list(self.steps) != sorted(set(self.steps)):
            raise InvalidInput(f"steps = {self.steps}: must increase")
        for value in self.values:
            check.real("values", value, low=0)
        # Lists would do, but for the hash that compiled programs are found by.
        object.__setattr__(self, "steps", tuple(self.steps))
        object.__setattr__(self, "values", tuple(self.values))

    @property
    def largest(self) -> float:
        """The largest of the values."""
        return max(self.values)

    def __call__(self, t: Array, t1: Array) -> Array:
        """Return the value of the piece that contains t."""
        xp = namespace(t)
        value = xp.asarray(self.values[0])
        for step, new in zip(self.steps[1:], self.values[1:], strict=True):
            value = xp.where(t >= step, new, value)
        return value


@register("schedule")
@dataclass(frozen=True)
class SwitchOn(Schedule):
    """Switch from `before` to `value` at the memorization step t1.

    >>> import latebloom as lb
    >>> penalty = lb.L1(beta=lb.SwitchOn(1e-5))  # no penalty until the training data are fitted
    """

    value: float
    before: float = 0.0  # the use case: an unpenalized first phase
    needs_t1 = True

    def __post_init__(self) -> None:
        check.real("value", self.value, low=0)
        check.real("before", self.before, low=0)

    @property
    def largest(self) -> float:
        """The larger of the two values."""
        return max(self.value, self.before)

    def __call__(self, t: Array, t1: Array) -> Array:
        """Return `value` once t1 is known, `before` until then."""
        return namespace(t, t1).where(t1 >= 0, self.value, self.before)


@register("schedule")
@dataclass(frozen=True)
class PowerDecay(Schedule):
    r"""Decay as a power of the step, $v_t = v\,(1 + t/T)^{-p}$.

    >>> from latebloom.core.schedules import PowerDecay
    >>> float(PowerDecay(0.1, scale=100, power=1)(100, -1))
    0.05
    """

    value: float
    scale: float = 1000.0  # keeps the first phase of the paper's problems (t1 ~ 100) undisturbed
    power: float = 0.5  # the classical rate of subgradient methods

    def __post_init__(self) -> None:
        check.real("value", self.value, low=0)
        check.real("scale", self.scale, low=0, strict=True)
        check.real("power", self.power, low=0)

    @property
    def largest(self) -> float:
        """The value at step 0."""
        return self.value

    def __call__(self, t: Array, t1: Array) -> Array:
        """Return the decayed value."""
        return self.value * (1 + t / self.scale) ** (-self.power)


# The step size for which an experiment puts 0.9 of the largest stable one of its data.
AUTO = "auto"
# A step size as it may be given.
StepSize = float | Schedule | Literal["auto"]


def constant(value: StepSize) -> float | None:
    """Return the number if `value` is constant in time, else None."""
    return None if isinstance(value, Schedule) else float(value)


def value_at(value: StepSize, t: Array, t1: Array) -> Array:
    """Return the number, or the schedule's value at step t."""
    return value(t, t1) if isinstance(value, Schedule) else value


def initial(value: StepSize) -> float:
    """Return the value at step 0, before memorization."""
    return float(value_at(value, 0, -1))


def largest(value: StepSize) -> float:
    """Return the largest value over all steps."""
    if value == AUTO:
        raise InvalidInput("alpha = 'auto': gets its value from the data of an experiment")
    return value.largest if isinstance(value, Schedule) else float(value)


def needs_t1(value: StepSize) -> bool:
    """Return whether the value depends on the memorization step."""
    return isinstance(value, Schedule) and value.needs_t1
