"""The engine `step` against plain NumPy loops, in vectors and matrices."""

import jax
import numpy as np
import pytest
from engine_helpers import SMALL, ista, loop, ridge, subgradient
from helpers import data_for, design, examples, jax_oracle, linear_models, linear_problems, x64
from helpers import iterate as library_iterates
from plain_updates import UPDATES, plain_none, plain_norm, plain_nuclear

import latebloom as lb
from latebloom.engines import step, step_program
from latebloom.engines.step import simulate_step


def projected(alpha, beta):
    def update(X, y, a, t, t1):
        v = a - alpha * beta * np.sign(a)
        return v - np.linalg.pinv(X) @ (X @ v - y)

    return update


def switched(alpha, beta):
    def update(X, y, a, t, t1):
        return subgradient(alpha, beta if t1 is not None else 0.0)(X, y, a, t, t1)

    return update


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


def test_a_long_run_is_unrolled_and_equals_the_plain_loop(monkeypatch):
    monkeypatch.setattr(step_program, "LONG", 2000)
    experiment = lb.Experiment(SMALL, *CASES[0][:2], steps=2000)
    assert step_program.Program.of(experiment, batched=False, shared=False).unroll > 1
    assert (
        step_program.Program.of(experiment.with_(steps=1999), batched=False, shared=False).unroll
        == 1
    )
    test_step_equals_the_plain_loop(*CASES[0])


def test_runs_of_different_lengths_share_a_program():
    experiment = lb.Experiment(SMALL, lb.L1(1e-3), steps=100)
    simulate_step([experiment])
    before = step._advance._cache_size()
    for steps, record in ((321, lb.LogSpaced(10)), (50, lb.Every(1))):
        run = simulate_step([experiment.with_(steps=steps, record=record)])[0]
        assert run.steps[-1] == run.done == steps
    assert step._advance._cache_size() == before


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
def test_step_on_a_matrix_equals_the_plain_loop(method):
    penalty, plain = lb.Nuclear(0.05), plain_nuclear(0.05, MATRIX.shape)
    method = type(method)(0.4 * MATRIX.alpha_max)
    if method.why_not(penalty, lb.Linear()):
        with pytest.raises(lb.Unsupported):
            lb.Experiment(MATRIX, penalty, method)
        penalty, plain = None, plain_none()
    assert_plain_matrix_run(MATRIX, penalty, plain, method)


@pytest.mark.parametrize("kind", [lb.Subgradient, lb.ProximalGradient])
def test_step_with_the_frobenius_norm_equals_the_plain_loop(kind):
    assert_plain_matrix_run(
        MATRIX, lb.Frobenius(0.05), plain_norm(0.05), kind(0.4 * MATRIX.alpha_max)
    )


@pytest.mark.parametrize("problem", MATRICES.values(), ids=MATRICES)
def test_step_on_every_matrix_problem_equals_the_plain_loop(problem):
    method = lb.ProjectedSubgradient(0.4 * problem.alpha_max)  # takes operator and correction
    plain = plain_nuclear(0.05, problem.shape)
    assert_plain_matrix_run(problem, lb.Nuclear(0.05), plain, method)


@pytest.mark.parametrize(
    "model",
    [m for m in linear_models().values() if not isinstance(m, lb.Linear | lb.HadamardDifference)],
    ids=lambda m: type(m).__name__,
)
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


def test_different_operators_are_not_one_batch():
    A = np.ones((3, 4))
    masked = lb.MaskedMatrix(mask=A, Y=A, A_star=A)
    experiments = [lb.Experiment(p, lb.Nuclear(0.1), steps=5) for p in (MATRIX, masked)]
    with pytest.raises(lb.Unsupported, match="one shape"):
        simulate_step(experiments)


def test_a_diverging_matrix_run_ends_with_its_step():
    experiment = lb.Experiment(MATRIX, lb.Nuclear(0.1), lb.Subgradient(3 * MATRIX.alpha_max))
    with pytest.raises(lb.InvalidInput, match="not below"):
        lb.simulate(experiment)
    run = lb.simulate(experiment.with_(steps=1000), force=True)
    assert run.phases.verdict == "diverged"
    assert run.phases.diverged_at < 100
