"""Engines against each other and against plain NumPy loops: they share no code, and must agree."""

import warnings

import jax
import numpy as np
import pytest
from helpers import (
    UPDATES,
    data_for,
    design,
    examples,
    jax_oracle,
    linear_models,
    linear_problems,
    plain_none,
    plain_norm,
    plain_nuclear,
    x64,
)
from helpers import iterate as library_iterates
from random_experiments import batches

import latebloom as lb
from latebloom.engines.base import run_engine
from latebloom.engines.decomposition import decompose
from latebloom.engines.linear_functions import LinearFunctions
from latebloom.engines.modes import Modes
from latebloom.engines.step import simulate_step

PUBLISHED = lb.SparseRecovery.code(n=100, s=5, N=30, seed=1)


def loop(experiment, update):
    """The oracle: one NumPy update after the other, errors at every step."""
    data, a = experiment.data, np.array(experiment.start)
    levels = experiment.thresholds
    passages, iterates = [None, None], [a]
    for t in range(experiment.steps + 1):
        errors = (
            np.linalg.norm(data.X @ a - data.y_star) / np.linalg.norm(data.y_star),
            np.linalg.norm(a - data.a_star) / np.linalg.norm(data.a_star),
        )
        for i in range(2):
            if passages[i] is None and errors[i] <= levels[i]:
                passages[i] = t
        a = update(data.X, data.y_star, a, t, passages[0])
        iterates.append(a)
    return passages, np.array(iterates[: experiment.steps + 1])


def subgradient(alpha, beta):
    return lambda X, y, a, t, t1: a - alpha * (X.T @ (X @ a - y) + beta * np.sign(a))


def ista(alpha, beta, beta2=0.0):
    def update(X, y, a, t, t1):
        v = a - alpha * (X.T @ (X @ a - y))
        return np.sign(v) * np.maximum(np.abs(v) - alpha * beta, 0) / (1 + alpha * beta2)

    return update


def projected(alpha, beta):
    def update(X, y, a, t, t1):
        v = a - alpha * beta * np.sign(a)
        return v - np.linalg.pinv(X) @ (X @ v - y)

    return update


def ridge(alpha, beta):
    return lambda X, y, a, t, t1: a - alpha * (X.T @ (X @ a - y) + beta * a)


def switched(alpha, beta):
    def update(X, y, a, t, t1):
        return subgradient(alpha, beta if t1 is not None else 0.0)(X, y, a, t, t1)

    return update


SMALL = lb.SparseRecovery.code(n=30, s=2, N=14, seed=3)
CASES = [
    (lb.L1(1e-3), lb.Subgradient(0.1), subgradient(0.1, 1e-3)),
    (lb.L1(1e-3), lb.ProximalGradient(0.1), ista(0.1, 1e-3)),
    (lb.L1(1e-3) + lb.L2(1e-3), lb.ProximalGradient(0.1), ista(0.1, 1e-3, 1e-3)),
    (lb.L1(1e-3), lb.ProjectedSubgradient(0.1), projected(0.1, 1e-3)),
    (lb.L2(1e-3), lb.GradientDescent(0.1), ridge(0.1, 1e-3)),
    (lb.L1(lb.SwitchOn(1e-3)), lb.Subgradient(0.1), switched(0.1, 1e-3)),
]


@pytest.mark.parametrize(("penalty", "method", "update"), CASES)
def test_step_equals_the_plain_loop(penalty, method, update):
    experiment = lb.Experiment(
        SMALL, penalty, method, steps=2000, thresholds=(0.1, 0.5), record=lb.Every(1)
    )
    (t1, t2), iterates = loop(experiment, update)
    result = simulate_step([experiment])[0]
    assert t1 is not None
    assert (result.t1.step, result.t2.step) == (t1, t2)
    assert list(result.steps) == list(range(2001))
    np.testing.assert_allclose(result.params, iterates, rtol=0, atol=1e-13)


def test_step_records_what_is_asked_and_the_passages():
    experiment = lb.Experiment(
        SMALL, lb.L1(1e-3), steps=1000, thresholds=(0.1, 0.9), record=lb.At((7, 500))
    )
    result = simulate_step([experiment])[0]
    assert result.t1.step is not None
    assert result.t2.step is not None
    assert list(result.steps) == sorted({0, 7, 500, 1000, result.t1.step, result.t2.step})


