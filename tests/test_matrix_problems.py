"""Matrix problems: operators against dense matrices, targets and their coherence."""

import dataclasses
from math import sqrt

import numpy as np
import pytest
from helpers import design, linear_data, masked_matrix, matrix_data, sensed_matrix
from matrix_helpers import full, repeated

import latebloom as lb
from latebloom.engines.step import simulate_step
from latebloom.problems import base as base_module
from latebloom.problems import (
    coherence,
    degrees_of_freedom,
    leverage_scores,
    local_coherence,
    low_rank_target,
)
from latebloom.problems import operators as operators_module
from latebloom.problems.targets import TARGETS

OPERATORS = {
    "dense": linear_data(),
    "entries": masked_matrix(),
    "rank one": sensed_matrix(),
    "rank one, twice": repeated(sensed_matrix()),
    "full": matrix_data(),
    "more than entries": full(15),
    "row": full(2, (1, 3)),
}


every_operator = pytest.mark.parametrize("problem", OPERATORS.values(), ids=OPERATORS)


# --- Operators ------------------------------------------------------------------------------------


@every_operator
def test_operators_are_their_dense_matrices(problem, rng):
    X, operator = design(problem), problem.operator
    a, r = rng.standard_normal(problem.shape), rng.standard_normal(problem.y_star.shape)
    np.testing.assert_allclose(operator.forward(a).ravel(), X @ a.ravel(), atol=1e-13)
    np.testing.assert_allclose(operator.adjoint(r).ravel(), X.T @ r.ravel(), atol=1e-13)
    columns = rng.standard_normal((a.size, 3))
    np.testing.assert_allclose(operator.normal_times(columns), X.T @ X @ columns, atol=1e-12)
    inner = np.vdot(operator.forward(a), r)
    assert inner == pytest.approx(np.vdot(a, operator.adjoint(r)), rel=1e-12)


@every_operator
def test_correction_is_the_pseudo_inverse(problem, rng):
    r = rng.standard_normal(problem.y_star.shape)
    got = problem.operator.correction(r, problem.operator.inverse())
    expected = np.linalg.pinv(design(problem), rcond=1e-12) @ r.ravel()
    np.testing.assert_allclose(got.ravel(), expected, atol=1e-11)


@every_operator
def test_largest_eigenvalue_is_the_squared_norm_of_the_matrix(problem):
    expected = np.linalg.norm(design(problem), 2) ** 2
    assert problem.operator.largest() == pytest.approx(expected, rel=1e-12)
    assert problem.sigma_max == pytest.approx(expected, rel=1e-12)


@every_operator
def test_observed_keeps_the_places_of_the_data(problem, rng):
    r = rng.standard_normal(problem.y_star.shape)
    seen = design(problem).any(axis=1).reshape(r.shape)
    np.testing.assert_array_equal(problem.operator.observed(r), np.where(seen, r, 0))


@pytest.mark.parametrize("kind", ["rank one", "full"])
def test_many_measurements_take_the_largest_eigenvalue_by_iteration(kind, rng):
    N = operators_module.DENSE_EIGENVALUES + 20
    left, right = rng.standard_normal((N, 3)), rng.standard_normal((N, 4))
    arrays = {"left": left, "right": right}
    if kind == "full":
        arrays = {"X": left[:, :, None] * right[:, None, :]}
    problem = lb.SensedMatrix(y=np.ones(N), **arrays)
    expected = np.linalg.norm(design(problem), 2) ** 2
    assert problem.sigma_max == pytest.approx(expected, rel=1e-10)


@every_operator
def test_least_squares_by_iteration_agrees(problem, monkeypatch):
    expected = np.linalg.lstsq(design(problem), problem.y_star.ravel(), rcond=1e-12)[0]
    monkeypatch.setattr(base_module, "MAX_GRAM", 1)  # as if there were too many to decompose
    fresh = dataclasses.replace(problem)
    np.testing.assert_allclose(fresh.a_hat.ravel(), expected, atol=1e-10)


