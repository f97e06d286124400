"""Methods: every registered member against a few lines of NumPy, limits, optima and refusals."""

import re
from math import inf, nan

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import (
    data_for,
    design,
    iterate,
    jax_oracle,
    lasso_residual,
    linear_data,
    linear_models,
    linear_problems,
    penalties,
    unchecked,
    x64,
)
from method_helpers import run
from plain_updates import (
    UPDATES,
    plain_elastic,
    plain_l1,
    plain_l2,
    plain_none,
    plain_norm,
    plain_nuclear,
)

import latebloom as lb
from latebloom.core.spec import FAMILIES
from latebloom.methods import Optimizer, Step

METHODS = FAMILIES["method"]


PENALTIES = {"None": None, **penalties()}


MODELS = linear_models()


PLAIN = {
    "None": (None, plain_none()),
    "L1": (lb.L1(0.3), plain_l1(0.3)),
    "L2": (lb.L2(0.7), plain_l2(0.7)),
    "L1 + L2": (lb.L1(0.3) + lb.L2(0.7), plain_elastic(0.3, 0.7)),
}


PROBLEMS = linear_problems()


every_method = pytest.mark.parametrize("name", sorted(METHODS))


every_penalty = pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)


every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def applies(method, penalty, model=None):
    """Return whether a method says that it applies."""
    return method.why_not(penalty, model or lb.Linear()) is None


# --- Updates --------------------------------------------------------------------------------------


def assert_plain_updates(name, penalty, plain, problem, start, method):
    """Assert that a method makes the iterates of its few lines of NumPy, on a matrix of rows."""
    assert name in UPDATES, f"write {name} in a few lines of NumPy in helpers.UPDATES"
    if not applies(method, penalty):
        with pytest.raises(lb.Unsupported):
            method.require(penalty, lb.Linear())
        return
    X, y = design(problem), problem.y_star.ravel()
    expected = UPDATES[name](X, y, start.ravel(), method.alpha, plain, 25)
    got = run(method, penalty, problem, start, 25).reshape(26, -1)
    np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-12)


@every_method
@pytest.mark.parametrize(("penalty", "plain"), PLAIN.values(), ids=PLAIN)
@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_iterates_are_those_of_the_plain_loop(name, penalty, plain, problem, rng):
    method = METHODS[name](alpha=0.4 * problem.alpha_max)
    start = rng.standard_normal(problem.shape)
    assert_plain_updates(name, penalty, plain, problem, start, method)


MATRICES = {name: problem for name, problem in PROBLEMS.items() if len(problem.shape) == 2}


@every_method
@pytest.mark.parametrize("problem", MATRICES.values(), ids=MATRICES)
def test_iterates_of_matrix_penalties_are_those_of_the_plain_loop(name, problem, rng):
    method = METHODS[name](alpha=0.4 * problem.alpha_max)
    start = rng.standard_normal(problem.shape)
    for penalty, plain in (
        (lb.Nuclear(0.1), plain_nuclear(0.1, problem.shape)),
        (lb.Frobenius(0.1), plain_norm(0.1)),
    ):
        assert_plain_updates(name, penalty, plain, problem, start, method)


# Optimizers are in JAX only, and compared with NumPy above.
IN_BOTH = [name for name in sorted(METHODS) if not issubclass(METHODS[name], Optimizer)]


@pytest.mark.parametrize("name", IN_BOTH)
@every_penalty
def test_jax_agrees_with_numpy_also_when_compiled(name, penalty, rng):
    problem = data_for(penalty)
    start = rng.standard_normal(problem.shape)
    method = METHODS[name](alpha=0.4 * problem.alpha_max)
    if not applies(method, penalty):
        assert method.why_not(penalty, lb.Linear())
        return
    expected = run(method, penalty, problem, start, 5)
    with x64():
        oracle = jax_oracle(problem, lb.Linear())

        @jax.jit
        def update(params, memory, alpha, beta, t):
            return method.update(params, memory, Step(oracle, penalty, alpha, beta, t))

        params = jnp.asarray(start)
        memory = method.start(params)
        beta = penalty.strength() if penalty else None
        for t in range(5):
            params, memory = update(params, memory, method.alpha, beta, t)
            assert params.dtype == np.float64
            np.testing.assert_allclose(params, expected[t + 1], rtol=1e-11, atol=1e-12)


