"""Certificates against closed forms, brute force over sign patterns, and a long plain ISTA run."""

import itertools

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import latebloom as lb
from latebloom.theory import lasso_certificate


def data(X, y):
    return lb.SparseRecovery.from_arrays(np.asarray(X, float), np.asarray(y, float))


def draw(seed, N, n):
    rng = np.random.default_rng(seed)
    return rng, data(rng.standard_normal((N, n)), rng.standard_normal(N))


def objective(problem, l1, l2, a):
    r = problem.X @ a - problem.y_star
    return 0.5 * r @ r + l1 * np.abs(a).sum() + 0.5 * l2 * a @ a


def brute_force(problem, l1, l2):
    """The minimizer, by trying every sign pattern: within one the objective is quadratic."""
    X, y = problem.X, problem.y_star
    best = np.zeros(X.shape[1])
    for signs in itertools.product((-1, 0, 1), repeat=X.shape[1]):
        sign = np.array(signs)
        on = sign != 0
        gram = X[:, on].T @ X[:, on] + l2 * np.eye(on.sum())
        a = np.zeros(sign.size)
        a[on] = np.linalg.lstsq(gram, X[:, on].T @ y - l1 * sign[on], rcond=None)[0]
        if objective(problem, l1, l2, a) < objective(problem, l1, l2, best):
            best = a
    return best


def penalty(l1, l2):
    return lb.L1(l1) + lb.L2(l2) if l2 else lb.L1(l1)


points = st.tuples(
    st.integers(0, 2**32 - 1),
    st.integers(1, 6),
    st.integers(1, 6),
    st.floats(-4, 1),
    st.sampled_from([0.0, 1e-3, 1.0]),
    st.floats(-3, 2),
)


@given(points)
def test_gap_bounds_the_distance_to_every_other_value(case):
    seed, N, n, log_l1, l2, log_size = case
    rng, problem = draw(seed, N, n)
    a, b = 10**log_size * rng.standard_normal((2, n)) * (rng.random((2, n)) < 0.6)
    found = lasso_certificate(problem, penalty(10**log_l1, l2), a)
    assert found.gap >= 0
    assert found.primal == pytest.approx(objective(problem, 10**log_l1, l2, a))
    # Weak duality: the dual value is below the objective everywhere.
    assert found.dual <= objective(problem, 10**log_l1, l2, b) + 1e-12 * found.primal


@given(points)
def test_dual_vector_is_feasible_and_has_the_dual_value(case):
    seed, N, n, log_l1, l2, log_size = case
    rng, problem = draw(seed, N, n)
    l1 = 10**log_l1
    found = lasso_certificate(problem, penalty(l1, l2), 10**log_size * rng.standard_normal(n))
    theta = found.dual_vector
    excess = np.maximum(np.abs(problem.X.T @ theta) - l1, 0)
    value = theta @ problem.y_star - 0.5 * theta @ theta
    scale = found.primal + problem.y_star @ problem.y_star
    if l2 == 0:
        # Rounding in y's part outside the range; it must not grow with the point.
        rounding = 1e-14 * np.abs(problem.X).max() * np.abs(problem.y_star).sum()
        assert excess.max() <= 1e-12 * l1 + rounding
        assert value == pytest.approx(found.dual, abs=1e-12 * scale)
    else:  # the dual with the second block minimized out is at least as good
        assert value - excess @ excess / (2 * l2) >= found.dual - 1e-12 * scale


@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(8))
def test_brute_force_minimum_is_certified_and_gap_bounds_the_excess(seed, l2):
    rng, problem = draw(seed, 3, 4)
    l1 = 0.2 * float(np.abs(problem.X.T @ problem.y_star).max())
    best = brute_force(problem, l1, l2)
    found = lasso_certificate(problem, penalty(l1, l2), best)
    assert found.relative_gap < 1e-13
    assert found.relative_kkt < 1e-13
    assert found.proves(1e-12)
    for size in (1e-6, 1e-2, 1.0):
        near = best + size * rng.standard_normal(4)
        other = lasso_certificate(problem, penalty(l1, l2), near)
        excess = objective(problem, l1, l2, near) - objective(problem, l1, l2, best)
        assert excess <= other.gap * (1 + 1e-9)
        assert other.kkt > 0
        assert not other.proves(1e-13)


@pytest.mark.parametrize("beta", [1e-9, 1e-3, 0.5])
def test_orthonormal_columns_are_solved_by_the_soft_threshold(rng, beta):
    Q = np.linalg.qr(rng.standard_normal((8, 5)))[0]
    problem = data(Q, rng.standard_normal(8))
    z = Q.T @ problem.y_star
    a = np.sign(z) * np.maximum(np.abs(z) - beta, 0)
    found = lasso_certificate(problem, lb.L1(beta), a)
    # Measurements outside the range of Q do not spoil the dual point.
    assert found.gap <= 1e-14
    assert found.kkt <= 1e-14
    assert lasso_certificate(problem, lb.L1(beta), a + 0.1).relative_gap > 1e-4


