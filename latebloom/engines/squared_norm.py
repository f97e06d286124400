"""The squared norm of an affine iterate, and the steps at which it passes a level."""

import numpy as np
from jaxtyping import Bool, Float

from .modes import EPS, Modes
from .search import Doubt, Rows, Steps, find_step


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
        self, at: Float[np.ndarray, "M E"]
    ) -> tuple[Float[np.ndarray, " J"], Float[np.ndarray, " J"]]:
        """Return a lower and an upper bound over each interval between consecutive edges, at which
        `at` has the values of `Modes.smooth`."""
        lows, highs = [], []
        for c, w in self.branches:
            u = c[:, None] + w[:, None] * at
            square = u * u
            same = u[:, :-1] * u[:, 1:] > 0  # where a term changes its sign it is 0 in between
            lows.append((same * np.minimum(square[:, :-1], square[:, 1:])).sum(0))
            highs.append(np.maximum(square[:, :-1], square[:, 1:]).sum(0))
        return self.constant + np.min(lows, axis=0), self.constant + np.max(highs, axis=0)

    def first_below(self, low: int, high: int, level: float) -> int | None:
        """Return the first step in low..high with squared norm <= level, or None."""
        return self._passing(low, high, level, below=True)

    def last_above(self, low: int, high: int, level: float) -> int | None:
        """Return the last step in low..high with squared norm > level, or None."""
        return self._passing(low, high, level, below=False)

    def _passing(self, low: int, high: int, level: float, *, below: bool) -> int | None:
        """Return the first step in low..high at or below the level, or the last one above it."""
        slack = level * (1 + (64 if below else -64) * EPS)

        def possible(at: Float[np.ndarray, "M E"]) -> tuple[Bool[np.ndarray, " J"], ...]:
            least, most = self.bounds(at)
            return least <= slack if below else most > slack, most - least <= 64 * EPS * most

        def doubt(edges: Steps, rows: Rows) -> Doubt:
            may, flat = possible(self.modes.smooth(edges))
            # Where the norm is constant up to rounding, one value decides: a limit that equals the
            # level to the last digits would else be looked at step by step, for ever.
            return (may & ~(flat & ((self.values(edges[:-1]) <= level) != below)))[None, :]

        def happens(k: Float[np.ndarray, " K"], rows: Rows) -> Bool[np.ndarray, " K"]:
            return (self.values(k) <= level) == below

        def guess(low: int, high: int, rows: Rows) -> float | None:
            """Return the root of the secant of norm - level."""
            a, b = self.values(np.array([low, high], dtype=float)) - level
            return None if (a > 0) == (b > 0) else low + (high - low) * float(a / (a - b))

        if high < low or not possible(self.modes.ends(low, high))[0][0]:
            return None  # the usual case, without a search
        return find_step(low, high, 1, doubt, happens, guess, last=not below)
