"""Curves that tests of phases share."""

import numpy as np

EVERY = np.arange(1001)


def stairs(steps, *levels):
    """A curve of constant pieces: (first step, value), ..."""
    starts = [start for start, _ in levels]
    values = np.array([value for _, value in levels], dtype=float)
    return values[np.searchsorted(starts, steps, side="right") - 1]


def memorizing(steps, t1=10):
    return stairs(steps, (0, 1.0), (t1, 1e-4))


# Figure 7: 100 memorization steps, 636 -> 549 -> 0.85, the drop between 1e6 and 8e6 steps.
FIG7 = np.unique(np.round(np.logspace(0, 8, 400)).astype(int))


FIG7_TEST = 0.85 + 549 * np.exp(-FIG7 * 1e-6) + 87 * np.exp(-FIG7 / 10)
