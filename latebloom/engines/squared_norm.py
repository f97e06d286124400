"""The squared norm of an affine iterate, and the steps at which it passes a level."""

import numpy as np
from jaxtyping import Bool, Float, Int

from .modes import EPS, Modes
from .search import Guess, find_step


class SquaredNorm:
    r"""The squared norm $\mathrm{const} + \sum_m (c_m + w_m \psi_m(k))^2$ of an affine iterate."""

    def __init__(
        self,
        modes: Modes,
        constant: float,
        c: Float[np.ndarray, " M"],
        w: Float[np.ndarray, " M"],
    ) -> None:
        self.modes, self.constant, self.c, self.w = modes, constant, c, w
        self.branches = [(c, w)]
        if modes.alternates:
            flip = modes.negative
            odd_c = c + np.where(flip, w * 2.0 / modes.safe_p[:, 0], 0.0)
            self.branches.append((odd_c, np.where(flip, -w, w)))

    def values(self, k: Float[np.ndarray, " K"]) -> Float[np.ndarray, " K"]:
        """Return the squared norm at integer steps."""
        return self.constant + ((self.c[:, None] + self.w[:, None] * self.modes.psi(k)) ** 2).sum(0)

    def bounds(
        self, edges: Float[np.ndarray, " E"]
    ) -> tuple[Float[np.ndarray, " J"], Float[np.ndarray, " J"]]:
        """Return a lower and an upper bound over each interval between consecutive edges."""
        return self._bounds(self.modes.smooth(edges))

    def _bounds(
        self, at: Float[np.ndarray, "M E"]
    ) -> tuple[Float[np.ndarray, " J"], Float[np.ndarray, " J"]]:
        low = high = None
        for c, w in self.branches:
            u = c[:, None] + w[:, None] * at
            square = u * u
            same = u[:, :-1] * u[:, 1:] > 0  # where a term changes its sign it is 0 in between
            least = (same * np.minimum(square[:, :-1], square[:, 1:])).sum(0)
            most = np.maximum(square[:, :-1], square[:, 1:]).sum(0)
            low = least if low is None else np.minimum(low, least)
            high = most if high is None else np.maximum(high, most)
        assert low is not None
        assert high is not None
        return self.constant + low, self.constant + high

    def first_below(self, low: int, high: int, level: float) -> int | None:
        """Return the first step in low..high with squared norm <= level, or None."""
        slack = level * (1 + 64 * EPS)
        if high < low or self._bounds(self.modes.ends(low, high))[0][0] > slack:
            return None  # the usual case, without a search
        return find_step(
            low,
            high,
            1,
            lambda edges, rows: self._doubt(edges, slack, level, below=True)[None, :],
            lambda k, rows: self.values(k) <= level,
            self._guess(level),
        )

    def last_above(self, low: int, high: int, level: float) -> int | None:
        """Return the last step in low..high with squared norm > level, or None."""
        slack = level * (1 - 64 * EPS)
        if high < low or self._bounds(self.modes.ends(low, high))[1][0] <= slack:
            return None  # the usual case, without a search
        return find_step(
            low,
            high,
            1,
            lambda edges, rows: self._doubt(edges, slack, level, below=False)[None, :],
            lambda k, rows: self.values(k) > level,
            self._guess(level),
            last=True,
        )

    def _doubt(
        self, edges: Float[np.ndarray, " E"], slack: float, level: float, *, below: bool
    ) -> Bool[np.ndarray, " J"]:
        """Return the intervals on which the norm may be below (or above) the level.

        Where it is constant up to rounding, one value decides: a limit that equals the level to the
        last digits would else be looked at step by step, for ever.
        """
        low, high = self.bounds(edges)
        flat = high - low <= 64 * EPS * high
        at_left = self.values(edges[:-1]) <= level
        if below:
            return (low <= slack) & ~(flat & ~at_left)
        return (high > slack) & ~(flat & at_left)

    def _guess(self, level: float) -> Guess:
        """Return the guess where the norm crosses `level`: the root of the secant of norm -
        level."""

        def root(low: int, high: int, rows: Int[np.ndarray, " R"]) -> float | None:
            a, b = self.values(np.array([low, high], dtype=float)) - level
            if (a > 0) == (b > 0):
                return None
            return low + (high - low) * float(a / (a - b))

        return root
