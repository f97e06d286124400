r"""A lower bound of the delay: in the kernel of X a step moves by at most alpha beta.

For every w in the kernel $\langle w, a_{t+1} - a_t\rangle = -\alpha\beta\langle w, H\rangle$ with
$|\langle w, H\rangle| \le \|w\|_*$, the dual norm of the box of subgradients. So at the step where
the error is at most $\epsilon\|a^*\|$

$$t_2 \ge \frac{\langle w, a_0 - a^*\rangle - \epsilon\|a^*\|\,\|w\|_2}{\alpha\beta\,\|w\|}$$

with $\|w\| = \|w\|_1$ for l1 and the nuclear norm for matrices: for all methods that move in the
kernel by subgradients alone, whatever happens in the row space. For $\epsilon = 0$ the best w is a
linear program, whose dual is $\min_z\|z\|_\infty$ subject to $P(z - a_0 + a^*) = 0$: it is at most
the paper's $\|\hat a - a^*\|_\infty$.
"""

import math

import numpy as np
from jaxtyping import Float

from latebloom.core.errors import NotCovered
from latebloom.core.lazy import optimize
from latebloom.experiment.experiment import MAX_STEPS, Experiment

from .facts import Facts, facts

# HiGHS takes a second at this many unknowns; beyond, the simple direction is kept.
LARGEST = 600
# A direction of which X leaves less than this fraction does not lie in the kernel at all.
KERNEL = 1e-8
# The bound is a theorem up to rounding of the numbers in it.
ROUNDING = 1e-9


def delay_lower_bound(experiment: Experiment) -> float:
    r"""Return a number that t2 cannot be below, in steps.

    The best of a few directions w, each of which proves its bound.

    **Arguments:**

    - `experiment`: with L1 or Nuclear, a ground truth, and any method but FISTA.

    **Raises:** `NotCovered` for others.

    Source: derived in the documentation, page "Sharper laws".

    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery.from_arrays(np.ones((1, 2)), np.ones(1), np.array([1.0, 0.0]))
    >>> experiment = lb.Experiment(problem, lb.L1(1e-3), lb.ProximalGradient(0.1), init=0.0)
    >>> round(delay_lower_bound(experiment))
    4993
    """
    known = facts(experiment)
    if known.h == "none" or known.ridge > 0:
        raise NotCovered("the bound is for the penalty L1 or Nuclear, alone")
    if known.a_star is None:
        raise NotCovered("it needs the ground truth")
    return max(0.0, *(_bound(known, w) for w in _directions(known)))


def least_t2(experiment: Experiment) -> int | None:
    """Return a step before which t2 cannot be, None where there is no bound or it says nothing."""
    try:
        found = delay_lower_bound(experiment)
    except NotCovered:
        return None
    return math.ceil(found * (1 - ROUNDING)) if 0 < found <= MAX_STEPS else None


def _bound(f: Facts, w: Float[np.ndarray, "..."]) -> float:
    """Return what one direction in the kernel proves, 0 if nothing."""
    before = float(np.linalg.norm(w))
    w = w - f.row(w)
    w = w - f.row(w)  # twice: the kernel to rounding
    size = f.norm(w)
    if float(np.linalg.norm(w)) <= KERNEL * before or size == 0:
        return 0.0  # what is left is rounding: the direction is in the row space
    goal = f.experiment.thresholds[1] * float(np.linalg.norm(f.truth))
    far = abs(float((w * (f.start - f.truth)).sum()))
    return max(0.0, far - goal * float(np.linalg.norm(w))) / (f.alpha * f.beta * size)


def _directions(f: Facts) -> list[Float[np.ndarray, "..."]]:
    away = f.start - f.truth
    away = away - f.row(away)
    found = [away]
    if f.h == "nuclear":
        U, s, Vt = np.linalg.svd(away)
        found += [(U[:, :k] * s[:k]) @ Vt[:k] for k in range(1, s.size)]
        found += [U[:, :k] @ Vt[:k] for k in range(1, s.size + 1)]
    elif away.size <= LARGEST and away.any():
        found.append(_steepest(f, away))
    return found


def _steepest(f: Facts, away: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return w in the kernel with ||w||_1 <= 1 that maximizes <w, away>."""
    Vt = f.experiment.vector_data.svd.Vt
    scale = float(np.abs(away).max())
    n, cost = away.size, np.concatenate([-away, away]) / scale
    ball, kernel = (np.ones((1, 2 * n)), [1.0]), (np.hstack([Vt, -Vt]), np.zeros(len(Vt)))
    program = optimize.linprog(cost, *ball, *kernel, method="highs")
    return program.x[:n] - program.x[n:] if program.success else away