@pytest.mark.parametrize("record", [lb.At((1,)), lb.LogSpaced(3), lb.Every(97)])
def test_records_are_rows_of_the_full_run(record):
    experiment = lb.Experiment(SMALL, lb.L1(1e-3), steps=777, record=lb.Every(1))
    full = simulate_step([experiment])[0]
    some = simulate_step([experiment.with_(record=record)])[0]
    np.testing.assert_array_equal(some.params, full.params[some.steps])


def test_a_batch_equals_its_members_run_alone():
    problems = [lb.SparseRecovery.code(n=30, s=2, N=14, seed=seed) for seed in range(4)]
    experiments = [
        lb.Experiment(p, lb.L1(b), lb.ProximalGradient(a), steps=2000, thresholds=(1e-2, 0.1))
        for p, a, b in zip(problems, (0.05, 0.1, 0.1, 0.12), (1e-3, 1e-2, 1e-4, 1e-3), strict=True)
    ]
    together = simulate_step(experiments)
    for experiment, result in zip(experiments, together, strict=True):
        alone = simulate_step([experiment])[0]
        assert (result.t1, result.t2) == (alone.t1, alone.t2)
        np.testing.assert_array_equal(result.steps, alone.steps)
        np.testing.assert_allclose(result.params, alone.params, rtol=0, atol=1e-14)


def test_a_batch_of_different_shapes_is_refused():
    other = lb.Experiment(lb.SparseRecovery(n=12, s=1, N=6), lb.L1(1e-3), steps=10)
    with pytest.raises(lb.Unsupported, match="one shape"):
        simulate_step([lb.Experiment(SMALL, lb.L1(1e-3), steps=10), other])


# --- matrices -------------------------------------------------------------------------------------

rolled = pytest.mark.usefixtures("rolled_loop")
MATRIX = data_for(lb.Nuclear(1.0))
MATRICES = {k: p for k, p in linear_problems().items() if len(p.shape) == 2}
STEPS = 30


def matrix_run(problem, penalty, method, model=None, **settings):
    """Return what the engine made of every step, from a random start."""
    model = model or lb.Linear()
    shape = model.shape(problem.shape)
    start = np.random.default_rng(8).standard_normal(shape) * model.used(problem.shape) / 2
    settings = {"thresholds": (0.2, 0.6), "record": lb.Every(1), "init": start, **settings}
    experiment = lb.Experiment(problem, penalty, method, model, steps=STEPS, **settings)
    return experiment, simulate_step([experiment])[0]


def assert_plain_matrix_run(problem, penalty, plain, method):
    """Assert that the engine makes the iterates and passages of a few lines of NumPy."""
    experiment, result = matrix_run(problem, penalty, method)
    X, y, truth = design(problem), problem.y_star.ravel(), problem.a_star.ravel()
    update = UPDATES[type(method).__name__]
    iterates = np.array(update(X, y, experiment.start.ravel(), method.alpha, plain, STEPS))
    flat = result.params.reshape(STEPS + 1, -1)
    np.testing.assert_allclose(flat, iterates, rtol=0, atol=1e-11)
    train = np.linalg.norm(iterates @ X.T - y, axis=1) / np.linalg.norm(y)
    test = np.linalg.norm(iterates - truth, axis=1) / np.linalg.norm(truth)
    for passage, errors, level in ((result.t1, train, 0.2), (result.t2, test, 0.6)):
        below = np.flatnonzero(errors <= level)
        assert passage.step == (below[0] if below.size else None)


@pytest.mark.parametrize("method", examples("method").values(), ids=examples("method"))
@rolled
def test_step_on_a_matrix_equals_the_plain_loop(method):
    penalty, plain = lb.Nuclear(0.05), plain_nuclear(0.05, MATRIX.shape)
    method = type(method)(0.4 * MATRIX.alpha_max)
    if method.why_not(penalty, lb.Linear()):
        with pytest.raises(lb.Unsupported):
            lb.Experiment(MATRIX, penalty, method)
        penalty, plain = None, plain_none()
    assert_plain_matrix_run(MATRIX, penalty, plain, method)


