"""Decompositions that follow columns in and out, against NumPy's of the same matrix."""

import numpy as np
import pytest

from latebloom.engines.decomposition import Moving
from latebloom.engines.rank_one import updated


def assert_decomposes(values, vectors, G, rounding):
    """Increasing eigenvalues, orthonormal eigenvectors, G = V diag(d) V^T."""
    assert (np.diff(values) >= 0).all()
    size = np.abs(values).max()
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(len(G)), rtol=0, atol=rounding)
    np.testing.assert_allclose((vectors * values) @ vectors.T, G, rtol=0, atol=rounding * size)


@pytest.mark.parametrize("N", [1, 2, 7, 60])
@pytest.mark.parametrize("sign", [1, -1])
def test_an_update_is_the_decomposition_of_the_new_matrix(N, sign, rng):
    for scale in (1e-9, 1e-3, 1.0, 1e3):
        X = rng.standard_normal((N, 2 * N))
        G, x = X @ X.T, scale * rng.standard_normal(N)
        found = updated(*np.linalg.eigh(G), x, sign)
        assert found is not None
        assert_decomposes(*found, G + sign * np.outer(x, x), 1e-13)


def test_eigenvectors_orthogonal_to_the_change_are_kept(rng):
    V = np.linalg.qr(rng.standard_normal((9, 9)))[0]
    d = np.arange(1.0, 10.0)
    for few in ([], [4], [0, 8], [1, 2, 5]):
        x = V[:, few] @ rng.uniform(1.0, 5.0, len(few))
        values, vectors = updated(d, V, x, 1)
        assert_decomposes(values, vectors, (V * d) @ V.T + np.outer(x, x), 1e-13)
        assert np.isin(np.delete(d, few), values).all()


def test_eigenvalues_that_tie_are_left_to_a_new_decomposition():
    assert updated(np.array([1.0, 1.0, 2.0]), np.eye(3), np.ones(3), 1) is None


@pytest.mark.parametrize(("N", "n"), [(5, 40), (20, 60), (40, 70)])
def test_factors_stay_exact_while_columns_enter_and_leave(N, n, rng):
    X = rng.standard_normal((N, n)) / np.sqrt(N)
    moving, moves = Moving(np.ascontiguousarray(X.T)), rng.random(n) < 0.9
    for _ in range(300):
        j = rng.choice(n, rng.integers(1, 3), replace=False)
        moves[j] = ~moves[j]
        moves[rng.integers(n)] |= moves.sum() < N + 5  # stays wide for most of the walk
        A = X[:, moves]
        found = moving.factors(moves.copy())
        V = found.rows(np.arange(A.shape[1]))
        np.testing.assert_allclose((found.U * found.s) @ V.T, A, rtol=0, atol=1e-12)
        np.testing.assert_allclose(V.T @ V, np.eye(len(found.s)), rtol=0, atol=1e-9)
        exact = np.linalg.svd(A, compute_uv=False)
        np.testing.assert_allclose(np.sort(found.s), np.sort(exact), rtol=1e-10)
        v, c = rng.standard_normal(A.shape[1]), rng.standard_normal(len(found.s))
        np.testing.assert_allclose(found.across(v), V.T @ v, rtol=0, atol=1e-11)
        np.testing.assert_allclose(found.along(c), V @ c, rtol=0, atol=1e-11)
    assert moving.kept > 5 * moving.fresh > 0  # or nothing was followed
