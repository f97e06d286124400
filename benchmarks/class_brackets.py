"""Brackets of t2 along the flow where errors are of classes: do they hold it."""

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
# Of 2,000 test examples one moves the time of most thresholds by less than a percent.
N_TEST = 2000


def labelled(inputs: np.ndarray, labels: np.ndarray, N: int, loss: str) -> Any:
    """Return supervised data of which the first N examples are for training."""
    x, y = inputs, labels.astype(int)
    return lb.SupervisedData(x[:N], y[:N], x[N:], y[N:], loss=loss)


@cache
def signed_product() -> Custom:
    """Return the outputs -f, f of the product f = u v of one vector; one object, compiled once."""
    rng = np.random.default_rng(0)
    start = {"u": 1 + 0.1 * rng.standard_normal(40), "v": 0.1 * rng.standard_normal(40)}

    def outputs(p: Any, x: Any) -> Any:
        f = (x @ (p["u"] * p["v"]))[:, None]
        return jnp.concatenate([-f, f], axis=1)

    return Custom("signed product", start, outputs)


def sparse(loss: str) -> Callable[[int], Any]:
    """Return a maker of the sign of three of 40 inputs' sum, from 30 examples."""

    def make(seed: int) -> Any:
        x = np.random.default_rng([seed, 1]).standard_normal((30 + N_TEST, 40))
        return labelled(x, x[:, :3].sum(axis=1) > 0, 30, loss), signed_product()

    return make


def teacher(seed: int) -> Any:
    """Return the sign of a teacher with three tanh units, and a student with 30."""
    rng = np.random.default_rng([seed, 2])
    x, A = rng.standard_normal((40 + N_TEST, 5)), rng.standard_normal((5, 3))
    y = np.tanh(x @ A) @ rng.standard_normal(3) > 0
    return labelled(x, y, 40, "cross_entropy"), lb.MLP((30,), activation="tanh", law="fan_in")


def addition(p: int) -> Callable[[int], Any]:
    """Return a maker of addition mod p by products of embeddings."""

    def make(seed: int) -> Any:
        problem = lb.ModularArithmetic(p=p, train_fraction=0.7, seed=seed)
        return problem, lb.TokenPair(width=32, hidden=(), law="fan_in", table_law="fan_in")

    return make


# Name -> (maker, slow time that is stepped).
FAMILIES: dict[str, tuple[Callable[[int], Any], float]] = {
    "sparse, cross-entropy": (sparse("cross_entropy"), 4.0),
    "sparse, squared loss": (sparse("mse"), 4.0),
    "teacher, cross-entropy": (teacher, 2.5),
    "addition mod 11, cross-entropy": (addition(11), 6.0),
    "addition mod 17, cross-entropy": (addition(17), 6.0),
}
KINDS = [(name, m) for m in (0.0, 0.9) for name in FAMILIES]


def drawn(seed: int, i: int) -> tuple[tuple[str, str, float], lb.Experiment, float]:
    """Return the i-th random problem of a seed, as `flow_problems.drawn` does."""
    (name, m), rng = KINDS[i % len(KINDS)], np.random.default_rng([seed, i])
    make, length = FAMILIES[name]
    instance, beta = int(rng.integers(2**31)), float(10 ** rng.uniform(-3.5, -2))
    problem, model = make(instance)
    base = lb.Experiment(
        problem, lb.On(lb.L2(beta), "all"), lb.SGD(1.0, momentum=m), model,
        init=Drawn(instance % 1000), steps=1, precision="float64", record=LogSpaced(PER_DECADE),
    )  # fmt: skip
    edge = 2 * (1 + m) / radius(base)
    alpha = float(rng.uniform(*OF_EDGE)) * edge * (1 - m) ** float(rng.uniform())
    steps = min(MOST_STEPS, int(length * (1 - m) / (alpha * beta)))
    e = base.with_(method=lb.SGD(alpha, momentum=m), steps=steps)
    return (name, "l2", m), e, float(rng.uniform(0.2, 0.8))


def measure(out: Path, seed: int = REPORT) -> list[Row]:
    """Return coverage and width over random problems; what is kept in `out` is not done again."""
    return flow_brackets.measure(out, seed, "class", drawn, PROBLEMS[seed], LEAST_STEPS)
