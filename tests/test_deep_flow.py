"""The flow of products of parameters on least squares, against every update."""

from functools import cache
from typing import Any

import numpy as np
import pytest

import latebloom as lb
from latebloom.engines.base import find_engine
from latebloom.engines.deep_flow import FIRST
from latebloom.experiment.presets import engine_of, load
from latebloom.experiment.record import LogSpaced

BETA = 1e-4
SPARSE = lb.SparseRecovery(n=20, s=3, N=9, seed=2, basis="identity", row_variance="1/N")


def deep(model, penalty, steps=80_000, init=0.01, problem: Any = SPARSE, **settings: Any):
    settings = {"thresholds": (0.05, 0.1), "record": LogSpaced(10), **settings}
    method = settings.pop("method", lb.GradientDescent(0.1))
    return lb.Experiment(problem, penalty, method, model, init=init, steps=steps, **settings)


def completion():
    problem = lb.MatrixCompletion(n1=6, n2=6, r=1, N=20, seed=1)
    return deep(
        lb.MatrixProduct(depth=2), lb.L2(2e-4), problem=problem, init=0.7, thresholds=(0.01, 0.6)
    )


CASES = {
    # l2 on the layers of a product is l1 on it; the penalty makes the delay.
    "penalty": deep(lb.HadamardDifference(), lb.L2(BETA), init=0.3, thresholds=(0.01, 0.4)),
    # Without one the small start does: three layers leave it after a time of about 1/0.003.
    "small start": deep(lb.Hadamard(depth=3), None, init=0.003, thresholds=(0.37, 1e-9)),
    "matrix product": completion(),
}


@pytest.fixture(scope="module")
def runs():
    def both(name):
        return [lb.simulate(CASES[name], engine=engine) for engine in ("slow", "step")]

    return cache(both)


@pytest.mark.parametrize(
    "name", ["penalty", *(pytest.param(name, marks=pytest.mark.slow) for name in list(CASES)[1:])]
)
def test_every_update_is_inside_the_bracket(runs, name):
    found, true = runs(name)
    bracketed = 0
    for one, two in zip(
        (found.phases.t1, found.phases.t2), (true.phases.t1, true.phases.t2), strict=True
    ):
        if one.kind == "bracketed":
            bracketed += 1
            assert one.low <= two.step <= one.high
            assert one.high - one.low <= 0.01 * one.low
            assert one.low > FIRST
        else:
            assert one.step == two.step
    assert bracketed == 1, (found.phases, true.phases)
    assert found.phases.verdict == true.phases.verdict
    assert (found.engine, found.records) == ("slow", "flow")
    due = CASES[name].record_steps
    for column in ("train_error", "test_error"):
        one, two = (run.trajectory[column].sel(step=due) for run in (found, true))
        np.testing.assert_allclose(one, two, rtol=5e-3, atol=1e-6)


def test_the_end_is_that_of_a_plain_loop(runs):
    e, data = CASES["penalty"], SPARSE
    u = v = np.full(20, 0.3)
    for _ in range(e.steps):
        r = data.X.T @ (data.X @ (u * u - v * v) - data.y_star)
        u, v = u - 0.1 * (2 * u * r + BETA * u), v - 0.1 * (-2 * v * r + BETA * v)
    np.testing.assert_allclose(runs("penalty")[0].params, [u, v], atol=1e-5)


def test_a_short_horizon_is_exact():
    e = CASES["penalty"].with_(steps=3000)
    found, true = (lb.simulate(e, engine=name) for name in ("slow", "step"))
    np.testing.assert_array_equal(found.params, true.params)
    assert found.phases == true.phases


def test_what_rests_is_not_followed_to_a_far_horizon():
    seen: dict[int, Any] = {steps: [] for steps in (10**9, 10**13)}
    for steps, told in seen.items():
        e = CASES["penalty"].with_(steps=steps)
        run = lb.simulate(e, engine="slow", progress=lambda done, total, f=told: f.append(done))
        assert run.last_step == steps
        told.append(run)
    near, far = (told[-1] for told in seen.values())
    assert far.phases.t2 == near.phases.t2
    np.testing.assert_allclose(far.params, near.params, atol=1e-9)
    assert far.events < 2 * near.events  # 100 times as many without the skip
    assert max(np.diff(seen[10**13][:-1])) > 0.9e13


REFUSED = {
    "has kinks": deep(lb.Hadamard(), lb.L1(1e-4), method=lb.Subgradient(0.1)),
    "needs GradientDescent": deep(lb.Hadamard(), lb.L2(1e-4), method=lb.Adam(0.1)),
    "constant alpha": deep(
        lb.Hadamard(), lb.L2(1e-4), method=lb.GradientDescent(lb.PowerDecay(0.1))
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_has_no_flow_is_refused(reason):
    with pytest.raises(lb.Unsupported, match=reason):
        find_engine("slow", REFUSED[reason])


def test_a_prediction_does_not_follow_a_product_for_ever():
    engine = find_engine("slow", CASES["matrix product"])
    with pytest.raises(lb.Unsupported, match="up to a horizon, not predicted"):
        engine.run_bounded(CASES["matrix product"])


def test_an_interrupted_run_keeps_what_was_done():
    def stop(done, total):
        if done > FIRST:
            raise KeyboardInterrupt

    run = lb.simulate(CASES["penalty"], engine="slow", progress=stop)
    assert run.interrupted
    assert FIRST < run.last_step < CASES["penalty"].steps
    assert run.trajectory.step[-1] == run.last_step


def test_the_named_experiment_is_made_for_it():
    assert engine_of("slow-depth") == "slow"
    assert find_engine("slow", load("slow-depth")).name == "slow"
