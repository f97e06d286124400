"""A lower bound of the rank null space constant, by search in the kernel of X."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from latebloom.theory.facts import Facts

STARTS, ROUNDS = 8, 30


def sampled_rank_constant(f: "Facts", r: int, seed: int = 0) -> float:
    r"""Return the largest $\sum_{i \le r}\sigma_i/\sum_{i>r}\sigma_i$ found in the kernel of X.

    From random elements of the kernel, alternately cut to rank r and projected back: a local search
    of a problem that is not convex. The property of order r with constant rho needs rho at least
    this large, so that a value of 1 or more refutes it; a smaller one proves nothing.

    **Arguments:**

    - `f`: the facts of an experiment with a matrix.
    - `r`: the order.
    - `seed`: of the starting points.

    Source: arXiv 2506.05718, definitions C.46 and C.48.

    >>> import latebloom as lb
    >>> from latebloom.theory.facts import facts
    >>> seen = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]], [[1, 0], [0, -2]]], dtype=float)
    >>> problem = lb.SensedMatrix(y=np.ones(3), X=seen, A_star=np.ones((2, 2)))
    >>> known = facts(lb.Experiment(problem, lb.Nuclear(0.1), lb.Subgradient(0.1)))
    >>> round(sampled_rank_constant(known, 1), 9)  # the kernel is spanned by diag(2, 1)
    2.0
    """
    rng = np.random.default_rng(seed)
    best = 0.0
    for _ in range(STARTS):
        A = rng.standard_normal(f.start.shape)
        A = A - f.row(A)
        for _ in range(ROUNDS):
            U, s, Vt = np.linalg.svd(A, full_matrices=False)
            rest = float(s[r:].sum())
            best = max(best, float(s[:r].sum()) / rest if rest > 1e-12 * s[0] else np.inf)
            A = (U[:, :r] * s[:r]) @ Vt[:r]
            A = A - f.row(A)
            A = A / np.linalg.norm(A)
    return best
