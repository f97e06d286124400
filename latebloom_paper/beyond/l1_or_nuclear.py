"""l1 or the nuclear norm, where the matrix is sparse and of low rank: which of them recovers it?

The paper says in passing that l1 in place of the nuclear norm does not grok on matrices unless they
are extremely sparse. Here A* = u v^T with k non-zeros in u and in v.
"""

import warnings
from typing import Any

import numpy as np

from latebloom.experiment import Experiment
from latebloom.methods import ProximalGradient
from latebloom.penalties import L1, Nuclear
from latebloom.problems import (
    MaskedMatrix,
    MatrixCompletion,
    MatrixLeastSquares,
    SensedMatrix,
    SparseRecovery,
)
from latebloom.simulate import simulate
from latebloom.theory import recoverability
from latebloom_paper import pictures
from latebloom_paper.book import CORRECTED, STUDIES, Reproduction, Workspace
from latebloom_paper.book.passages import middle
from latebloom_paper.book.statistic import Statistic, fraction

from .adaptive_entries import recovered

STUDY = STUDIES["l1-or-nuclear"]
SIDE, N = 10, STUDY.settings["measurements"]
ALPHA, BETA, SEEDS = (STUDY.settings[key] for key in ("alpha", "beta", "seeds"))
COMPLETION, SENSING = "completion", "sensing"
LINES = tuple(
    f"{penalty}, {data}" for data in (SENSING, COMPLETION) for penalty in ("l1", "nuclear")
)
# Where all non-zeros are observed, the start being zero elsewhere, a run ends with the fit.
SOON = 2000


def matrix_problem(data: str, k: int, seed: int) -> MaskedMatrix | SensedMatrix:
    """Return 60 random entries of a k x k-sparse matrix of rank one, or 60 Gaussian measurements.

    **Arguments:**

    - `data`: `completion` or `sensing`.
    - `k`: non-zeros of each factor.
    - `seed`: of matrix and measurements.
    """
    rng = np.random.default_rng([seed, k])
    u, v = np.zeros((2, SIDE))
    u[rng.choice(SIDE, k, replace=False)] = rng.standard_normal(k)
    v[rng.choice(SIDE, k, replace=False)] = rng.standard_normal(k)
    A = np.outer(u, v) / (np.linalg.norm(u) * np.linalg.norm(v))
    if data == SENSING:
        X = rng.standard_normal((N, SIDE, SIDE)) / SIDE
        return SensedMatrix(y=np.tensordot(X, A, 2), X=X, A_star=A)
    mask = np.zeros(SIDE * SIDE)
    mask[rng.choice(SIDE * SIDE, N, replace=False)] = 1.0
    return MatrixCompletion.from_arrays(mask.reshape(SIDE, SIDE), A)


def l1_or_nuclear(line: str = LINES[0], k: int = 2, seed: int = 0) -> Experiment:
    """Return one run.

    **Arguments:**

    - `line`: penalty and data, such as `l1, sensing`.
    - `k`, `seed`: of the matrix.
    """
    penalty, _, data = line.partition(", ")
    problem: Any = matrix_problem(data, k, seed)
    known = data == COMPLETION and not (problem.A_star - problem.y_star).any()
    if penalty == "l1" and data == SENSING:  # the engine of l1 takes vectors
        X = problem.X.reshape(N, -1)
        problem = SparseRecovery.from_arrays(X, problem.y, problem.A_star.ravel())
    return Experiment(
        problem,
        L1(BETA) if penalty == "l1" else Nuclear(BETA),
        ProximalGradient(ALPHA),
        init=1e-6,
        steps=SOON if known or line == f"l1, {COMPLETION}" else 10**9,
        thresholds=(1e-3, 1e-2),
        name=f"l1-or-nuclear {line} k={k} seed={seed}",
    )


def recovery(case: dict[str, Any]) -> list[float | None]:
    """Return whether the penalty recovers the matrix, and t1 and t2 if it is to be timed.

    **Arguments:**

    - `case`: `line`, `k`, `seed`, and whether to run it: `timed`.
    """
    line, k, seed = case["line"], case["k"], case["seed"]
    if not matrix_problem(line.partition(", ")[2], k, seed).y_star.any():
        return [0.0, None, None]  # nothing but zeros is seen
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rows without an entry are part of the question
        experiment = l1_or_nuclear(line, k, seed)
        data = experiment.data
        if line == f"l1, {COMPLETION}":
            # Entry by entry: where nothing is observed, the least l1 norm is zero.
            assert isinstance(data, MatrixLeastSquares)
            able = bool(not (data.truth - data.a_hat).any())
        else:
            able = bool(recoverability(experiment.data).recoverable)
        if not case["timed"] or not able:
            return [float(able), None, None]
        engine = "slow" if line.startswith("nuclear") else "auto"
        run = simulate(experiment, engine=engine)
    return [float(able), run.phases.t1.high, middle(run)]


def recoveries(workspace: Workspace) -> dict[tuple[str, int], np.ndarray]:
    """Return (line, k) -> recovered, t1 and t2 of every matrix; NaN where it is not timed."""
    sparsities = STUDY.at(workspace.quick).settings["sparsities"]
    keys = [(line, k) for line in LINES for k in sparsities]
    cases = [
        {"line": line, "k": k, "seed": seed, "timed": not workspace.quick or _timed(line, k)}
        for line, k in keys
        for seed in range(SEEDS)
    ]
    found = np.array(workspace.tables("l1 or nuclear", cases, recovery), dtype=float)
    return dict(zip(keys, found.reshape(len(keys), SEEDS, 3), strict=True))


def _timed(line: str, k: int) -> bool:
    """Return whether the quick size runs it."""
    return k == (1 if line == f"l1, {COMPLETION}" else 2) and line != f"nuclear, {COMPLETION}"


def evidence(found: dict[tuple[str, int], np.ndarray]) -> dict[str, Statistic]:
    """Return what decides the claims."""
    sparse, done = found["l1, sensing", 2], found["l1, completion", 1]
    done = done[done[:, 0] == 1]
    late = done[:, 2] > 10 * done[:, 1]
    nuclear = np.concatenate([found["nuclear, sensing", k][:, 0] for k in (1, 2, 10)])
    return {
        "l1-or-nuclear.sparse": fraction(sparse[:, 2] > 10 * sparse[:, 1]),
        "l1-or-nuclear.dense": fraction(found["l1, sensing", 10][:, 0] == 0),
        "l1-or-nuclear.completion": fraction(late),
        "l1-or-nuclear.completion" + CORRECTED: fraction(~late),
        "l1-or-nuclear.any": fraction(nuclear == 1),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Return which penalty recovers matrices of every sparsity, and when."""
    found = recoveries(workspace)
    rows, fractions, times = recovered(found, "k")
    most = max((k for k, fraction in fractions["l1, sensing"] if fraction == 1), default=0)
    figure = pictures.plot_choices(
        fractions, times, "non-zeros $k$ of $u$ and of $v$, $A^* = uv^\\top$"
    )
    settings = [l1_or_nuclear(line) for line in LINES]
    return STUDY.reproduction(rows, figure, evidence(found), settings, most=most)
