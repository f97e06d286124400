"""The predicted t1: the step by which the row space of X has reached its bound."""

import math

import numpy as np

# A distance from the data below this fraction of the start is rounding: the start fits.
ROUNDING = 1e-12


def fit_time(start: np.ndarray, away: np.ndarray, rho: float, step_bound: float) -> int:
    r"""Return the step by which the row space has reached its bound, 0 for a start that fits.

    $t_1 = \lceil -\ln(1 + (1-\rho)\|a_0 - \hat a\|/(\alpha\beta\sup\|H\|))/\ln\rho\rceil$ in the
    row space of X only: for N < n the kernel of X does not contract at all. From this step on the
    distance to $\hat a$ is at most $2\alpha\beta\sup\|H\|/(1-\rho)$.

    **Arguments:**

    - `start`: the initial point $a_0$.
    - `away`: the part of $a_0 - \hat a$ in the row space, as coordinates in any orthonormal basis.
    - `rho`: the contraction per step in the row space; 0 for a method that projects.
    - `step_bound`: $\alpha\beta\sup\|H\|$, positive.

    Source: arXiv 2506.05718, equation 78, restricted to the row space of X.

    >>> fit_time(np.ones(1), np.ones(1), 0.5, 1e-3)
    9
    """
    distance = float(np.linalg.norm(away))
    if distance <= ROUNDING * float(np.linalg.norm(start)):
        return 0
    if rho == 0:
        return 1  # one step leaves nothing of the start
    return max(0, math.ceil(-math.log1p((1 - rho) * distance / step_bound) / math.log(rho)))
