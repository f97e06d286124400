"""Small networks whose delay takes a second to step through."""

from typing import Any

import numpy as np
from scipy.integrate import BDF

import latebloom as lb
from latebloom.experiment.initialization import Drawn
from latebloom.experiment.record import LogSpaced
from latebloom.models import Custom

DIAGONAL = 40, 20, 3  # unknowns, examples, non-zero entries


def experiment(
    problem: Any, model: Any, penalty: Any, alpha: float, slow_time: float, **settings: Any
) -> lb.Experiment:
    """Return an experiment that is followed to this slow time."""
    momentum, coupling = settings.pop("momentum", 0.0), settings.pop("coupling", "coupled")
    beta = penalty.terms[0].beta
    return lb.Experiment(
        problem,
        penalty,
        lb.SGD(alpha, momentum=momentum, coupling=coupling),
        model,
        steps=int(slow_time * (1 - momentum) / alpha / beta),
        record=LogSpaced(20),
        precision="float64",
        **settings,
    )


def diagonal_data() -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return inputs, outputs and the start of a sparse linear map written as a product u v."""
    n, N, k = DIAGONAL
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N + 200, n))
    y = X[:, :k].sum(axis=1)
    return X, y, {"u": 1 + 0.1 * rng.standard_normal(n), "v": 0.1 * rng.standard_normal(n)}


X, Y, START = diagonal_data()
PRODUCT = Custom("product", START, lambda p, x: (x @ (p["u"] * p["v"]))[:, None])


def diagonal(beta: float = 1e-2, slow_time: float = 4.0, **settings: Any) -> lb.Experiment:
    """Return the product u v with l2 on both, which makes it sparse."""
    N = DIAGONAL[1]
    problem = lb.SupervisedData(X[:N], Y[:N, None], X[N:], Y[N:, None], loss="mse")
    settings = {"alpha": 0.05, "thresholds": (1e-2, 0.1), **settings}
    penalty = settings.pop("penalty", lb.On(lb.L2(beta), "all"))
    model = settings.pop("model", PRODUCT)
    return experiment(problem, model, penalty, slow_time=slow_time, **settings)


def teacher_student(activation: str = "tanh", **settings: Any) -> lb.Experiment:
    """Return a small teacher and a student with one hidden layer."""
    relu = activation == "relu"
    problem = lb.TeacherStudent(
        d=6 if relu else 4, hidden=3, C=1, N=40 if relu else 30, N_test=200,
        activation=activation, seed=0 if relu else 1,
    )  # fmt: skip
    settings = {"alpha": 0.05, "thresholds": (0.1, 0.15), "slow_time": 1.0, **settings}
    penalty = settings.pop("penalty", lb.L2(1e-3))
    model = lb.MLP(widths=(40,), activation=activation, law="fan_in")
    return experiment(problem, model, penalty, init=Drawn(0), **settings)


def addition(p: int = 7, loss: str = "mse", **settings: Any) -> lb.Experiment:
    """Return addition modulo p by products of embeddings."""
    problem = lb.ModularArithmetic(p=p, train_fraction=0.7, loss=loss)
    model = lb.TokenPair(width=32, hidden=(), law="fan_in", table_law="fan_in")
    settings = {"alpha": 3.0, "thresholds": (0.01, 0.3), "slow_time": 4.0, **settings}
    penalty = settings.pop("penalty", lb.L2(1e-3))
    return experiment(problem, model, penalty, **settings)


class Implicit(BDF):
    """SciPy's BDF, an implicit method for stiff equations.

    SciPy sets the first two rows of its difference table and computes with the others too: with
    whatever the memory holds, which may overflow.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.D[2:] = 0.0
