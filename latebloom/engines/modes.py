r"""The modes of an affine iteration: functions of the step, in closed form.

$$\psi_m(k) = \sum_{l<k} q_m^l = \frac{1 - q_m^k}{p_m} \quad (= k \text{ for } p_m = 0), \qquad
q_m = 1 - p_m.$$

For $0 \le q < 1$, $\psi$ increases and is concave in k; for $q < 0$ it is so on even steps, and on
odd steps it is $2/p$ minus such a function. Every bound on sums of modes uses only that.
"""

import numpy as np
from jaxtyping import Float

EPS = float(np.finfo(float).eps)
# exp of minus this is rounding, next to 1.
SETTLED = 40.0


class Modes:
    """The scalar functions psi_m(k) of a set of eigenvalues q_m = 1 - p_m, 0 <= p_m < 2."""

    def __init__(self, p: Float[np.ndarray, " M"]) -> None:
        self.p = p
        self.negative = p > 1.0
        self.alternates = bool(self.negative.any())  # some mode changes its sign at every step
        self.still = np.flatnonzero(p == 0.0)
        self.safe_p = np.where(p == 0.0, 1.0, p)[:, None]
        with np.errstate(divide="ignore"):
            # log|q|; log1p keeps the accuracy of slow modes.
            log_q = np.log1p(-np.minimum(p, 2 - p))
        # q = 0 reaches its limit in one step; a huge finite rate avoids 0 * inf at k = 0.
        self.log_q = np.maximum(log_q, -1e6)[:, None]
        self._ends: tuple[int, int] | None = None
        self._at_ends = np.zeros((p.size, 2))

    @property
    def settled(self) -> float:
        """A step from which every mode but those with p = 0 is constant to the last digit."""
        moving = self.log_q[self.p > 0]
        return SETTLED / -float(moving.max()) if moving.size else 0.0

    def smooth(self, k: Float[np.ndarray, " K"]) -> Float[np.ndarray, "M K"]:
        r"""Return $(1 - |q|^k)/p$, increasing and concave in k for every mode."""
        out = self.log_q * k
        np.expm1(out, out=out)
        out /= -self.safe_p
        if self.still.size:
            out[self.still] = k
        return out

    def ends(self, low: int, high: int) -> Float[np.ndarray, "M 2"]:
        """Return `smooth` at two steps; computed once when it is called several times in turn."""
        if self._ends != (low, high):
            self._ends = (low, high)
            self._at_ends = self.smooth(np.array([low, high], dtype=float))
        return self._at_ends

    def slope(self, k: Float[np.ndarray, " K"]) -> Float[np.ndarray, "M K"]:
        """Return the derivative of `smooth`."""
        rate = self.log_q / -self.safe_p
        rate[self.still] = 1.0
        out = self.log_q * k
        np.exp(out, out=out)
        out *= rate
        return out

    def sag(
        self, edges: Float[np.ndarray, " E"], at: Float[np.ndarray, "M E"]
    ) -> Float[np.ndarray, "M J"]:
        """Return how far `smooth`, whose values at the edges are `at`, may be above its chords.

        It is concave, and so below the tangents at both ends of an interval.
        """
        slope, width = self.slope(edges), edges[1:] - edges[:-1]
        chord = (at[:, 1:] - at[:, :-1]) / width
        left = np.maximum(slope[:, :-1] - chord, 0.0)
        right = np.maximum(chord - slope[:, 1:], 0.0)
        # The height at which tangents meet is half the harmonic mean of what each gains.
        total = left + right
        gain = np.divide(left * right, total, out=total, where=total > 0)
        gain *= width
        return gain

    def psi(self, k: Float[np.ndarray, " K"]) -> Float[np.ndarray, "M K"]:
        """Return psi_m(k) for non-negative integers k."""
        out = self.smooth(k)
        if self.alternates:
            odd = np.flatnonzero(k % 2 == 1)
            rows = np.flatnonzero(self.negative)
            block = np.ix_(rows, odd)
            out[block] = 2.0 / self.p[rows, None] - out[block]
        return out

    def odd(
        self, constant: Float[np.ndarray, " F"], weight: Float[np.ndarray, "F M"]
    ) -> tuple[Float[np.ndarray, " F"], Float[np.ndarray, "F M"]]:
        """Return constant + weight @ psi on odd steps as constant' + weight' @ smooth."""
        flip = self.negative
        return (
            constant + weight[:, flip] @ (2.0 / self.p[flip]),
            np.where(flip, -weight, weight),
        )
