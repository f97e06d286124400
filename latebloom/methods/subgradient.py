"""The subgradient method, and plain gradient descent, its smooth case."""

from dataclasses import dataclass

from latebloom.core import schedules
from latebloom.core.arrays import Array
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register
from latebloom.models import Linear, Model
from latebloom.penalties import Penalty, strengths
from latebloom.problems import LeastSquares

from .base import Memory, Method, Step


class _Explicit(Method):
    """The explicit update, shared by the subgradient method and gradient descent."""

    def update(self, params: Array, memory: Memory, step: Step) -> tuple[Array, Memory]:
        r"""Return $x - \alpha(\nabla g(x) + \beta H(x))$."""
        direction = step.oracle.gradient(params)
        if step.penalty is not None:
            direction = direction + step.penalty.subgradient(params, step.beta)
        return params - step.alpha * direction, memory

    def alpha_limit(self, problem: LeastSquares, penalty: Penalty | None, model: Model) -> float:
        r"""Return $2/(\sigma_{\max} + \beta_2)$, $\beta_2$ the strength of the squared l2 terms."""
        if not isinstance(model, Linear):
            return float("inf")
        curvature = problem.sigma_max + strengths(penalty, schedules.largest).l2
        return 2.0 / curvature if curvature else float("inf")


@register("method")
@dataclass(frozen=True)
class Subgradient(_Explicit):
    r"""The subgradient method $x \leftarrow x - \alpha(\nabla g(x) + \beta H(x))$,
    $H \in \partial h$.

    At kinks it chatters with amplitude alpha * beta instead of settling.

    Source: arXiv 2506.05718, equations 1 and 3.

    >>> from latebloom.methods import Subgradient
    >>> Subgradient(alpha=0.1)
    Subgradient(alpha=0.1)
    """

    alpha: float | Schedule
    has_laws = True

    def why_not(self, penalty: Penalty | None, model: Model) -> str | None:
        """Return None: every penalty has a subgradient."""
        return None


@register("method")
@dataclass(frozen=True)
class GradientDescent(_Explicit):
    r"""Gradient descent $x \leftarrow x - \alpha\nabla(g + \beta h)(x)$ for a differentiable
    penalty.

    >>> import latebloom as lb
    >>> lb.GradientDescent(alpha=0.1).why_not(lb.L2(1.0), lb.Linear()) is None
    True
    """

    alpha: float | Schedule
    has_laws = True

    def why_not(self, penalty: Penalty | None, model: Model) -> str | None:
        """Return the reason if a term of the penalty has kinks."""
        if penalty is None or penalty.smooth:
            return None
        kinks = ", ".join(type(t).__name__ for t in penalty.terms if not t.differentiable)
        return f"gradient descent needs a differentiable penalty, and {kinks} has kinks"
