r"""The Runge-Kutta-Chebyshev method RKC2, for gradient flows $y' = F(y)$ that are stiff.

One step of size h makes s evaluations of F and is stable for a Jacobian with real eigenvalues in
$[-0.65\,s^2/h, 0]$: its length grows with the square of what it costs. So it needs neither
a Jacobian nor a linear solver, and F may have kinks. JAX and SciPy libraries have no such method.

Source: Sommeijer, Shampine, Verwer, J. Comput. Appl. Math. 88 (1998) 315-326.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from latebloom.core.arrays import Array

# A structure of arrays.
Tree = Any

# This and the next five: the source's. The damping of the stability polynomial,
DAMPING = 2 / 13
# the stages that a step of size h needs, 1 + sqrt(1 + 1.54 h rho),
REACH = 1.54
# the safety factor of the spectral radius, which power iteration approaches from below,
SAFE_RADIUS = 1.2
# that of the step size, and the bounds of its change,
SAFE_STEP, SHRINK, GROW = 0.8, 0.1, 10.0
# and the change of the radius at which its iteration ends.
SETTLED = 0.01
# Rounding grows as the square of the stages; 4,000 lose seven digits of sixteen.
MOST_STAGES = 4000
# Products with the Jacobian, at the first step; later ones begin with the vector of the last.
MOST_PRODUCTS = 100
# A step below this fraction of the time so far has collapsed.
SMALLEST = 1e-10
# An array smaller than this part of all that move has the tolerance of one of this size: what a
# penalty removes is not followed to nothing.
NEGLIGIBLE = 1e-4
# Attempts at one step; after a rejection the next one is at least a fifth shorter.
MOST_ATTEMPTS = 50


class Field(NamedTuple):
    """F and its derivative, functions that are compiled once.

    - `slope`: F of (y, arguments), of the structure of y.
    - `product`: the Jacobian of F at y times v, of (y, v, arguments).
    """

    slope: Callable[[Tree, Any], Tree]
    product: Callable[[Tree, Tree, Any], Tree]

    @classmethod
    def of(cls, slope: Callable[[Tree, Any], Tree]) -> "Field":
        """Return the field of a function that JAX differentiates."""
        return cls(slope, lambda y, v, of: jax.jvp(lambda y: slope(y, of), (y,), (v,))[1])


class Collapsed(Exception):
    """The step sizes fell to zero: F has a kink, or is not finite."""


class State(NamedTuple):
    """Where an integration stands; the next step is a function of it alone.

    - `t`: the time.
    - `y`, `F`: the unknown and its derivative.
    - `h`: the size of the next step.
    - `last`, `error`: size and error, in tolerances, of the last step; 0 before the first.
    - `direction`, `radius`: an estimate of the dominant eigenvector and eigenvalue's size.
    - `evaluations`, `rejected`: of F, and of steps.
    """

    t: float
    y: Tree
    F: Tree
    h: float
    last: float
    error: float
    direction: Tree
    radius: float
    evaluations: int
    rejected: int


class Stretch(NamedTuple):
    """One step, with the cubic that interpolates y and F at both ends."""

    begin: float
    end: float
    before: tuple[Tree, Tree]
    after: tuple[Tree, Tree]

    def at(self, t: float) -> Tree:
        """Return y at a time of the step."""
        return _interpolated(self.before, self.after, self.end - self.begin, t - self.begin)


@jax.jit
def _interpolated(before: Any, after: Any, h: Array, t: Array) -> Tree:
    (y0, F0), (y1, F1), x = before, after, t / h
    a, b = (1 + 2 * x) * (1 - x) ** 2, x**2 * (3 - 2 * x)
    c, d = h * x * (1 - x) ** 2, h * x**2 * (x - 1)
    return jax.tree.map(lambda *v: a * v[0] + b * v[1] + c * v[2] + d * v[3], y0, y1, F0, F1)


def norm(x: Tree) -> Array:
    """Return the l2 norm of all numbers of a structure together."""
    return jnp.sqrt(sum(jnp.vdot(v, v) for v in jax.tree.leaves(x)))


def moving(state: State) -> float:
    """Return the l2 norm of the arrays of y that move, all together."""
    pairs = zip(jax.tree.leaves(state.y), jax.tree.leaves(state.F), strict=True)
    return float(norm([y for y, F in pairs if np.asarray(F).any()] or [jnp.zeros(1)]))


def stages(h: float, radius: float) -> int:
    """Return how many evaluations a stable step of size h makes.

    >>> stages(1.0, 0.0), stages(1.0, 1e4)
    (2, 125)
    """
    return max(2, 1 + int(math.sqrt(1 + REACH * h * radius)))


def longest(radius: float) -> float:
    """Return the largest step that `MOST_STAGES` make stable."""
    return ((MOST_STAGES - 1) ** 2 - 1) / (REACH * radius) if radius > 0 else math.inf


def start(field: Field, arguments: Any, y: Tree, length: float) -> State:
    """Return the state at time 0.

    **Arguments:**

    - `field`: F.
    - `arguments`: any structure of arrays.
    - `y`: the unknown, a structure of float64 arrays.
    - `length`: of the whole integration.

    **Raises:** `Collapsed` if F is not finite at y.
    """
    keys = jax.random.split(jax.random.key(0), len(jax.tree.leaves(y)))
    tree = jax.tree.structure(y).unflatten(list(keys))
    direction = jax.tree.map(lambda x, key: jax.random.normal(key, x.shape, x.dtype), y, tree)
    F = _field(field, y, arguments)
    if not np.isfinite(float(norm(F))):
        raise Collapsed("the gradient is not finite")
    direction, radius, count = spectral_radius(field, y, direction, arguments)
    first = min(length, 1 / float(radius)) if radius > 0 else length
    return State(0.0, y, F, first, 0.0, 0.0, direction, float(radius), int(count) + 1, 0)


def advance(
    field: Field, arguments: Any, state: State, end: float, rtol: float
) -> tuple[State, Stretch]:
    r"""Make one step whose estimated error is at most $\mathrm{rtol}\,\|y_i\|$ in every array of y.

    **Arguments:**

    - `field`, `arguments`: as for `start`.
    - `state`: before the step.
    - `end`: the time not to step beyond.
    - `rtol`: the tolerance.

    **Returns:** the state after it, and the step.

    **Raises:** `Collapsed` if no step is small enough.
    """
    h, t, radius, direction = state.h, state.t, state.radius, state.direction
    evaluations, rejected = state.evaluations, 0
    while True:
        safe = SAFE_RADIUS * radius
        h = min(h, longest(safe))
        if t + 1.1 * h >= end and end - t <= longest(safe):
            h = end - t
        if h <= SMALLEST * t or rejected == MOST_ATTEMPTS:
            raise Collapsed(f"the step size fell to {h:.3g}")
        s = stages(h, safe)
        y, F, error = _attempt(field, state.y, state.F, h, *_weights(s), rtol, arguments)
        evaluations, found = evaluations + s, float(error)
        if found <= 1:
            break
        h *= max(SHRINK, SAFE_STEP / found ** (1 / 3)) if np.isfinite(found) else SHRINK
        rejected += 1
        if rejected == 1:  # the radius may be to blame, see the source
            direction, new, count = spectral_radius(field, state.y, direction, arguments)
            radius, evaluations = max(radius, float(new)), evaluations + int(count)
    goal = end if h == end - t else t + h
    direction, new, count = spectral_radius(field, y, direction, arguments)
    following = State(
        goal, y, F, h * _growth(h, found, state), h, found, direction, float(new),
        evaluations + int(count), state.rejected + rejected,
    )  # fmt: skip
    return following, Stretch(t, goal, (state.y, state.F), (y, F))


def _growth(h: float, error: float, state: State) -> float:
    """Return the factor of the next step, from the errors of the last two: the source's (30)."""
    error = max(error, 1e-30)
    factor = SAFE_STEP / error ** (1 / 3)
    if state.last > 0 and state.error > 0:
        factor *= (state.error / error) ** (1 / 3) * h / state.last
    return min(GROW, max(SHRINK, factor))


