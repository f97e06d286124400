"""t1 and t2 of networks to the step, against plain loops that look at every step."""

import numpy as np
import pytest
from flow_problems import diagonal
from network_helpers import FIRST, SECOND, each, plain_gradient, plain_outputs

import latebloom as lb
from latebloom.models import Custom

STEPS, SPARSE = 900, lb.Every(30)
SEEDS = range(5)


def product_outputs(p, x):
    return (x @ (p["u"] * p["v"]))[:, None]


def product_gradient(p, x, y):
    slope = 2 / len(x) * x.T @ (product_outputs(p, x) - y)[:, 0]
    return {"u": p["v"] * slope, "v": p["u"] * slope}


def tanh_outputs(p, x):
    return np.tanh(x @ p[FIRST].T) @ p[SECOND].T


def tanh_gradient(p, x, y):
    hidden = np.tanh(x @ p[FIRST].T)
    slope = 2 / len(x) * (hidden @ p[SECOND].T - y)
    return {FIRST: ((slope @ p[SECOND]) * (1 - hidden**2)).T @ x, SECOND: slope.T @ hidden}


def relative(outputs, y):
    return np.linalg.norm(outputs - y) / np.linalg.norm(y)


def wrong(outputs, y):
    return (outputs.argmax(axis=1) != y).mean()


PRODUCT = Custom("uv", {"u": np.linspace(0.8, 1.2, 12), "v": np.linspace(-0.1, 0.1, 12)},
                 lambda p, x: (x @ (p["u"] * p["v"]))[:, None])  # fmt: skip


def real(seed, width, truth):
    """Return 8 examples to learn and 20 to test, with one real output."""
    x = np.random.default_rng([seed, 2]).standard_normal((28, width)).astype(np.float32)
    y = truth(x)[:, None].astype(np.float32)
    return lb.SupervisedData(x[:8], y[:8], x[8:], y[8:], loss="mse")


def classes(seed):
    """Return 20 points of the plane to learn and 40 to test, of two classes that overlap."""
    rng = np.random.default_rng([seed, 3])
    y = rng.integers(2, size=60)
    x = np.concatenate([rng.standard_normal((60, 2)) + y[:, None], np.ones((60, 1))], axis=1)
    return lb.SupervisedData(x[:20], y[:20], x[20:], y[20:], "cross_entropy")


# Name -> problem of a seed, model, alpha for momentum 0, thresholds, and the same in NumPy.
CASES = {
    "product": (
        lambda seed: real(seed, 12, lambda x: x[:, 0] - x[:, 1]),
        PRODUCT, 0.05, (0.02, 0.6), product_outputs, product_gradient, relative,
    ),
    "tanh": (
        lambda seed: real(seed, 3, lambda x: np.tanh(x[:, 0])),
        lb.MLP((8,), activation="tanh"), 0.05, (0.05, 0.4), tanh_outputs, tanh_gradient, relative,
    ),
    "classes": (
        classes, lb.MLP((8,)), 0.2, (0.1, 0.2), plain_outputs, plain_gradient, wrong,
    ),
}  # fmt: skip


def drawn(name, momentum):
    """Return the experiments of all seeds."""
    make, model, alpha, thresholds = CASES[name][:4]
    # As little as momentum allows, so that it oscillates.
    method = lb.SGD(alpha * (1 - momentum) ** 0.5, momentum=momentum)
    return [
        lb.Experiment(
            make(seed), lb.On(lb.L2(1e-2), "all"), method, model, lb.Drawn(seed), steps=STEPS,
            thresholds=thresholds, record=SPARSE, precision="float64",
        )
        for seed in SEEDS
    ]  # fmt: skip


def plain(name, e):
    """Return both errors at every step of heavy ball."""
    outputs, gradient, error = CASES[name][4:]
    params, method = dict(e.network_start), e.method
    sides = [(s.inputs.astype(float), s.targets) for s in (e.supervised.train, e.supervised.test)]
    speed, errors = each(np.zeros_like, params), []
    for _ in range(e.steps + 1):
        errors.append([error(outputs(params, x), y) for x, y in sides])
        slopes = gradient(params, *sides[0])
        speed = each(lambda m, g, p: method.momentum * m + g + 1e-2 * p, speed, slopes, params)
        params = each(lambda p, m: p - method.alpha * m, params, speed)
    return np.array(errors)


def first(below):
    return int(np.argmax(below)) if below.any() else None


@pytest.mark.parametrize("momentum", [0.0, 0.9, 0.99])
@pytest.mark.parametrize("name", CASES)
def test_refined_passages_are_the_first_of_all_steps(name, momentum):
    """Heavy ball oscillates: an error may dip below its threshold between two records."""
    experiments, hidden = drawn(name, momentum), 0
    runs = lb.simulate_batch(experiments, refine=True)
    for e, run in zip(experiments, runs, strict=True):
        below = plain(name, e) <= e.thresholds
        for j, passage in enumerate((run.phases.t1, run.phases.t2)):
            expected = first(below[:, j])
            assert passage.step == expected
            assert passage.kind == ("censored" if expected is None else "exact")
            recorded = first(below[:: SPARSE.k, j])
            hidden += expected is not None and (
                recorded is None or expected <= SPARSE.k * (recorded - 1)
            )
    if momentum == 0.99:
        assert hidden  # some of them no record shows


@pytest.mark.parametrize("name", CASES)
def test_the_flow_begins_after_exact_first_passages(name):
    e = drawn(name, 0.99)[1]  # its first updates go on beyond the horizon
    below = plain(name, e) <= e.thresholds
    found = lb.simulate(e.with_(record=lb.At(())), engine="slow").phases
    for j, passage in enumerate((found.t1, found.t2)):
        assert passage.step == first(below[:, j])


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_looking_at_every_step_changes_no_bit(momentum):
    """Of records far apart, in double and in single precision."""
    for precision in ("float64", "mixed"):
        e = diagonal(momentum=momentum, alpha=0.02).with_(steps=4000, precision=precision)
        one, other = (lb.simulate(e, engine="step", refine=refine) for refine in (False, True))
        for column in one.trajectory:
            np.testing.assert_array_equal(one.trajectory[column], other.trajectory[column])
