"""Least squares as users bring them: their own X, scales, starts, step sizes and thresholds."""

from collections.abc import Callable

import numpy as np
from scipy.linalg import hadamard

import latebloom as lb
from latebloom.methods import ProjectedSubgradient, ProximalGradient, Subgradient
from latebloom.problems import LeastSquares

Stepped = Subgradient | ProjectedSubgradient | ProximalGradient
Design = Callable[[np.random.Generator, int, int], np.ndarray]


def gaussian(rng: np.random.Generator, N: int, n: int) -> np.ndarray:
    """Return iid Gaussian entries."""
    return rng.standard_normal((N, n))


def correlated(rng: np.random.Generator, N: int, n: int) -> np.ndarray:
    """Return Gaussian rows whose neighbouring columns have a correlation of 0.5 to 0.99."""
    rho = 1 - 10 ** rng.uniform(-2, -0.3)
    X = gaussian(rng, N, n)
    for j in range(1, n):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    return X


def scaled_columns(rng: np.random.Generator, N: int, n: int) -> np.ndarray:
    """Return Gaussian columns, each in a unit of its own, over up to two decades."""
    return gaussian(rng, N, n) * 10 ** (rng.uniform(0, 2) * rng.uniform(-1, 0, n))


def scaled_rows(rng: np.random.Generator, N: int, n: int) -> np.ndarray:
    """Return Gaussian rows, weighted over up to two decades."""
    return gaussian(rng, N, n) * 10 ** (rng.uniform(0, 2) * rng.uniform(-1, 0, (N, 1)))


def heavy_tailed(rng: np.random.Generator, N: int, n: int) -> np.ndarray:
    """Return iid entries of Student's t with 1.5 to 4 degrees of freedom."""
    return rng.standard_t(rng.uniform(1.5, 4), (N, n))


def signs(rng: np.random.Generator, N: int, n: int) -> np.ndarray:
    """Return iid entries of -1 and 1."""
    return rng.choice([-1.0, 1.0], (N, n))


def counts(rng: np.random.Generator, N: int, n: int) -> np.ndarray:
    """Return rows of zeros and ones, a fifth to a half ones: columns with a common mean."""
    return (rng.random((N, n)) < rng.uniform(0.2, 0.5)).astype(float)


def cosines(rng: np.random.Generator, N: int, n: int) -> np.ndarray:
    """Return rows of the discrete cosine transform, at random or the first: deterministic."""
    k = rng.permutation(max(n, N))[:N] if rng.random() < 0.5 else np.arange(N)
    return np.cos(np.pi * np.outer(k, np.arange(n) + 0.5) / n)


def blurs(rng: np.random.Generator, N: int, n: int) -> np.ndarray:
    """Return a Gaussian blur seen at N places: neighbours nearly equal."""
    width = rng.uniform(0.5, 2)
    return np.exp(-(((np.linspace(0, n - 1, N)[:, None] - np.arange(n)) / width) ** 2) / 2)


def walsh(rng: np.random.Generator, N: int, n: int) -> np.ndarray:
    """Return rows of a Hadamard matrix, cut to n columns: exact ties between columns."""
    size = 1 << max(N, n).bit_length()
    return hadamard(size)[rng.permutation(size)[:N], :n].astype(float)


DESIGNS: dict[str, Design] = {
    d.__name__.replace("_", " "): d
    for d in (
        *(gaussian, correlated, scaled_columns, scaled_rows, heavy_tailed),
        *(signs, counts, cosines, blurs, walsh),
    )
}


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Return 10 to the power of a uniform number."""
    return float(10 ** rng.uniform(low, high))


def truth(rng: np.random.Generator, n: int, N: int) -> np.ndarray:
    """Return a sparse vector: Gaussian, flat or decaying entries."""
    s = int(rng.integers(1, max(2, min(N, n) // 3)))
    kinds = (rng.standard_normal(s), rng.choice([-1.0, 1.0], s), 0.5 ** np.arange(s))
    a = np.zeros(n)
    a[rng.permutation(n)[:s]] = kinds[int(rng.integers(3))]
    return a * log_uniform(rng, -2, 2)


def vector_problem(rng: np.random.Generator, design: Design, n: int, N: int) -> lb.LinearData:
    """Return sparse recovery with an X of the user's, half of the time with noise."""
    X = design(rng, N, n) * log_uniform(rng, -2, 2)
    a = truth(rng, n, N)
    while not (X @ a).any():  # the data do not see it
        a = truth(rng, n, N)
    return lb.LinearData(X=X, y_star=noisy(rng, X @ a), a_star=a)


