"""Random sparse-recovery experiments, in batches of one shape, for engine against engine."""

from collections.abc import Iterator

import numpy as np

import latebloom as lb


def batches(
    count: int,
    size: int,
    seed: int,
    steps: int,
    method: type = lb.ProximalGradient,
    entries: tuple[int, int] = (5, 120),
) -> Iterator[list[lb.Experiment]]:
    """Yield `count` batches of `size` random experiments each.

    n in `entries`, N in 2..n+20, s in 0..n, alpha up to 1.9/sigma_max, beta over six decades, with
    and without noise, constant and Gaussian initializations, with and without a squared l2 term.
    Only the shape is common to a batch.
    """
    rng = np.random.default_rng(seed)
    for _ in range(count):
        n = int(rng.integers(entries[0], entries[1] + 1))
        N = int(rng.integers(2, n + 21))
        elastic = bool(rng.random() < 0.2) and method is lb.ProximalGradient
        horizon = int(10 ** rng.uniform(2, np.log10(steps)))
        yield [_experiment(rng, n, N, horizon, elastic, method) for _ in range(size)]


def _experiment(
    rng: np.random.Generator, n: int, N: int, steps: int, elastic: bool, method: type
) -> lb.Experiment:
    s = int(rng.integers(0, n + 1)) if rng.random() < 0.3 else int(rng.integers(0, N // 3 + 2))
    X = rng.standard_normal((N, n)) / np.sqrt(rng.choice([n, N]))
    a_star = np.zeros(n)
    a_star[rng.choice(n, min(s, n), replace=False)] = rng.standard_normal(min(s, n)) / np.sqrt(n)
    noise = 0.0 if s and rng.random() < 0.5 else 10 ** rng.uniform(-6, -2)
    y = X @ a_star + noise * rng.standard_normal(N)
    problem = lb.SparseRecovery.from_arrays(X, y, a_star if s else np.full(n, 1e-3))
    alpha = rng.uniform(0.05, 1.9) / problem.sigma_max
    beta = 10 ** rng.uniform(-7, -1)
    if rng.random() < 0.6:  # as many as can get to t2 within the horizon
        beta = float(np.clip(10 ** rng.uniform(-1, 0.5) / (alpha * steps), 1e-7, 1e-1))
    penalty = lb.L1(beta) + lb.L2(10 ** rng.uniform(-6, -1)) if elastic else lb.L1(beta)
    init = (
        1e-6
        if rng.random() < 0.5
        else lb.Gaussian(10 ** rng.uniform(-6, 0.5), int(rng.integers(100)))
    )
    thresholds = (float(10 ** rng.uniform(-4, -1)), float(10 ** rng.uniform(-3, -0.3)))
    return lb.Experiment(
        problem, penalty, method(alpha), init=init, steps=steps, thresholds=thresholds
    )
