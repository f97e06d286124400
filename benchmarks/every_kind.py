"""Random experiments of every kind, in batches of one shape: of least squares and of networks."""

from collections.abc import Callable, Iterator

import numpy as np

import latebloom as lb

Draw = np.random.Generator
Make = Callable[[Draw], lb.Experiment]


def uniform(rng: Draw, low: float, high: float) -> float:
    """Return 10 to a power that is uniform in [low, high]."""
    return float(10 ** rng.uniform(low, high))


def goals(rng: Draw) -> tuple[float, float]:
    """Return thresholds of the training and the test error."""
    return uniform(rng, -4, -1), uniform(rng, -3, -0.3)


def vector(rng: Draw, n: int = 20, N: int = 12) -> lb.SparseRecovery:
    """Return a sparse recovery that may or may not succeed, with or without noise."""
    s = int(rng.integers(1, N // 2))
    snr = float("inf") if rng.random() < 0.7 else uniform(rng, 1, 5)
    return lb.SparseRecovery(n=n, s=s, N=N, snr=snr, seed=int(rng.integers(2**31)))


def matrix(rng: Draw, n: int = 6) -> lb.MatrixCompletion:
    """Return a small matrix completion of rank 1."""
    seed = int(rng.integers(2**31))
    return lb.MatrixCompletion(n1=n, n2=n, r=1, N=int(rng.integers(18, 30)), seed=seed)


def step_size(rng: Draw, problem: lb.SparseRecovery | lb.MatrixCompletion) -> float:
    """Return a stable step size."""
    return float(rng.uniform(0.05, 0.9)) * problem.alpha_max


def start(rng: Draw) -> float | lb.Gaussian:
    """Return a small start, or one of any size."""
    if rng.random() < 0.5:
        return 1e-6
    return lb.Gaussian(uniform(rng, -3, 0.5), int(rng.integers(1000)))


def strength(rng: Draw, rate: float, steps: int, scale: float = 0.3) -> float:
    """Return a penalty that has its effect before the horizon, most often."""
    return float(np.clip(uniform(rng, -0.5, 3) * scale / (rate * steps), 1e-9, 0.1))


def linear(method: type, penalty: str, steps: int) -> Make:
    """Return a maker of experiments with the linear model on sparse recovery."""

    def make(rng: Draw) -> lb.Experiment:
        problem = vector(rng)
        alpha = step_size(rng, problem)
        if issubclass(method, lb.Adam):
            alpha = uniform(rng, -4, -2)
        elif issubclass(method, lb.FISTA):
            alpha *= 2 / 3  # its own limit, of that of the others
        l1, l2 = strength(rng, alpha, steps), strength(rng, alpha, steps, 1.0)
        terms = {"none": None, "l1": lb.L1(l1), "l2": lb.L2(l2), "both": lb.L1(l1) + lb.L2(l2)}
        return lb.Experiment(
            problem,
            terms[penalty],
            method(alpha),
            init=start(rng),
            thresholds=goals(rng),
            steps=steps,
        )

    return make


def scheduled(steps: int, kind: str) -> Make:
    """Return a maker of experiments whose step size or strength changes."""

    def make(rng: Draw) -> lb.Experiment:
        problem = vector(rng)
        alpha = step_size(rng, problem)
        beta = strength(rng, alpha, steps)
        method, penalty = lb.Subgradient(alpha), lb.L1(beta)
        if kind == "decay":
            method = lb.Subgradient(lb.PowerDecay(alpha, scale=1000.0, power=0.5))
        elif kind == "switch":
            penalty = lb.L1(lb.SwitchOn(beta))
        else:
            penalty = lb.L1(lb.Piecewise((0, steps // 10), (0.0, beta)))
        return lb.Experiment(
            problem, penalty, method, init=start(rng), thresholds=goals(rng), steps=steps
        )

    return make


def diagonal(depth: int, penalty: str, steps: int, model: type = lb.Hadamard) -> Make:
    """Return a maker of experiments with a product of vectors, whose start is a saddle."""

    def make(rng: Draw) -> lb.Experiment:
        problem = vector(rng)
        alpha = step_size(rng, problem) / 4
        beta = strength(rng, alpha, steps, 1.0)
        terms = {"none": None, "l1": lb.L1(beta), "l2": lb.L2(beta)}
        init = uniform(rng, -4 if depth == 2 else -2, -0.3)
        return lb.Experiment(
            problem,
            terms[penalty],
            lb.Subgradient(alpha),
            model(depth=depth),
            init=init if rng.random() < 0.5 else lb.Gaussian(init, int(rng.integers(1000))),
            thresholds=goals(rng),
            steps=steps,
        )

    return make


def low_rank(method: type, steps: int, product: bool = False) -> Make:
    """Return a maker of matrix completions, with the nuclear norm or a product of matrices."""

    def make(rng: Draw) -> lb.Experiment:
        problem = matrix(rng)
        alpha = step_size(rng, problem) / (4 if product else 1)
        beta = strength(rng, alpha, steps)
        init = uniform(rng, -3, -0.3) if product else 1e-6
        return lb.Experiment(
            problem,
            lb.L2(beta) if product else lb.Nuclear(beta),
            method(alpha),
            lb.MatrixProduct(depth=2) if product else lb.Linear(),
            init=lb.Gaussian(init, int(rng.integers(1000))),
            thresholds=goals(rng),
            steps=steps,
        )

    return make


def network(problem: str, method: type, penalty: str, steps: int) -> Make:
    """Return a maker of small networks."""

    def make(rng: Draw) -> lb.Experiment:
        seed = int(rng.integers(2**31))
        alpha = uniform(rng, -3, -1.5) if issubclass(method, lb.Adam) else uniform(rng, -1.5, -0.3)
        if problem == "teacher":
            data = lb.TeacherStudent(d=5, hidden=4, C=1, N=24, N_test=100, seed=seed)
            model, goal = lb.MLP(widths=(16,)), (uniform(rng, -2, -0.5), uniform(rng, -1.3, -0.3))
        else:
            data = lb.ModularArithmetic(p=7, train_fraction=0.6, seed=seed)
            model, goal = lb.TokenPair(width=8, hidden=(16,)), (0.01, 0.1)
        beta = strength(rng, alpha, steps)
        terms = {"none": None, "l2": lb.L2(beta), "l1": lb.L1(beta)}
        return lb.Experiment(
            data,
            terms[penalty],
            method(alpha),
            model,
            init=lb.Drawn(seed=seed, scale=uniform(rng, -0.5, 0.7)),
            thresholds=goal,
            steps=steps,
            record=lb.LogSpaced(60),
        )

    return make


# Each with an exact engine, which takes milliseconds whatever the horizon, ...
LONG = 10**7
EXACT: dict[str, Make] = {
    "proximal gradient, l1": linear(lb.ProximalGradient, "l1", LONG),
    "proximal gradient, l1 + l2": linear(lb.ProximalGradient, "both", LONG),
    "gradient descent, l2": linear(lb.GradientDescent, "l2", LONG),
    "gradient descent, no penalty": linear(lb.GradientDescent, "none", LONG),
}
# ... stepped, with the linear model, with products, ...
STEPS = 40_000
STEPPED: dict[str, Make] = {
    "subgradient, l1": linear(lb.Subgradient, "l1", STEPS),
    "projected subgradient, l1": linear(lb.ProjectedSubgradient, "l1", STEPS),
    "FISTA, l1": linear(lb.FISTA, "l1", STEPS),
    "Adam, l1": linear(lb.Adam, "l1", STEPS),
    "Adam, l2": linear(lb.Adam, "l2", STEPS),
    "Adam, no penalty": linear(lb.Adam, "none", STEPS),
    "heavy ball, l1": linear(lb.SGD, "l1", STEPS),
    "subgradient, decaying alpha": scheduled(STEPS, "decay"),
    "subgradient, beta after t1": scheduled(STEPS, "switch"),
    "subgradient, beta from a step": scheduled(STEPS, "piecewise"),
    "Hadamard 2, no penalty": diagonal(2, "none", STEPS),
    "Hadamard 2, l2": diagonal(2, "l2", STEPS),
    "Hadamard 3, no penalty": diagonal(3, "none", STEPS),
    "Hadamard 3, l1": diagonal(3, "l1", STEPS),
    "Hadamard 3, l2": diagonal(3, "l2", STEPS),
    "Hadamard difference, l2": diagonal(2, "l2", STEPS, lb.HadamardDifference),
    "proximal gradient, nuclear": low_rank(lb.ProximalGradient, STEPS // 4),
    "subgradient, nuclear": low_rank(lb.Subgradient, STEPS // 4),
    "product of matrices, l2": low_rank(lb.Subgradient, STEPS, product=True),
}
# ... and networks.
TRAINING = 10_000
TRAINED: dict[str, Make] = {
    "teacher-student, Adam, l2": network("teacher", lb.Adam, "l2", TRAINING),
    "teacher-student, SGD, l2": network("teacher", lb.SGD, "l2", TRAINING),
    "teacher-student, SGD, none": network("teacher", lb.SGD, "none", TRAINING),
    "modular, Adam, l2": network("modular", lb.Adam, "l2", TRAINING),
    "modular, Adam, l1": network("modular", lb.Adam, "l1", TRAINING),
    "modular, SGD, l2": network("modular", lb.SGD, "l2", TRAINING),
    "modular, SGD, none": network("modular", lb.SGD, "none", TRAINING),
}
KINDS = {**EXACT, **STEPPED, **TRAINED}


def experiments(kind: str, count: int, seed: int) -> Iterator[lb.Experiment]:
    """Yield experiments of a kind, all of one shape."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    for _ in range(count):
        yield KINDS[kind](rng)
