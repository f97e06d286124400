"""What the tests of supervised problems and networks share: tiny cases, and training in NumPy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from helpers import unchecked

import latebloom as lb
from latebloom.core.phases import Passage, phases
from latebloom.runs.run import Run


def rows(side: Any) -> list[tuple[Any, ...]]:
    """Return the inputs of a side as a list of tuples."""
    return [tuple(row) for row in side.inputs.reshape(len(side.inputs), -1).tolist()]


def assert_same(one: Any, two: Any) -> None:
    """Assert that two problems have the same arrays, to the bit."""
    for mine, other in zip((*one.train, *one.test), (*two.train, *two.test), strict=True):
        assert mine.dtype == other.dtype
        np.testing.assert_array_equal(mine, other)


def refusal(make: Callable[[], Any]) -> str:
    """Return the one line with which the call is refused."""
    with unchecked(), pytest.raises(lb.InvalidInput) as error:
        make()
    assert "\n" not in str(error.value)
    return str(error.value)


# --- A two-layer network in NumPy -----------------------------------------------------------------

Params = dict[str, np.ndarray]
FIRST, SECOND = "layers.0.weight", "layers.1.weight"


def blobs(N: int = 12, N_test: int = 9, seed: int = 0, loss: str = "cross_entropy") -> Any:
    """Return points of the plane with a constant, in three classes by their angle."""
    rng = np.random.default_rng([seed, 1])
    x = np.ones((N + N_test, 3))
    x[:, :2] = rng.standard_normal((N + N_test, 2))
    y = ((np.arctan2(x[:, 0], x[:, 1]) + np.pi) / (2 * np.pi + 1e-9) * 3).astype(int)
    return lb.SupervisedData(x[:N], y[:N], x[N:], y[N:], loss, outputs=3)


def plain_outputs(params: Params, x: np.ndarray) -> np.ndarray:
    """Return V relu(W x) for every row x."""
    return np.maximum(x @ params[FIRST].T, 0) @ params[SECOND].T


def plain_loss(params: Params, x: np.ndarray, y: np.ndarray) -> float:
    """Return the mean cross-entropy."""
    f = plain_outputs(params, x)
    shares = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
    return float(-np.log(shares[np.arange(len(y)), y]).mean())


def plain_gradient(params: Params, x: np.ndarray, y: np.ndarray) -> Params:
    """Return the gradient of the mean cross-entropy, by the chain rule."""
    W, V = params[FIRST], params[SECOND]
    hidden = np.maximum(x @ W.T, 0)
    f = hidden @ V.T
    slopes = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
    slopes[np.arange(len(y)), y] -= 1
    slopes /= len(y)
    return {FIRST: ((slopes @ V) * (hidden > 0)).T @ x, SECOND: slopes.T @ hidden}


def each(function: Callable[..., Any], *trees: Params) -> Params:
    """Return the function of the arrays of each name."""
    return {name: function(*(tree[name] for tree in trees)) for name in trees[0]}


class PlainAdam:
    """Algorithm 1 of Kingma and Ba (2015): the direction, without the learning rate."""

    def __init__(self) -> None:
        self.t, self.m, self.v = 0, 0.0, 0.0

    def __call__(self, g: np.ndarray) -> np.ndarray:
        """Return m/(sqrt(v) + eps), the moments corrected for their start at 0."""
        self.t += 1
        self.m = 0.9 * self.m + 0.1 * g
        self.v = 0.999 * self.v + 0.001 * g**2
        return self.m / (1 - 0.9**self.t) / (np.sqrt(self.v / (1 - 0.999**self.t)) + 1e-8)


class PlainSGD:
    """Momentum 0.9, with or without Nesterov's look ahead."""

    def __init__(self, nesterov: bool = False) -> None:
        self.m, self.nesterov = 0.0, nesterov

    def __call__(self, g: np.ndarray) -> np.ndarray:
        """Return the direction."""
        self.m = 0.9 * self.m + g
        return g + 0.9 * self.m if self.nesterov else self.m


# --- Derivatives by differences -------------------------------------------------------------------


def differences(function: Callable[[Params], Any], params: Params, h: float = 1e-6) -> Params:
    """Return the gradient of a number in named arrays, entry by entry, to about h^2."""
    found = {}
    for name, array in params.items():
        slope = np.zeros(array.shape)
        for index in np.ndindex(array.shape):
            up, down = ({**params, name: array.copy()} for _ in range(2))
            up[name][index] += h
            down[name][index] -= h
            slope[index] = (float(function(up)) - float(function(down))) / (2 * h)
        found[name] = slope
    return found


def fake_run(steps, t1=None, t2=None, **curves):
    """Return a run with these passages and curves, to the step; nothing was trained."""
    first, second = (
        Passage.after(steps[-1]) if t is None else Passage.between(t, t) for t in (t1, t2)
    )
    return Run(
        experiment=lb.Experiment(lb.ModularArithmetic(p=5), steps=steps[-1]),
        engine="step",
        phases=phases(steps, [1] * len(steps), [1] * len(steps), passages=(first, second)),
        trajectory=xr.Dataset(
            {name: ("step", np.asarray(v, float)) for name, v in curves.items()}, {"step": steps}
        ),
        params={},
        seconds=0.0,
    )