def test_long_ista_run_on_the_published_instance_converges_in_the_gap():
    problem = lb.SparseRecovery.code(n=40, s=2, N=20)
    X, y, alpha, beta = problem.X, problem.y_star, 0.1, 1e-3
    a, gaps = np.zeros(40), []
    for t in range(20_001):
        if t in (0, 100, 5000, 20_000):
            gaps.append(lasso_certificate(problem, lb.L1(beta), a).relative_gap)
        z = a - alpha * (X.T @ (X @ a - y))
        a = np.sign(z) * np.maximum(np.abs(z) - alpha * beta, 0)
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 1e-12


def test_kkt_residual_by_hand():
    problem = data(np.eye(3), [3.0, 0.5, -2.0])
    # -grad = y - a = (1.5, 0.5, 0): on the support |1.5 - 1|, at zero inside [-1, 1], and |0 + 1|.
    found = lasso_certificate(problem, lb.L1(1.0), np.array([1.5, 0.0, -2.0]))
    assert found.kkt == found.relative_kkt == 1.0
    found = lasso_certificate(problem, lb.L1(0.2), np.array([2.8, 0.0, -1.8]))
    assert found.kkt == pytest.approx(0.3)
    assert found.relative_kkt == pytest.approx(1.5)


def test_large_beta_is_solved_by_zero_and_the_gap_is_relative_to_the_value():
    problem = data(np.eye(2), [1.0, -2.0])
    found = lasso_certificate(problem, lb.L1(2.0), np.zeros(2))
    assert (found.primal, found.gap, found.relative_gap, found.kkt) == (2.5, 0.0, 0.0, 0.0)
    below = lasso_certificate(problem, lb.L1(1.0), np.zeros(2))
    assert below.relative_gap == pytest.approx(below.gap / 2.5)
    assert below.gap >= objective(problem, 1.0, 0, np.zeros(2)) - objective(
        problem, 1.0, 0, np.array([0.0, -1.0])
    )


def test_ridge_gap_bounds_the_excess_and_vanishes_at_the_closed_form():
    rng, problem = draw(1, 4, 6)
    beta = 0.1
    best = np.linalg.solve(problem.X.T @ problem.X + beta * np.eye(6), problem.X.T @ problem.y_star)
    found = lasso_certificate(problem, lb.L2(beta), best)
    assert found.relative_gap < 1e-25
    assert found.relative_kkt < 1e-14
    away = best + 0.1 * rng.standard_normal(6)
    far = lasso_certificate(problem, lb.L2(beta), away)
    excess = objective(problem, 0, beta, away) - objective(problem, 0, beta, best)
    assert 0 < excess <= far.gap
    theta = far.dual_vector
    z = problem.X.T @ theta
    assert far.dual == pytest.approx(
        theta @ problem.y_star - 0.5 * theta @ theta - z @ z / (2 * beta)
    )


def test_least_squares_gap_is_the_excess():
    rng, problem = draw(2, 6, 3)
    a = rng.standard_normal(3)
    found = lasso_certificate(problem, None, a)
    best = objective(problem, 0, 0, np.linalg.lstsq(problem.X, problem.y_star, rcond=None)[0])
    assert found.gap == pytest.approx(objective(problem, 0, 0, a) - best)
    assert found.kkt == pytest.approx(np.abs(problem.X.T @ (problem.X @ a - problem.y_star)).max())
    assert lasso_certificate(problem, None, problem.a_hat).relative_gap < 1e-28
    # Interpolation: the minimum is 0, and the gap of the minimizer is still small, relatively.
    _, wide = draw(3, 3, 6)
    assert lasso_certificate(wide, None, wide.a_hat).proves()


def test_numbers_for_a_table():
    document = lasso_certificate(data(np.eye(2), [1, 0]), lb.L1(0.5), np.zeros(2)).to_dict()
    assert set(document) == {"primal", "dual", "gap", "relative_gap", "kkt", "relative_kkt"}
    assert all(isinstance(v, float) for v in document.values())


def test_bad_input_names_what_is_wrong():
    problem = data(np.eye(2), [1.0, 0.0])
    with pytest.raises(lb.Unsupported, match="Euclidean"):
        lasso_certificate(problem, lb.Euclidean(1.0), np.zeros(2))
    with pytest.raises(lb.Unsupported, match="constant strength"):
        lasso_certificate(problem, lb.L1(lb.SwitchOn(1.0)), np.zeros(2))
    with pytest.raises(lb.InvalidInput, match=r"\(3,\).*\(2,\)"):
        lasso_certificate(problem, lb.L1(1.0), np.zeros(3))
    with pytest.raises(lb.InvalidInput, match="non-finite"):
        lasso_certificate(problem, lb.L1(1.0), np.array([np.nan, 0.0]))
