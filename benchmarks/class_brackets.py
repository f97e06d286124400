"""Brackets of t2 along the flow of networks for classes: do they hold it."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

import latebloom as lb
from latebloom.experiment.initialization import Drawn
from latebloom.experiment.record import LogSpaced
from latebloom.models import Custom

from . import flow_brackets
from .flow_problems import LEAST_STEPS, OF_EDGE, PER_DECADE, radius
from .timing import Row

# Margins are looked at on the problems of one seed and reported on those of the other.
CALIBRATION, REPORT = 37, 41
PROBLEMS = {CALIBRATION: 40, REPORT: 80}
# Longer delays take more than ten seconds to step.
MOST_STEPS = 200_000
# The curvature of cross-entropy is small at the start of addition, and grows a hundredfold.
MOST_EDGE = 2.0
# Of 2,000 test examples one moves the time of most thresholds by less than a percent.
N_TEST = 2000


def labelled(inputs: np.ndarray, labels: np.ndarray, N: int, loss: str) -> Any:
    """Return supervised data of which the first N examples are for training."""
    x, y = inputs, labels.astype(int)
    return lb.SupervisedData(x[:N], y[:N], x[N:], y[N:], loss=loss)


@cache
def signed_product() -> Custom:
    """Return the outputs 1/2 - f, 1/2 + f of f = (u v) x; one object, which is compiled once."""
    rng = np.random.default_rng(0)
    start = {"u": 1 + 0.1 * rng.standard_normal(60), "v": 0.1 * rng.standard_normal(60)}

    def outputs(p: Any, x: Any) -> Any:
        f = (x @ (p["u"] * p["v"]))[:, None]
        return jnp.concatenate([0.5 - f, 0.5 + f], axis=1)

    return Custom("signed product", start, outputs)


def sparse(loss: str) -> Callable[[int], Any]:
    """Return a maker of the sign of the sum of two of 60 inputs, from 30 examples."""

    def make(seed: int) -> Any:
        x = np.random.default_rng([seed, 1]).standard_normal((30 + N_TEST, 60))
        return labelled(x, x[:, :2].sum(axis=1) > 0, 30, loss), signed_product()

    return make


def addition(p: int, part: float) -> Callable[[int], Any]:
    """Return a maker of addition mod p by products of embeddings."""

    def make(seed: int) -> Any:
        problem = lb.ModularArithmetic(p=p, train_fraction=part, seed=seed)
        return problem, lb.TokenPair(width=32, hidden=(), law="fan_in", table_law="fan_in")

    return make


# Name -> (maker, slow time that is stepped, range of beta).
FAMILIES: dict[str, tuple[Callable[[int], Any], float, tuple[float, float]]] = {
    "sparse, cross-entropy": (sparse("cross_entropy"), 5.0, (1e-4, 3e-3)),
    "sparse, squared loss": (sparse("mse"), 5.0, (1e-3, 1e-2)),
    "addition mod 11, cross-entropy": (addition(11, 0.7), 5.0, (1e-4, 1e-3)),
    "addition mod 19, cross-entropy": (addition(19, 0.6), 5.0, (1e-4, 1e-3)),
}
KINDS = [(name, m) for m in (0.0, 0.9) for name in FAMILIES]


def drawn(seed: int, i: int) -> tuple[tuple[str, str, float], lb.Experiment, float]:
    """Return the i-th random problem of a seed, as `flow_problems.drawn` does."""
    (name, m), rng = KINDS[i % len(KINDS)], np.random.default_rng([seed, i])
    make, length, betas = FAMILIES[name]
    instance = int(rng.integers(2**31))
    beta = float(np.exp(rng.uniform(*np.log(betas))))
    problem, model = make(instance)
    base = lb.Experiment(
        problem, lb.On(lb.L2(beta), "all"), lb.SGD(1.0, momentum=m), model,
        init=Drawn(instance % 1000), steps=1, precision="float64", record=LogSpaced(PER_DECADE),
    )  # fmt: skip
    edge = min(2 * (1 + m) / radius(base), MOST_EDGE)
    alpha = float(rng.uniform(*OF_EDGE)) * edge * (1 - m) ** float(rng.uniform())
    steps = min(MOST_STEPS, int(length * (1 - m) / (alpha * beta)))
    e = base.with_(method=lb.SGD(alpha, momentum=m), steps=steps)
    return (name, "l2", m), e, float(rng.uniform(0.2, 0.8))


def drawn_smooth(seed: int, i: int) -> tuple[tuple[str, str, float], lb.Experiment, float]:
    """Return the problem of `drawn` with thresholds on 1 - p, of squared losses on the loss."""
    kind, e, part = drawn(seed, i)
    return kind, e.with_(measure="loss" if e.supervised.loss == "mse" else "probability"), part


def measure(out: Path, seed: int = REPORT) -> list[Row]:
    """Return coverage and width over random problems; what is kept in `out` is not done again."""
    rows = flow_brackets.measure(out, seed, "class", drawn, PROBLEMS[seed], LEAST_STEPS)
    return rows + smooth(out, seed)


def smooth(out: Path, seed: int = REPORT) -> list[Row]:
    """Return the same where thresholds are on the mean of 1 - p or on the loss."""
    rows = flow_brackets.measure(out, seed, "smooth", drawn_smooth, PROBLEMS[seed], LEAST_STEPS)
    return [row._replace(what=f"1 - p or loss, {row.what}") for row in rows]
