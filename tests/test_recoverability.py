"""Recoverability against exhaustive searches on small problems."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

import latebloom as lb
from latebloom.theory import recoverability


def data(X, a_star):
    X, a_star = np.asarray(X, float), np.asarray(a_star, float)
    return lb.SparseRecovery.from_arrays(X, X @ a_star, a_star)


def sparse(rng, n, s):
    a = np.zeros(n)
    a[rng.choice(n, s, replace=False)] = 0.1 * rng.standard_normal(s)
    return a


def margin_by_vertices(X, a_star):
    """How much shorter a* is than any other vertex of the feasible set (negative: it is longer).

    An l1 minimum is attained at a vertex, a solution with linearly independent columns.
    """
    N, n = X.shape
    others = []
    for k in range(1, N + 1):
        for columns in itertools.combinations(range(n), k):
            sub = X[:, columns]
            if np.linalg.matrix_rank(sub) < k:
                continue
            z, *_ = np.linalg.lstsq(sub, X @ a_star, rcond=None)
            if np.allclose(sub @ z, X @ a_star, atol=1e-12):
                a = np.zeros(n)
                a[list(columns)] = z
                if not np.allclose(a, a_star, atol=1e-9):
                    others.append(np.abs(a).sum())
    return min(others, default=np.inf) - np.abs(a_star).sum()


@pytest.mark.parametrize("seed", range(40))
def test_answer_agrees_with_the_enumeration_of_all_vertices(seed):
    rng = np.random.default_rng(seed)
    N, n = (3, 6) if seed % 2 else (4, 7)
    s = int(rng.integers(1, N + 1))
    X, a_star = 0.1 * rng.standard_normal((N, n)), sparse(rng, n, s)
    gain = margin_by_vertices(X, a_star)
    assert abs(gain) > 1e-9  # random instances are not ties
    found = recoverability(data(X, a_star))
    assert found.recoverable == (gain > 0)
    assert (found.basis_pursuit_error < 1e-6) == (gain > 0)
    assert (found.dual_norm_off_support < 1) == (gain > 0)
    assert not found.by_least_squares


@pytest.mark.parametrize("seed", range(20))
def test_one_dimensional_kernel_has_the_null_space_condition(seed):
    rng = np.random.default_rng(seed)
    X, a_star = rng.standard_normal((6, 7)), sparse(rng, 7, 3)
    k = np.linalg.svd(X)[2][-1]
    on = a_star != 0
    # By linear programming duality the least dual norm is this ratio.
    ratio = abs(np.sign(a_star) @ k) / np.abs(k[~on]).sum()
    found = recoverability(data(X, a_star))
    assert found.dual_norm_off_support == pytest.approx(ratio, rel=1e-6)
    assert found.recoverable == (ratio < 1)


def by_the_kernel(problem):
    """The largest sign(a*)^T k on the support over ||k|| off it in l1, k in the kernel of X.

    The dual of the linear program that the library solves: k = p - q with p, q >= 0.
    """
    n = problem.a_star.size
    on = problem.a_star != 0
    gain = np.where(on, np.sign(problem.a_star), 0.0)
    off = (~on).astype(float)
    least = linprog(
        np.concatenate([-gain, gain]),
        A_ub=np.concatenate([off, off])[None],
        b_ub=[1.0],
        A_eq=np.hstack([problem.X, -problem.X]),
        b_eq=np.zeros(len(problem.X)),
        bounds=[(0, None)] * (2 * n),
    )
    assert least.success
    return -least.fun


def test_published_instance_is_recoverable_and_with_half_the_rows_it_is_not():
    problem = lb.SparseRecovery.code(seed=1, s=5, N=30)
    found = recoverability(problem)
    assert found.recoverable
    assert found.dual_norm_off_support == pytest.approx(0.598320, abs=1e-6)
    assert found.dual_norm_off_support == pytest.approx(by_the_kernel(problem), rel=1e-6)
    assert found.basis_pursuit_error < 1e-9
    assert "0.59832 < 1" in found.reason
    found = recoverability(lb.SparseRecovery.code(seed=6, s=5, N=15))
    assert not found.recoverable
    assert found.dual_norm_off_support > 1
    assert found.basis_pursuit_error > 1e-3


def test_noise_does_not_matter(rng):
    X, a_star = rng.standard_normal((10, 20)), sparse(rng, 20, 2)
    noisy = lb.SparseRecovery.from_arrays(X, X @ a_star + rng.standard_normal(10), a_star)
    assert recoverability(noisy) == recoverability(data(X, a_star))


def test_fewer_rows_than_nonzeros_is_hopeless(rng):
    found = recoverability(data(rng.standard_normal((3, 10)), sparse(rng, 10, 4)))
    assert not found.recoverable
    assert found.dual_norm_off_support is None
    assert "linearly dependent" in found.reason


def test_equal_columns_on_and_off_the_support_are_a_tie():
    X = np.array([[1.0, 1.0, 0.3], [0.0, 0.0, 0.2]])
    found = recoverability(data(X, [0.5, 0.0, 0.0]))
    assert not found.recoverable
    assert found.dual_norm_off_support == pytest.approx(1)
    assert "not the unique" in found.reason


def test_full_column_rank_needs_no_penalty(rng):
    X, a_star = rng.standard_normal((12, 8)), sparse(rng, 8, 8)
    found = recoverability(data(X, a_star))
    assert found.recoverable
    assert found.by_least_squares
    assert found.dual_norm_off_support == 0
    assert "least squares" in found.reason


def test_zero_is_recovered_by_the_zero_dual_vector(rng):
    found = recoverability(data(rng.standard_normal((3, 6)), np.zeros(6)))
    assert found.recoverable
    assert found.dual_norm_off_support == 0
    assert found.basis_pursuit_error is None


def test_rows_of_any_scale_and_rows_of_zeros_give_the_same_answer(rng):
    X, a_star = rng.standard_normal((12, 24)), sparse(rng, 24, 3)
    plain = recoverability(data(X, a_star))
    scaled = np.vstack([X * np.logspace(-5, 5, 12)[:, None], np.zeros((1, 24))])
    found = recoverability(data(scaled, 1e-6 * a_star))
    assert found.recoverable == plain.recoverable
    assert found.dual_norm_off_support == pytest.approx(plain.dual_norm_off_support, rel=1e-6)
    assert found.basis_pursuit_error == pytest.approx(plain.basis_pursuit_error, abs=1e-6)


def test_repeated_rows_and_a_rank_deficient_matrix(rng):
    X, a_star = rng.standard_normal((8, 20)), sparse(rng, 20, 2)
    once, twice = recoverability(data(X, a_star)), recoverability(data(np.vstack([X, X]), a_star))
    assert twice.recoverable == once.recoverable
    assert twice.dual_norm_off_support == pytest.approx(once.dual_norm_off_support, rel=1e-6)


def test_without_a_ground_truth_it_is_refused():
    with pytest.raises(lb.Unsupported, match="a_star"):
        recoverability(lb.SparseRecovery.from_arrays(np.eye(2), np.ones(2)))