@pytest.mark.parametrize("problem", [sensed_matrix(), matrix_data()], ids=["rank one", "full"])
def test_too_many_measurements_cannot_be_projected_on(problem, monkeypatch):
    monkeypatch.setattr(operators_module, "MAX_GRAM", 7)
    with pytest.raises(lb.InvalidInput, match=r"N = (8|10): .*up to 7; use Subgradient or Prox"):
        problem.operator.inverse()


# --- One problem written in several ways ----------------------------------------------------------


def three_ways():
    """Return a completion problem as a mask, as one-hot matrices, as one-hot vectors."""
    rng = np.random.default_rng(5)
    A = np.outer(rng.standard_normal(5), rng.standard_normal(4))
    mask = rng.permutation(20).reshape(5, 4) < 15
    rows, columns = np.nonzero(mask)
    left, right = np.eye(5)[rows], np.eye(4)[columns]
    X = np.einsum("ki,kj->kij", left, right)
    return (
        lb.MatrixCompletion.from_arrays(mask, A),
        lb.MatrixSensing.from_arrays(A[mask], X=X, A_star=A),
        lb.MatrixSensing.from_arrays(A[mask], left, right, A_star=A),
    )


@pytest.mark.parametrize(
    ("method", "penalty"),
    [
        (lb.Subgradient(0.5), lb.Nuclear(1e-2)),
        (lb.ProjectedSubgradient(0.5), lb.Nuclear(1e-2)),
        (lb.ProximalGradient(0.5), lb.Nuclear(1e-2)),
    ],
    ids=["Subgradient", "ProjectedSubgradient", "ProximalGradient"],
)
def test_completion_is_sensing_with_one_hot_measurements(method, penalty):
    runs = [
        simulate_step(
            [
                lb.Experiment(
                    problem,
                    penalty,
                    method,
                    init=lb.Gaussian(0.5, 1),
                    steps=60,
                    thresholds=(0.1, 0.5),
                    record=lb.Every(1),
                )
            ]
        )[0]
        for problem in three_ways()
    ]
    for run in runs[1:]:
        np.testing.assert_allclose(run.params, runs[0].params, rtol=0, atol=1e-12)
        assert (run.t1, run.t2) == (runs[0].t1, runs[0].t2)
    assert runs[0].t1.step is not None


@pytest.mark.parametrize(
    ("name", "penalty"),
    [("entries", lb.L1(1e-2)), ("rank one", lb.L2(1e-2)), ("full", lb.L1(1e-2))],
)
def test_penalties_of_vectors_make_the_flattened_problem(name, penalty, rng):
    problem = OPERATORS[name]
    flat = lb.LinearData(design(problem), problem.y_star.ravel(), problem.a_star.ravel())
    start = rng.standard_normal(problem.shape)
    settings = {"penalty": penalty, "method": lb.Subgradient(0.4 * problem.alpha_max)}
    settings |= {"steps": 80, "thresholds": (0.1, 0.5), "record": lb.Every(1)}
    matrix = simulate_step([lb.Experiment(problem, init=start, **settings)])[0]
    vector = simulate_step([lb.Experiment(flat, init=start.ravel(), **settings)])[0]
    np.testing.assert_allclose(matrix.params.reshape(81, -1), vector.params, rtol=0, atol=1e-12)
    assert (matrix.t1, matrix.t2) == (vector.t1, vector.t2)


# --- Targets and coherence ------------------------------------------------------------------------

SIZES = [(6, 4, 2), (5, 5, 1), (4, 7, 3), (3, 3, 3), (1, 4, 1)]


every_target = pytest.mark.parametrize("kind", TARGETS)


@every_target
@pytest.mark.parametrize(("n1", "n2", "r"), SIZES)
def test_targets_have_their_rank_and_singular_values(kind, n1, n2, r):
    def target(**settings):
        A = low_rank_target(kind, n1, n2, r, np.random.default_rng(3), **settings)
        assert A.shape == (n1, n2)
        return np.linalg.svd(A, compute_uv=False)

    s = target()
    np.testing.assert_allclose(s[r:], 0, atol=1e-14 * s[0])
    assert (s[:r] > 1e-6).all()
    if kind != "gaussian":
        np.testing.assert_allclose(s[:r], 1 / sqrt(r), rtol=1e-13)
    assert np.linalg.norm(target(norm=5.0)) == pytest.approx(5, rel=1e-13)
    values = tuple(np.arange(r, 0, -1.0))
    np.testing.assert_allclose(target(singular_values=values)[:r], values, rtol=1e-12)


