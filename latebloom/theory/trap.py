r"""A ball about the minimizer that the iterates of a subgradient method never leave: a proof.

Let $f = \frac12 a^\top Qa - \ldots$ be the smooth part and $\hat a$ the minimizer of $f + \beta h$,
h the l1 or the nuclear norm; $d = a_t - \hat a$, and $\Delta$ the difference of the subgradients
of h at both. For any $\varepsilon > 0$, because $\|Qd\|^2 \le \sigma\,d^\top Qd$,

$\|d_{t+1}\|^2 \le \|d\|^2 - \alpha(2 - (1+\varepsilon)\alpha\sigma)\,d^\top Qd -
2\alpha\beta\langle\Delta, d\rangle + (1+1/\varepsilon)\alpha^2\beta^2\|\Delta\|^2$.

The last term is at most a constant C. With T a space that contains the support (the tangent space)
and g the slack of the subgradient at $\hat a$ outside of it, $\langle\Delta, d\rangle \ge
g\|P_{T^\perp}d\|$. So the distance falls at every step from outside of the set where the two
negative terms are less than C. Q is definite on T, so this set is within some $R_0$ of $\hat a$,
and one step from within it leads to $R = \sqrt{R_0^2 + C}$ at most. Therefore $\|d_s\| \le
\max(\|d_t\|, R)$ for all $s \ge t$, and the distance comes down to R or less in the end.
"""

import math

import numpy as np
from jaxtyping import Float

from latebloom.penalties import Strengths
from latebloom.problems import MatrixLeastSquares, VectorLeastSquares
from latebloom.problems.svd import compact_svd
from latebloom.problems.tangent import Tangent

# A smaller slack, or a smaller eigenvalue on T, may be rounding.
SLACK = 1e-6
# Of larger numbers float64 has no square.
LARGEST = 1e150
# Splits of the step, as fractions of the largest epsilon, and spaces T that are tried: any gives a
# proof, and a factor of two between neighbours costs at most that in the bound.
SPLITS = np.geomspace(1e-4, 0.999, 60)
SPACES = 32


def ball(
    rate: tuple[float, float],
    sigma: float,
    size: float,
    outside: tuple[float, float],
) -> float:
    r"""Return R, infinite if there is no proof.

    **Arguments:**

    - `rate`: alpha and beta.
    - `sigma`: the largest eigenvalue of Q.
    - `size`: a bound of $\|\Delta\|$.
    - `outside`: the slack g outside of T (infinite if T is the whole space) and the least
      eigenvalue of Q on T (infinite if T is empty).

    With strongly convex data, T the whole space, it is proportional to alpha beta:

    >>> definite = (math.inf, 1.0)
    >>> one, ten = (ball((0.1, beta), 1.0, 2.0, definite) for beta in (1e-4, 1e-3))
    >>> round(ten / one, 9)
    10.0
    """
    (alpha, beta), (slack, least) = rate, outside
    top, kick = 2 / (alpha * sigma) - 1, alpha * beta * size
    if top <= 0 or slack <= SLACK or least <= SLACK * sigma or kick > LARGEST:
        return math.inf
    epsilon = top * SPLITS
    C = (1 + 1 / epsilon) * kick**2
    c, h = alpha * (2 - (1 + epsilon) * alpha * sigma), 2 * alpha * beta * slack
    off = C / h  # ||P_off d||, where c d'Qd + h ||P_off d|| <= C
    # With u = sqrt(d'Qd): sqrt(least) ||P_T d|| <= u + sqrt(sigma) (C - c u^2)/h, the most of it.
    u = np.minimum(np.sqrt(C / c), h / (2 * c * math.sqrt(sigma)))
    inside = (u + (math.sqrt(sigma) * (C - c * u**2) / h if h < math.inf else 0.0)) / least**0.5
    return float(np.sqrt(off**2 + inside**2 + C).min())


def vector_ball(
    data: VectorLeastSquares, alpha: float, beta: Strengths, a: Float[np.ndarray, " n"]
) -> float:
    """Return the radius for l1, with or without squared l2; infinite if there is no proof.

    **Arguments:**

    - `data`: X and y*; `alpha`, `beta`: the step size and the strengths.
    - `a`: (n,) the minimizer.

    >>> import latebloom as lb
    >>> data = lb.LinearData(X=np.eye(2), y_star=np.array([1.0, 0.0]))
    >>> minimizer = np.array([0.9, 0.0])  # y* thresholded at beta
    >>> 0 < vector_ball(data, 0.1, Strengths(0.1, 0.0), minimizer) < 0.1
    True
    """
    nu = (data.X.T @ (data.y_star - data.X @ a) - beta.l2 * a) / beta.l1
    slack = np.where(a != 0, 0.0, 1 - np.abs(nu))
    order = np.argsort(slack)
    support, rank = int((slack <= SLACK).sum()), data.svd.s.size
    largest = a.size if beta.l2 else min(rank, a.size)
    if support > largest:
        return math.inf
    sigma, size = data.sigma_max + beta.l2, math.sqrt(a.size) + float(np.linalg.norm(nu))
    radii = []
    for k in np.unique(np.linspace(support, largest, SPACES).astype(int)):
        values = np.linalg.svd(data.X[:, order[:k]], compute_uv=False)
        full = values.size == k
        least = beta.l2 + (float(values[-1]) ** 2 if full and k else 0.0) if k else math.inf
        gap = float(slack[order[k]]) if k < a.size else math.inf
        radii.append(ball((alpha, beta.l1), sigma, size, (gap, least)))
    return min(radii)


def matrix_ball(
    data: MatrixLeastSquares, alpha: float, beta: float, A: Float[np.ndarray, "n1 n2"]
) -> float:
    """Return the radius for the nuclear norm.

    **Arguments:**

    - `data`: the operator and y*; `alpha`, `beta`: the step size and the strength.
    - `A`: the minimizer.
    """
    X = data.operator
    H = X.adjoint(data.y_star - X.forward(A)) / beta
    U, s, Vt = compact_svd(A)
    tangent = Tangent(U, Vt, lambda Z: X.adjoint(X.forward(Z)))
    gap = 1 - float(np.linalg.norm(tangent.off(H), 2))
    size = math.sqrt(min(A.shape)) + float(np.linalg.norm(H))
    least = tangent.least if s.size else math.inf
    return ball((alpha, beta), data.sigma_max, size, (gap, least))
