"""Random experiments and their runs that tests of laws share."""

import numpy as np
import xarray as xr
from helpers import measure

import latebloom as lb
from latebloom.core.phases import Passage, Phases, Verdict
from latebloom.runs.run import Run
from latebloom.theory.facts import facts

STEPS = 60


def recorded(experiment: lb.Experiment, path: np.ndarray, every: int = 1) -> Run:
    """Return a run that has every so many steps of a path on record."""
    data = experiment.data
    X, y, truth = data.operator, data.y_star, data.a_star
    train = [np.linalg.norm(X.forward(a) - y) / np.linalg.norm(y) for a in path]
    test = [np.nan if truth is None else np.linalg.norm(a - truth) for a in path]
    axes = ("component",) if path.ndim == 2 else ("row", "column")
    trajectory = xr.Dataset(
        {
            "a": (("step", *axes), path),
            "train_error": (("step",), np.array(train)),
            "test_error": (("step",), np.array(test)),
        },
        coords={"step": every * np.arange(len(path))},
    )
    unseen = Passage.after(every * (len(path) - 1))
    phases = Phases(unseen, unseen, Verdict.undecided, "not judged")
    return Run(experiment, "loop", phases, trajectory, path[-1], 0.0)


def walked(experiment: lb.Experiment, steps: int = STEPS, every: int = 1) -> Run:
    """Return the run of a plain NumPy loop."""
    path = facts(experiment).path(np.asarray(experiment.start), steps)
    return recorded(experiment, path[::every], every)


def sparse(rng: np.random.Generator, method: type, penalty: bool = True) -> lb.Experiment:
    """Return a random sparse recovery, with noise in one of two."""
    n, N = int(rng.integers(3, 13)), int(rng.integers(2, 11))
    X = rng.standard_normal((N, n)) / np.sqrt(N)
    a_star = np.zeros(n)
    s = int(rng.integers(1, max(2, N // 3) + 1))
    a_star[rng.choice(n, min(s, n), replace=False)] = rng.standard_normal(min(s, n))
    y = X @ a_star + (rng.random() < 0.5) * 0.01 * rng.standard_normal(N)
    problem = lb.SparseRecovery.from_arrays(X, y, a_star)
    alpha = rng.uniform(0.05, 0.95) * problem.alpha_max
    beta = lb.L1(float(10 ** rng.uniform(-4, -1))) if penalty else None
    init = lb.Gaussian(float(10 ** rng.uniform(-3, 0.5)), int(rng.integers(100)))
    return lb.Experiment(problem, beta, method(float(alpha)), init=init, steps=10**6)


def low_rank(rng: np.random.Generator) -> lb.Experiment:
    """Return a random matrix problem."""
    kind = str(rng.choice(["entries", "rank one", "tensor"]))
    A = np.outer(rng.standard_normal(4), rng.standard_normal(3))
    X = measure(kind, rng, 4, 3, 8)
    if kind == "entries":
        problem = lb.MaskedMatrix(mask=X.mask, A_star=A)
    elif kind == "rank one":
        problem = lb.SensedMatrix(y=X.forward(A), left=X.left, right=X.right, A_star=A)
    else:
        problem = lb.SensedMatrix(y=X.forward(A), X=X.X, A_star=A)
    alpha = float(rng.uniform(0.1, 0.9) * 2 / problem.sigma_max)
    return lb.Experiment(
        problem, lb.Nuclear(float(10 ** rng.uniform(-4, -1))), lb.Subgradient(alpha), steps=10**6
    )


def small(method: lb.methods.Method, **changes) -> lb.Experiment:
    """Return a small recoverable instance without noise."""
    problem = lb.SparseRecovery(n=12, s=1, N=8, seed=3)
    settings = {"penalty": lb.L1(1e-3), "steps": 4000, **changes}
    return lb.Experiment(problem, method=method, **settings)
