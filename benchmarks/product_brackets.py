"""Brackets of t2 along the flow of products of layers on least squares: do they hold it."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

import latebloom as lb
from latebloom.engines.deep_flow import FIRST
from latebloom.experiment.record import LogSpaced

from . import flow_brackets
from .flow_problems import PER_DECADE
from .timing import Row

# Margins are looked at on the problems of one seed and reported on those of the other.
CALIBRATION, REPORT = 23, 31
PROBLEMS = {CALIBRATION: 60, REPORT: 60}
MOST_STEPS = 400_000
# alpha beta of an update, and alpha: then t2 comes after the first updates and before the end.
RATE, ALPHA = (3e-6, 3e-5), (0.03, 0.12)
# Slow time that is stepped.
LENGTH = 4.0


def sparse(positive: bool) -> Any:
    """Return a maker of sparse recovery in 30 unknowns, of a truth without negative entries if it
    has to be."""

    def make(seed: int) -> Any:
        rng = np.random.default_rng([seed, 1])
        X, truth = rng.standard_normal((15, 30)) / np.sqrt(15), np.zeros(30)
        values = rng.uniform(0.5, 1.5, 3) * (1 if positive else rng.choice([-1.0, 1.0], 3))
        truth[rng.choice(30, 3, replace=False)] = values
        return lb.SparseRecovery.from_arrays(X, X @ truth, truth)

    return make


def completion(seed: int) -> Any:
    """Return a matrix of rank 1 and 6 x 6, from 20 entries."""
    return lb.MatrixCompletion(n1=6, n2=6, r=1, N=20, seed=seed)


# Name -> (maker, model, range of the start). A start of size 1 memorizes at once and far away.
KINDS: dict[str, tuple[Any, Any, tuple[float, float]]] = {
    "u u": (sparse(True), lb.Hadamard(depth=2), (0.2, 0.6)),
    "u u u": (sparse(True), lb.Hadamard(depth=3), (0.4, 0.8)),
    "u u - v v": (sparse(False), lb.HadamardDifference(), (0.2, 0.6)),
    "u u u - v v v": (sparse(False), lb.HadamardDifference(depth=3), (0.4, 0.8)),
    "U V": (completion, lb.MatrixProduct(depth=2), (0.5, 0.9)),
    "U V W": (completion, lb.MatrixProduct(depth=3), (0.6, 0.9)),
}


def drawn(seed: int, i: int) -> tuple[tuple[str, str, float], lb.Experiment, float]:
    """Return the i-th random problem of a seed, as `flow_problems.drawn` does."""
    rng, name = np.random.default_rng([seed, i]), list(KINDS)[i % len(KINDS)]
    make, model, start = KINDS[name]
    alpha = float(rng.uniform(*ALPHA))
    beta = float(np.exp(rng.uniform(*np.log(RATE)))) / alpha
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a column without an observed entry is a problem as well
        experiment = lb.Experiment(
            make(int(rng.integers(2**20))), lb.L2(beta), lb.GradientDescent(alpha), model,
            init=float(rng.uniform(*start)), steps=min(MOST_STEPS, int(LENGTH / (alpha * beta))),
            record=LogSpaced(PER_DECADE),
        )  # fmt: skip
    return (name, "l2", 0.0), experiment, float(rng.uniform(0.2, 0.8))


def measure(out: Path, seed: int = REPORT) -> list[Row]:
    """Return coverage and width over random products; what is kept in `out` is not done again."""
    return flow_brackets.measure(out, seed, "product", drawn, PROBLEMS[seed], FIRST)