def test_no_rank_is_no_matrix():
    assert not low_rank_target("gaussian", 3, 2, 0, np.random.default_rng(0)).any()


def test_gaussian_targets_have_entries_of_variance_one():
    draws = [low_rank_target("gaussian", 8, 6, 2, np.random.default_rng(k)) for k in range(400)]
    squares = np.array([(A**2).mean() for A in draws])
    assert abs(squares.mean() - 1) < 4 * squares.std() / sqrt(squares.size)


def test_orthogonal_targets_are_unbiased():
    # The QR decomposition alone has a fixed sign.
    entries = [low_rank_target("orthogonal", 4, 3, 1, np.random.default_rng(k)) for k in range(400)]
    mean = np.mean(entries, axis=0)
    assert np.abs(mean).max() < 4 / sqrt(4 * 3 * 400)


@every_target
@pytest.mark.parametrize(("n1", "n2", "r"), SIZES)
def test_coherence_lies_between_one_and_its_bound(kind, n1, n2, r):
    A = low_rank_target(kind, n1, n2, r, np.random.default_rng(1))
    for own, n in zip(coherence(A), (n1, n2), strict=True):
        assert 1 - 1e-12 <= own <= n / r * (1 + 1e-12)
        if kind == "incoherent":
            assert own <= 2 * (1 + 1e-12)


def test_coherent_targets_are_more_coherent_than_random_and_these_than_incoherent_ones():
    means = [
        np.mean(
            [coherence(low_rank_target(k, 40, 30, 2, np.random.default_rng(s))) for s in range(20)]
        )
        for k in ("incoherent", "orthogonal", "coherent")
    ]
    assert means[0] < 0.8 * means[1] < 0.8 * 0.8 * means[2]


@pytest.mark.parametrize(("n1", "n2", "r"), SIZES)
def test_leverage_scores_are_norms_of_projected_basis_vectors(n1, n2, r, rng):
    A = rng.standard_normal((n1, r)) @ rng.standard_normal((r, n2))
    rows, columns = leverage_scores(A)
    np.testing.assert_allclose(rows, np.diag(A @ np.linalg.pinv(A, rcond=1e-12)), atol=1e-12)
    np.testing.assert_allclose(columns, np.diag(np.linalg.pinv(A, rcond=1e-12) @ A), atol=1e-12)
    assert rows.sum() == pytest.approx(r, rel=1e-12)
    assert columns.sum() == pytest.approx(r, rel=1e-12)
    mu, nu = local_coherence(A)
    np.testing.assert_allclose((mu.mean(), nu.mean()), 1, rtol=1e-12)
    np.testing.assert_allclose(mu, rows * n1 / r, rtol=1e-12)
    assert coherence(A) == (mu.max(), nu.max())


def test_extreme_coherence():
    one_entry = np.zeros((4, 5))
    one_entry[1, 2] = 3.0
    assert coherence(one_entry) == pytest.approx((4, 5))
    assert coherence(np.ones((4, 5))) == pytest.approx((1, 1))


@pytest.mark.parametrize(("n1", "n2", "r"), SIZES)
def test_degrees_of_freedom_are_the_dimension_of_the_tangent_space(n1, n2, r, rng):
    U, V = rng.standard_normal((n1, r)), rng.standard_normal((n2, r))
    # The directions U B^T + C V^T.
    directions = [np.outer(U[:, k], e).ravel() for k in range(r) for e in np.eye(n2)]
    directions += [np.outer(e, V[:, k]).ravel() for k in range(r) for e in np.eye(n1)]
    assert degrees_of_freedom(n1, n2, r) == np.linalg.matrix_rank(np.array(directions))
