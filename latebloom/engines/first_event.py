"""The first step at which an affine piece ends: a coordinate loses its sign, or one leaves zero.

All coordinates are first bounded at once on a few intervals of steps: values at the edges, which
take two thin products with X, and a bound on the distance from the chord in between. Only the rows
that this leaves in doubt, a few as a rule, are written as functions of the modes and searched. Once
the modes have settled only the drift along the kernel is left, whose events have a formula.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from .affine import AffinePiece
from .linear_functions import ROUNDING, LinearFunctions
from .modes import EPS
from .search import Steps, split

# One interval more costs as much as a row in doubt less saves.
_FRACTIONS = np.arange(13) / 12


class Resting(NamedTuple):
    """The coordinates at zero, which leave it where $|x_j^T r| > beta$."""

    XT: Float[np.ndarray, "B N"]  # their columns x_j as rows
    norm: Float[np.ndarray, " B"]  # |x_j|
    beta: float
    y_norm: float  # |y*|, of which r is made


def first_event(piece: AffinePiece, resting: Resting, last: int) -> int | None:
    """Return the first local step up to `last` whose update changes the pattern, or None."""
    search = _Search(piece, resting)
    every = np.ones(search.least.size, dtype=bool)
    if piece.modes.alternates or last < 1:
        return search.exit(0, last, every)
    settled = int(min(piece.modes.settled, last - 1)) + 1
    edges = split(0, settled, fractions=_FRACTIONS)
    value, doubt = search.doubtful(edges)
    # Up to the first edge at which a function has left its range, then the rest: one at the edge of
    # rounding may be found inside after all.
    out = np.flatnonzero(search.outside(value).any(axis=0))
    end = max(int(out[0]), 1) if out.size else edges.size - 1
    for begin, stop in ((0, end), (end, edges.size - 1)):
        part = doubt[:, begin:stop]
        columns = begin + np.flatnonzero(part.any(axis=0))
        if columns.size:
            rows = np.asarray(part.any(axis=1))
            found = search.exit(int(edges[columns[0]]), int(edges[columns[-1] + 1]), rows)
            if found is not None:
                return found
    if settled == last:
        return None
    low, high, rows = search.drift(value[:, -1], settled, last)
    if low > last:
        return None
    found = search.exit(low, high, rows)
    return found if found is not None or high == last else search.exit(high, last, every)


class _Search:
    """Functions of the step, one per coordinate, and the range in which nothing happens.

    First sign z(k + 1) of those that move, through psi(k + 1) = 1 + q psi(k), then the gradients of
    those that rest.
    """

    def __init__(self, piece: AffinePiece, resting: Resting) -> None:
        self.piece, self.resting = piece, resting
        start = piece.start
        self.sign = np.sign(start.z)
        self.pull = piece.s * piece.delta  # increments of U^T r
        size = float(np.sqrt(start.residual @ start.residual)) + resting.y_norm
        # What is smaller may be rounding.
        slack = 4 * EPS * float(np.abs(start.z).max(initial=0.0))
        self.most = np.full(self.sign.size + resting.norm.size, np.inf)
        self.most[self.sign.size :] = resting.beta + 4 * EPS * size * resting.norm
        self.least = -self.most
        self.least[: self.sign.size] = -slack
        self.noise = np.empty(self.least.size)  # the size of what the functions are made of
        self.noise[: self.sign.size] = np.abs(start.z)
        self.noise[self.sign.size :] = size * resting.norm

    def outside(self, value: Float[np.ndarray, "F E"]) -> Bool[np.ndarray, "F E"]:
        """Return where values are out of range."""
        return (value < self.least[:, None]) | (value > self.most[:, None])

    def doubtful(self, edges: Steps) -> tuple[Float[np.ndarray, "F E"], Bool[np.ndarray, "F J"]]:
        """Return the functions at the edges, and which of them may leave their ranges on which
        intervals in between."""
        piece, resting, moving = self.piece, self.resting, self.sign.size
        rank, modes = self.pull.size, piece.modes
        at = modes.smooth(edges)
        sag, q = modes.sag(edges, at), 1.0 - piece.p[:, None]
        ahead = 1.0 + q * at
        value = np.empty((self.least.size, edges.size))
        np.multiply(piece.moved(ahead), self.sign[:, None], out=value[:moving])
        gradient = piece.start.residual[:, None] + piece.U @ (self.pull[:, None] * at[:rank])
        np.matmul(resting.XT, gradient, out=value[moving:])
        # Rows of V are at most 1 long, and those of X_j^T U at most |x_j|.
        weight = np.stack([piece.delta**2, self.pull**2])
        reach = np.sqrt(weight @ (np.append(sag[:rank], ahead[:rank, -1:], axis=1) ** 2))
        radius = np.empty((self.least.size, sag.shape[1]))
        radius[:moving] = reach[0, :-1]
        np.multiply(resting.norm[:, None], reach[1, :-1], out=radius[moving:])
        self.noise[:moving] += reach[0, -1]
        self.noise[moving:] += resting.norm * reach[1, -1]
        if piece.kernel is not None:
            size = np.abs(piece.kernel)
            radius[:moving] += size[:, None] * sag[rank]
            self.noise[:moving] += size * ahead[rank, -1]
        radius += ROUNDING * self.noise[:, None]
        low = np.minimum(value[:, :-1], value[:, 1:]) - radius
        high = np.maximum(value[:, :-1], value[:, 1:]) + radius
        return value, (low < self.least[:, None]) | (high > self.most[:, None])

    def drift(
        self, value: Float[np.ndarray, " F"], settled: int, last: int
    ) -> tuple[int, int, Bool[np.ndarray, " F"]]:
        """Return the least and the most step of the first exit on settled..last, where only the
        drift along the kernel is left, and which functions it may be."""
        piece = self.piece
        rows = np.zeros(value.size, dtype=bool)
        if piece.kernel is None or piece.p[-1] > 0:
            return last + 1, last, rows
        falls = -self.sign * piece.kernel
        falling = (falls > 0).nonzero()[0]
        if falling.size == 0:
            return last + 1, last, rows
        # Every number is known to the rounding of what it is made of, also that of the drift.
        falls, noise = falls[falling], ROUNDING * self.noise[falling]
        room = value[falling] - self.least[falling]
        early = settled + (room - noise) / (falls * (1 + ROUNDING))
        late = settled + (room + noise) / (falls * (1 - ROUNDING))
        low, high = float(early.min()) - 1, float(late.min()) + 2
        rows[falling[early <= high]] = True
        return int(max(min(low, last + 1), settled)), int(min(high, last)), rows

    def exit(self, low: int, high: int, rows: Bool[np.ndarray, " F"]) -> int | None:
        """Return the first step in low..high at which one of some functions leaves its range."""
        piece, moving = self.piece, self.sign.size
        moves, rests = rows[:moving].nonzero()[0], rows[moving:].nonzero()[0]
        sign, inner = self.sign[moves], self.resting.XT[rests]
        directions = piece.directions(moves) * sign[:, None]
        constant = np.concatenate(
            [sign * piece.start.z[moves] + directions.sum(axis=1), inner @ piece.start.residual]
        )
        weight = np.zeros((constant.size, piece.p.size))
        np.multiply(directions, 1.0 - piece.p, out=weight[: sign.size])
        weight[sign.size :, : self.pull.size] = (inner @ piece.U) * self.pull
        functions = LinearFunctions(
            piece.modes, constant, weight, self.least[rows], self.most[rows]
        )
        return functions.first_exit(low, high)
