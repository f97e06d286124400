"""Linear functions of the modes, and the first step at which one leaves its range."""

import numpy as np
from jaxtyping import Bool, Float

from .modes import EPS, Modes
from .search import Doubt, Rows, Steps, find_step

# What the rounding of a sum of some hundred terms may take away, as a fraction of their sizes.
ROUNDING = 64 * EPS
# Slopes that differ by less than this are equal: nothing is divided by it.
PARALLEL = 1e-150


class LinearFunctions:
    r"""Functions $f_i(k) = c_i + \sum_m w_{im} \psi_m(k)$, and the first step at which one leaves
    its range $[\mathrm{least}_i, \mathrm{most}_i]$."""

    def __init__(
        self,
        modes: Modes,
        constant: Float[np.ndarray, " F"],
        weight: Float[np.ndarray, "F M"],
        least: Float[np.ndarray, " F"],
        most: Float[np.ndarray, " F"],
    ) -> None:
        self.modes, self.constant, self.weight = modes, constant, weight
        self.least, self.most = least, most
        self.branches = [(constant, weight)]
        if modes.alternates:
            self.branches.append(modes.odd(constant, weight))

    def first_exit(self, low: int, high: int) -> int | None:
        """Return the first step in low..high at which some function is out of range, or None."""
        return find_step(low, high, len(self.constant), self._possible, self._happens, self._guess)

    def _guess(self, low: int, high: int, rows: Rows) -> float | None:
        """Return the first root of the secants over [low, high], if any."""
        ends = self.values(np.array([low, high], dtype=float), rows)
        room = np.minimum(ends - self.least[rows, None], self.most[rows, None] - ends)
        out = room[:, 1] < 0
        if not out.any():
            return None
        a, b = np.maximum(room[out, 0], 0), room[out, 1]
        return low + (high - low) * float(np.min(a / (a - b)))

    def _possible(self, edges: Steps, rows: Rows) -> Doubt:
        """Return where bounds over an interval do not exclude that a function leaves its range."""
        at = self.modes.smooth(edges)
        doubt = np.zeros((rows.size, edges.size - 1), dtype=bool)
        every = rows.size == self.constant.size  # the usual case: no copy
        least, most = (self.least, self.most) if every else (self.least[rows], self.most[rows])
        for constant, weight in self.branches:
            c, w = (constant, weight) if every else (constant[rows], weight[rows])
            value = w @ at
            value += c[:, None]
            out = np.any((value < least[:, None]) | (value > most[:, None]), axis=0)
            # Behind the first edge with a function out of range nothing need be proved.
            end = int(out.argmax())
            end = max(end, 1) if out[end] else edges.size - 1
            doubt[:, end:] = True
            # Most functions are safe up to there with every term at its worst end (monotone), and
            # only the others pay for bounds on every interval.
            middle = 0.5 * (value[:, 0] + value[:, end])
            spread = np.abs(w) @ (at[:, end] - at[:, 0])
            spread *= 0.5 + ROUNDING
            falls = (middle - spread < least).nonzero()[0]
            rises = (middle + spread > most).nonzero()[0]
            if falls.size + rises.size:
                room = np.concatenate([c[falls] - least[falls], most[rises] - c[rises]])
                part = np.concatenate([w[falls], -w[rises]])
                below = self._lower_bounds(edges[: end + 1], at[:, : end + 1], room, part) < 0
                doubt[falls, :end] |= below[: falls.size]
                doubt[rises, :end] |= below[falls.size :]
        return doubt

    def _lower_bounds(
        self,
        edges: Steps,
        at: Float[np.ndarray, "M E"],
        constant: Float[np.ndarray, " R"],
        weight: Float[np.ndarray, "R M"],
    ) -> Float[np.ndarray, "R J"]:
        """Return lower bounds over the intervals.

        The terms that rise are above their chord, those that fall above their tangents at both
        ends. The sum of these is least at an end, where it is the function itself, or where the
        tangents meet; the lesser tangent there keeps the bound safe from the rounding of the place.
        """
        down = np.minimum(weight, 0)
        rise = constant[:, None] + (weight - down) @ at
        fall = down @ at
        slope = down @ self.modes.slope(edges)
        left, right = slope[:, :-1], slope[:, 1:]
        fall_left, fall_right = fall[:, :-1], fall[:, 1:]
        width = edges[1:] - edges[:-1]
        turn = right - left
        # Parallel tangents are one line, and meet anywhere.
        meet = np.divide(
            right * width - (fall_right - fall_left),
            turn,
            out=np.zeros_like(turn),
            where=turn > PARALLEL,
        )
        meet = np.minimum(np.maximum(meet, 0.0), width)
        tangent = np.minimum(fall_left + left * meet, fall_right - right * (width - meet))
        chord = rise[:, :-1] + (rise[:, 1:] - rise[:, :-1]) * (meet / width)
        value = rise + fall
        return np.minimum(np.minimum(value[:, :-1], value[:, 1:]), chord + tangent)

    def values(self, k: Float[np.ndarray, " K"], rows: Rows) -> Float[np.ndarray, "R K"]:
        """Return the functions at integer steps."""
        return self.constant[rows, None] + self.weight[rows] @ self.modes.psi(k)

    def _happens(self, k: Float[np.ndarray, " K"], rows: Rows) -> Bool[np.ndarray, " K"]:
        value = self.values(k, rows)
        out = (value < self.least[rows, None]) | (value > self.most[rows, None])
        return np.any(out, axis=0)
