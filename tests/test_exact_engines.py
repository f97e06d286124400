"""The engines `jump` and `spectral` against `step` and plain NumPy loops, which share no code."""

import jax
import numpy as np
import pytest
from engine_helpers import PUBLISHED, SMALL, ista, loop, ridge
from random_experiments import batches

import latebloom as lb
from latebloom.engines.base import run_engine
from latebloom.engines.step import simulate_step

# --- the other engines ----------------------------------------------------------------------------


def assert_same(fast, reference):
    """Equal passages and supports, iterates to 1e-10 relative, at every recorded step."""
    assert (fast.t1, fast.t2) == (reference.t1, reference.t2)
    np.testing.assert_array_equal(fast.steps, reference.steps)
    np.testing.assert_array_equal(fast.params != 0, reference.params != 0)
    scale = np.abs(reference.params).max(axis=1, keepdims=True)
    assert np.all(np.abs(fast.params - reference.params) <= 1e-10 * scale)


def compare_proximal(count, size, seed, steps, **options):
    reached = 0
    for experiments in batches(count, size, seed, steps, **options):
        jax.clear_caches()  # every batch is a new shape: hundreds of programs would pile up
        for experiment, reference in zip(experiments, simulate_step(experiments), strict=True):
            assert_same(run_engine("jump", experiment), reference)
            reached += reference.t2.step is not None
    return reached


def test_jump_equals_step_on_100_random_instances():
    reached = compare_proximal(count=5, size=20, seed=1, steps=10_000)
    assert reached >= 20  # the comparison is not of runs in which nothing happens


@pytest.mark.slow
def test_jump_equals_step_on_2000_random_instances():
    assert compare_proximal(count=200, size=10, seed=2, steps=30_000) >= 400


@pytest.mark.slow
def test_jump_equals_step_on_50_large_random_instances():
    assert compare_proximal(count=25, size=2, seed=3, steps=4000, entries=(300, 1000)) >= 5


def contains(bracket, passage):
    if bracket.high is None:
        return passage.step is None or passage.step >= bracket.low
    return passage.step is not None and bracket.low <= passage.step <= bracket.high


def compare_brackets(method, count, size, seed, steps):
    widths = []
    for experiments in batches(count, size, seed, steps, method):
        jax.clear_caches()
        for experiment, reference in zip(experiments, simulate_step(experiments), strict=True):
            result = run_engine("jump", experiment)
            assert contains(result.t1, reference.t1), (result.t1, reference.t1)
            assert contains(result.t2, reference.t2), (result.t2, reference.t2)
            if result.t2.high is not None:
                widths.append((result.t2.high - result.t2.low) / max(result.t2.low, 1))
    return widths


METHODS = [lb.Subgradient, lb.ProjectedSubgradient]


@pytest.mark.parametrize("method", METHODS)
def test_jump_brackets_t2_of_subgradient_methods(method):
    widths = compare_brackets(method, count=2, size=20, seed=5, steps=10_000)
    assert len(widths) >= 5
    assert np.median(widths) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_jump_brackets_t2_of_subgradient_methods_on_many_instances(method):
    widths = compare_brackets(method, count=100, size=10, seed=6, steps=30_000)
    assert np.median(widths) < 0.05


def test_jump_and_the_plain_loop_agree_on_the_published_instance():
    # Figure 3 with beta = 1e-3, so that the loop is short; floors of the text's alpha.
    experiment = lb.Experiment(
        PUBLISHED,
        lb.L1(1e-3),
        lb.ProximalGradient(0.1),
        steps=3000,
        thresholds=(5e-2, 5e-2),
        record=lb.Every(1),
    )
    passages, iterates = loop(experiment, ista(0.1, 1e-3))
    result = run_engine("jump", experiment)
    assert [result.t1.step, result.t2.step] == passages
    np.testing.assert_allclose(result.params, iterates, rtol=0, atol=1e-14)


def test_jump_scales_exactly_in_slow_time():
    # da/dt = -alpha beta P H in slow time: t2 alpha beta tends to one number per instance.
    products = []
    for beta in (1e-7, 1e-9, 1e-11):
        experiment = lb.Experiment(
            PUBLISHED, lb.L1(beta), lb.ProximalGradient(0.1), steps=int(10 / beta)
        )
        products.append(run_engine("jump", experiment).t2.step * 0.1 * beta)
    assert abs(products[1] - products[2]) < 1e-6
    assert abs(products[0] - products[2]) < 1e-4


SCHEDULES = [
    lb.L1(lb.Piecewise(steps=(0, 50, 700), values=(0.0, 1e-3, 1e-4))),
    lb.L1(lb.SwitchOn(1e-3)),
    lb.L1(lb.SwitchOn(1e-3, before=1e-4)) + lb.L2(1e-4),
]


