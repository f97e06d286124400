"""The minimizer with the nuclear norm against closed forms and literal optimality conditions."""

import numpy as np
import pytest
from helpers import KINDS, measure

from latebloom import InvalidInput
from latebloom.problems.operators import Entries, Tensor
from latebloom.theory.nuclear_limit import nuclear_certificate, solve_regularized, unique_minimizer


def instance(kind, seed, n1=6, n2=5, r=1, N=22, noise=0.0):
    rng = np.random.default_rng(seed)
    operator = measure(kind, rng, n1, n2, N)
    a_star = rng.standard_normal((n1, r)) @ rng.standard_normal((r, n2))
    y = operator.forward(a_star + noise * rng.standard_normal((n1, n2)))
    return operator, a_star, y, np.linalg.norm(operator.adjoint(y), 2)


def threshold(A, level):
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    return (U * np.maximum(s - level, 0.0)) @ Vt


def objective(operator, y, beta, A):
    r = y - operator.forward(A)
    return 0.5 * np.sum(r**2) + beta * np.linalg.svd(A, compute_uv=False).sum()


def proximal_gradient(operator, y, beta, shape, steps):
    A, size = np.zeros(shape), operator.largest()
    for _ in range(steps):
        A = threshold(A + operator.adjoint(y - operator.forward(A)) / size, beta / size)
    return A


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_minimizer_is_the_limit_of_proximal_gradient(kind, seed):
    operator, _, y, top = instance(kind, seed, N=25, noise=0.1)
    A = solve_regularized(operator, y, 0.2 * top, (6, 5))
    plain = proximal_gradient(operator, y, 0.2 * top, (6, 5), 3000)
    assert np.linalg.norm(A - plain) <= 1e-5 * np.linalg.norm(plain)
    assert objective(operator, y, 0.2 * top, A) <= objective(operator, y, 0.2 * top, plain) + 1e-12


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strength", [0.3, 1e-2, 1e-5, 1e-8])
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_optimality_conditions_hold_literally(kind, strength, noise):
    operator, _, y, top = instance(kind, 5, N=24, noise=noise)
    beta = strength * top
    A = solve_regularized(operator, y, beta, (6, 5))
    found = nuclear_certificate(operator, y, beta, A)
    assert 0 <= found.relative_gap <= 1e-6
    assert found.proves()
    # Z / beta is a subgradient of the norm at A if ||Z|| <= beta and <Z, A> = beta ||A||_*.
    Z = operator.adjoint(y - operator.forward(A)) / beta
    length = np.linalg.svd(A, compute_uv=False).sum()
    assert np.linalg.norm(Z, 2) <= 1 + 1e-5
    assert np.sum(Z * A) == pytest.approx(length, rel=1e-5)


@pytest.mark.parametrize("n1", [4, 7])
@pytest.mark.parametrize("strength", [0.9, 0.3, 1e-3])
def test_full_mask_has_a_closed_form(n1, strength, rng):
    y = rng.standard_normal((n1, 5))
    beta = strength * np.linalg.norm(y, 2)
    full = Entries(np.ones((n1, 5)))
    A = solve_regularized(full, y, beta, (n1, 5))
    assert np.allclose(A, threshold(y, beta), atol=1e-10)
    found = nuclear_certificate(full, y, beta, threshold(y, beta))
    assert found.relative_gap <= 1e-11
    assert found.relative_kkt <= 1e-11
    assert unique_minimizer(full, y, beta, A)


