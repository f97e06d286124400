"""The constants of the paper's main theorem on an experiment of least squares."""

import math
from dataclasses import dataclass

import numpy as np

from latebloom.problems import MatrixLeastSquares
from latebloom.theory.facts import Facts

# The ball's radius over the least that the inequality allows: twice as far leaves half of the
# distance to epsilon and gamma.
SPREAD = 2.0


@dataclass(frozen=True)
class Constants:
    r"""The constants of theorem C.10 on an experiment of least squares.

    **Fields:** `r`, `chi`, `epsilon`, `gamma`, `L` (smoothness), `L_h` (bound of the subgradients),
    `alpha_max`, `beta_max`, and for the experiment's own alpha and beta `delta`, `tau`, `C`,
    `zeta` and the last step `window` of the guarantee. Where alpha is too large (delta or tau not
    in (0, 1)) C and zeta are NaN and the window is 0.
    """

    r: float
    chi: float
    epsilon: float
    gamma: float
    L: float
    L_h: float
    alpha_max: float
    beta_max: float
    delta: float
    tau: float
    C: float
    zeta: float
    window: float


def constants(f: Facts, printed: bool = False) -> Constants:
    r"""Return the constants of theorem C.10, as printed or corrected.

    $\epsilon, \gamma$ with $4g < ((1-\epsilon)/(1+\gamma))^2r^2\chi$; as printed $L = \sqrt p\,
    L_2$, $L_h = \sup\|H\|_\infty$, $\alpha_{\max} = \min\{r/((L_1 + \beta_{\max}L_h)\sqrt p),\;
    2(\epsilon-\gamma)/(L_2p),\; 1/((1+\gamma)L)\}$. Corrected: $L = \sigma_{\max}$, $L_h =
    \sup\|H\|_2$, and the second term $2(\epsilon-\gamma)/((1+\gamma)^2L)$.
    """
    top, least = float(f.sigma[0]), float(f.sigma[-1])
    p = f.start.size
    gap = f.data.operator.forward(f.start - f.fitted)
    r = SPREAD * float(np.linalg.norm(gap)) / math.sqrt(least)
    chi = 2 * least
    q = 1 / SPREAD  # sqrt(4 g/(r^2 chi))
    epsilon = (1 - q) / 2
    gamma = min(epsilon, (1 - epsilon) / q - 1) / 2
    G = f.gradient(f.start)
    size = float(np.linalg.norm(G))
    beta_max = gamma * size / f.subgradient_bound
    if printed:
        rows, largest = _hessian(f)
        L, L_h = math.sqrt(p) * largest, 1.0
        steep = float((np.abs(G.ravel()) + r * rows).max())
        alpha_max = min(
            r / ((steep + beta_max * L_h) * math.sqrt(p)),
            2 * (epsilon - gamma) / (largest * p),
            1 / ((1 + gamma) * L),
        )
    else:
        L, L_h = top, f.subgradient_bound
        alpha_max = min(
            r / (size + r * L + beta_max * L_h),
            2 * (epsilon - gamma) / ((1 + gamma) ** 2 * L),
            1 / ((1 + gamma) * L),
        )
    delta, tau = (1 - epsilon) * chi * f.alpha, 1 - (1 + gamma) * f.alpha * L
    small = 0 < delta < 1 and 0 < tau < 1
    part = f.beta * L_h / (gamma * size)
    C = math.log(1 - delta) / math.log(tau) if small else math.nan
    return Constants(
        r=r,
        chi=chi,
        epsilon=epsilon,
        gamma=gamma,
        L=L,
        L_h=L_h,
        alpha_max=alpha_max,
        beta_max=beta_max,
        delta=delta,
        tau=tau,
        C=C,
        zeta=part**C if small else math.nan,
        window=math.log(part) / math.log(tau) if small and 0 < part < 1 else 0.0,
    )


def _hessian(f: Facts) -> tuple[np.ndarray, float]:
    """Return the norms of the rows of X^T X, and its largest entry."""
    if isinstance(f.data, MatrixLeastSquares):
        Q = np.asarray(f.data.operator.normal_times(np.eye(f.start.size)))
    else:
        X = f.experiment.vector_data.X
        Q = X.T @ X
    return np.linalg.norm(Q, axis=1), float(np.abs(Q).max())
