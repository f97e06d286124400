"""Certified least norms against enumeration, closed forms and another solver."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import latebloom as lb
from latebloom.laws.constants import margins
from latebloom.laws.constants.margins import max_margin, min_norm_interpolant

SIZE = {"l1": lambda v: np.abs(v).sum(), "l2": np.linalg.norm}
DUAL = {"l1": lambda v: np.abs(v).max(), "l2": np.linalg.norm}


def separable(rng, N, n):
    X = rng.standard_normal((N, n))
    y = np.sign(X @ rng.standard_normal(n))
    return X, y


def l2_margin_by_subsets(Z):
    """The smallest point with Z w >= 1: the pseudo-inverse of the right set of equations."""
    best = np.inf
    for k in range(1, len(Z) + 1):
        for rows in itertools.combinations(range(len(Z)), k):
            w = np.linalg.pinv(Z[list(rows)]) @ np.ones(k)
            if (Z @ w >= 1 - 1e-9).all():
                best = min(best, np.linalg.norm(w))
    return best


def l1_by_vertices(A, b, equations):
    """The least l1 norm over the vertices: as many independent equations as non-zeros."""
    best = np.inf
    N, n = A.shape
    for k in range(1, min(N, n) + 1):
        for rows in itertools.combinations(range(N), k):
            for columns in itertools.combinations(range(n), k):
                sub = A[np.ix_(rows, columns)]
                if abs(np.linalg.det(sub)) < 1e-12:
                    continue
                w = np.zeros(n)
                w[list(columns)] = np.linalg.solve(sub, b[list(rows)])
                left = A @ w - b
                if (np.abs(left) if equations else -left).max() < 1e-9:
                    best = min(best, np.abs(w).sum())
    return best


@pytest.mark.parametrize("seed", range(6))
def test_margins_are_the_least_over_all_active_sets(seed):
    X, y = separable(np.random.default_rng(seed), 5, 4)
    Z = y[:, None] * X
    assert max_margin(X, y, "l2").value == pytest.approx(l2_margin_by_subsets(Z), rel=1e-9)
    assert max_margin(X, y, "l1").value == pytest.approx(
        l1_by_vertices(Z, np.ones(5), False), rel=1e-9
    )


@pytest.mark.parametrize("seed", range(6))
def test_basis_pursuit_is_the_least_over_all_vertices(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((3, 6)), rng.standard_normal(3)
    assert min_norm_interpolant(X, y, "l1").value == pytest.approx(
        l1_by_vertices(X, y, True), rel=1e-9
    )


@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (20, 50), (60, 100), (200, 8)])
def test_the_certificate_is_one(norm, scale, shape):
    """Feasible point, feasible dual vector, equal values: weak duality does the rest."""
    rng = np.random.default_rng(3)
    X, y = separable(rng, *shape)
    X = scale * X
    found = max_margin(X, y, norm)
    Z = y[:, None] * X
    assert (Z @ found.w).min() >= 1 - 1e-9
    assert (found.dual_vector >= 0).all()
    assert DUAL[norm](Z.T @ found.dual_vector) <= 1 + 1e-12
    assert found.dual_vector.sum() == pytest.approx(SIZE[norm](found.w), rel=2e-9)
    # Complementary slackness: only points on the margin carry weight.
    inside = Z @ found.w > 1 + 1e-6
    assert found.dual_vector[inside].sum() <= 1e-6 * found.dual_vector.sum()
    if shape[0] <= shape[1]:
        t = rng.standard_normal(shape[0])
        fit = min_norm_interpolant(X, t, norm)
        assert X @ fit.w == pytest.approx(t, abs=1e-8)
        assert DUAL[norm](X.T @ fit.dual_vector) <= 1 + 1e-12
        assert t @ fit.dual_vector == pytest.approx(SIZE[norm](fit.w), rel=2e-9)


@pytest.mark.parametrize("seed", range(5))
def test_l2_agrees_with_the_pseudo_inverse_and_with_hard_to_see_margins(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((5, 9)), rng.standard_normal(5)
    assert min_norm_interpolant(X, y).w == pytest.approx(X.T @ np.linalg.solve(X @ X.T, y))
    # Two points on opposite sides of a plane at a distance of 1e-4: the margin is theirs.
    e = 1e-4
    X = np.array([[e, 1.0], [e, -1.0], [1.0, 0.3]])
    found = max_margin(X, np.ones(3))
    assert found.w == pytest.approx([1 / e, 0.0], rel=1e-7, abs=1e-7 / e)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 12), st.sampled_from(["l1", "l2"]))
def test_points_inside_the_margin_change_nothing(seed, N, norm):
    X, y = separable(np.random.default_rng(seed), N, 6)
    found = max_margin(X, y, norm)
    far = np.vstack([X, 3 * X[:2]])
    again = max_margin(far, np.append(y, y[:2]), norm)
    assert again.value == pytest.approx(found.value, rel=1e-8)


def test_degenerate_data():
    twice = np.ones((4, 3))
    assert max_margin(twice, np.ones(4), "l1").value == pytest.approx(1.0)
    assert max_margin(twice, np.ones(4), "l2").value == pytest.approx(3**-0.5)
    assert min_norm_interpolant(twice, np.ones(4), "l1").value == pytest.approx(1.0)
    assert min_norm_interpolant(twice, np.zeros(4), "l1").w == pytest.approx(np.zeros(3))
    assert (
        min_norm_interpolant(
            np.vstack([twice, 0 * twice[:1]]), np.array([1.0, 1, 1, 1, 0])
        ).violation
        < 1e-9
    )
    assert "w" not in max_margin(twice, np.ones(4)).to_dict()


XOR = np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]])


@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda norm: max_margin(XOR, np.array([1.0, 1, -1, -1]), norm), "not separable"),
        (lambda norm: max_margin(np.zeros((2, 3)), np.ones(2), norm), "not separable"),
        (lambda norm: max_margin(XOR, np.array([1.0, 0, 1, 0]), norm), "2 y - 1"),
        (lambda norm: margins._data(XOR, np.ones(3), norm), r"\(N, n\) and \(N,\)"),
        (lambda norm: max_margin(XOR, np.full(4, np.nan), norm), "non-finite"),
        (lambda norm: max_margin(np.zeros((0, 2)), np.zeros(0), norm), "N, n >= 1"),
        (lambda norm: min_norm_interpolant(XOR, np.ones(4), norm), "rank 2, 4 rows"),
        (lambda norm: min_norm_interpolant(XOR, np.ones(4), norm + "0"), "did you mean"),
    ],
)
def test_bad_data_is_one_clear_line(norm, call, message):
    with pytest.raises(lb.InvalidInput, match=message) as error:
        call(norm)
    assert "\n" not in str(error.value)
