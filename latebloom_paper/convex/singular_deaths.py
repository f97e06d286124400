"""Singular values of a moving matrix, each followed by its vectors: which of them vanishes when."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment


@dataclass(frozen=True)
class Deaths:
    """What became of the singular values of the first record.

    **Fields:**

    - `size`: at the first record, the largest first.
    - `died`: the step of the record from which it is zero, infinite for one that lives.
    - `returned`: how many became non-zero after they had vanished.
    """

    size: Float[np.ndarray, " k"]
    died: Float[np.ndarray, " k"]
    returned: int


def deaths(steps: Int[np.ndarray, " R"], A: Float[np.ndarray, "R n1 n2"], zero: float) -> Deaths:
    """Follow the singular values of a matrix from record to record.

    Sorted by size they would vanish smallest first whatever happens. So each is followed by its
    singular vectors: of all ways to match the non-zero values of two records, the one with the
    largest sum of squared overlaps.

    **Arguments:**

    - `steps`: of the records, increasing.
    - `A`: the matrix at each of them.
    - `zero`: what counts as zero: singular values up to it.

    **Returns:** `Deaths`; a value that vanishes more than once dies the last time.

    >>> steps, sizes = np.arange(4), np.array([[3, 2.0], [3, 1.0], [3, 0.5], [3, 0.0]])
    >>> deaths(steps, sizes[:, :, None] * np.eye(2), 1e-9).died.tolist()
    [inf, 3.0]
    """
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    here = s > zero
    count = int(here[0].sum())
    # The value that each of the first record is now, -1 while it is zero.
    place = np.arange(count)
    died = np.full(count, np.inf)
    # Vectors of a value that is zero for now are those of its last record.
    last = [(U[0][:, i], Vt[0][i]) for i in range(count)]
    returned = 0
    for k in range(1, len(steps)):
        now = np.flatnonzero(here[k])
        overlap = np.array([((u @ U[k]) * (Vt[k] @ v))[now] ** 2 for u, v in last])
        before, place = place, np.full(count, -1)
        # Those alive first: a value that comes back takes what is left.
        alive, gone = np.flatnonzero(before >= 0), np.flatnonzero(before < 0)
        for mine in (alive, gone):
            free = np.setdiff1d(
                np.arange(now.size), [np.searchsorted(now, p) for p in place if p >= 0]
            )
            rows, columns = linear_sum_assignment(-overlap[np.ix_(mine, free)])
            place[mine[rows]] = now[free[columns]]
        for i in range(count):
            if place[i] >= 0:
                last[i] = U[k][:, place[i]], Vt[k][place[i]]
                returned += int(before[i] < 0)
                died[i] = np.inf
            elif before[i] >= 0:
                died[i] = float(steps[k])
    return Deaths(s[0][:count], died, returned)
