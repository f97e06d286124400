r"""Where the subgradient method ends with l1: a mean point, and a chatter about it.

A coordinate whose l1 minimizer is 0 never rests there: it jumps between the sides of 0 by alpha
beta. Averaged over a period its sign is $\nu_i \in [-1, 1]$ and its mean $\alpha\beta\nu_i$, so the
mean point minimizes the objective with $|a_i|$ replaced by the Huber function of width alpha beta.
That is again a lasso: with $a = u + v$ and v minimized out, u solves it for data whitened by $(I +
\alpha XX^\top)^{-1/2}$.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from latebloom.engines.jump import solve
from latebloom.penalties import L1, L2, Strengths
from latebloom.problems import LinearData, VectorLeastSquares

from .certificates import Certificate, lasso_certificate

# Steps to forget the starting phases, then to sample. The chatter has a period near 2 steps at any
# alpha and beta: 512 steps give its mean square to better than 1 %.
SAMPLE = 512


@dataclass(frozen=True, eq=False)
class Chatter:
    """The stationary state of the subgradient method with l1.

    **Fields:**

    - `mean`: the point about which the iterates move.
    - `certificate`: proves that it is the minimizer that defines it.
    - `radius`: root mean square distance of the iterates from the mean point.
    - `residual`: root mean square and least ||Xa - y*|| seen.
    - `error`: the same for ||a - a*||, or None without a ground truth.
    """

    mean: Float[np.ndarray, " n"]
    certificate: Certificate
    radius: float
    residual: tuple[float, float]
    error: tuple[float, float] | None


def chatter(problem: VectorLeastSquares, alpha: float, beta: Strengths) -> Chatter:
    r"""Return the mean point of the subgradient method with l1, and the size of its chatter.

    For $\alpha\sigma_{\max} \ll 1$ each resting coordinate is uniform on an interval of length
    $2\alpha\beta$ about its mean: root mean square $\alpha\beta/\sqrt 3$. Towards the stability
    limit the jumps excite the stiff modes, which lock the coordinates together; so the size is
    sampled from the update itself, started at the mean point with random phases, at a cost that
    does not depend on alpha and beta.

    **Arguments:**

    - `problem`: X, y* and, for the error, a*.
    - `alpha`: a stable step size.
    - `beta`: strengths of l1 (positive) and squared l2.

    **Returns:** a `Chatter`.

    >>> import numpy as np
    >>> import latebloom as lb
    >>> state = chatter(lb.SparseRecovery(n=20, s=2, N=10), 0.01, Strengths(1e-3, 0.0))
    >>> bool(0.4 < state.radius / (1e-5 * np.sqrt(18)) < 0.8)
    True
    """
    U, s, Vt = problem.svd
    # The quadratic form Q = X^T X + beta_2 I becomes (I + alpha Q)^-1 Q = X_w^T X_w + ridge I.
    damp, damp_null = 1 + alpha * (s**2 + beta.l2), 1 + alpha * beta.l2
    ridge = beta.l2 / damp_null
    whitened = LinearData(
        X=(s / np.sqrt(damp * damp_null))[:, None] * Vt,
        y_star=np.sqrt(damp_null / damp) * (U.T @ problem.y_star),
    )
    penalty = L1(beta.l1) + L2(ridge) if ridge else L1(beta.l1)
    # a* is close to the answer wherever there is one: few events from there.
    u = solve(whitened, penalty, start=problem.a_star)
    mean = u + alpha * (whitened.X.T @ (whitened.y_star - whitened.X @ u) - ridge * u)
    certificate = lasso_certificate(whitened, penalty, u)
    X, y, a_star = problem.X, problem.y_star, problem.a_star
    # Any fixed seed: what is estimated does not depend on the phases.
    phase = np.random.default_rng(0).uniform(-1, 1, mean.size)
    a = mean + alpha * beta.l1 * phase * (u == 0)
    seen = np.zeros((SAMPLE, 3))
    for t in range(-SAMPLE, SAMPLE):
        r = X @ a - y
        if t >= 0:
            e = np.zeros(1) if a_star is None else a - a_star
            seen[t] = (a - mean) @ (a - mean), r @ r, e @ e
        a = a - alpha * (r @ X + beta.l2 * a + beta.l1 * np.sign(a))
    rms, least = np.sqrt(seen.mean(axis=0)), np.sqrt(seen.min(axis=0))
    error = None if a_star is None else (float(rms[2]), float(least[2]))
    return Chatter(mean, certificate, float(rms[0]), (float(rms[1]), float(least[1])), error)