def test_one_measurement_has_a_closed_form():
    # y = <X, A> with X = diag(2, 1): all of A goes to the larger singular value.
    X = Tensor(np.diag([2.0, 1.0])[None])
    A = solve_regularized(X, np.array([3.0]), 0.5, (2, 2))
    assert np.allclose(A, np.diag([(2 * 3.0 - 0.5) / 4, 0.0]), atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_above_the_largest_singular_value_the_minimizer_is_zero(kind):
    operator, _, y, top = instance(kind, 1)
    A = solve_regularized(operator, y, 1.001 * top, (6, 5))
    assert not A.any()
    found = nuclear_certificate(operator, y, 1.001 * top, A)
    assert found.gap <= 1e-15 * found.primal
    assert found.kkt == 0
    assert solve_regularized(operator, y, 0.99 * top, (6, 5)).any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_gap_is_primal_minus_the_value_of_a_feasible_dual_point(kind, seed):
    operator, _, y, top = instance(kind, seed, noise=0.3)
    rng = np.random.default_rng(seed + 100)
    A = rng.standard_normal((6, 2)) @ rng.standard_normal((2, 5))
    beta = 0.1 * top
    found = nuclear_certificate(operator, y, beta, A)
    nu = found.dual_vector.reshape(y.shape)
    assert np.linalg.norm(operator.adjoint(nu), 2) <= beta * (1 + 1e-10)
    value = 0.5 * np.sum(y**2) - 0.5 * np.sum((y - nu) ** 2)
    assert found.primal == pytest.approx(objective(operator, y, beta, A))
    assert found.dual == pytest.approx(value, abs=1e-10 * found.primal)
    least = objective(operator, y, beta, solve_regularized(operator, y, beta, (6, 5)))
    assert value <= least * (1 + 1e-12)
    assert found.gap >= found.primal - least - 1e-10 * found.primal


def test_dependent_measurements_and_data_outside_the_range(rng):
    X = rng.standard_normal((8, 4, 4))
    operator = Tensor(np.concatenate([X, X]))
    y = rng.standard_normal(16)
    beta = 1e-3 * np.linalg.norm(operator.adjoint(y), 2)
    A = solve_regularized(operator, y, beta, (4, 4))
    found = nuclear_certificate(operator, y, beta, A)
    assert found.proves()
    # The mean of the two copies of the data, with twice the weight.
    once = solve_regularized(Tensor(X), (y[:8] + y[8:]) / 2, beta / 2, (4, 4))
    assert np.allclose(A, once, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_small_strengths_lead_to_the_ground_truth_at_their_own_rate(kind):
    operator, a_star, y, top = instance(kind, 4, N=28)
    ends = [solve_regularized(operator, y, b * top, (6, 5)) for b in (1e-4, 1e-6, 1e-8)]
    errors = [np.linalg.norm(A - a_star) / np.linalg.norm(a_star) for A in ends]
    assert errors[0] < 1e-2
    assert errors[1] == pytest.approx(errors[0] / 100, rel=1e-2)
    assert errors[2] == pytest.approx(errors[1] / 100, rel=1e-2)
    # Rank 1 is approached, not always taken: further singular values may be of the order of beta.
    assert np.linalg.svd(ends[2], compute_uv=False)[1] < 1e-6
    assert unique_minimizer(operator, y, 1e-8 * top, ends[2])


def test_start_does_not_change_the_end(rng):
    operator, _, y, top = instance("entries", 3, N=26, noise=0.1)
    beta = 1e-4 * top
    A = solve_regularized(operator, y, beta, (6, 5))
    for start in (A, rng.standard_normal((6, 5)), np.zeros((6, 5))):
        assert np.allclose(solve_regularized(operator, y, beta, (6, 5), start), A, atol=1e-6)


def test_uniqueness_is_denied_where_other_minimizers_exist():
    # Two entries of a diagonal: [[1, s], [s, 1]] / 2 has the same residual and norm for |s| <= 1.
    y, A, other = np.eye(2), np.eye(2) / 2, np.array([[0.5, 0.3], [0.3, 0.5]])
    X = Entries(np.eye(2))
    for point in (A, other):
        assert nuclear_certificate(X, y, 0.5, point).gap <= 1e-15
        assert not unique_minimizer(X, y, 0.5, point)
    # Another size of one entry: only the larger singular value is left.
    y = np.diag([1.0, 0.25])
    assert unique_minimizer(X, y, 0.5, solve_regularized(X, y, 0.5, (2, 2)))


@pytest.mark.parametrize("kind", KINDS)
def test_unique_minimizer_is_shorter_than_its_neighbours(kind):
    operator, _, y, top = instance(kind, 7, N=20, noise=0.1)
    beta = 1e-2 * top
    A = solve_regularized(operator, y, beta, (6, 5))
    assert unique_minimizer(operator, y, beta, A)
    rng = np.random.default_rng(0)
    least = objective(operator, y, beta, A)
    for _ in range(100):
        D = rng.standard_normal((6, 5))
        assert objective(operator, y, beta, A + 1e-2 * D) > least


def test_bad_input_is_refused():
    X = Entries(np.ones((2, 2)))
    for beta in (0.0, -1.0):
        with pytest.raises(InvalidInput, match="beta"):
            nuclear_certificate(X, np.eye(2), beta, np.eye(2))
        with pytest.raises(InvalidInput, match="beta"):
            solve_regularized(X, np.eye(2), beta, (2, 2))
    with pytest.raises(InvalidInput, match="start has shape"):
        solve_regularized(X, np.eye(2), 0.1, (2, 2), np.ones((3, 2)))
