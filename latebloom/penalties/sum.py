"""Sums of penalties, such as the elastic net."""

from dataclasses import dataclass

from latebloom.core.arrays import Array
from latebloom.core.errors import InvalidInput, Unsupported
from latebloom.core.spec import register

from .base import Penalty, Strength, Term
from .euclidean import Euclidean
from .frobenius import Frobenius
from .l1 import L1
from .l2 import L2
from .nuclear import Nuclear

# The order in which proximal operators compose exactly: threshold, shrinkage of each matrix, of
# the whole, scaling.
PROX_ORDER = (L1, Nuclear, Frobenius, Euclidean, L2)


def no_prox(terms: tuple[Term, ...]) -> str | None:
    """Return why a sum of these terms has no proximal operator in closed form, or None."""
    kinds = {type(term) for term in terms}
    lacking = sorted(kind.__name__ for kind in kinds - set(PROX_ORDER))
    if len(terms) > 1 and lacking:
        return f"a sum with {', '.join(lacking)} has no proximal operator in closed form"
    if {L1, Nuclear} <= kinds:
        return "the sum of L1 and Nuclear has no proximal operator in closed form"
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
        for kind in PROX_ORDER:
            # Terms of one kind are one term with the sum of their strengths.
            same = [(term, b) for term, b in self._pairs(beta) if type(term) is kind]
            if same:
                x = same[0][0].prox(x, step, sum(b for _, b in same))
        return x

    def dual_norm(self, z: Array) -> Array:
        """Refuse: the dual norm of a sum of norms is an infimal convolution without closed form."""
        raise Unsupported(
            "the dual norm of a sum of penalties has no closed form: ask the terms one by one"
        )
