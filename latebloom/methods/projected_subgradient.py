"""The projected subgradient method: walk inside the set of interpolators."""

import math
from dataclasses import dataclass

from latebloom.core import schedules
from latebloom.core.arrays import Array
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register
from latebloom.models import Linear, Model
from latebloom.penalties import Penalty, strengths
from latebloom.problems import LeastSquares

from .base import Memory, Method, Step


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

    alpha: float | Schedule
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
