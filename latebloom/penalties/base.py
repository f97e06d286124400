"""The interface of penalties: beta times a regularizer h, with what the methods need of it."""

import abc
import dataclasses
from typing import Any

from latebloom.core import checks as check
from latebloom.core import schedules
from latebloom.core.arrays import Array
from latebloom.core.errors import InvalidInput
from latebloom.core.schedules import Schedule

# The strength of a penalty at one step: a number, or a tuple of them for a sum.
Strength = Any


class Penalty(abc.ABC):
    r"""A term $\beta h$ of the objective $f = g + \beta h$, acting on the parameters.

    `value`, `subgradient` and `prox` take the strength as an optional last argument, because beta
    may be a schedule and because engines run many strengths at once; left out, it is the penalty's
    own beta at step 0.
    """

    @abc.abstractmethod
    def value(self, x: Array, beta: Strength = None) -> Array:
        r"""Return $\beta h(x)$, a scalar."""

    @abc.abstractmethod
    def subgradient(self, x: Array, beta: Strength = None) -> Array:
        r"""Return one subgradient of $\beta h$ at x, of the shape of x."""

    @abc.abstractmethod
    def prox(self, x: Array, step: Array, beta: Strength = None) -> Array:
        r"""Return $\arg\min_u \frac12\|u - x\|^2 + \mathrm{step}\,\beta h(u)$, of the shape of
        x."""

    @abc.abstractmethod
    def dual_norm(self, z: Array) -> Array:
        r"""Return the dual norm $\sup\{\langle z, x\rangle : \|x\| \le 1\}$ of the norm behind
        h."""

    @abc.abstractmethod
    def strength(self, t: Array = 0, t1: Array = -1) -> Strength:
        """Return the strength(s) for the update from step t to t + 1."""

    @property
    @abc.abstractmethod
    def terms(self) -> tuple["Term", ...]:
        """The penalty as a sum of single terms."""

    @property
    def smooth(self) -> bool:
        """Whether h is differentiable everywhere (plain gradient descent then applies)."""
        return all(term.differentiable for term in self.terms)

    def __add__(self, other: "Penalty") -> "Penalty":
        """Return the sum of two penalties."""
        from .sum import Sum

        if not isinstance(other, Penalty):
            raise InvalidInput(f"cannot add {other!r} to a penalty: must be a penalty")
        return Sum(self.terms + other.terms)


class Term(Penalty):
    """A penalty with one strength; members are dataclasses with the field `beta`."""

    beta: float | Schedule
    differentiable: bool = False
    of_matrices: bool = False  # whether it acts on the matrices in the last two axes
    of_function: bool = False  # whether it acts on the model's function, not on parameters

    def __post_init__(self) -> None:
        if not isinstance(self.beta, Schedule):
            check.real(f"{type(self).__name__}.beta", self.beta, low=0)

    @property
    def terms(self) -> tuple["Term", ...]:
        """This penalty alone."""
        return (self,)

    def with_beta(self, beta: float) -> "Term":
        """Return the penalty with another strength."""
        return dataclasses.replace(self, beta=beta)  # pyright: ignore - members are dataclasses

    def strength(self, t: Array = 0, t1: Array = -1) -> Strength:
        """Return beta at step t."""
        return schedules.value_at(self.beta, t, t1)

    def _beta(self, beta: Strength) -> Strength:
        return self.strength() if beta is None else beta