def _weights(s: int) -> tuple[int, float, float]:
    """Return s, w0 and w1 = T'(w0)/T''(w0), T the Chebyshev polynomial of degree s."""
    w0 = 1 + DAMPING / s**2
    square = w0**2 - 1
    root = math.sqrt(square)
    x = s * math.log(w0 + root)  # T(w0) = cosh x
    w1 = math.sinh(x) * square / (math.cosh(x) * s * root - w0 * math.sinh(x))
    return s, w0, w1


@partial(jax.jit, static_argnums=0)
def _field(field: Field, y: Tree, arguments: Any) -> Tree:
    return field.slope(y, arguments)


@partial(jax.jit, static_argnums=0)
def _attempt(
    field: Field,
    y: Tree,
    F: Tree,
    h: Array,
    s: Array,
    w0: Array,
    w1: Array,
    rtol: Array,
    arguments: Any,
) -> tuple[Tree, Tree, Array]:
    """Return y and F after a step, and the estimate of its error over its tolerance.

    Equations (2.1) to (2.9) of the source, in its notation: T_j, T'_j, T''_j by their recurrences.
    """

    def b_of(first: Array, second: Array) -> Array:
        return second / first**2

    # T, T' and T'' of degrees 1 and 2; b_0 = b_1 = b_2.
    T, D, S = (w0, 2 * w0**2 - 1), (1.0, 4 * w0), (0.0, 4.0)
    b = b_of(D[1], S[1])
    first = jax.tree.map(lambda y, F: y + b * w1 * h * F, y, F)

    def stage(j: Array, carry: Any) -> Any:
        older, old, _, T, D, S, b = carry
        bj = b_of(D[1], S[1])
        mu, nu, slope = 2 * bj * w0 / b[1], -bj / b[0], 2 * bj * w1 / b[1]
        gamma = -(1 - b[1] * T[0]) * slope
        G = field.slope(old, arguments)
        new = jax.tree.map(
            lambda y, F, u, v, g: (
                (1 - mu - nu) * y + mu * v + nu * u + h * (slope * g + gamma * F)
            ),
            y, F, older, old, G,
        )  # fmt: skip
        T, D, S = (
            (T[1], 2 * w0 * T[1] - T[0]),
            (D[1], 2 * w0 * D[1] - D[0] + 2 * T[1]),
            (S[1], 2 * w0 * S[1] - S[0] + 4 * D[1]),
        )
        return old, new, G, T, D, S, (b[1], bj)

    carry = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), (y, first, F, T, D, S, (b, b)))
    # One stage more, for its G, the derivative at the end: F is compiled once, not twice.
    new, _, G, *_ = lax.fori_loop(2, s + 2, stage, carry)
    estimate = jax.tree.map(lambda y, z, F, G: 0.8 * (y - z) + 0.4 * h * (F + G), y, new, F, G)
    return new, G, _largest(estimate, (y, new), (F, G)) / rtol


