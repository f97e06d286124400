"""What experiments have in common that one compiled program advances together."""

from dataclasses import replace

from latebloom.core import schedules
from latebloom.methods import Method
from latebloom.penalties import Penalty, Sum, Term


def structure(method: Method, penalty: Penalty | None) -> tuple[Method, Penalty | None]:
    """Return method and penalty with their constants alpha and beta replaced by 1."""

    def blank(term: Term) -> Term:
        return term if isinstance(term.beta, schedules.Schedule) else term.with_beta(1.0)

    if not isinstance(method.alpha, schedules.Schedule):
        method = replace(method, alpha=1.0)  # pyright: ignore - members are dataclasses
    if isinstance(penalty, Sum):
        return method, Sum(tuple(blank(term) for term in penalty.terms))
    return method, None if penalty is None else blank(penalty.terms[0])
