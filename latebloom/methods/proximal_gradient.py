"""Proximal gradient methods: ISTA and its accelerated form."""

from dataclasses import dataclass

from latebloom.core.arrays import Array, namespace
from latebloom.core.schedules import StepSize
from latebloom.core.spec import register
from latebloom.models import Linear, Model
from latebloom.penalties import Penalty
from latebloom.penalties.base import no_prox
from latebloom.problems import LeastSquares

from .base import Memory, Method, Step


class _Proximal(Method):
    def why_not(self, penalty: Penalty | None, model: Model) -> str | None:
        """Return the reason if the penalty has no proximal operator on these parameters."""
        return None if penalty is None else no_prox(penalty.terms)


def _forward_backward(x: Array, step: Step) -> Array:
    forward = x - step.alpha * step.oracle.gradient(x)
    return forward if step.penalty is None else step.penalty.prox(forward, step.alpha, step.beta)


@register("method")
@dataclass(frozen=True)
class ProximalGradient(_Proximal):
    r"""Proximal gradient, $x \leftarrow \mathrm{prox}_{\alpha\beta h}(x - \alpha\nabla g(x))$.

    With l1 it is ISTA: $x \leftarrow S_{\alpha\beta}(x - \alpha\nabla g(x))$. It converges to a
    minimizer of f for alpha < 2/sigma_max and sets coordinates to exactly zero.

    Source: arXiv 2506.05718, appendix D.

    >>> import latebloom as lb
    >>> lb.ProximalGradient(alpha=0.1).why_not(lb.L1(1.0), lb.Linear()) is None
    True
    """

    alpha: StepSize
    has_laws = True

    def update(self, params: Array, memory: Memory, step: Step) -> tuple[Array, Memory]:
        """Return the forward-backward step at x."""
        return _forward_backward(params, step), memory


@register("method")
@dataclass(frozen=True)
class FISTA(_Proximal):
    r"""Accelerated proximal gradient: the forward-backward step at an extrapolated point z.

    $x_{t+1} = \mathrm{prox}_{\alpha\beta h}(z_t - \alpha\nabla g(z_t))$,
    $\theta_{t+1} = \frac12(1 + \sqrt{1 + 4\theta_t^2})$,
    $z_{t+1} = x_{t+1} + \frac{\theta_t - 1}{\theta_{t+1}}(x_{t+1} - x_t)$.

    Source: Beck and Teboulle, SIAM J. Imaging Sci. 2 (2009), section 4.

    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery(n=20, s=2, N=10)
    >>> lb.FISTA(0.1).alpha_limit(problem, None, lb.Linear()) < problem.alpha_max
    True
    """

    alpha: StepSize
    has_laws = True
    limit_formula = "4/(3 sigma_max(X^T X))"

    def start(self, params: Array) -> Memory:
        """Return the extrapolated point and theta."""
        xp = namespace(params)
        return params, xp.ones((), dtype=params.dtype)

    def update(self, params: Array, memory: Memory, step: Step) -> tuple[Array, Memory]:
        """Return the forward-backward step at z, and the next z."""
        z, theta = memory
        new = _forward_backward(z, step)
        theta_next = 0.5 * (1 + namespace(theta).sqrt(1 + 4 * theta**2))
        return new, (new + (theta - 1) / theta_next * (new - params), theta_next)

    def alpha_limit(self, problem: LeastSquares, penalty: Penalty | None, model: Model) -> float:
        r"""Return $4/(3\sigma_{\max})$, two thirds of the limit without acceleration.

        Along an eigenvector of eigenvalue $\sigma$ the update is
        $x_{t+1} = q\,((1+m)x_t - m x_{t-1})$ with $q = 1 - \alpha\sigma$ and
        $m = (\theta_t-1)/\theta_{t+1} \to 1$, stable if and only if $-q\,(1 + 2m) < 1$. Beck and
        Teboulle prove their rate for $\alpha \le 1/\sigma_{\max}$.
        """
        return problem.alpha_max * 2 / 3 if isinstance(model, Linear) else float("inf")
