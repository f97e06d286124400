r"""The law of Marchenko and Pastur, and the losses of linear regression under it."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.bisection import bisect, double
from latebloom.core.errors import InvalidInput

# Midpoints in the angle: rounding errors for exponentials of any rate at ratios away from 1.
NODES = 4000
# Longest time, in steps of 1/(eta nu), for losses whose limit is above the level.
LONGEST = 1e15


class Spectrum(NamedTuple):
    r"""Nodes $\nu$ and weights of the law's continuous part, and its mass at zero."""

    nu: Float[np.ndarray, " K"]
    weight: Float[np.ndarray, " K"]
    atom: float


def spectrum(ratio: float, count: int = NODES) -> Spectrum:
    r"""Return nodes and weights for expectations over the eigenvalues of a sample covariance.

    $d$ variables, N examples, $\lambda = d/N$ fixed: the eigenvalues have density
    $\sqrt{(\lambda_+ - \nu)(\nu - \lambda_-)}/(2\pi\lambda\nu)$ on $\lambda_\pm =
    (1\pm\sqrt\lambda)^2$ and mass $1 - 1/\lambda$ at 0 for $\lambda > 1$. With $\nu = 1 + \lambda +
    2\sqrt\lambda\cos\varphi$ the density is $2\sin^2\varphi/(\pi\nu)\,d\varphi$, smooth even at
    $\lambda = 1$.

    **Arguments:**

    - `ratio`: $\lambda > 0$.
    - `count`: how many nodes.

    **Returns:** a `Spectrum`; the weights and the atom sum to 1.

    Source: arXiv 2310.16441, equation (6).

    >>> nu, weight, atom = spectrum(0.5)
    >>> round(float(weight.sum()), 12), round(float(weight @ nu), 12), atom
    (1.0, 1.0, 0.0)
    """
    check.real("ratio", ratio, low=0, strict=True)
    angle = (np.arange(count) + 0.5) * np.pi / count
    root = np.sqrt(ratio)
    # As a sum of squares: the difference would lose the small eigenvalues to rounding.
    nu = (1 - root) ** 2 + 4 * root * np.cos(angle / 2) ** 2
    return Spectrum(nu, 2 * np.sin(angle) ** 2 / (nu * count), max(0.0, 1 - 1 / ratio))


def losses(
    ratio: float, tau: Float[np.ndarray, " K"] | float
) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, " K"]]:
    r"""Return $E[\nu e^{-\tau\nu}]$ and $E[e^{-\tau\nu}]$: training and test loss of gradient flow.

    In units of $\|S_0 - T\|^2$, S the student, T the teacher; $\tau = 4\eta t$ for gradient descent
    on the mean square error.

    **Arguments:**

    - `ratio`: $\lambda = d/N$.
    - `tau`: times, shape (K,) or a number.

    **Returns:** two arrays of shape (K,).

    Source: arXiv 2310.16441, equation (8).

    >>> train, test = losses(0.5, 0.0)
    >>> round(float(train[0]), 12), round(float(test[0]), 12)
    (1.0, 1.0)
    """
    nu, weight, atom = spectrum(ratio)
    left = np.exp(-np.atleast_1d(np.asarray(tau, dtype=float))[:, None] * nu)
    return left @ (weight * nu), left @ weight + atom


def passage(ratio: float, level: float, test: bool) -> float | None:
    r"""Return the time $\tau$ at which a loss of `losses` is at `level`; None if that is never.

    **Arguments:**

    - `ratio`: $\lambda = d/N$.
    - `level`: in (0, 1], in units of $\|S_0 - T\|^2$.
    - `test`: of the test loss; else of the training loss.

    **Raises:** `InvalidInput` for a level out of range.

    >>> passage(1.5, 0.3, test=True) is None  # a third of the directions is never seen
    True
    """
    check.real("level", level, low=0, strict=True)
    if level > 1:
        raise InvalidInput(f"level = {level:g}: must be in (0, 1], the loss at the start")

    def above(tau: float) -> bool:
        return float(losses(ratio, tau)[int(test)][0]) > level

    def middle(low: float, high: float) -> float | None:
        return (low + high) / 2 if high - low > 1e-12 * high else None

    high = double(above, 1.0, LONGEST)
    if high is None:
        return None
    return bisect(above, high / 2 if high > 1 else 0.0, high, middle)[1]


def scatter(ratio: float, times: tuple[float, float], d: int) -> tuple[float, float]:
    r"""Return how much the delay varies among students of d unknowns, and how many decide it.

    The losses are $\sum_k z_k^2 f(\nu_k)/d$, $z_k$ the coordinates of $\sqrt d(S_0 - T)/\|S_0 -
    T\|$ along the eigenvectors, nearly N(0, 1) but for $\sum_k z_k^2 = d$, and a time moves by the
    change of its loss over its slope s. So the delay varies by $\sqrt{2\operatorname{Var}[f_2/s_2 -
    f_1/s_1]/d}$ over the spectrum, zeros included, as long as many $z_k$ are left at the end:
    $d\,E[f_2]^2/E[f_2^2]$. The fluctuations of the eigenvalues are left out.

    **Arguments:**

    - `ratio`: $\lambda = d/N$.
    - `times`: the two values of `passage`, of the training and of the test loss.
    - `d`: number of unknowns.

    **Returns:** the standard deviation of the delay, in units of $\tau$, and the number left.

    >>> spread, left = scatter(0.5, (10.0, 20.0), d=1000)
    >>> round(spread, 2), round(left)
    (0.8, 84)
    """
    nu, weight, atom = spectrum(ratio)
    train, test = nu * np.exp(-times[0] * nu), np.exp(-times[1] * nu)
    slope = float(weight @ (nu * test))
    moved = test / slope - train / (weight @ (nu * train))
    # At nu = 0, where f_2 = 1 and f_1 = 0, it moves by 1/s_2.
    mean, square = weight @ moved + atom / slope, weight @ moved**2 + atom / slope**2
    left = d * float(weight @ test + atom) ** 2 / float(weight @ test**2 + atom)
    return float(np.sqrt(2 * (square - mean**2) / d)), left


def distance(eigenvalues: Float[np.ndarray, " n"], ratio: float) -> float:
    r"""Return the largest difference of the distribution functions of a spectrum and the law.

    **Arguments:**

    - `eigenvalues`: of a covariance, in units of their mean, zeros among them.
    - `ratio`: $\lambda = d/N$.

    **Returns:** the statistic of Kolmogorov and Smirnov, in [0, 1].
    """
    nu, weight, atom = spectrum(ratio)
    order = np.argsort(nu)
    nu, below = nu[order], np.cumsum(weight[order]) + atom
    values = np.sort(eigenvalues)
    expected = np.interp(values, nu, below, left=atom, right=1.0)
    steps = np.arange(1, values.size + 1) / values.size
    seen = values > 1e-9  # at zero both jump
    gaps = np.maximum(np.abs(steps - expected), np.abs(steps - 1 / values.size - expected))
    return float(np.max(gaps[seen], initial=abs(float(np.mean(~seen)) - atom)))