def _largest(errors: Tree, ends: tuple[Tree, Tree], slopes: tuple[Tree, Tree]) -> Array:
    """Return the largest error of an array relative to its size at the ends of a step.

    One norm for all of them would be that of the largest array, which may hardly move.
    """
    moves = jnp.stack([(a != 0).any() | (b != 0).any() for a, b in _pairs(slopes)])
    sizes = jnp.stack([jnp.maximum(norm(a), norm(b)) for a, b in _pairs(ends)])
    off = jnp.stack([norm(e) for e in jax.tree.leaves(errors)])
    least = NEGLIGIBLE * norm(jnp.where(moves, sizes, 0.0))
    return jnp.where(moves, off / jnp.maximum(sizes, least), 0.0).max()


def _pairs(trees: tuple[Tree, Tree]) -> Any:
    return zip(*map(jax.tree.leaves, trees), strict=True)


@partial(jax.jit, static_argnums=0)
def spectral_radius(
    field: Field, y: Tree, direction: Tree, arguments: Any
) -> tuple[Tree, Array, Array]:
    """Return the dominant eigenvector and the size of its eigenvalue, by power iteration, and how
    many products it took.

    **Arguments:**

    - `field`, `arguments`: as for `start`.
    - `y`: the point of the Jacobian.
    - `direction`: of the first product; the eigenvector at a point near by needs few products.

    No differences of F: where F jumps, as the gradient of a ReLU network does, they have no limit.
    """

    def product(carry: Any) -> Any:
        v, radius, _, count = carry
        size = norm(v)
        v = jax.tree.map(lambda x: x / size, v)
        image = field.product(y, v, arguments)
        new = norm(image)
        # Where the Jacobian is zero along v the direction stays what it was.
        kept = jax.tree.map(lambda a, v: jnp.where(new > 0, a, v), image, v)
        return kept, new, radius, count + 1

    def moves(carry: Any) -> Array:
        _, radius, before, count = carry
        settled = jnp.abs(radius - before) <= SETTLED * radius
        return (count < 2) | (~settled & (count < MOST_PRODUCTS))

    zero = jnp.zeros((), jnp.float64)
    found = lax.while_loop(moves, product, (direction, zero, zero, 0))
    return found[0], found[1], found[3]
