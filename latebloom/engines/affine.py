r"""Affine iterations in closed form: $z(k+1) = M z(k) + b$ at any step k.

In the eigenbasis of M, with eigenvalues $q_m = 1 - p_m$ and the first increment $z(1) - z(0)$ of
components $\Delta_m$,

$$z(k) = z(0) + \sum_m v_m \Delta_m \psi_m(k),$$

with the functions $\psi_m$ of `modes`. Written with increments, nothing cancels: neither for slow
modes (p near 0) nor after long times.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from .decomposition import Factors
from .modes import EPS, Modes
from .squared_norm import SquaredNorm

# A drift along the kernel below this fraction of the force is the rounding error of its projection.
STILL = 1e3 * EPS


class Start(NamedTuple):
    """Where an affine piece starts, on the coordinates that move."""

    z: Float[np.ndarray, " A"]  # the moving coordinates
    residual: Float[np.ndarray, " N"]  # X a - y*
    error: Float[np.ndarray, " A"]  # z - a*, zeros if a* is unknown
    error_off: float  # the squared test error of the coordinates that rest
    slope: Float[np.ndarray, " A"]  # beta_1 sign(z), the constant part of the penalty's gradient


class AffinePiece:
    r"""Gradient or proximal steps on
    $\frac12\|Xz - y\|^2 + \mathrm{slope}^\top z + \frac{\beta_2}{2}\|z\|^2$.

    $z(k+1) = (z - \alpha(X^\top(Xz - y) + \mathrm{slope} + [\text{explicit}]\,\beta_2 z))/d$ with d
    = 1 for the explicit (gradient) and $1 + \alpha\beta_2$ for the implicit (proximal) treatment of
    beta_2.

    **Arguments:**

    - `factors`: compact SVD of the (N, A) columns that move.
    - `start`: position, residual, error, slope at local step 0.
    - `alpha`, `ridge`: step size and beta_2.
    - `implicit`: whether beta_2 is treated by its proximal operator.
    """

    def __init__(
        self,
        factors: Factors,
        start: Start,
        alpha: float,
        ridge: float = 0.0,
        *,
        implicit: bool = True,
    ) -> None:
        self.factors, self.start = factors, start
        self.U, self.s = factors.U, factors.s
        divisor = 1.0 + alpha * ridge if implicit else 1.0
        force = start.slope + ridge * start.z if ridge else start.slope
        self.rho = self.U.T @ start.residual
        # The increment along the range is from the residual, along the kernel from the slope alone:
        # there X^T r is zero, and its rounding error times 10^9 steps would not be.
        along = factors.across(force)
        self.delta = -alpha * (self.s * self.rho + along) / divisor
        p = alpha * (self.s**2 + ridge) / divisor
        self.kernel = None
        if self.s.size < start.z.size:
            drift = force - factors.along(along)
            # Equal columns leave a kernel in which nothing pulls: there the difference is rounding
            # error, and 10^15 steps would make a distance of it.
            drift[np.abs(drift) <= STILL * np.abs(force).max(initial=0.0)] = 0.0
            self.kernel = -alpha * drift / divisor
            p = np.append(p, alpha * ridge / divisor)
        self.modes = Modes(p)
        self.p = p

    def directions(self, rows: Int[np.ndarray, " R"]) -> Float[np.ndarray, "R M"]:
        """Return some rows of the increments v_m Delta_m as columns, the kernel's (if any) last."""
        out = np.empty((rows.size, self.p.size))
        np.multiply(self.factors.rows(rows), self.delta, out=out[:, : self.delta.size])
        if self.kernel is not None:
            out[:, -1] = self.kernel[rows]
        return out

    def moved(self, psi: Float[np.ndarray, "M K"]) -> Float[np.ndarray, "A K"]:
        """Return z where the modes are `psi`."""
        rank = self.delta.size
        out = self.factors.along(self.delta[:, None] * psi[:rank])
        if self.kernel is not None:
            out += self.kernel[:, None] * psi[rank]
        out += self.start.z[:, None]
        return out

    def at(self, k: Float[np.ndarray, " K"]) -> Float[np.ndarray, "A K"]:
        """Return z at integer steps k."""
        return self.moved(self.modes.psi(k))

    def end(self, k: int) -> Float[np.ndarray, " A"]:
        """Return z at the integer step k >= 1."""
        modes = self.modes
        if modes.alternates and k % 2:
            return self.at(np.array([float(k)]))[:, 0]
        return self.moved(modes.ends(1, k)[:, 1:])[:, 0]

    def train(self) -> SquaredNorm:
        """Return the squared training residual as a function of the step."""
        c, w = self.rho, self.s * self.delta
        rest = self.start.residual - self.U @ self.rho
        if self.kernel is not None:
            c, w = np.append(c, 0.0), np.append(w, 0.0)
        return SquaredNorm(self.modes, float(rest @ rest), c, w)

    def test(self) -> SquaredNorm:
        """Return the squared distance to the ground truth as a function of the step."""
        error = self.start.error
        c, w = self.factors.across(error), self.delta
        rest = error - self.factors.along(c)
        if self.kernel is not None:
            size = float(np.sqrt(self.kernel @ self.kernel))
            unit = self.kernel / size if size > 0 else self.kernel
            along = float(unit @ rest)
            rest = rest - along * unit
            c, w = np.append(c, along), np.append(w, size)
        return SquaredNorm(self.modes, self.start.error_off + float(rest @ rest), c, w)
