r"""Where the subgradient method ends with l1, in closed form: a bias and an oscillation.

With E the entries that are not at rest and $\sigma$ their signs, the mean point of the subgradient
method minimizes the objective with $|a_i|$ replaced by its Huber function of width $\alpha\beta$
(the average over the chatter), so that a resting entry has the mean $\alpha\beta\nu_i$, $\nu =
X^\top r/\beta$, and

$$a_E - a^*_E = -\beta G^{-1}\sigma + G^{-1}X_E^\top M^{-1}\xi, \quad M = I + \alpha X_{\bar
E}X_{\bar E}^\top, \quad G = X_E^\top M^{-1}X_E.$$

For $\alpha\sigma_{\max} \ll 1$ a resting entry is uniform on an interval of length $2\alpha\beta$
about its mean: variance $(\alpha\beta)^2/3$. Proximal gradient has the bias alone (M = I).
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from latebloom.core.errors import NotCovered
from latebloom.experiment.experiment import Experiment
from latebloom.methods import ProximalGradient, Subgradient

from .limits import constants, limit

# Rounds in which entries join or leave E: each joins once in all that were seen.
ROUNDS = 100


@dataclass(frozen=True)
class TwoTermFloor:
    r"""The relative test error in the end, $\sqrt{\mathrm{bias}^2 + \mathrm{oscillation}^2}$.

    **Fields:**

    - `bias`: of order beta (and the noise), the same for every small alpha.
    - `oscillation`: of order alpha beta: means and chatter of the resting entries.
    - `active`: the number of entries that are not at rest.
    - `stiffness`: $\alpha\sigma_{\max}$; the chatter is uniform for $\ll 1$, up to 10 % at 0.5.
    """

    bias: float
    oscillation: float
    active: int
    stiffness: float

    @property
    def total(self) -> float:
        """Both together, root mean square."""
        return math.hypot(self.bias, self.oscillation)


def two_term_floor(experiment: Experiment) -> TwoTermFloor:
    r"""Return the floor of the test error of `Subgradient` or `ProximalGradient` with L1.

    **Arguments:**

    - `experiment`: with the linear model, a constant alpha, L1 alone and a ground truth.

    **Raises:** `NotCovered` where there is no closed form.

    Source: derived in the documentation, page "Sharper laws"; arXiv 2506.05718, Figure 4, claims
    an error proportional to alpha beta.

    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery(n=30, s=2, N=15)
    >>> floors = [
    ...     two_term_floor(lb.Experiment(problem, lb.L1(beta), lb.Subgradient(0.01))).total
    ...     for beta in (1e-4, 1e-5)
    ... ]
    >>> round(floors[0] / floors[1], 6)
    10.0
    """
    alpha, beta = constants(experiment)
    if beta.l1 == 0 or beta.l2 > 0:
        raise NotCovered("it is about the penalty L1, alone")
    chatters = isinstance(experiment.method, Subgradient)
    if not chatters and not isinstance(experiment.method, ProximalGradient):
        raise NotCovered("it is about Subgradient and ProximalGradient")
    data = experiment.vector_data
    truth = data.a_star
    if truth is None:
        raise NotCovered("it needs the ground truth a_star")
    width = alpha if chatters else 0.0
    noise = data.y_star - data.X @ truth
    on, off_mean, away = _mean_point(data.X, truth, noise, beta.l1, width)
    size = float(np.linalg.norm(truth))
    rate = alpha * beta.l1
    oscillation = 0.0
    if chatters:
        resting = int((~on).sum())
        oscillation = rate * math.sqrt(float((off_mean[~on] ** 2).sum()) + resting / 3)
    return TwoTermFloor(
        bias=float(np.linalg.norm(away)) / size,
        oscillation=oscillation / size,
        active=int(on.sum()),
        stiffness=alpha * data.sigma_max,
    )


def final_error(experiment: Experiment) -> float | None:
    """Return the relative test error in the end: in closed form where there is one, else from the
    certified limit; None where neither is known."""
    try:
        return two_term_floor(experiment).total
    except NotCovered:
        end = limit(experiment)
        return None if end is None else end.test_error


def _mean_point(
    X: Float[np.ndarray, "N n"],
    truth: Float[np.ndarray, " n"],
    noise: Float[np.ndarray, " N"],
    beta: float,
    width: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the entries E, nu, and a_E - a*_E: from E = supp(a*), as long as signs disagree."""
    on, sign = truth != 0, np.sign(truth)
    for _ in range(ROUNDS):
        XE, Xr = X[:, on], X[:, ~on]
        if XE.shape[1] > X.shape[0]:
            raise NotCovered("more entries stay than there are measurements: no closed form")
        M = np.eye(X.shape[0]) + width * Xr @ Xr.T
        solved = np.linalg.solve(M, np.column_stack([XE, noise]))
        G = XE.T @ solved[:, :-1]
        if XE.shape[1] and np.linalg.cond(G) > 1e12:
            raise NotCovered(
                "the columns of X on the entries that stay are dependent: no closed form"
            )
        away = np.linalg.solve(G, XE.T @ solved[:, -1] - beta * sign[on])
        residual = np.linalg.solve(M, noise - XE @ away)
        nu = X.T @ residual / beta
        a = truth.copy()
        a[on] += away
        wrong = on & (np.sign(a) != sign)
        if wrong.any():
            if (truth[wrong] != 0).any():
                raise NotCovered(
                    f"beta = {beta:g} is too large: an entry of a* is shrunk to zero, and the bias "
                    "is no longer proportional to beta"
                )
            on = on & ~wrong
            continue
        joins = ~on & (np.abs(nu) > 1 + 1e-9)
        if not joins.any():
            if (np.abs(nu[~on]) > 1 - 1e-7).any():
                raise NotCovered(
                    "the minimizer may not be unique: a resting entry is about to leave"
                )
            return on, nu, away
        i = int(np.argmax(np.where(joins, np.abs(nu), 0.0)))
        on, sign = on.copy(), sign.copy()
        on[i], sign[i] = True, np.sign(nu[i])
    raise NotCovered("the entries that stay could not be found")
