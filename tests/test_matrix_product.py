"""Products of matrices: predictors, gradients, padding, balance, and the pull to low rank."""

import functools
import itertools

import jax.numpy as jnp
import numpy as np
import pytest
from helpers import (
    iterate,
    jax_oracle,
    linear_data,
    masked_matrix,
    matrix_data,
    penalties,
    unchecked,
    x64,
)

import latebloom as lb

CASES = [
    (lb.MatrixProduct(2), (3, 4), [(3, 3), (3, 4)]),
    (lb.MatrixProduct(2), (4, 3), [(4, 3), (3, 3)]),
    (lb.MatrixProduct(3), (3, 3), [(3, 3), (3, 3), (3, 3)]),
    (lb.MatrixProduct(3, width=1), (3, 4), [(3, 1), (1, 1), (1, 4)]),
    (lb.MatrixProduct(4, width=2), (4, 3), [(4, 2), (2, 2), (2, 2), (2, 3)]),
    (lb.MatrixProduct(2, width=7), (3, 4), [(3, 7), (7, 4)]),
    (lb.MatrixProduct(2), (1, 3), [(1, 1), (1, 3)]),
]
every_case = pytest.mark.parametrize(("model", "unknown", "shapes"), CASES)


def packed(model, unknown, factors):
    """Return factors in the upper left corners of squares of zeros."""
    params = np.zeros(model.shape(unknown))
    for square, factor in zip(params, factors, strict=True):
        square[: factor.shape[0], : factor.shape[1]] = factor
    return params


# --- Predictors and gradients ---------------------------------------------------------------------


@every_case
def test_predictor_is_the_product_of_the_factors(model, unknown, shapes, rng):
    factors = [rng.standard_normal(shape) for shape in shapes]
    params = packed(model, unknown, factors)
    product = functools.reduce(np.matmul, factors)
    np.testing.assert_allclose(model.predictor(params, unknown), product, atol=1e-13)
    assert np.linalg.matrix_rank(product) <= min(shapes[0])
    for mine, factor in zip(model.factors(params, unknown), factors, strict=True):
        np.testing.assert_array_equal(mine, factor)
    ones = packed(model, unknown, [np.ones(shape) for shape in shapes])
    np.testing.assert_array_equal(model.used(unknown), ones)
    assert model.factor_shapes(unknown) == tuple(shapes)


@every_case
def test_a_number_starts_every_factor_at_a_multiple_of_the_identity(model, unknown, shapes):
    expected = packed(model, unknown, [0.5 * np.eye(*shape) for shape in shapes])
    np.testing.assert_array_equal(model.initial(0.5, unknown), expected)


@pytest.mark.parametrize("model", [lb.MatrixProduct(2), lb.MatrixProduct(3, width=2)])
def test_gradient_against_finite_differences(model, rng):
    problem = matrix_data()
    params = rng.standard_normal(model.shape((3, 4))) * model.used((3, 4))

    def loss(p):
        A = functools.reduce(np.matmul, p)[:3, :4]
        return 0.5 * ((np.einsum("kij,ij->k", problem.X, A) - problem.y) ** 2).sum()

    with x64():
        gradient = np.asarray(jax_oracle(problem, model).gradient(jnp.asarray(params)))
    for index in np.argwhere(model.used((3, 4))):
        move = np.zeros_like(params)
        move[tuple(index)] = 1e-5
        slope = (loss(params + move) - loss(params - move)) / 2e-5
        assert gradient[tuple(index)] == pytest.approx(slope, rel=1e-6, abs=1e-6)


# --- Padding --------------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", penalties().values(), ids=penalties())
@pytest.mark.parametrize("method", [lb.Subgradient(0.01), lb.ProximalGradient(0.01)])
def test_padding_stays_exactly_zero_along_a_run(penalty, method, rng):
    model, problem = lb.MatrixProduct(3, width=2), matrix_data()
    used = model.used((3, 4))
    start = 0.5 * rng.standard_normal(used.shape) * used
    with x64():
        run = iterate(method, penalty, jax_oracle(problem, model), jnp.asarray(start), 4)
    end = np.asarray(run[-1])
    np.testing.assert_array_equal(end[used == 0], 0)
    assert (end != start)[used == 1].all()
    assert np.isfinite(end).all()


# --- Dynamics -------------------------------------------------------------------------------------


def imbalances(model, params, unknown):
    """Return A_i^T A_i - A_{i+1} A_{i+1}^T of neighbouring factors, one after the other."""
    factors = [np.asarray(factor) for factor in model.factors(params, unknown)]
    pairs = itertools.pairwise(factors)
    return np.concatenate([(one.T @ one - two @ two.T).ravel() for one, two in pairs])


