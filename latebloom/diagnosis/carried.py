"""Loggers that repeat the last evaluation at every record until there is a new one."""

import numpy as np

from latebloom.core.passage import Curve, Steps

# An evaluation every p-th record: so many of the changes fall on these records.
MOSTLY = 0.9
# By chance m changes all fall on every p-th record once in p**(m - 1) curves.
ONCE_IN = 1000


def evaluated(name: str, k: Steps, v: Curve, notes: list[str]) -> tuple[Steps, Curve]:
    """Return the records at which a curve was evaluated, without those that repeat the last one.

    A repeated value tells nothing of its own step: the passage lies between two evaluations.

    **Arguments:**

    - `name`: of the column.
    - `k`, `v`: (T,) steps and values.
    - `notes`: gets a sentence if values are repeated.

    >>> notes = []
    >>> values = np.repeat([0.1, 0.2, 0.3, 0.5, 0.8, 0.9, 0.95], 5)
    >>> evaluated("acc", np.arange(35), values, notes)[0].tolist()
    [0, 5, 10, 15, 20, 25, 30]
    """
    changes = np.flatnonzero(v[1:] != v[:-1]) + 1
    period = _period(changes, len(v))
    if period < 2:
        return k, v
    keep = np.zeros(len(v), dtype=bool)
    keep[changes[-1] % period :: period] = True
    keep[changes] = True
    keep[0] = True
    notes.append(
        f"{name} is evaluated at every {period}th record and repeated in between: "
        f"{np.count_nonzero(~keep)} repeated records are left out"
    )
    return k[keep], v[keep]


def _period(changes: np.ndarray, count: int) -> int:
    """The largest distance of which nearly all changes are multiples apart; 1 if there is none."""
    m = len(changes)
    if m < 3:
        return 1
    # More changes than that do not fit on every p-th record.
    for p in range(int(count / (MOSTLY * m)) + 1, 1, -1):
        rest = changes % p
        hits = int(np.bincount(rest, minlength=p).max())
        if hits >= MOSTLY * m and (hits - 1) * np.log(p) >= np.log(ONCE_IN):
            return p
    return 1
