r"""Rescaling of a two-layer homogeneous network: another norm, the same function."""

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput


def squared_norm(a: float, b: float, L: float, scale: float) -> float:
    r"""Return $w(\lambda) = a\lambda^2 + b\lambda^{-2L}$, the squared norm after rescaling.

    The network $y(x) = B\,\phi(Ax)$ without biases, $\phi$ positively L-homogeneous ($\phi(tx) =
    t^L\phi(x)$ for t > 0: L = 1 for ReLU, 2 for the square), is the same function for $(\lambda A,
    \lambda^{-L}B)$. So no function of $\|\theta\|$ alone can measure generalization: every value
    $w \ge w(\lambda_0)$ belongs to this same function. A bias inside $\phi$ would have to be
    multiplied by $\lambda$ too, one outside would not be rescaled at all.

    **Arguments:**

    - `a`, `b`: $\|A\|_F^2$ and $\|B\|_F^2$, > 0.
    - `L`: the degree, > 0.
    - `scale`: $\lambda$ > 0.

    **Raises:** `InvalidInput` for arguments that are not positive.

    >>> squared_norm(1.0, 4.0, 1, 2.0)
    5.0
    """
    _positive(a=a, b=b, L=L, scale=scale)
    return a * scale**2 + b * scale ** (-2 * L)


def least_scale(a: float, b: float, L: float) -> float:
    r"""Return $\lambda_0 = (Lb/a)^{1/(2(L+1))}$, the only minimizer of `squared_norm`.

    In $\log\lambda$, w is a sum of two exponentials of opposite signs, hence strictly convex and
    infinite at both ends; $w' = 0$ is $a\lambda^2 = Lb\lambda^{-2L}$: $\|A\|_F^2 = L\|B\|_F^2$.

    **Raises:** `InvalidInput` for arguments that are not positive.

    >>> least_scale(1.0, 16.0, 1)
    2.0
    """
    _positive(a=a, b=b, L=L)
    return (L * b / a) ** (1 / (2 * (L + 1)))


def least_squared_norm(a: float, b: float, L: float) -> float:
    r"""Return $w(\lambda_0) = (L^{1/(L+1)} + L^{-L/(L+1)})(a^Lb)^{1/(L+1)}$, the least value.

    **Raises:** `InvalidInput` for arguments that are not positive.

    >>> least_squared_norm(1.0, 16.0, 1)
    8.0
    """
    _positive(a=a, b=b, L=L)
    # Powers of a and b apart: a^L b may leave the range of floats where the result does not.
    return (L ** (1 / (L + 1)) + L ** (-L / (L + 1))) * a ** (L / (L + 1)) * b ** (1 / (L + 1))


def scales_of_norm(a: float, b: float, L: float, growth: float) -> tuple[float, float]:
    r"""Return one scale below and one above $\lambda_0$ at which $\|\theta\|$ has grown.

    At the first $b\lambda^{-2L}$ alone, at the second $a\lambda^2$ alone is `growth`$^2\,
    w(\lambda_0)$.

    **Arguments:**

    - `a`, `b`, `L`: as in `squared_norm`.
    - `growth`: at least by how much the norm grows over its minimum, > 1.

    **Raises:** `InvalidInput` for arguments out of range.

    >>> scales_of_norm(1.0, 1.0, 1, 10.0)
    (0.0707..., 14.14...)
    """
    check.real("growth", growth, low=1, strict=True)
    goal = growth**2 * least_squared_norm(a, b, L)
    return (b / goal) ** (1 / (2 * L)), (goal / a) ** 0.5


def rescale(
    A: Float[np.ndarray, "m n"], B: Float[np.ndarray, "k m"], scale: float, L: float
) -> tuple[Float[np.ndarray, "m n"], Float[np.ndarray, "k m"]]:
    r"""Return $(\lambda A, \lambda^{-L}B)$: the same function $B\,\phi(Ax)$, another norm.

    **Arguments:**

    - `A`, `B`: the weights of the two layers, shapes (m, n) and (k, m).
    - `scale`, `L`: $\lambda$ and the degree of $\phi$, > 0.

    **Raises:** `InvalidInput` for layers that do not fit together, or arguments not positive.

    >>> rescale(np.ones((1, 1)), np.ones((1, 1)), 2.0, 2)
    (array([[2.]]), array([[0.25]]))
    """
    _positive(scale=scale, L=L)
    A, B = check.real_array("A", A, 2), check.real_array("B", B, 2)
    if A.shape[0] != B.shape[1]:
        raise InvalidInput(
            f"A has shape {A.shape} and B {B.shape}: must be (m, n) and (k, m), one column of B "
            "per row of A"
        )
    return scale * A, scale**-L * B


def _positive(**values: float) -> None:
    """Require positive numbers."""
    for name, value in values.items():
        check.real(name, value, low=0, strict=True)