def balance_drift(model, alpha, time):
    """Return how far the imbalances and the parameters move up to time = steps * alpha."""
    problem = matrix_data()
    used = model.used((3, 4))
    start = 0.5 * np.random.default_rng(1).standard_normal(used.shape) * used
    with x64():
        oracle = jax_oracle(problem, model)
        steps = round(time / alpha)
        end = iterate(lb.GradientDescent(alpha), None, oracle, jnp.asarray(start), steps)[-1]
    drift = imbalances(model, np.asarray(end), (3, 4)) - imbalances(model, start, (3, 4))
    return np.abs(drift).max(), np.abs(np.asarray(end) - start).max()


@pytest.mark.parametrize("model", [lb.MatrixProduct(2), lb.MatrixProduct(3, width=2)])
def test_imbalances_are_conserved_in_the_gradient_flow_limit(model):
    coarse, moved = balance_drift(model, 1e-3, 0.2)
    fine, _ = balance_drift(model, 5e-4, 0.2)
    assert moved > 0.1  # something happened
    assert fine < 0.02 * moved
    assert coarse / fine == pytest.approx(2, rel=0.1)  # the drift is of first order in alpha


def test_one_step_changes_the_imbalance_by_the_second_order_term_alone(rng):
    """A_1 - alpha G A_2^T and A_2 - alpha A_1^T G: only the squares of alpha remain."""
    A = np.arange(9.0).reshape(3, 3) / 4 - 1
    problem = lb.MaskedMatrix(mask=np.ones((3, 3)), Y=A, A_star=A)
    one, two = rng.standard_normal((2, 3, 3))
    model, alpha = lb.MatrixProduct(2), 0.05
    with x64():
        start = jnp.asarray(np.array([one, two]))
        end = iterate(lb.GradientDescent(alpha), None, jax_oracle(problem, model), start, 1)[1]
    G = one @ two - A
    change = alpha**2 * (two @ G.T @ G @ two.T - one.T @ G @ G.T @ one)
    before, after = (imbalances(model, np.asarray(p), (3, 3)) for p in (start, end))
    np.testing.assert_allclose(after - before, change.ravel(), atol=1e-12)


def test_depth_and_a_small_start_find_low_rank_without_any_penalty():
    problem = lb.MatrixCompletion(n1=8, n2=8, r=1, N=40, seed=1)
    base = lb.Experiment(problem, None, lb.GradientDescent(0.2), init=lb.Gaussian(1e-3), steps=3000)
    # Gradient descent on the entries themselves leaves the unobserved ones where they are.
    flat = lb.simulate(base, engine="step").trajectory
    deep = lb.simulate(base.with_(model=lb.MatrixProduct(2)), engine="step").trajectory
    for run in (flat, deep):
        assert run.train_error[-1] < 1e-4
    assert flat.test_error[-1] > 0.3
    assert deep.test_error[-1] < 1e-2
    assert deep.effective_rank[-1] < 1.05 < 2 < flat.effective_rank[-1]


def test_a_narrow_product_cannot_exceed_its_width():
    A = np.eye(3)
    problem = lb.MaskedMatrix(mask=np.ones((3, 3)), Y=A, A_star=A)
    experiment = lb.Experiment(
        problem,
        None,
        lb.GradientDescent(0.1),
        model=lb.MatrixProduct(2, width=1),
        init=lb.Gaussian(1.0, 2),
        steps=2000,
    )
    s = lb.simulate(experiment).trajectory.singular_values.values
    np.testing.assert_allclose(s[:, 1:], 0, atol=1e-14)
    # The nearest matrix of rank 1 to the identity leaves two of three unit singular values.
    np.testing.assert_allclose(s[-1, 0], 1, rtol=1e-6)


# --- Bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [0, 1, -1, 2.5, True, "2", None])
def test_impossible_depths_are_refused(depth):
    with unchecked(), pytest.raises(lb.InvalidInput, match=r"depth = .*must be an integer >= 2"):
        lb.MatrixProduct(depth=depth)


@pytest.mark.parametrize("width", [0, -1, 2.5, True, "2"])
def test_impossible_widths_are_refused(width):
    with unchecked(), pytest.raises(lb.InvalidInput, match=r"width = .*must be an integer >= 1"):
        lb.MatrixProduct(width=width)


def test_problems_in_a_vector_are_refused_with_the_model_that_fits():
    with pytest.raises(lb.InvalidInput, match=r"unknown has shape \(9,\).*Hadamard for vectors"):
        lb.Experiment(linear_data(), model=lb.MatrixProduct(2))
    assert lb.Experiment(masked_matrix(), model=lb.MatrixProduct(2)).start.shape == (2, 4, 4)
