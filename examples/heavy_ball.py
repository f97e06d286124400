"""A plugin with a method: heavy ball, a (sub)gradient step with momentum.

latebloom --plugin heavy_ball run fig3 --method HeavyBall --steps 3e5
latebloom --plugin heavy_ball run fig3 --method HeavyBall --method.momentum 0.5 --steps 3e5
"""

from dataclasses import dataclass

import latebloom as lb
from latebloom.core import checks as check
from latebloom.core.arrays import namespace
from latebloom.core.schedules import StepSize
from latebloom.methods import Method
from latebloom.models import Linear


@lb.register("method")
@dataclass(frozen=True)
class HeavyBall(Method):
    r"""Heavy ball (Polyak, 1964): $x_{t+1} = x_t - \alpha F(x_t) + m\,(x_t - x_{t-1})$.

    F is a subgradient of the objective $g + \beta h$.

    - `alpha`: the step size: a number, a schedule, or "auto", 0.9 of `alpha_limit`.
    - `momentum`: m, in [0, 1); with 0 it is the subgradient method.
    """

    alpha: StepSize
    momentum: float = 0.9
    limit_formula = "2 (1 + momentum)/sigma_max(X^T X)"

    def __post_init__(self):
        super().__post_init__()
        check.fraction("HeavyBall.momentum", self.momentum, below_one=True)

    def start(self, params):
        """Return the memory at step 0: the last move."""
        return namespace(params).zeros_like(params)

    def update(self, params, memory, step):
        """Return the parameters and the move after one update."""
        direction = step.oracle.gradient(params)
        if step.penalty is not None:
            direction = direction + step.penalty.subgradient(params, step.beta)
        move = self.momentum * memory - step.alpha * direction
        return params + move, move

    def why_not(self, penalty, model):
        """Return None: it applies to every penalty with a subgradient."""
        return None

    def alpha_limit(self, problem, penalty, model):
        """Return the smallest step size at which it is not stable on a quadratic."""
        stable = 2 * (1 + self.momentum) / problem.sigma_max if problem.sigma_max else float("inf")
        return stable if isinstance(model, Linear) else float("inf")
