"""Errata about the pure shrinking dynamics of l1 and of the nuclear norm."""

import numpy as np

from .erratum import Evidence, evidence


def survivors() -> Evidence:
    """alpha = 1: signs take (3, 2, 2.5) to (0, 0, +-0.5), polar factors diag(3, 2, 2.5) likewise:
    two integer ratios, one survivor.
    """
    alpha, a = 1.0, np.array([3.0, 2.0, 2.5])
    A, integer = np.diag(a), np.sum(a / alpha % 1 == 0)
    for _ in range(10):
        U, s, Vt = np.linalg.svd(A)
        a, A = a - alpha * np.sign(a), A - alpha * (U * (s > 1e-9)) @ Vt
    left, rank = np.count_nonzero(a), np.sum(np.linalg.svd(A)[1] > 1e-9)
    rows = [("||a||_0 in the end", integer, left), ("rank of A in the end", integer, rank)]
    holds = left == rank == 3 - integer
    return evidence("Zeros were counted.", *rows, fails=integer not in (left, rank), holds=holds)


def trapped() -> Evidence:
    """alpha = 1: 1/2 is in the box, and goes to -1/2. From a^(1) = 3 the box |a| <= 1 is reached at
    t = 3, not only for t > floor(3).
    """
    a, times = 3.0, []
    for t in range(1, 20):
        times += [t] if abs(a) <= 1 else []
        a = a - np.sign(a)
    after = 0.5 - np.sign(0.5)
    rows = [("one step from 1/2", 0.5, after), ("first t in the box", 3 + 1, times[0])]
    holds = abs(after) <= 1 and times == list(range(3, 20))
    says = "Trapped in the box, not at rest."
    return evidence(says, *rows, fails=after != 0.5 and times[0] < 4, holds=holds)