@pytest.mark.parametrize("kind", [lb.Subgradient, lb.ProximalGradient])
@rolled
def test_step_with_the_frobenius_norm_equals_the_plain_loop(kind):
    assert_plain_matrix_run(
        MATRIX, lb.Frobenius(0.05), plain_norm(0.05), kind(0.4 * MATRIX.alpha_max)
    )


@pytest.mark.parametrize("problem", MATRICES.values(), ids=MATRICES)
@rolled
def test_step_on_every_matrix_problem_equals_the_plain_loop(problem):
    method = lb.ProjectedSubgradient(0.4 * problem.alpha_max)  # takes operator and correction
    plain = plain_nuclear(0.05, problem.shape)
    assert_plain_matrix_run(problem, lb.Nuclear(0.05), plain, method)


@pytest.mark.parametrize(
    "model",
    [m for m in linear_models().values() if not isinstance(m, lb.Linear | lb.HadamardDifference)],
    ids=lambda m: type(m).__name__,
)
@rolled
def test_step_with_a_deep_model_of_a_matrix_takes_the_automatic_derivative(model):
    method, penalty = lb.Subgradient(0.01), lb.Nuclear(0.05)
    experiment, result = matrix_run(MATRIX, penalty, method, model)
    with x64():
        oracle, start = jax_oracle(MATRIX, model), jax.numpy.asarray(experiment.start)
        expected = np.array(library_iterates(method, penalty, oracle, start, STEPS))
    np.testing.assert_allclose(result.params, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize(
    ("problems", "penalty"),
    [
        # Each its own mask; then one set of measurements for all.
        ([lb.MatrixCompletion(n1=5, n2=4, r=1, N=15, seed=k) for k in (0, 1, 5)], lb.Nuclear),
        ([MATRIX] * 3, lb.Frobenius),
    ],
    ids=["drawn", "shared"],
)
@rolled
def test_a_batch_of_matrices_equals_its_members_run_alone(problems, penalty):
    together = [
        lb.Experiment(p, penalty(b), lb.Subgradient(a), steps=200, thresholds=(0.05, 0.3))
        for p, a, b in zip(problems, (0.02, 0.03, 0.05), (1e-3, 1e-2, 1e-1), strict=True)
    ]
    for experiment, result in zip(together, simulate_step(together), strict=True):
        alone = simulate_step([experiment])[0]
        assert (result.t1, result.t2) == (alone.t1, alone.t2)
        np.testing.assert_array_equal(result.steps, alone.steps)
        np.testing.assert_allclose(result.params, alone.params, rtol=0, atol=1e-12)


@rolled
def test_different_operators_are_not_one_batch():
    A = np.ones((3, 4))
    masked = lb.MaskedMatrix(mask=A, Y=A, A_star=A)
    experiments = [lb.Experiment(p, lb.Nuclear(0.1), steps=5) for p in (MATRIX, masked)]
    with pytest.raises(lb.Unsupported, match="one shape"):
        simulate_step(experiments)


@rolled
def test_a_diverging_matrix_run_ends_with_its_step():
    experiment = lb.Experiment(MATRIX, lb.Nuclear(0.1), lb.Subgradient(3 * MATRIX.alpha_max))
    with pytest.raises(lb.InvalidInput, match="not below"):
        lb.simulate(experiment)
    run = lb.simulate(experiment.with_(steps=1000), force=True)
    assert run.phases.verdict == "diverged"
    assert run.phases.diverged_at < 100


# --- the other engines ----------------------------------------------------------------------------


def assert_same(fast, reference):
    """Equal passages and supports, iterates to 1e-10 relative, at every recorded step."""
    assert (fast.t1, fast.t2) == (reference.t1, reference.t2)
    np.testing.assert_array_equal(fast.steps, reference.steps)
    np.testing.assert_array_equal(fast.params != 0, reference.params != 0)
    scale = np.abs(reference.params).max(axis=1, keepdims=True)
    assert np.all(np.abs(fast.params - reference.params) <= 1e-10 * scale)


def compare_proximal(count, size, seed, steps):
    reached = 0
    for experiments in batches(count, size, seed, steps):
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


def test_divergence_is_a_result_with_its_step():
    alpha = 1.05 * PUBLISHED.alpha_max
    experiment = lb.Experiment(PUBLISHED, lb.L1(1e-5), lb.Subgradient(alpha), steps=10**5)
    run = lb.simulate(experiment, force=True)
    assert run.phases.verdict == "diverged"
    # The loop with the documented bound: training error above 10^6 max(1, initial relative error).
    a, X, y = np.array(experiment.start), PUBLISHED.X, PUBLISHED.y_star
    for step in range(10**5):
        if np.linalg.norm(X @ a - y) > 1e6 * max(
            np.linalg.norm(y), np.linalg.norm(X @ experiment.start - y)
        ):
            break
        a = subgradient(alpha, 1e-5)(X, y, a, step, None)
    assert run.phases.diverged_at == step
    assert np.isfinite(run.trajectory["a"].values).all()


def test_an_unstable_step_size_is_refused_with_both_numbers():
    experiment = lb.Experiment(PUBLISHED, lb.L1(1e-5), lb.Subgradient(0.3))
    with pytest.raises(lb.InvalidInput, match=r"alpha = 0\.3 .*0\.2809"):
        lb.simulate(experiment)


@pytest.mark.parametrize("engine", ["step", "jump"])
def test_ctrl_c_keeps_what_is_done(engine):
    def stop(done, total):
        if done > 5000:
            raise KeyboardInterrupt

    method = lb.Subgradient(0.1) if engine == "step" else lb.ProximalGradient(0.1)
    experiment = lb.Experiment(PUBLISHED, lb.L1(1e-5), method, steps=10**9)
    run = lb.simulate(experiment, engine=engine, progress=stop)
    assert run.interrupted
    assert 5000 < run.trajectory.step[-1] < 10**9
    assert run.phases.t1.step == 60


def test_importing_and_simulating_leave_the_precision_of_jax_alone():
    import jax.numpy as jnp

    lb.simulate(lb.Experiment(SMALL, lb.L1(1e-3), steps=10), engine="step")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert jnp.asarray(1.0).dtype == ("float64" if jax.config.jax_enable_x64 else "float32")
    assert not jax.config.jax_enable_x64


def test_auto_takes_the_cheapest_exact_engine():
    def engine(penalty, method, model=None):
        e = lb.Experiment(SMALL, penalty, method, model or lb.Linear(), steps=100)
        return lb.simulate(e).engine

    assert engine(lb.L1(1e-3), lb.ProximalGradient(0.1)) == "jump"
    assert engine(lb.L1(1e-3), lb.Subgradient(0.1)) == "step"
    assert engine(lb.L2(1e-3), lb.Subgradient(0.1)) == "spectral"
    assert engine(None, lb.GradientDescent(0.1)) == "spectral"
    assert engine(None, lb.GradientDescent(0.1), lb.Hadamard(2)) == "step"
    assert engine(lb.Euclidean(1e-3), lb.ProximalGradient(0.1)) == "step"


@pytest.mark.parametrize(
    ("engine", "penalty", "method", "match"),
    [
        ("jump", lb.L1(1e-3), lb.FISTA(0.1), "ProximalGradient"),
        ("jump", lb.Euclidean(1e-3), lb.ProximalGradient(0.1), "L1 and L2"),
        ("jump", lb.L1(lb.PowerDecay(1e-3)), lb.ProximalGradient(0.1), "constant"),
        ("spectral", lb.L1(1e-3), lb.Subgradient(0.1), "L2"),
    ],
)
def test_an_engine_that_does_not_apply_says_why(engine, penalty, method, match):
    with pytest.raises(lb.Unsupported, match=match):
        lb.simulate(lb.Experiment(SMALL, penalty, method, steps=10), engine=engine)


def test_an_unknown_engine_names_the_nearest():
    with pytest.raises(lb.InvalidInput, match="did you mean 'spectral'"):
        lb.simulate(lb.Experiment(SMALL, lb.L1(1e-3), steps=10), engine="spectal")


def duplicated(seed):
    """A problem with equal columns, where coordinates tie to the last digit."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((30, 60)) / 6
    X[:, 30:] = X[:, rng.integers(0, 30, 30)]
    a_star = np.zeros(60)
    a_star[rng.choice(60, 4, replace=False)] = rng.standard_normal(4)
    y = X @ a_star + 1e-3 * rng.standard_normal(30)
    return lb.SparseRecovery.from_arrays(X, y, a_star)


@pytest.mark.parametrize("seed", range(40, 52))
def test_ties_do_not_keep_a_run_or_its_limit_going_for_ever(seed):
    problem = duplicated(seed)
    alpha = (0.1, 1.0, 1.9)[seed % 3] / problem.sigma_max
    experiment = lb.Experiment(problem, lb.L1(1e-2), lb.ProximalGradient(alpha), steps=10**15)
    end = run_engine("jump", experiment).params[-1]
    gradient = problem.X.T @ (problem.X @ end - problem.y_star)
    # The optimality condition of the lasso, written out.
    assert np.abs(gradient).max() <= 1e-2 * (1 + 1e-9)
    np.testing.assert_allclose(gradient[end != 0], -1e-2 * np.sign(end[end != 0]), atol=1e-10)


@pytest.mark.parametrize("engine", ["spectral", "step"])
def test_a_dip_that_comes_later_is_not_called_infeasible(engine):
    # a runs through a* on its way from 0 to y: the test error dips to 0 and rises to 1.
    problem = lb.SparseRecovery.from_arrays(np.eye(1), np.array([1.0]), np.array([0.5]))
    whole = lb.Experiment(
        problem, None, lb.GradientDescent(0.01), init=0.0, steps=10_000, thresholds=(1e-3, 0.05)
    )
    # 1 - 0.99^t >= 0.475 first at t = ln(0.525) / ln(0.99) = 64.1.
    run = lb.simulate(whole, engine=engine)
    assert run.phases.t2.step == 65
    early = lb.simulate(whole.with_(steps=64), engine=engine)
    assert early.phases.t2.kind == "censored"
    never = lb.simulate(whole.with_(thresholds=(1e-3, 1e-6)), engine=engine)
    assert never.phases.t2.kind == "infeasible"


def test_a_threshold_at_the_floor_to_the_last_digit_is_decided():
    # That the search ends is what is tested; rounding may decide these three either way.
    experiment = lb.Experiment(PUBLISHED, lb.L1(1e-4), lb.ProximalGradient(0.1), steps=10**6)
    floor = float(lb.simulate(experiment).trajectory["test_error"][-1])
    for threshold in (floor * (1 - 1e-15), floor, floor * (1 + 1e-15)):
        run = lb.simulate(experiment.with_(thresholds=(1e-3, threshold), steps=10**15))
        assert run.phases.t2.kind in ("exact", "infeasible", "censored")
    assert lb.simulate(experiment.with_(thresholds=(1e-3, 1.01 * floor))).phases.t2.kind == "exact"


def test_a_run_too_short_for_a_proved_t2_is_undecided_not_memorized_only():
    experiment = lb.Experiment(
        lb.SparseRecovery.code(N=30), lb.L1(1e-5), lb.ProximalGradient(0.1), steps=1000
    )
    t2 = lb.simulate(experiment.with_(steps=10**6)).phases.t2.step
    assert t2 > 1000
    for engine in ("jump", "step"):
        found = lb.simulate(experiment, engine=engine).phases
        assert (found.t2.kind, found.verdict) == ("censored", "undecided")


def test_crossing_zero_without_a_threshold_is_no_event():
    problem = lb.SparseRecovery(n=30, s=2, N=60, seed=1)
    alpha = 0.9999 * problem.alpha_max  # a mode changes its sign at every step
    experiment = lb.Experiment(problem, lb.L2(1e-9), lb.ProximalGradient(alpha), steps=10**6)
    jumped = lb.simulate(experiment, engine="jump")
    assert jumped.events == 0
    exact = lb.simulate(experiment, engine="spectral").phases
    assert (jumped.phases.t1.step, jumped.phases.t2.step) == (exact.t1.step, exact.t2.step)


def test_an_average_within_the_margin_of_its_bracket_decides_nothing():
    problem = lb.SparseRecovery.code(n=40, N=30, s=2)
    experiment = lb.Experiment(problem, lb.L1(1e-4), lb.Subgradient(0.1), steps=10**6)
    end = float(lb.simulate(experiment, engine="jump").trajectory["test_error"][-1])
    found = lb.simulate(experiment.with_(thresholds=(1e-3, 1.02 * end)), engine="jump").phases
    assert (found.t2.kind, found.verdict) == ("censored", "undecided")
    assert f"{end:.3g} <= {1.02 * end:.3g}" in found.reason


def test_the_note_speaks_of_a_bracket_only_where_there_is_one():
    problem = lb.SparseRecovery.code(n=40, N=30, s=2)
    experiment = lb.Experiment(problem, lb.L1(1e-4), lb.ProjectedSubgradient(0.1), steps=10**6)
    late = lb.simulate(experiment.with_(thresholds=(1e-3, 0.1)), engine="jump")
    assert late.phases.t2.kind == "bracketed"
    assert "t2 is a bracket" in late.notes[0]
    start = float(late.trajectory["test_error"][0])
    early = lb.simulate(experiment.with_(thresholds=(1e-3, 0.99 * start)), engine="jump")
    assert early.phases.t2.kind == "exact"
    assert "bracket" not in early.notes[0]


@pytest.mark.parametrize("s", [1, 5, 30])
@pytest.mark.parametrize("steps", [10, 300, 10**5])
def test_what_comes_after_a_run_is_the_same_from_its_end_as_from_its_start(s, steps):
    problem = lb.SparseRecovery.code(n=40, s=s, N=20, seed=4)
    experiment = lb.Experiment(
        problem, lb.L1(1e-4), lb.ProximalGradient(0.1), steps=steps, thresholds=(1e-4, 1e-2)
    )
    found = lb.simulate(experiment, engine="jump").phases
    whole, end = run_engine("jump", experiment.with_(steps=10**15)), lb.limit(experiment)
    both = zip(
        (found.t1, found.t2),
        (whole.t1, whole.t2),
        (end.train_floor, end.test_floor),
        experiment.thresholds,
        strict=True,
    )
    for passage, ever, floor, threshold in both:
        if ever.step is not None:
            kind = "exact" if ever.step <= steps else "censored"
        else:
            kind = "infeasible" if floor > threshold else "censored"
        assert passage.kind == kind
        if kind == "infeasible":
            assert passage.floor == pytest.approx(floor, rel=1e-9)


@pytest.mark.parametrize("spread", [1e-1, 1e-2, 1e-3, 3e-4, 1e-6])
@pytest.mark.parametrize("shape", [(30, 12), (30, 29), (30, 30), (25, 30)])
def test_every_way_to_decompose_gives_the_singular_values_that_were_built_in(spread, shape, rng):
    r = min(shape)
    U, V = (np.linalg.qr(rng.standard_normal((m, r)))[0] for m in shape)
    built = np.geomspace(1.0, spread, r)
    X = (U * built) @ V.T
    found = decompose(X)
    order = np.argsort(-found.s)
    # Some roundings of the largest, also where the Gram matrix has lost three digits more.
    np.testing.assert_allclose(found.s[order], built, rtol=0, atol=1e-14)
    for basis, exact in ((found.U[:, order], U), (found.Vt.T[:, order], V)):
        np.testing.assert_allclose(np.abs((basis * exact).sum(axis=0)), 1.0, rtol=0, atol=1e-9)


@pytest.mark.parametrize("fastest", [0.5, 1.0, 1.9])
def test_first_exit_is_that_of_every_step_looked_at(fastest, rng):
    found = 0
    for _ in range(200):
        p = np.append(fastest * 10.0 ** -rng.uniform(0, 4, 5), 0.0)
        # The slow modes weigh little in every step, as in a run: the sums have turns at any time.
        weight = rng.standard_normal((4, 6)) * np.append(p[:-1], 1e-4)
        constant, room = rng.standard_normal(4), rng.uniform(0.5, 3.0, 4)
        least, most = constant - room, constant + np.where(rng.random(4) < 0.5, room, np.inf)
        modes = Modes(p)
        steps = np.arange(20_001, dtype=float)
        value = constant[:, None] + weight @ modes.psi(steps)
        out = ((value < least[:, None]) | (value > most[:, None])).any(axis=0)
        expected = int(out.argmax()) if out.any() else None
        assert LinearFunctions(modes, constant, weight, least, most).first_exit(0, 20_000) == (
            expected
        )
        found += expected is not None and expected > 100
    assert found >= 10  # not all of them leave at once
