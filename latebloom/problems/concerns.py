"""What a user should know of the data of a matrix problem before a run."""

import numpy as np
from jaxtyping import Bool

from .coherence import degrees_of_freedom
from .operators import DENSE_EIGENVALUES, Entries, Operator, RankOne, Tensor
from .svd import compact_svd


def concerns(operator: Operator, N: int, shape: tuple[int, ...], rank: int) -> list[str]:
    """Return sentences about too few measurements, empty rows and columns, and measurements that
    depend on each other.

    **Arguments:**

    - `operator`, `N`, `shape`: the measurements, the number of data, (n1, n2).
    - `rank`: that of the ground truth, 0 without one.

    >>> from latebloom.problems.operators import Entries
    >>> concerns(Entries(np.array([[1.0, 1.0], [0.0, 0.0]])), 2, (2, 2), 0)
    ['no entry is observed in row 1 (counted from 0): nothing can recover what is there']
    """
    found, (n1, n2) = [], shape
    if isinstance(operator, Entries):
        N = int(operator.mask.sum())
    need = degrees_of_freedom(n1, n2, rank)
    if need > N:
        found.append(
            f"N = {N} measurements are fewer than the {need} degrees of freedom r (n1 + n2 - r) of "
            f"a {n1} x {n2} matrix of rank {rank}: in general they do not determine it"
        )
    if isinstance(operator, Entries):
        seen = operator.mask
        empty = lines(~seen.any(axis=1), ~seen.any(axis=0), 5, ", ...")
        if empty:
            found.append(
                f"no entry is observed in {' and '.join(empty)} (counted from 0): nothing can "
                "recover what is there"
            )
    elif isinstance(operator, RankOne | Tensor) and N <= DENSE_EIGENVALUES:  # quick
        rank = compact_svd(operator.gram()).s.size
        if rank < N:
            found.append(
                f"the {N} measurements have rank {rank}: {N - rank} of them repeat others (with "
                "noise they contradict each other, and the data cannot be fitted)"
            )
    return found


def lines(
    rows: Bool[np.ndarray, " n1"], columns: Bool[np.ndarray, " n2"], most: int, more: str
) -> list[str]:
    """Return the marked rows and columns in words.

    **Arguments:**

    - `rows`, `columns`: the marks.
    - `most`, `more`: the largest number of either to name, and the word for the others.

    >>> lines(np.array([True, True]), np.array([False]), 1, " and more")
    ['rows 0 and more']
    """
    found = []
    for name, marked in (("row", rows), ("column", columns)):
        numbers = np.flatnonzero(marked)
        if numbers.size:
            some = ", ".join(map(str, numbers[:most])) + more * (numbers.size > most)
            found.append(f"{name}{'s' * (numbers.size > 1)} {some}")
    return found
