"""The regularization strengths of a penalty: those of l1 and squared l2, and all times a factor."""

from collections.abc import Callable
from typing import NamedTuple

from latebloom.core import schedules
from latebloom.core.schedules import Schedule

from .base import Penalty, Sum
from .l1 import L1
from .l2 import L2


class Strengths(NamedTuple):
    r"""The penalty $\beta_1\|a\|_1 + \frac{\beta_2}{2}\|a\|_2^2$."""

    l1: float
    l2: float


def is_elastic_net(penalty: Penalty | None) -> bool:
    """Return whether a penalty is a sum of L1 and L2 terms, or None."""
    return all(isinstance(term, L1 | L2) for term in (penalty.terms if penalty else ()))


def strengths(
    penalty: Penalty | None, value: Callable[[float | Schedule], float] = schedules.initial
) -> Strengths:
    r"""Return $(\beta_1, \beta_2)$, the sums over the L1 and L2 terms; other terms do not count.

    **Arguments:**

    - `penalty`: a penalty, or None.
    - `value`: the number that stands for a beta; its value at step 0 by default.

    >>> import latebloom as lb
    >>> strengths(lb.L1(1e-5) + lb.L2(1e-6))
    Strengths(l1=1e-05, l2=1e-06)
    """
    total = {L1: 0.0, L2: 0.0}
    for term in penalty.terms if penalty else ():
        if type(term) in total:
            total[type(term)] += value(term.beta)
    return Strengths(total[L1], total[L2])


def scaled(penalty: Penalty, factor: float) -> Penalty:
    """Return a penalty with all its strengths, constants, multiplied by a factor.

    >>> import latebloom as lb
    >>> scaled(lb.L1(0.5) + lb.L2(0.25), 2.0)
    Sum(parts=(L1(beta=1.0), L2(beta=0.5)))
    """
    terms = tuple(term.with_beta(float(term.beta) * factor) for term in penalty.terms)  # pyright: ignore
    return terms[0] if len(terms) == 1 else Sum(terms)
