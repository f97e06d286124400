r"""Affine iterations in closed form: $z(k+1) = M z(k) + b$ at any step k, and bounds over
intervals.

In the eigenbasis of M, with eigenvalues $q_m = 1 - p_m$ and the first increment $z(1) - z(0)$ of
components $\Delta_m$,

$$z(k) = z(0) + \sum_m v_m \Delta_m \psi_m(k), \qquad
\psi_m(k) = \sum_{l<k} q_m^l = \frac{1 - q_m^k}{p_m} \quad (= k \text{ for } p_m = 0).$$

Written with increments, nothing cancels: neither for slow modes (p near 0) nor after long times.
For $0 \le q < 1$, $\psi$ increases and is concave in k; for $q < 0$ it is so on even steps, and on
odd steps it is $2/p$ minus such a function. Every bound below uses only that.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from latebloom.problems.base import SVD, compact_svd

from .search import Guess, find_step

EPS = float(np.finfo(float).eps)
# The least ratio of eigenvalues at which the Gram matrix serves: 12 of 16 digits are left.
SAFE = 1e-4
# The least one at which its eigenvectors serve once they are corrected, and the largest correction
# whose square is rounding.
MENDABLE = 1e-8
SMALL_TURN = 1e-8
# A drift along the kernel below this share of the force is the rounding error of its projection.
STILL = 1e3 * EPS
# What the rounding of a sum of some hundred terms may take away, as a share of their sizes.
ROUNDING = 64 * EPS
# Slopes that differ by less than this are equal: nothing is divided by it.
PARALLEL = 1e-150


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

    def smooth(self, k: Float[np.ndarray, " K"]) -> Float[np.ndarray, "M K"]:
        r"""Return $(1 - |q|^k)/p$, increasing and concave in k for every mode."""
        out = self.log_q * k
        np.expm1(out, out=out)
        out /= -self.safe_p
        if self.still.size:
            out[self.still] = k
        return out

    def ends(self, low: int, high: int) -> Float[np.ndarray, "M 2"]:
        """Return `smooth` at two steps; asked for several times in turn, computed once."""
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

    def _guess(self, low: int, high: int, rows: Int[np.ndarray, " R"]) -> float | None:
        """Return the first root of the secants over [low, high], if any."""
        ends = self.values(np.array([low, high], dtype=float), rows)
        room = np.minimum(ends - self.least[rows, None], self.most[rows, None] - ends)
        out = room[:, 1] < 0
        if not out.any():
            return None
        a, b = np.maximum(room[out, 0], 0), room[out, 1]
        return low + (high - low) * float(np.min(a / (a - b)))

    def _possible(
        self, edges: Float[np.ndarray, " E"], rows: Int[np.ndarray, " R"]
    ) -> Bool[np.ndarray, "R J"]:
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
        edges: Float[np.ndarray, " E"],
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

    def values(
        self, k: Float[np.ndarray, " K"], rows: Int[np.ndarray, " R"]
    ) -> Float[np.ndarray, "R K"]:
        """Return the functions at integer steps."""
        return self.constant[rows, None] + self.weight[rows] @ self.modes.psi(k)

    def _happens(
        self, k: Float[np.ndarray, " K"], rows: Int[np.ndarray, " R"]
    ) -> Bool[np.ndarray, " K"]:
        value = self.values(k, rows)
        out = (value < self.least[rows, None]) | (value > self.most[rows, None])
        return np.any(out, axis=0)


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


def decompose(X: Float[np.ndarray, "N A"]) -> SVD:
    """Return the compact SVD of X, through the eigenvectors of its Gram matrix where that is safe.

    The Gram matrix takes a third of the time and loses digits with the square of the condition
    number: none that matter while that square is below 10^4, those that one correction brings back
    while it is below 10^8; the SVD itself serves everywhere else.
    """
    if min(X.shape) == 0:
        return compact_svd(X)
    wide = X.shape[1] > X.shape[0]
    tall = X.T if wide else X
    eigenvalues, V = np.linalg.eigh(tall.T @ tall)
    if eigenvalues[0] > SAFE * eigenvalues[-1]:
        s = np.sqrt(eigenvalues)
        U = tall @ (V / s)
    else:
        corrected = None
        if eigenvalues[0] > MENDABLE * eigenvalues[-1]:
            corrected = _corrected(tall @ V, V)
        if corrected is None:
            return compact_svd(X)
        U, s, V = corrected
    return SVD(V, s, U.T) if wide else SVD(U, s, V.T)


def _corrected(
    B: Float[np.ndarray, "N r"], V: Float[np.ndarray, "r r"]
) -> tuple[Float[np.ndarray, "N r"], Float[np.ndarray, " r"], Float[np.ndarray, "r r"]] | None:
    r"""Return U, s, V with $U \mathrm{diag}(s) V^\top = B V^\top$, from V that is nearly right.

    The columns of B are nearly orthogonal, and their inner products are known to the digits of
    their own lengths, not of the longest. First order perturbation makes them orthogonal; None
    where what it neglects, its square, would be seen.
    """
    inner = B.T @ B
    square = inner.diagonal()
    gap = square - square[:, None]
    np.fill_diagonal(inner, 0.0)
    np.fill_diagonal(gap, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = inner / gap
    if not np.abs(turn).max() < SMALL_TURN:
        return None
    U = B + B @ turn
    s = np.sqrt(np.einsum("ij,ij->j", U, U))
    return U / s, s, V + V @ turn


class Start(NamedTuple):
    """Where an affine piece starts, on the coordinates that move."""

    z: Float[np.ndarray, " A"]  # the moving coordinates
    residual: Float[np.ndarray, " N"]  # X a - y*
    error: Float[np.ndarray, " A"]  # z - a*, zeros if a* is unknown
    error_off: float  # the squared test error of the coordinates that rest
    pull: Float[np.ndarray, " A"]  # beta_1 sign(z), the constant part of the penalty's gradient


class AffinePiece:
    r"""Gradient or proximal steps on
    $\frac12\|Xz - y\|^2 + \mathrm{pull}^\top z + \frac{\beta_2}{2}\|z\|^2$.

    $z(k+1) = (z - \alpha(X^\top(Xz - y) + \mathrm{pull} + [\text{explicit}]\,\beta_2 z))/d$ with d
    = 1 for the explicit (gradient) and $1 + \alpha\beta_2$ for the implicit (proximal) treatment of
    beta_2.

    **Arguments:**

    - `svd`: compact SVD of the (N, A) columns that move.
    - `start`: position, residual, error, pull at local step 0.
    - `alpha`, `ridge`: step size and beta_2.
    - `implicit`: whether beta_2 is treated by its proximal operator.
    """

    def __init__(
        self,
        svd: tuple[np.ndarray, np.ndarray, np.ndarray],
        start: Start,
        alpha: float,
        ridge: float = 0.0,
        *,
        implicit: bool = True,
    ) -> None:
        self.U, self.s, self.Vt = svd
        self.start = start
        divisor = 1.0 + alpha * ridge if implicit else 1.0
        force = start.pull + ridge * start.z if ridge else start.pull
        self.rho = self.U.T @ start.residual
        # The increment along the range from the residual, and along the kernel from the pull alone:
        # there X^T r is zero, and its rounding error times 10^9 steps would not be.
        along = self.Vt @ force
        self.delta = -alpha * (self.s * self.rho + along) / divisor
        p = alpha * (self.s**2 + ridge) / divisor
        self.kernel = None
        if self.s.size < start.z.size:
            drift = force - self.Vt.T @ along
            # Equal columns leave a kernel in which nothing pulls: there the difference is rounding
            # error, and 10^15 steps would make a distance of it.
            drift[np.abs(drift) <= STILL * np.abs(force).max(initial=0.0)] = 0.0
            self.kernel = -alpha * drift / divisor
            p = np.append(p, alpha * ridge / divisor)
        self.modes = Modes(p)
        self.p = p

    @cached_property
    def directions(self) -> Float[np.ndarray, "A M"]:
        """The increments v_m Delta_m as columns, the kernel's (if any) last."""
        out = np.empty((self.start.z.size, self.p.size))
        np.multiply(self.Vt.T, self.delta, out=out[:, : self.delta.size])
        if self.kernel is not None:
            out[:, -1] = self.kernel
        return out

    def at(self, k: Float[np.ndarray, " K"]) -> Float[np.ndarray, "A K"]:
        """Return z at integer steps k."""
        return self.start.z[:, None] + self.directions @ self.modes.psi(k)

    def end(self, k: int) -> Float[np.ndarray, " A"]:
        """Return z at the integer step k >= 1."""
        modes = self.modes
        if modes.alternates and k % 2:
            return self.at(np.array([float(k)]))[:, 0]
        return self.start.z + self.directions @ modes.ends(1, k)[:, 1]

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
        c, w = self.Vt @ error, self.delta
        rest = error - self.Vt.T @ c
        if self.kernel is not None:
            size = float(np.sqrt(self.kernel @ self.kernel))
            unit = self.kernel / size if size > 0 else self.kernel
            along = float(unit @ rest)
            rest = rest - along * unit
            c, w = np.append(c, along), np.append(w, size)
        return SquaredNorm(self.modes, self.start.error_off + float(rest @ rest), c, w)
