"""Models: predictors as plain products, and the invariants of deep diagonal networks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import (
    iterate,
    jax_oracle,
    linear_data,
    linear_models,
    of_matrices,
    unchecked,
    unknowns,
    x64,
)

import latebloom as lb

MODELS = {
    **linear_models(),
    **{f"Hadamard {L}": lb.Hadamard(depth=L) for L in (1, 3, 4)},
    **{f"HadamardDifference {L}": lb.HadamardDifference(depth=L) for L in (1, 3)},
    "MatrixProduct 3": lb.MatrixProduct(depth=3),
    "MatrixProduct narrow": lb.MatrixProduct(depth=2, width=1),
    "MatrixProduct wide": lb.MatrixProduct(depth=3, width=6),
}
every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def deep_steps(X, y, A, alpha, beta, steps):
    """Equation 118 of the paper in plain NumPy: A(0), ..., A(steps), each of shape (L, n)."""
    out = [A]
    for _ in range(steps):
        G = X.T @ (X @ np.prod(A, axis=0) - y)
        others = np.array([np.prod(np.delete(A, i, axis=0), axis=0) for i in range(len(A))])
        A = (1 - alpha * beta) * A - alpha * others * G
        out.append(A)
    return np.array(out)


# --- Predictors -----------------------------------------------------------------------------------


@every_model
def test_shapes_and_the_initialization_by_a_number(model):
    for unknown in unknowns(model):
        start = model.initial(0.5, unknown)
        assert start.shape == model.shape(unknown)
        assert start.dtype == np.float64
        # A number is a multiple of ones, or of the identity where the parameters are matrices.
        identity = isinstance(model, lb.Linear | lb.MatrixProduct) and len(unknown) == 2
        pattern = np.eye(*start.shape[-2:]) if identity else np.ones(unknown)
        np.testing.assert_array_equal(
            start, 0.5 * pattern * model.used(unknown) * np.ones_like(start)
        )
        assert model.predictor(start, unknown).shape == unknown


@every_model
def test_jax_agrees_with_numpy_and_derivatives_are_finite_at_zero(model, rng):
    unknown = unknowns(model)[0]
    params = rng.standard_normal(model.shape(unknown)) * model.used(unknown)
    params[..., 0] = 0.0

    def predictor(params):
        return model.predictor(params, unknown)

    with x64():
        got = jax.jit(predictor)(jnp.asarray(params))
        slopes = jax.jacobian(predictor)(jnp.asarray(params))
    np.testing.assert_allclose(got, predictor(params), rtol=1e-13, atol=1e-14)
    assert np.isfinite(slopes).all()


@every_model
def test_padding_has_no_part_in_the_predictor_and_no_gradient(model, rng):
    for unknown in unknowns(model):
        used = np.broadcast_to(model.used(unknown), model.shape(unknown))
        params = rng.standard_normal(used.shape) * used
        weights = rng.standard_normal(unknown)
        with x64():
            slope = jax.grad(lambda p, u=unknown, w=weights: (w * model.predictor(p, u)).sum())(
                jnp.asarray(params)
            )
        np.testing.assert_array_equal(np.asarray(slope)[used == 0], 0)
        assert np.asarray(slope)[used == 1].any()


@pytest.mark.parametrize("unknown", [(6,), (3, 6)])
@every_model
def test_predictor_acts_entry_by_entry(model, unknown, rng):
    if of_matrices(model):
        return  # products of matrices mix the entries: test_matrix_product.py
    params = rng.standard_normal(model.shape(unknown))
    order = rng.permutation(6)
    np.testing.assert_array_equal(
        model.predictor(params[..., order], unknown), model.predictor(params, unknown)[..., order]
    )


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_hadamard_is_the_product_of_its_layers(depth, rng):
    A = rng.standard_normal((depth, 6))
    np.testing.assert_allclose(
        lb.Hadamard(depth).predictor(A, (6,)), np.prod(A, axis=0), rtol=1e-14
    )


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_hadamard_difference_is_a_difference_of_powers(depth, rng):
    u, v = params = rng.standard_normal((2, 6))
    expected = np.prod([u] * depth, axis=0) - np.prod([v] * depth, axis=0)
    got = lb.HadamardDifference(depth).predictor(params, (6,))
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)
    same = lb.HadamardDifference(depth).predictor(np.array([u, u]), (6,))
    np.testing.assert_array_equal(same, 0 * u)


def test_linear_is_the_identity(rng):
    for unknown in unknowns():
        x = rng.standard_normal(unknown)
        np.testing.assert_array_equal(lb.Linear().predictor(x, unknown), x)


@pytest.mark.parametrize("penalty", [None, lb.L1(0.1), lb.L2(0.1)], ids=["none", "L1", "L2"])
def test_depth_one_runs_like_the_linear_model(penalty, rng):
    problem, start = linear_data(), rng.standard_normal(9)
    method = lb.ProximalGradient(0.5 * problem.alpha_max)
    with x64():
        flat, deep = (
            iterate(method, penalty, jax_oracle(problem, m), jnp.asarray(x), 20)[-1]
            for m, x in ((lb.Linear(), start), (lb.Hadamard(depth=1), start[None]))
        )
    np.testing.assert_allclose(deep[0], flat, rtol=1e-13)


@pytest.mark.parametrize("kind", [lb.Hadamard, lb.HadamardDifference])
@pytest.mark.parametrize("depth", [0, -1, 2.5, True, "2", None])
def test_impossible_depths_are_refused(kind, depth):
    with unchecked(), pytest.raises(lb.InvalidInput, match=r"depth = .*must be an integer >= 1"):
        kind(depth=depth)


# --- Dynamics of deep diagonal networks -----------------------------------------------------------


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("beta", [0.0, 0.05])
def test_gradient_descent_with_weight_decay_is_equation_118(depth, beta, rng):
    problem, model = linear_data(), lb.Hadamard(depth=depth)
    A = 0.5 * rng.standard_normal((depth, 9))
    expected = deep_steps(problem.X, problem.y_star, A, 0.01, beta, 30)
    with x64():
        got = iterate(
            lb.GradientDescent(0.01), lb.L2(beta), jax_oracle(problem, model), jnp.asarray(A), 30
        )
        got = np.array(got)
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


def test_equations_119_and_120_are_exact_at_depth_two(rng):
    """The product a and c = A_1^2 + A_2^2 obey a recursion of their own."""
    problem, alpha, beta = linear_data(), 0.01, 0.05
    X, y = problem.X, problem.y_star
    A = deep_steps(X, y, 0.5 * rng.standard_normal((2, 9)), alpha, beta, 200)
    a, c = A[0, 0] * A[0, 1], A[0, 0] ** 2 + A[0, 1] ** 2
    shrink = 1 - alpha * beta
    for step in range(1, 201):
        G = X.T @ (X @ a - y)
        a, c = (
            shrink**2 * a - alpha * shrink * c * G + alpha**2 * a * G**2,
            shrink**2 * c - 4 * alpha * shrink * a * G + alpha**2 * c * G**2,
        )
        np.testing.assert_allclose(a, A[step, 0] * A[step, 1], rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(c, (A[step] ** 2).sum(axis=0), rtol=1e-10, atol=1e-13)


def balance_drift(depth, alpha, time):
    """How far A_i^2 - A_j^2 moves under gradient descent up to time = steps * alpha."""
    problem, model = linear_data(), lb.Hadamard(depth=depth)
    A = 0.5 * np.random.default_rng(1).standard_normal((depth, 9))
    with x64():
        oracle = jax_oracle(problem, model)
        steps = round(time / alpha)
        end = iterate(lb.GradientDescent(alpha), None, oracle, jnp.asarray(A), steps)[-1]
    moved = np.abs(np.asarray(end) - A).max()
    balance = [np.diff(P**2, axis=0) for P in (A, np.asarray(end))]
    return np.abs(balance[1] - balance[0]).max(), moved


@pytest.mark.parametrize("depth", [2, 3])
def test_differences_of_squares_are_conserved_in_the_gradient_flow_limit(depth):
    coarse, moved = balance_drift(depth, 2e-3, 0.5)
    fine, _ = balance_drift(depth, 1e-3, 0.5)
    assert moved > 0.1  # something happened
    assert fine < 0.02 * moved
    assert coarse / fine == pytest.approx(2, rel=0.1)  # the drift is of first order in alpha


def test_difference_of_squares_shrinks_exactly_by_one_minus_alpha_squared_G_squared(rng):
    problem, alpha = linear_data(), 0.05
    A = rng.standard_normal((2, 9))
    G = problem.X.T @ (problem.X @ (A[0] * A[1]) - problem.y_star)
    with x64():
        oracle = jax_oracle(problem, lb.Hadamard(depth=2))
        new = np.asarray(iterate(lb.GradientDescent(alpha), None, oracle, jnp.asarray(A), 1)[1])
    expected = (A[0] ** 2 - A[1] ** 2) * (1 - alpha**2 * G**2)
    np.testing.assert_allclose(new[0] ** 2 - new[1] ** 2, expected, rtol=1e-11, atol=1e-12)


SIGNED = lb.LinearData(X=np.eye(4), y_star=np.array([1.0, -0.8, 0.5, -1.2]))


def run_from(model, zeta, steps=1000):
    """Return the predictors along gradient descent on X = I from the constant initialization."""
    with x64():
        start = jnp.asarray(model.initial(zeta, (4,)))
        oracle = jax_oracle(SIGNED, model)
        runs = iterate(lb.GradientDescent(0.05), None, oracle, start, steps)
        return np.array([model.predictor(np.asarray(params), (4,)) for params in runs])


def test_tied_layers_never_cross_zero_and_fit_only_the_positive_part():
    a = run_from(lb.Hadamard(depth=2), 0.1)
    assert (a >= 0).all()
    np.testing.assert_allclose(a[-1], np.maximum(SIGNED.y_star, 0), atol=1e-6)


def test_difference_of_powers_reaches_negative_entries():
    a = run_from(lb.HadamardDifference(depth=2), 0.1)
    np.testing.assert_array_equal(a[0], np.zeros(4))
    np.testing.assert_allclose(a[-1], SIGNED.y_star, atol=1e-6)