@every_method
@every_penalty
@every_model
def test_what_applies_runs_and_what_does_not_names_methods_that_do(name, penalty, model, rng):
    problem, method = data_for(penalty, model), METHODS[name](alpha=0.01)
    if applies(method, penalty, model):
        assert method.require(penalty, model) is None
    else:
        with pytest.raises(lb.Unsupported) as error:
            method.require(penalty, model)
        message = str(error.value)
        assert message.startswith(f"{name}: {method.why_not(penalty, model)}")
        assert "\n" not in message
        working = message.rsplit("methods that work: ", 1)[1].split(", ")
        # Each of them runs in its own case of this test.
        assert working == [m for m in sorted(METHODS) if applies(METHODS[m](0.1), penalty, model)]
        assert name not in working
        assert working
        return
    with x64():
        oracle = jax_oracle(problem, model)
        start = 0.3 * rng.standard_normal(model.shape(problem.shape)) * model.used(problem.shape)
        end = iterate(method, penalty, oracle, jnp.asarray(start), 2)[-1]
        assert end.shape == start.shape
        assert np.isfinite(end).all()
        assert (end != start).any()
        assert (np.asarray(end)[start == 0] == 0).all()  # padding stays


def test_refusals_say_why():
    reasons = {
        lb.GradientDescent(0.1).why_not(lb.L1(1.0) + lb.L2(1.0), lb.Linear()): "L1 has kinks",
        lb.ProjectedSubgradient(0.1).why_not(None, lb.Linear()): "without a penalty",
        lb.ProjectedSubgradient(0.1).why_not(lb.L1(1.0), lb.Hadamard()): "Hadamard.*not affine",
    }
    for reason, expected in reasons.items():
        assert re.search(expected, reason)


@pytest.mark.parametrize("alpha", [0, -0.1, nan, inf, True, "0.1", None])
@every_method
def test_impossible_step_sizes_are_refused(name, alpha):
    with unchecked(), pytest.raises(lb.InvalidInput, match=f"{name}.alpha") as error:
        METHODS[name](alpha=alpha)
    assert "must be a finite number > 0" in str(error.value)


# --- Step size limits -----------------------------------------------------------------------------


def limits():
    """Return method, penalty and limit wherever it is finite, without a penalty and with ridge."""
    problem, found = linear_data(), []
    for name in sorted(METHODS):
        for penalty in (None, lb.L2(3.0)):
            method = METHODS[name](alpha=0.1)
            if applies(method, penalty):
                limit = method.alpha_limit(problem, penalty, lb.Linear())
                if np.isfinite(limit):
                    found.append(pytest.param(name, penalty, limit, id=f"{name}-{penalty}"))
    return found


def distance(name, penalty, alpha, steps):
    """Return the distances to the minimizer, by a direct solve, at the start and at the end."""
    problem = linear_data()
    ridge = penalty.beta if penalty else 0.0
    X, y = problem.X, problem.y_star
    Q = X.T @ X + ridge * np.eye(9)
    best = np.linalg.lstsq(Q, X.T @ y, rcond=1e-12)[0]
    _, _, Vt = np.linalg.svd(X)
    top = Vt[0]  # the direction in which the iteration is least stable
    if name == "ProjectedSubgradient":  # walks in the null space only, to the smallest interpolator
        best, top = np.linalg.pinv(X) @ y, Vt[-1]
    a = run(METHODS[name](alpha), penalty, problem, best + 1e-3 * top, steps)
    return np.abs((a - best) @ top)[[0, -1]]


@pytest.mark.parametrize(("name", "penalty", "limit"), limits())
def test_just_below_the_limit_converges(name, penalty, limit):
    first, last = distance(name, penalty, 0.998 * limit, 4000)
    assert last < 0.01 * first


