"""The interface of penalties, beta times a regularizer h, and their sums."""

import abc
import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from latebloom.core import checks as check
from latebloom.core import schedules
from latebloom.core.arrays import Array
from latebloom.core.errors import InvalidInput, Unsupported
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register, to_dict

# The regularization strength at one step: a number, or a tuple of them for a sum.
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

    def prox(self, x: Array, step: Array, beta: Strength = None) -> Array:
        r"""Return $\arg\min_u \frac12\|u - x\|^2 + \mathrm{step}\,\beta h(u)$, of the shape of x.

        **Raises:** `Unsupported` for a penalty that defines none.
        """
        raise Unsupported(f"{no_prox(self.terms)}: use method Subgradient")

    def dual_norm(self, z: Array) -> Array:
        r"""Return the dual norm $\sup\{\langle z, x\rangle : \|x\| \le 1\}$ of the norm behind h.

        **Raises:** `Unsupported` for a penalty that defines none.
        """
        raise Unsupported(f"{type(self).__name__} defines no dual norm")

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
        if not isinstance(other, Penalty):
            raise InvalidInput(f"cannot add {other!r} to a penalty: must be a penalty")
        return Sum(self.terms + other.terms)

    def __radd__(self, other: int) -> "Penalty":
        """Return the penalty itself for 0 + penalty, with which `sum` of a list begins."""
        if type(other) is not int or other != 0:
            raise InvalidInput(f"cannot add a penalty to {other!r}: must be a penalty")
        return self


class Term(Penalty):
    """A penalty with one regularization strength; members are dataclasses with the field `beta`.

    What a member declares, as attributes of the class:

    - `differentiable`: whether h is differentiable everywhere.
    - `of_matrices`, `of_vector`, `of_function`: whether it acts on the matrices in the last two
      axes, on all selected parameters as one long vector, or on the model's function. Without any
      of them it acts on the entries of each array.
    - `prox_order`: where its proximal operator comes in that of a sum, the lowest first: 0 for a
      norm of single entries, 10 of groups within a row, 20 or 30 of matrices, 40 of the whole
      vector, 50 for a constant factor; None if it cannot be part of one.
    - `rescales`: whether its proximal operator multiplies blocks of x by numbers of [0, 1], so that
      it may follow the operator of a norm that couples entries within these blocks only (Yu,
      NeurIPS 2013, theorem 4).
    """

    beta: float | Schedule
    differentiable: bool = False
    of_matrices: bool = False
    of_vector: bool = False
    of_function: bool = False
    prox_order: int | None = None
    rescales: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.beta, Schedule):
            check.real(f"{type(self).__name__}.beta", self.beta, low=0)
        check.size(f"{type(self).__name__}.beta", schedules.largest(self.beta))

    @property
    def terms(self) -> tuple["Term", ...]:
        """This penalty alone."""
        return (self,)

    def with_beta(self, beta: float) -> "Term":
        """Return the penalty with another beta."""
        return dataclasses.replace(self, beta=beta)  # pyright: ignore - members are dataclasses

    def strength(self, t: Array = 0, t1: Array = -1) -> Strength:
        """Return beta at step t."""
        return schedules.value_at(self.beta, t, t1)

    def _beta(self, beta: Strength) -> Strength:
        return self.strength() if beta is None else beta


def place(term: Term) -> float:
    """Return where the proximal operator of a term comes in that of a sum."""
    return math.inf if term.prox_order is None else term.prox_order


def no_prox(terms: Sequence[Term]) -> str | None:
    """Return why a sum of these terms has no proximal operator in closed form, or None."""
    for term in terms:
        if term.of_function:
            return f"{type(term).__name__} acts on the function, not on parameters"
    lacking = sorted({type(term).__name__ for term in terms if type(term).prox is Penalty.prox})
    if lacking and len(terms) == 1:
        return f"{lacking[0]} has no proximal operator"
    alone = {type(term).__name__ for term in terms if term.prox_order is None}
    lacking = sorted({*lacking, *(alone if len(terms) > 1 else ())})
    if lacking:
        return f"a sum with {', '.join(lacking)} has no proximal operator in closed form"
    first: dict[type, Term] = {}
    for term in sorted(terms, key=place):
        same = first.setdefault(type(term), term)
        if to_dict(same.with_beta(0.0)) != to_dict(term.with_beta(0.0)):
            return f"{type(term).__name__} occurs twice with different settings: write one term"
    one, *rest = first.values()
    for term in rest:
        if not term.rescales or place(term) == place(one):
            names = " and ".join(type(part).__name__ for part in (one, term))
            return f"the sum of {names} has no proximal operator in closed form"
    return None


@register("penalty")
@dataclass(frozen=True)
class Sum(Penalty):
    r"""A sum of penalties, $\sum_i \beta_i h_i$; written ``L1(1e-5) + L2(1e-6)``.

    The proximal operator of a sum is the composition of the single ones for l1 or the nuclear norm
    first, then the norm of each matrix, the l2 norm, and the squared l2 norm (a positive rescaling
    commutes with the subdifferentials of the norms applied before it: Yu, NeurIPS 2013, theorem 4);
    elastic net and sparse group lasso are of this kind. L1 with Nuclear is not.

    >>> import numpy as np
    >>> from latebloom.penalties import L1, L2
    >>> (L1(1.0) + L2(1.0)).prox(np.array([3.0, -0.5]), 1.0)
    array([ 1., -0.])
    """

    parts: tuple[Penalty, ...]

    def __post_init__(self) -> None:
        if len(self.parts) < 1:
            raise InvalidInput("parts = []: a sum needs at least one penalty")
        for part in self.parts:
            if not isinstance(part, Penalty):
                raise InvalidInput(f"parts contains {part!r}: must be a penalty")
        object.__setattr__(self, "parts", self.terms)  # a sum within a sum is flattened

    @property
    def terms(self) -> tuple[Term, ...]:
        """The single terms."""
        return tuple(term for part in self.parts for term in part.terms)

    def strength(self, t: Array = 0, t1: Array = -1) -> Strength:
        """Return the tuple of the terms' strengths at step t."""
        return tuple(term.strength(t, t1) for term in self.terms)

    def _pairs(self, beta: Strength) -> list[tuple[Term, Strength]]:
        return list(zip(self.terms, self.strength() if beta is None else beta, strict=True))

    def value(self, x: Array, beta: Strength = None) -> Array:
        r"""Return $\sum_i \beta_i h_i(x)$."""
        return sum(term.value(x, b) for term, b in self._pairs(beta))

    def subgradient(self, x: Array, beta: Strength = None) -> Array:
        """Return the sum of the terms' subgradients."""
        return sum(term.subgradient(x, b) for term, b in self._pairs(beta))

    def prox(self, x: Array, step: Array, beta: Strength = None) -> Array:
        """Return the composition of the terms' proximal operators."""
        reason = no_prox(self.terms)
        if reason:
            raise Unsupported(f"{reason}: use method Subgradient")
        # Terms of one kind are one term with the sum of their strengths.
        kinds: dict[type, tuple[Term, Strength]] = {}
        for term, b in sorted(self._pairs(beta), key=lambda pair: place(pair[0])):
            _, before = kinds.get(type(term), (term, 0.0))
            kinds[type(term)] = term, before + b
        for term, b in kinds.values():
            x = term.prox(x, step, b)
        return x

    def dual_norm(self, z: Array) -> Array:
        """Refuse: the dual norm of a sum of norms is an infimal convolution without closed form."""
        raise Unsupported(
            "the dual norm of a sum of penalties has no closed form: take the terms one by one"
        )