@pytest.mark.parametrize("penalty", SCHEDULES)
def test_jump_follows_piecewise_schedules(penalty):
    experiment = lb.Experiment(
        SMALL, penalty, lb.ProximalGradient(0.1), steps=4000, thresholds=(1e-2, 0.1)
    )
    assert_same(run_engine("jump", experiment), simulate_step([experiment])[0])


def test_switching_the_penalty_on_after_t1_starts_at_t1():
    experiment = lb.Experiment(
        SMALL, lb.L1(lb.SwitchOn(1e-2)), steps=400, thresholds=(0.1, 1e-2), record=lb.Every(1)
    )
    result = simulate_step([experiment])[0]
    t1 = result.t1.step
    plain = simulate_step([experiment.with_(penalty=None, method=lb.GradientDescent(0.1))])[0]
    np.testing.assert_array_equal(result.params[: t1 + 1], plain.params[: t1 + 1])
    assert np.abs(result.params[t1 + 1] - plain.params[t1 + 1]).max() > 5e-4


TIES = {
    # Equal columns: their coordinates enter and leave together.
    "twins": np.repeat(np.random.default_rng(0).standard_normal((4, 3)), 2, axis=1),
    # Orthonormal columns: every coordinate is its own problem, many events at one step.
    "identity": np.eye(6),
    # Zero column, zero row.
    "zeros": np.pad(np.random.default_rng(1).standard_normal((3, 5)), ((0, 1), (0, 1))),
    "one row": np.ones((1, 6)),
}


@pytest.mark.parametrize("name", TIES)
@pytest.mark.parametrize("share", [0.3, 1.0, 1.7])
def test_jump_handles_ties_and_degenerate_designs(name, share):
    X = TIES[name]
    a_star = np.zeros(X.shape[1])
    a_star[:2] = (1.0, -0.5)
    problem = lb.SparseRecovery.from_arrays(X, X @ a_star, a_star)
    experiment = lb.Experiment(
        problem,
        lb.L1(2.0**-6),
        lb.ProximalGradient(share / problem.sigma_max),
        init=0.125,
        steps=5000,
        thresholds=(1e-2, 1e-1),
    )
    fast, reference = run_engine("jump", experiment), simulate_step([experiment])[0]
    assert (fast.t1, fast.t2) == (reference.t1, reference.t2)
    np.testing.assert_allclose(fast.params, reference.params, rtol=0, atol=1e-13)


def test_jump_with_a_step_that_solves_each_coordinate_at_once():
    # alpha lambda = 1: every mode dies in one step (q = 0).
    X = 2 * np.eye(4)
    problem = lb.SparseRecovery.from_arrays(X, np.array([1.0, -2.0, 0.5, 0.0]), np.ones(4))
    experiment = lb.Experiment(problem, lb.L1(1e-2), lb.ProximalGradient(0.25), steps=50)
    assert_same(run_engine("jump", experiment), simulate_step([experiment])[0])


def test_spectral_equals_the_plain_loop():
    experiment = lb.Experiment(
        SMALL,
        lb.L2(1e-2),
        lb.GradientDescent(0.1),
        init=1.0,
        steps=4000,
        thresholds=(1e-2, 0.9),
        record=lb.Every(1),
    )
    passages, iterates = loop(experiment, ridge(0.1, 1e-2))
    result = run_engine("spectral", experiment)
    assert [result.t1.step, result.t2.step] == passages
    np.testing.assert_allclose(result.params, iterates, rtol=0, atol=1e-13)


@pytest.mark.parametrize("method", [lb.GradientDescent, lb.Subgradient, lb.ProximalGradient])
@pytest.mark.parametrize("share", [0.1, 0.9, 1.0, 1.9])
@pytest.mark.parametrize("beta", [None, 1e-3, 0.5])
def test_spectral_equals_step(method, share, beta):
    alpha = share / (SMALL.sigma_max + (beta or 0.0))
    experiment = lb.Experiment(
        SMALL,
        beta and lb.L2(beta),
        method(alpha),
        init=lb.Gaussian(3.0, 1),
        steps=3000,
        thresholds=(2e-2, 1.0),
    )
    fast, reference = run_engine("spectral", experiment), simulate_step([experiment])[0]
    assert (fast.t1, fast.t2) == (reference.t1, reference.t2)
    np.testing.assert_allclose(fast.params, reference.params, rtol=0, atol=1e-12)


def test_ridge_is_the_limit_of_spectral():
    # Theorem 3.6: the limit is (X^T X + beta I)^{-1} X^T y, reached at rate 1 - alpha beta.
    X, y = PUBLISHED.X, PUBLISHED.y_star
    experiment = lb.Experiment(
        PUBLISHED, lb.L2(1e-5), lb.GradientDescent(0.1), init=10.0, steps=10**9
    )
    expected = np.linalg.solve(X.T @ X + 1e-5 * np.eye(100), X.T @ y)
    result = run_engine("spectral", experiment)
    np.testing.assert_allclose(result.params[-1], expected, rtol=1e-8, atol=1e-12)
