"""Plain descent that tests of other groups' laws share."""

import numpy as np

from latebloom.laws.first_passage import FIRST_PASSAGE
from latebloom.laws.kernel_to_rich import KERNEL_TO_RICH
from latebloom.laws.linear_estimators import LINEAR_ESTIMATORS
from latebloom.laws.norm_separation import NORM_SEPARATION
from latebloom.laws.ridge_bounds import RIDGE_BOUNDS
from latebloom_paper.others import (
    ridge_bounds,
)

LAWS = {
    law.name: law
    for law in (
        *RIDGE_BOUNDS,
        *NORM_SEPARATION,
        *FIRST_PASSAGE,
        *LINEAR_ESTIMATORS,
        *KERNEL_TO_RICH,
    )
}


def ridge(seed, **changed):
    """A ridge regression of the source's kind, small enough for a loop."""
    setting = {"n": 10, "m": 120, "decay": 1e-3} | changed
    return ridge_bounds.instance(seed, **setting)


def descend(experiment, steps):
    """Gradient descent, one update after the other; both losses in the source's units."""
    X, y, truth = (np.asarray(getattr(experiment.problem, k)) for k in ("X", "y_star", "a_star"))
    beta = experiment.penalty.beta if experiment.penalty else 0.0
    a, alpha = np.array(experiment.start), experiment.method.alpha
    train, test = [], []
    for _ in range(steps + 1):
        train.append(0.5 * np.sum((X @ a - y) ** 2))
        test.append(np.sum((a - truth) ** 2) / a.size)
        a = a - alpha * (X.T @ (X @ a - y) + beta * a)
    return np.array(train), np.array(test)
