"""Subgradient methods, free and projected, and gradient descent, the smooth case."""

import math
from dataclasses import dataclass

from latebloom.core import schedules
from latebloom.core.arrays import Array
from latebloom.core.schedules import StepSize
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
            return math.inf
        curvature = problem.sigma_max + strengths(penalty, schedules.largest).l2
        return 2.0 / curvature if curvature else math.inf


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

    alpha: StepSize
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

    alpha: StepSize
    has_laws = True

    def why_not(self, penalty: Penalty | None, model: Model) -> str | None:
        """Return the reason if a term of the penalty has kinks."""
        if penalty is None or penalty.smooth:
            return None
        kinks = ", ".join(type(t).__name__ for t in penalty.terms if not t.differentiable)
        return f"gradient descent needs a differentiable penalty, and {kinks} has kinks"


@register("method")
@dataclass(frozen=True)
class ProjectedSubgradient(Method):
    r"""The projected subgradient method $a \leftarrow \Pi(a - \alpha\beta H(a))$.

    $\Pi(a) = a - X^\dagger(Xa - y^*)$ projects on the interpolators; with the pseudo-inverse it is
    also defined for a rank-deficient X, where it projects on the least squares solutions. Training
    data are fitted after one step; what is left is the walk driven by h alone.

    Source: arXiv 2506.05718, appendix D.

    >>> import latebloom as lb
    >>> lb.ProjectedSubgradient(alpha=0.1).alpha
    0.1
    """

    alpha: StepSize
    has_laws = True
    limit_formula = "2/beta"

    def update(self, params: Array, memory: Memory, step: Step) -> tuple[Array, Memory]:
        r"""Return $\Pi(x - \alpha\beta H(x))$."""
        assert step.penalty is not None  # why_not refuses it before any run
        return step.oracle.project(
            params - step.alpha * step.penalty.subgradient(params, step.beta)
        ), memory

    def alpha_limit(self, problem: LeastSquares, penalty: Penalty | None, model: Model) -> float:
        r"""Return $2/\beta_2$, $\beta_2$ the strength of the squared l2 terms, or inf without them.

        Among the interpolators l2 multiplies by $1 - \alpha\beta_2$ whatever X is; a norm only
        chatters.
        """
        ridge = strengths(penalty, schedules.largest).l2 if isinstance(model, Linear) else 0.0
        return 2.0 / ridge if ridge else math.inf

    def why_not(self, penalty: Penalty | None, model: Model) -> str | None:
        """Return the reason if there is no penalty, or the interpolating set is not affine."""
        if penalty is None:
            return "without a penalty the projected method does not move after its first step"
        if not isinstance(model, Linear):
            return f"the interpolating set of {type(model).__name__} parameters is not affine"
        return None
