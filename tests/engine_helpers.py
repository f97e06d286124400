"""Plain loops and runs that tests of engines share."""

import numpy as np

import latebloom as lb

PUBLISHED = lb.SparseRecovery.code(n=100, s=5, N=30, seed=1)


def loop(experiment, update):
    """The oracle: one NumPy update after the other, errors at every step."""
    data, a = experiment.data, np.array(experiment.start)
    levels = experiment.thresholds
    passages, iterates = [None, None], [a]
    for t in range(experiment.steps + 1):
        errors = (
            np.linalg.norm(data.X @ a - data.y_star) / np.linalg.norm(data.y_star),
            np.linalg.norm(a - data.a_star) / np.linalg.norm(data.a_star),
        )
        for i in range(2):
            if passages[i] is None and errors[i] <= levels[i]:
                passages[i] = t
        a = update(data.X, data.y_star, a, t, passages[0])
        iterates.append(a)
    return passages, np.array(iterates[: experiment.steps + 1])


def subgradient(alpha, beta):
    return lambda X, y, a, t, t1: a - alpha * (X.T @ (X @ a - y) + beta * np.sign(a))


def ista(alpha, beta, beta2=0.0):
    def update(X, y, a, t, t1):
        v = a - alpha * (X.T @ (X @ a - y))
        return np.sign(v) * np.maximum(np.abs(v) - alpha * beta, 0) / (1 + alpha * beta2)

    return update


def ridge(alpha, beta):
    return lambda X, y, a, t, t1: a - alpha * (X.T @ (X @ a - y) + beta * a)


SMALL = lb.SparseRecovery.code(n=30, s=2, N=14, seed=3)
