"""The gradient flow of a diagonal network with weight decay, at any scale of its start."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.lazy import linalg, special

RTOL, ATOL = 1e-6, 1e-8  # transition times to 1e-4, a hundredth of what the picture shows
# Largest step, in units of 1/beta: so little changes in the kernel regime that longer steps would
# pass over its end.
LONGEST = 0.05


class Flow(NamedTuple):
    """A solution: beta t at every step taken, and the linear predictor w = u^2 - v^2 there."""

    tau: Float[np.ndarray, " K"]
    w: Float[np.ndarray, "K n"]


def diagonal_flow(
    X: Float[np.ndarray, "N n"],
    y: Float[np.ndarray, " N"],
    gamma: float,
    beta: float,
    loss: str,
    stops: Float[np.ndarray, " M"],
) -> Flow:
    r"""Return the gradient flow of a diagonal network with weight decay, exact at any $\gamma$.

    $f(x) = \langle u^2 - v^2, x\rangle$ on $g + \frac\beta2(\|u\|^2 + \|v\|^2)$ from $u = v =
    \gamma 1$, g the mean loss. With $\dot u = -2u\nabla g - \beta u$ and $\dot v = 2v\nabla g -
    \beta v$ the product $u_iv_i = \gamma^2e^{-2\beta t}$ is known, and

    $w = u^2 - v^2 = \kappa\sinh(X^\top\nu)$, $\kappa = 2\gamma^2e^{-2\beta t}$,
    $\dot\nu_i = -4\,\partial g/\partial f_i$:

    N numbers without the factor $\gamma$ between fast and slow. While $\kappa \gg |w|$, the sinh
    is linear and w in the span of the $x_i$ (the kernel); after, $\nu$ is about $\log(|w|/\kappa)$
    times a dual vector of the least l1 norm. We step $(1+\kappa)\nu$, of order 1 in both regimes.

    **Arguments:**

    - `X`, `y`: points, shape (N, n), and targets or labels +1 and -1, shape (N,).
    - `gamma`, `beta`: scale of the initialization and weight decay, both > 0.
    - `loss`: `squared` (half of it) or `logistic`.
    - `stops`: values of $\beta t$ to be met exactly, increasing; the last one ends the flow.

    **Returns:** a `Flow`; its first entry is 0.

    **Raises:** `InvalidInput` for values out of range, and where the step size falls to rounding.

    Source: the setting of arXiv 2311.18817, section 3; RODAS3 of Sandu et al., Benchmarking stiff
    ODE solvers II, Atmospheric Environment 31 (1997).
    """
    check.real("gamma", gamma, low=0, strict=True)
    check.real("beta", beta, low=0, strict=True)
    check.one_of("loss", loss, ("squared", "logistic"))
    N, unit = y.size, np.eye(y.size)

    def rate(t: float, q: np.ndarray) -> tuple[Any, ...]:
        """Return dq/d(beta t) and what its derivatives need."""
        kappa = 2 * np.exp(2 * (np.log(gamma) - t))
        nu = q / (1 + kappa)
        z = X.T @ nu
        f = X @ (kappa * np.sinh(z))
        force = y - f if loss == "squared" else y * special.expit(-y * f)
        return 4 / (N * beta) * (1 + kappa) * force - 2 * kappa * nu, kappa, nu, z, f, force

    def derivatives(t: float, q: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return dq/d(beta t), its Jacobian and its own derivative in beta t."""
        F, kappa, nu, z, f, force = rate(t, q)
        curvature = (
            4
            / (N * beta)
            * (1.0 if loss == "squared" else special.expit(y * f) * special.expit(-y * f))
        )
        curvature = np.broadcast_to(curvature, (N,))
        slope = kappa * np.cosh(z)
        leak = 2 * kappa / (1 + kappa)
        J = -curvature[:, None] * ((X * slope) @ X.T) - leak * unit
        moved = X @ (slope * (X.T @ (leak * nu))) - 2 * f
        drift = -8 / (N * beta) * kappa * force - (1 + kappa) * curvature * moved
        return F, J, drift + 4 * kappa * nu - 2 * kappa * leak * nu

    t, q, h = 0.0, np.zeros(N), 1e-3 * beta / gamma**2  # far below the fastest time at the start
    times, states = [t], [q]
    with np.errstate(over="ignore", invalid="ignore"):  # a step that is too long is refused
        for stop in stops:
            while t < stop:
                F, J, drift = derivatives(t, q)
                while True:
                    step = min(h, LONGEST, stop - t)
                    solve = partial(
                        linalg.lu_solve, linalg.lu_factor(2 / step * unit - J), check_finite=False
                    )
                    one = solve(F + step / 2 * drift)
                    two = solve(F + 4 / step * one + 1.5 * step * drift)
                    change, middle = (one - two) / step, q + 2 * one
                    three = solve(rate(t + step, middle)[0] + change)
                    late = rate(t + step, middle + three)[0]
                    error = solve(late + change - 8 / 3 * three / step)
                    new = middle + three + error
                    allowed = ATOL + RTOL * np.maximum(np.abs(q), np.abs(new))
                    wrong = float(np.sqrt(np.mean((error / allowed) ** 2)))
                    if wrong <= 1:
                        break
                    h = step * (max(0.2, 0.9 * wrong ** (-1 / 3)) if np.isfinite(wrong) else 0.2)
                    if t + h == t:
                        raise InvalidInput(
                            f"gamma = {gamma:g}, beta = {beta:g}: the step size fell to rounding "
                            f"at beta t = {t:.4g}; take a smaller gamma or a larger beta"
                        )
                t = stop if step == stop - t else t + step
                q = new
                times.append(float(t))
                states.append(q)
                # A step that a stop has shortened does not limit the next one.
                h = max(h, step * min(5.0, 0.9 * max(wrong, 1e-9) ** (-1 / 3)))
    kappa = 2 * np.exp(2 * (np.log(gamma) - np.array(times)))[:, None]
    return Flow(np.array(times), kappa * np.sinh(np.array(states) / (1 + kappa) @ X))