@pytest.mark.parametrize(("name", "penalty", "limit"), limits())
def test_just_above_the_limit_diverges(name, penalty, limit):
    if issubclass(METHODS[name], lb.ProximalGradient) and penalty is not None:
        # Known to be conservative: the proximal operator of L2 damps, true limit 2/(sigma - beta).
        limit = 2 / (2 / limit - penalty.beta)
    elif issubclass(METHODS[name], lb.FISTA) and penalty is not None:
        # By the same argument: alpha sigma - 1 < (1 + alpha beta)/3.
        limit = 4 / (4 / limit - penalty.beta)
    first, last = distance(name, penalty, 1.01 * limit, 4000)
    assert last > 100 * first


def test_limits_have_the_closed_forms_of_the_theory():
    problem = linear_data()
    sigma = np.linalg.eigvalsh(problem.X.T @ problem.X)[-1]
    ridge = lb.L2(1.0) + lb.L2(2.0)
    expected = {
        (lb.GradientDescent, None): 2 / sigma,
        (lb.GradientDescent, ridge): 2 / (sigma + 3),
        (lb.Subgradient, lb.L1(5.0) + ridge): 2 / (sigma + 3),
        (lb.Subgradient, lb.L1(5.0)): 2 / sigma,
        (lb.ProximalGradient, lb.L1(5.0)): 2 / sigma,
        (lb.FISTA, None): 4 / (3 * sigma),
        (lb.ProjectedSubgradient, lb.L1(5.0)): inf,
        (lb.ProjectedSubgradient, lb.L1(5.0) + ridge): 2 / 3,
    }
    for (kind, penalty), limit in expected.items():
        got = kind(0.1).alpha_limit(problem, penalty, lb.Linear())
        assert got == pytest.approx(limit, rel=1e-12)


@every_method
def test_there_is_no_known_limit_for_nonlinear_models_or_a_zero_X(name):
    method = METHODS[name](0.1)
    assert method.alpha_limit(linear_data(), None, lb.Hadamard()) == inf
    assert method.alpha_limit(lb.LinearData(np.zeros((2, 3)), np.ones(2)), None, lb.Linear()) == inf


@pytest.mark.parametrize(("name", "penalty", "limit"), limits())
def test_unstable_step_sizes_are_refused_with_both_numbers(name, penalty, limit):
    problem = linear_data()
    stable = METHODS[name](0.999 * limit)
    assert stable.require_stable(problem, penalty, lb.Linear()) is None
    for alpha in (limit, 2 * limit):
        with pytest.raises(lb.InvalidInput) as error:
            METHODS[name](alpha).require_stable(problem, penalty, lb.Linear())
        message = str(error.value)
        assert f"alpha = {alpha:g} " in message
        assert f" {limit:.6g} ({METHODS[name].limit_formula}" in message
        curved = limit < METHODS[name](alpha).alpha_limit(problem, None, lb.Linear())
        assert ("curvature of the penalty" in message) == curved
        assert "\n" not in message


# --- Optima ---------------------------------------------------------------------------------------

PROXIMAL = [n for n in sorted(METHODS) if issubclass(METHODS[n], lb.ProximalGradient | lb.FISTA)]


@pytest.mark.parametrize("name", PROXIMAL)
def test_orthonormal_X_gives_the_soft_threshold(name, rng):
    Q, _ = np.linalg.qr(rng.standard_normal((7, 7)))
    problem, beta = lb.LinearData(Q, rng.standard_normal(7)), 0.6
    a = run(METHODS[name](0.7), lb.L1(beta), problem, np.ones(7), 400)[-1]
    z = Q.T @ problem.y_star
    np.testing.assert_allclose(a, np.sign(z) * np.maximum(np.abs(z) - beta, 0), atol=1e-12)
    assert 0 < np.count_nonzero(a) < 7


