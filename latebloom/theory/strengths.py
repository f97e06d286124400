"""What the laws need to know of a penalty: the strengths of its l1 and squared l2 terms."""

from typing import NamedTuple

from latebloom.core import schedules
from latebloom.core.errors import Unsupported
from latebloom.penalties import L1, L2, Penalty


class Strengths(NamedTuple):
    r"""The penalty $\beta_1\|a\|_1 + \frac{\beta_2}{2}\|a\|_2^2$."""

    l1: float
    l2: float


def strengths(penalty: Penalty | None) -> Strengths:
    r"""Return the strengths $(\beta_1, \beta_2)$ of a penalty made of L1 and L2 with constant beta.

    **Raises:** `Unsupported` for another penalty or a scheduled beta.

    >>> import latebloom as lb
    >>> strengths(lb.L1(1e-5) + lb.L2(1e-6))
    Strengths(l1=1e-05, l2=1e-06)
    """
    total = {L1: 0.0, L2: 0.0}
    for term in penalty.terms if penalty else ():
        beta = schedules.constant(term.beta)
        if type(term) not in total:
            raise Unsupported(
                f"penalty {type(term).__name__}: the laws cover sums of L1 and L2; use one of these"
            )
        if beta is None:
            raise Unsupported(
                f"{type(term).__name__}.beta = {term.beta!r}: the laws need a constant strength; "
                "give the value whose objective you ask about"
            )
        total[type(term)] += beta
    return Strengths(total[L1], total[L2])
