"""The constant regularization strengths that the laws are about."""

from latebloom.core import schedules
from latebloom.core.errors import Unsupported
from latebloom.penalties import L1, L2, Penalty, Strengths, strengths


def constant_strengths(penalty: Penalty | None) -> Strengths:
    r"""Return the strengths $(\beta_1, \beta_2)$ of a penalty made of L1 and L2 with constant beta.

    **Raises:** `Unsupported` for another penalty or a scheduled beta.
    """
    for term in penalty.terms if penalty else ():
        name = type(term).__name__
        if not isinstance(term, L1 | L2):
            raise Unsupported(f"penalty {name}: the laws cover sums of L1 and L2; use one of these")
        if schedules.constant(term.beta) is None:
            raise Unsupported(
                f"{name}.beta = {term.beta!r}: the laws need a constant strength; "
                "give the value whose objective you ask about"
            )
    return strengths(penalty)