@pytest.mark.parametrize("name", PROXIMAL)
def test_limit_satisfies_the_optimality_conditions_of_the_lasso(name):
    problem, beta = linear_data(N=6, n=12, seed=3), 0.2
    a = run(METHODS[name](0.9 / problem.sigma_max), lb.L1(beta), problem, np.ones(12), 5000)[-1]
    assert lasso_residual(problem, a, beta) < 1e-9
    assert 0 < np.count_nonzero(a) < 12


def lasso_values(name, alpha, steps, beta=0.2):
    """Return the objective along a run, its minimum, and the squared distance at the start."""
    problem = linear_data(N=6, n=12, seed=3)
    start = np.ones(12)
    best = run(lb.ProximalGradient(1 / problem.sigma_max), lb.L1(beta), problem, start, 5000)[-1]
    assert lasso_residual(problem, best, beta) < 1e-9
    a = np.vstack([run(METHODS[name](alpha), lb.L1(beta), problem, start, steps), best])
    f = 0.5 * ((a @ problem.X.T - problem.y_star) ** 2).sum(1) + beta * np.abs(a).sum(1)
    return f[:-1], f[-1], np.sum((start - best) ** 2)


@pytest.mark.parametrize("share", [0.5, 1.0, 1.9])
def test_proximal_gradient_never_increases_the_objective(share):
    f, _, _ = lasso_values("ProximalGradient", share / linear_data(6, 12, 3).sigma_max, 500)
    assert (np.diff(f) <= 1e-13 * f[0]).all()


def test_proximal_gradient_keeps_its_rate():
    """For alpha <= 1/sigma_max, f(a_T) - f* <= ||a_0 - a_f||^2 / (2 alpha T): appendix D."""
    alpha = 1 / linear_data(6, 12, 3).sigma_max
    f, best, far = lasso_values("ProximalGradient", alpha, 500)
    T = np.arange(1, f.size)
    assert (f[1:] - best <= far / (2 * alpha * T) + 1e-12).all()


def test_fista_keeps_its_faster_rate():
    """Beck and Teboulle, theorem 4.4: f(a_T) - f* <= 2 ||a_0 - a_f||^2 / (alpha (T + 1)^2)."""
    alpha = 1 / linear_data(6, 12, 3).sigma_max
    f, best, far = lasso_values("FISTA", alpha, 500)
    T = np.arange(1, f.size)
    assert (f[1:] - best <= 2 * far / (alpha * (T + 1) ** 2) + 1e-12).all()


def test_subgradient_chatters_within_alpha_beta_of_the_lasso():
    problem, beta = lb.LinearData(np.eye(3), np.array([1.0, 0.05, -0.02])), 0.3
    alpha = 0.1
    a = run(lb.Subgradient(alpha), lb.L1(beta), problem, np.ones(3), 2000)[-200:]
    assert np.abs(a[:, 0] - 0.7).max() < 1e-12  # soft threshold of 1 at 0.3
    chatter = np.abs(a[:, 1:]).max(axis=0)
    assert (chatter > 0).all()
    assert (chatter <= alpha * (beta + np.abs(problem.y_star[1:]))).all()


@every_penalty
def test_gradient_descent_is_the_smooth_case_of_the_subgradient_method(penalty, rng):
    problem = data_for(penalty)
    start = rng.standard_normal(problem.shape)
    method = lb.GradientDescent(0.01)
    assert applies(method, penalty) == (penalty is None or penalty.smooth)
    if applies(method, penalty):
        one, two = (run(m, penalty, problem, start, 9) for m in (method, lb.Subgradient(0.01)))
        np.testing.assert_array_equal(one, two)


def test_ridge_is_reached_by_explicit_and_implicit_steps(rng):
    problem, beta = linear_data(), 0.5
    exact = np.linalg.solve(
        problem.X.T @ problem.X + beta * np.eye(9), problem.X.T @ problem.y_star
    )
    for kind in (lb.GradientDescent, lb.ProximalGradient, lb.FISTA):
        method = kind(0.5 * problem.alpha_max)
        a = run(method, lb.L2(beta), problem, rng.standard_normal(9), 3000)[-1]
        np.testing.assert_allclose(a, exact, atol=1e-10)
