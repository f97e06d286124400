"""The flow of small smooth networks, against SciPy's implicit BDF on gradients written in NumPy."""

from typing import Any

import numpy as np
import pytest
from flow_problems import Implicit, experiment
from scipy.integrate import solve_ivp

import latebloom as lb
from latebloom.experiment.initialization import Drawn
from latebloom.models import Custom

SIZE = 60  # test examples


def data(d: int, N: int, truth: Any, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and one real output, the first N for training, exact in single precision."""
    x = np.random.default_rng(seed).standard_normal((N + SIZE, d)).astype(np.float32)
    return x.astype(float), truth(x)[:, None].astype(np.float32).astype(float)


def layers(activation: Any, slope: Any, d: int, hidden: int) -> Any:
    """Return outputs and gradient of V f(W x), of the vector of W and V."""

    def split(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return p[: d * hidden].reshape(hidden, d), p[d * hidden :].reshape(1, hidden)

    def outputs(p: np.ndarray, x: np.ndarray) -> np.ndarray:
        W, V = split(p)
        return activation(x @ W.T) @ V.T

    def gradient(p: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        W, V = split(p)
        z = x @ W.T
        r = 2 / len(x) * (activation(z) @ V.T - y)
        return np.concatenate([(((r @ V) * slope(z)).T @ x).ravel(), (r.T @ activation(z)).ravel()])

    return outputs, gradient


def pair(d: int) -> Any:
    """Return outputs and gradient of the diagonal network (u^2 - v^2) x."""

    def outputs(p: np.ndarray, x: np.ndarray) -> np.ndarray:
        return (x @ (p[:d] ** 2 - p[d:] ** 2))[:, None]

    def gradient(p: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        g = 2 / len(x) * x.T @ (outputs(p, x) - y)[:, 0]
        return np.concatenate([2 * p[:d] * g, -2 * p[d:] * g])

    return outputs, gradient


DIAGONAL = Custom(
    "pair", {"u": np.full(10, 0.6), "v": np.full(10, 0.5)},
    lambda p, x: (x @ (p["u"] ** 2 - p["v"] ** 2))[:, None],
)  # fmt: skip
# Name -> data, number for training, model, alpha, thresholds, slow time, outputs and gradient.
CASES = {
    "tanh": (
        data(3, 8, lambda x: np.tanh(x[:, 0] - x[:, 1]), 1), 8,
        lb.MLP((6,), activation="tanh", law="fan_in"), 0.1, (0.03, 0.05), 1.5,
        layers(np.tanh, lambda z: 1 - np.tanh(z) ** 2, 3, 6),
    ),
    "quadratic": (
        data(4, 7, lambda x: x[:, 0] ** 2, 2), 7,
        lb.MLP((6,), activation="square", law="fan_in"), 0.01, (0.05, 0.2), 1.0,
        layers(np.square, lambda z: 2 * z, 4, 6),
    ),
    "diagonal": (
        data(10, 6, lambda x: x[:, 0] - x[:, 1], 3), 6, DIAGONAL, 0.02, (0.05, 0.3), 2.0, pair(10),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_t2_of_an_implicit_method_agrees_to_a_thousandth(name):
    (x, y), N, model, alpha, thresholds, slow, (outputs, gradient) = CASES[name]
    problem, beta = lb.SupervisedData(x[:N], y[:N], x[N:], y[N:], loss="mse"), 3e-3
    penalty = lb.On(lb.L2(beta), "all")
    e = experiment(problem, model, penalty, alpha, slow, thresholds=thresholds, init=Drawn(1))
    run = lb.simulate(e, engine="slow")
    passage = run.phases.t2
    assert passage.kind == "bracketed", run.notes

    # As many updates as the engine makes, then the implicit method.
    origin = int(run.notes[0].split("after step ")[1].split(" the")[0].replace(",", ""))
    p = np.concatenate([w.ravel() for w in e.network_start.values()])
    for _ in range(origin):
        p = p - alpha * (gradient(p, x[:N], y[:N]) + beta * p)

    def error(_: float, p: np.ndarray) -> float:
        return float(
            np.linalg.norm(outputs(p, x[N:]) - y[N:]) / np.linalg.norm(y[N:]) - thresholds[1]
        )

    error.terminal, error.direction = True, -1  # pyright: ignore
    assert error(0, p) > 0
    found = solve_ivp(
        lambda _, p: -gradient(p, x[:N], y[:N]) - beta * p, (0, alpha * e.steps), p,
        method=Implicit, events=error, rtol=1e-8, atol=1e-11,
    )  # fmt: skip
    t2 = origin + found.t_events[0][0] / alpha
    assert 0.5 * (passage.low + passage.high) == pytest.approx(t2, rel=1e-3)