def noisy(rng: np.random.Generator, y: np.ndarray) -> np.ndarray:
    """Return data with noise of a millionth to a hundredth, or in half of the cases none."""
    if rng.random() < 0.5:
        return y
    noise = rng.standard_normal(y.shape)
    size = log_uniform(rng, -6, -2) * float(np.linalg.norm(y))
    return y + noise * (size / np.linalg.norm(noise))


def low_rank(rng: np.random.Generator, n1: int, n2: int) -> np.ndarray:
    """Return a matrix of rank 1 or 2."""
    rank = int(rng.integers(1, 3))
    A = rng.standard_normal((n1, rank)) @ rng.standard_normal((rank, n2))
    return A / np.linalg.norm(A) * log_uniform(rng, -2, 2)


def sensing(rng: np.random.Generator, design: Design, n1: int, n2: int) -> lb.SensedMatrix:
    """Return matrix sensing whose measurements are the rows of a design, seven for ten unknowns."""
    N = 7 * n1 * n2 // 10
    X = design(rng, N, n1 * n2).reshape(N, n1, n2) * log_uniform(rng, -2, 2)
    A = low_rank(rng, n1, n2)
    y = noisy(rng, np.einsum("kij,ij->k", X, A))
    return lb.SensedMatrix(y=y, X=X, A_star=A)


def completion(rng: np.random.Generator, n1: int, n2: int) -> lb.MaskedMatrix:
    """Return matrix completion, some rows and columns of which are seen more often."""
    A = low_rank(rng, n1, n2)
    often = rng.uniform(0.5, 1, (n1, 1)) * rng.uniform(0.7, 1, n2)
    mask = rng.random((n1, n2)) < often
    return lb.MaskedMatrix(mask=mask, Y=noisy(rng, A) * mask, A_star=A)


def posed(
    rng: np.random.Generator, problem: LeastSquares, method: type[Stepped], longest: float
) -> lb.Experiment:
    """Return an experiment with the norm of a problem.

    **Arguments:**

    - `rng`: draws alpha, from 0.001 to 1 times its limit, beta, start and thresholds.
    - `problem`: with a ground truth.
    - `method`: one of those that have laws.
    - `longest`: the decimal logarithm of the largest delay that the paper predicts; the least is 2.
    """
    A = problem.a_star
    assert A is not None
    matrix = A.ndim == 2
    # Most tight thresholds cannot be met within a horizon in which every update can be computed.
    tight = rng.random() < 0.5
    alpha = log_uniform(rng, -3, 0) * 0.999 * problem.alpha_max
    size = log_uniform(rng, -6, 1) * float(np.abs(A).max())
    start = size * rng.standard_normal(A.shape) if rng.random() < 0.5 else size
    draft = lb.Experiment(
        problem,
        lb.Nuclear(1.0) if matrix else lb.L1(1.0),
        method(alpha),
        init=start,
        thresholds=(log_uniform(rng, -6, -1), log_uniform(rng, -6 if tight else -2.5, -0.5)),
        record=lb.At(()),
    )
    near, most = problem.nearest_fit(draft.start) - A, float(np.abs(A).max())
    missing = float(np.linalg.norm(near, 2) if matrix else np.abs(near).max())
    # Where least squares finds the truth, the time does not come from what is missing.
    beta = (missing if missing > 1e-6 * most else most) / (alpha * log_uniform(rng, 2, longest))
    return draft.with_(penalty=lb.Nuclear(beta) if matrix else lb.L1(beta))
