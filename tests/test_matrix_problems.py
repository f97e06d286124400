"""Matrix problems: operators against dense matrices, drawn targets and measurements, bad input."""

import dataclasses
from math import floor, inf, nan, sqrt

import numpy as np
import pytest
from helpers import design, linear_data, masked_matrix, matrix_data, sensed_matrix, unchecked
from scipy import stats

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
from latebloom.problems import low_rank as low_rank_module
from latebloom.problems import operators as operators_module
from latebloom.problems.matrix_sensing import VARIANCES
from latebloom.problems.targets import TARGETS

pytestmark = pytest.mark.usefixtures("rolled_loop")


def repeated(problem):
    """Return rank-one measurements of which every one is there twice."""
    twice = {name: np.tile(getattr(problem, name), (2, 1)) for name in ("left", "right")}
    return lb.SensedMatrix(y=np.tile(problem.y, 2), **twice)


def full(N, shape=(3, 4), seed=0):
    """Return N full measurements of a matrix of full rank."""
    rng = np.random.default_rng(seed)
    X, A = rng.standard_normal((N, *shape)), rng.standard_normal(shape)
    return lb.SensedMatrix(y=np.einsum("kij,ij->k", X, A), X=X, A_star=A)


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


# --- Drawn completion problems --------------------------------------------------------------------


def scores(A, r):
    """Return mu_i + nu_j from the projections on the spaces of A."""
    pinv = np.linalg.pinv(A, rcond=1e-12)
    rows, columns = np.diag(A @ pinv), np.diag(pinv @ A)
    return rows[:, None] * len(rows) / r + columns[None, :] * len(columns) / r


@pytest.mark.parametrize("tau", [0.0, 0.3, 0.5, 0.7, 1.0])
@pytest.mark.parametrize("N", [20, 30])
def test_tau_takes_the_entries_of_largest_local_coherence(tau, N):
    problem = lb.MatrixCompletion(n1=8, n2=7, r=2, N=N, tau=tau, seed=4, target="gaussian")
    score, mask = scores(problem.a_star, 2), problem.mask
    k = floor(round(tau * N, 9))
    chosen = np.argsort(-score, axis=None)[:k]
    assert problem.coherent == k
    assert mask.sum() == N
    assert set(np.unique(mask)) <= {0.0, 1.0}
    np.testing.assert_array_equal(mask.ravel()[chosen], 1)
    if tau == 1:
        assert score[mask == 1].min() > score[mask == 0].max()


def test_entries_are_uniform():
    masks = [lb.MatrixCompletion(n1=4, n2=5, r=1, N=8, seed=k).mask.ravel() for k in range(300)]
    counts, p = np.sum(masks, axis=0), 8 / 20
    # Counts of draws without replacement have covariance m p (1-p) (I - 11^T/n) n/(n-1).
    statistic = ((counts - 300 * p) ** 2).sum() / (300 * p * (1 - p)) * 19 / 20
    assert statistic < stats.chi2.ppf(0.9999, 19)


def test_the_data_of_completion_are_the_entries_and_noise_on_them():
    clean = lb.MatrixCompletion(n1=60, n2=50, r=2, N=2000)
    np.testing.assert_array_equal(clean.y_star, clean.mask * clean.a_star)
    for snr in (inf, None):
        same = dataclasses.replace(clean, snr=snr)
        np.testing.assert_array_equal(same.y_star, clean.y_star)
    noisy = dataclasses.replace(clean, snr=100.0)
    noise = noisy.y_star - clean.y_star
    assert not noise[clean.mask == 0].any()
    variance = (clean.y_star**2).sum() / (2000 * 100)
    assert abs((noise**2).sum() / variance - 2000) < 4 * sqrt(2 * 2000)


def test_presets_have_the_conventions_of_the_text_and_of_the_code():
    text, code = lb.MatrixCompletion.text(), lb.MatrixCompletion.code(n1=12)
    assert (text.n1, text.n2, text.r, text.N, text.target) == (10, 10, 2, 70, "orthogonal")
    assert (code.N, code.target) == (80, "gaussian")
    assert np.linalg.norm(code.a_star) == pytest.approx(sqrt(12 * 10), rel=1e-13)
    assert lb.MatrixCompletion.code(N=50).N == 50


# --- Drawn sensing problems -----------------------------------------------------------------------


@pytest.mark.parametrize("variance", VARIANCES)
@pytest.mark.parametrize("measurements", ["rank_one", "full"])
def test_measurements_have_the_variance_of_their_name(variance, measurements):
    n1, n2, N = 20, 30, 150
    problem = lb.MatrixSensing(n1=n1, n2=n2, r=1, N=N, variance=variance, measurements=measurements)
    for array in problem.operator:
        n = n1 * n2 if measurements == "full" else array.shape[1]
        scale = {"1/n": 1 / n, "1/n^2": 1 / n**2, "1/N": 1 / N}[variance]
        # Chi-squared.
        assert abs((array**2).sum() / scale - array.size) < 4 * sqrt(2 * array.size)
        assert abs(array.sum()) < 4 * sqrt(scale * array.size)


def test_left_and_right_measurements_are_independent_also_of_a_square_matrix():
    problem = lb.MatrixSensing(n1=20, n2=20, r=1, N=200)
    correlation = np.corrcoef(problem.operator.left.ravel(), problem.operator.right.ravel())[0, 1]
    assert abs(correlation) < 4 / sqrt(4000)


@pytest.mark.parametrize("tau", [0.0, 0.05, 0.2, 1.0])
def test_coherent_measurements_begin_with_the_singular_vectors_of_the_truth(tau):
    problem = lb.MatrixSensing(n1=6, n2=5, r=2, N=40, tau=tau, seed=2)
    k = floor(round(40 * tau, 9))
    for vectors, space in (
        (problem.operator.left, problem.a_star),
        (problem.operator.right, problem.a_star.T),
    ):
        own = vectors[: min(k, len(space))]
        np.testing.assert_allclose(own @ own.T, np.eye(len(own)), atol=1e-13)
        projection = space @ np.linalg.pinv(space, rcond=1e-12)
        np.testing.assert_allclose(own[:2] @ projection, own[:2], atol=1e-12)
        np.testing.assert_allclose(own[2:] @ projection, 0, atol=1e-12)
        others = vectors[len(own) :]
        assert (np.abs(others @ projection).max(axis=1) > 1e-6).all()


@pytest.mark.parametrize("measurements", ["rank_one", "full"])
def test_the_data_of_sensing_are_the_measurements_and_noise(measurements):
    clean = lb.MatrixSensing(n1=4, n2=3, r=1, N=2000, measurements=measurements)
    expected = design(clean) @ clean.a_star.ravel()
    np.testing.assert_allclose(clean.y_star, expected, atol=1e-14)
    noise = dataclasses.replace(clean, snr=100.0).y_star - clean.y_star
    variance = (expected**2).sum() / (2000 * 100)
    assert abs((noise**2).sum() / variance - 2000) < 4 * sqrt(2 * 2000)


# --- Seeds and certified draws --------------------------------------------------------------------

DRAWN = [lb.MatrixCompletion, lb.MatrixSensing]


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("name", ["target_seed", "measurement_seed", "noise_seed"])
def test_separate_seeds_change_only_their_own_array(kind, name):
    base = kind(n1=6, n2=5, r=1, N=20, seed=3, snr=10.0)

    def arrays(problem):
        X, truth = problem.operator, problem.a_star
        noise = problem.y_star - X.forward(truth)
        # The noise is scaled by the clean data: compare its direction.
        own = noise[noise != 0]
        return {
            "target_seed": truth,
            "measurement_seed": np.concatenate([part.ravel() for part in X]),
            "noise_seed": own / np.linalg.norm(own),
        }

    one, two = arrays(base), arrays(dataclasses.replace(base, **{name: 4}))
    explicit = dataclasses.replace(base, **{name: 3})
    np.testing.assert_array_equal(explicit.y_star, base.y_star)
    for array in one:
        if array == "noise_seed" and name == "measurement_seed" and kind is lb.MatrixCompletion:
            continue  # the same noise matrix, seen at other entries
        assert np.allclose(one[array], two[array], rtol=1e-9) == (array != name)


@pytest.mark.parametrize("kind", DRAWN)
def test_seed_changes_everything(kind):
    one, two = (kind(n1=6, n2=5, r=1, N=20, seed=k) for k in (0, 1))
    assert not np.array_equal(one.a_star, two.a_star)
    assert not np.array_equal(one.operator[0], two.operator[0])


@pytest.mark.parametrize("kind", DRAWN)
def test_recoverable_draws_again_until_the_truth_can_be_recovered(kind):
    plain = [kind(n1=4, n2=4, r=1, N=9, seed=k) for k in range(8)]
    rejected = 0
    for problem in plain:
        certified = dataclasses.replace(problem, recoverable=True)
        assert certified.recovery.recoverable
        draws = certified.instance.rejected
        assert certified.rejected_fraction == draws / (draws + 1)
        same = np.array_equal(certified.a_star, problem.a_star)
        assert same == (draws == 0) == bool(problem.recovery.recoverable)
        rejected += draws > 0
    assert 0 < rejected < len(plain)  # both happen
    assert problem.rejected_fraction == 0


def test_recoverable_gives_up_with_the_reason(monkeypatch):
    monkeypatch.setattr(low_rank_module, "MAX_DRAWS", 3)
    problem = lb.MatrixCompletion(n1=5, n2=5, r=2, N=8, recoverable=True)
    with pytest.raises(lb.InvalidInput, match=r"none of 3 draws .*; raise N = 8") as error:
        problem.instance  # noqa: B018
    assert "\n" not in str(error.value)


# --- Bad input ------------------------------------------------------------------------------------

WRONG = [
    *((name, v) for name in ("n1", "n2", "r", "N") for v in (-1, 2.5, nan, True, "5", None)),
    *((name, 0) for name in ("n1", "n2", "N")),
    ("r", 6),
    *((name, v) for name in ("seed", "target_seed", "noise_seed") for v in (-1, 2**32, 1.5, True)),
    *(("tau", v) for v in (-0.1, 1.0001, nan, True, "0.5")),
    *(("snr", v) for v in (0, -1.0, nan, "1e8")),
    *(("norm", v) for v in (0, -1.0, nan, inf)),
    ("target", "?"),
]


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize(("name", "value"), WRONG)
def test_impossible_settings_are_refused_in_one_line_that_names_them(kind, name, value):
    with unchecked(), pytest.raises(lb.InvalidInput) as error:
        kind(**{"n1": 5, "n2": 6, "r": 2, "N": 25, name: value})
    message = str(error.value)
    assert message.startswith(f"{name} = {value!r}: must be")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: lb.MatrixCompletion(n1=5, n2=6, r=6, N=9),
            r"r = 6: .* 0\.\.5 \(min\(n1, n2\) = 5",
        ),
        (lambda: lb.MatrixCompletion(n1=5, n2=6, N=31), r"N = 31: .* 1\.\.30 \(n1 n2 entries\)"),
        (lambda: lb.MatrixCompletion(singular_values=(1.0,)), "must be r = 2 positive numbers"),
        (lambda: lb.MatrixCompletion(singular_values=(1.0, 0.0)), "must be r = 2 positive"),
        (lambda: lb.MatrixCompletion(singular_values=(1.0, nan)), "singular_values"),
        (lambda: lb.MatrixCompletion(target="gausian"), "did you mean 'gaussian'"),
        (lambda: lb.MatrixSensing(variance="1/M"), r"variance = '1/M': must be one of 1/n, "),
        (lambda: lb.MatrixSensing(measurements="x"), "must be one of rank_one, full"),
        (lambda: lb.MatrixSensing(measurements="full", tau=0.5), "need measurements = 'rank_one'"),
        (lambda: lb.MatrixCompletion(n1=10**6, n2=10**6, N=10), "choose n1 n2 below"),
        (lambda: lb.MatrixSensing(N=10**9), "GiB; choose a smaller N"),
        (
            lambda: lb.MatrixSensing(n1=1000, n2=1000, N=1000, measurements="full"),
            "GiB; choose a smaller N, or measurements = 'rank_one'",
        ),
        (
            lambda: lb.MatrixCompletion.from_arrays(np.ones((2, 2))),
            r"give A_star .*, Y .*, or both",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_made(make, message):
    with unchecked(), pytest.raises(lb.InvalidInput, match=message) as error:
        make()
    assert "\n" not in str(error.value)


ONES, HALF = np.ones((2, 3)), np.full((2, 3), 0.5)
HOLE = np.array([[1.0, nan, 1.0], [1.0, 1.0, 1.0]])


@pytest.mark.parametrize(
    ("kind", "arrays", "message"),
    [
        ("MaskedMatrix", {"mask": HALF, "Y": ONES}, "mask: must be 1"),
        ("MaskedMatrix", {"mask": 0 * ONES, "Y": ONES}, "mask: no entry is observed"),
        ("MaskedMatrix", {"mask": HOLE, "Y": ONES}, "mask contains a non-finite value"),
        ("MaskedMatrix", {"mask": np.ones(3), "Y": np.ones(3)}, "mask has shape (3,)"),
        ("MaskedMatrix", {"mask": ONES, "Y": HOLE}, "Y (on the mask) contains a non-finite value"),
        ("MaskedMatrix", {"mask": ONES, "Y": ONES.T}, "Y has shape (3, 2): must be that of mask"),
        ("MaskedMatrix", {"mask": ONES, "Y": ONES * 1j}, "Y (on the mask) is complex"),
        ("MaskedMatrix", {"mask": ONES, "Y": ONES, "A_star": ONES.T}, "A_star has shape (3, 2)"),
        ("MaskedMatrix", {"mask": ONES, "Y": ONES, "A_star": HOLE}, "A_star contains a non-finite"),
        ("SensedMatrix", {"y": np.ones(2)}, "give the measurements as left and right, or as X"),
        ("SensedMatrix", {"y": np.ones(2), "left": ONES}, "give the measurements as left and"),
        ("SensedMatrix", {"y": np.ones(2), "right": ONES}, "give the measurements as left and"),
        (
            "SensedMatrix",
            {"y": np.ones(2), "left": ONES, "right": ONES, "X": ONES[None]},
            "give the measurements as left and right, or as X",
        ),
        (
            "SensedMatrix",
            {"y": np.ones(2), "right": ONES, "X": np.ones((2, 3, 3))},
            "give the measurements as left and right, or as X",
        ),
        ("SensedMatrix", {"y": np.ones(3), "left": ONES, "right": ONES}, "left has shape (2, 3)"),
        (
            "SensedMatrix",
            {"y": np.ones(2), "left": ONES, "right": ONES.T},
            "right has shape (3, 2)",
        ),
        (
            "SensedMatrix",
            {"y": np.ones(2), "left": ONES, "right": HOLE},
            "right contains a non-fin",
        ),
        ("SensedMatrix", {"y": np.ones(2), "X": ONES}, "X has shape (2, 3): must have 3 dim"),
        ("SensedMatrix", {"y": np.ones(1), "X": np.ones((1, 0, 3))}, "X has shape (1, 0, 3)"),
        ("SensedMatrix", {"y": np.array([nan]), "X": ONES[None]}, "y contains a non-finite value"),
        ("SensedMatrix", {"y": ONES, "X": ONES[None]}, "y has shape (2, 3)"),
        (
            "SensedMatrix",
            {"y": np.ones(1), "X": ONES[None], "A_star": ONES.T},
            "A_star has shape (3, 2): must be (2, 3)",
        ),
    ],
)
def test_bad_arrays_are_refused_in_one_line(kind, arrays, message):
    with unchecked(), pytest.raises(lb.InvalidInput) as error:
        getattr(lb, kind)(**arrays)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_what_is_off_the_mask_does_not_matter():
    mask = np.isfinite(HOLE)
    problem = lb.MaskedMatrix(mask=mask, Y=HOLE)
    np.testing.assert_array_equal(problem.y_star, mask)
    assert problem.a_star is None
    assert problem.validate() is None


@pytest.mark.parametrize(
    ("empty", "words"),
    [
        ((slice(1, 2), slice(None)), r"in row 1 \(counted from 0\)"),
        ((slice(None), slice(0, 2)), r"in columns 0, 1 \(counted from 0\)"),
        ((slice(2, 4), slice(None)), r"in rows 2, 3 \(counted from 0\)"),
    ],
)
def test_rows_and_columns_without_entries_are_named_in_a_warning(empty, words):
    mask = np.ones((4, 3))
    mask[empty] = 0
    problem = lb.MaskedMatrix(mask=mask, Y=np.ones((4, 3)))
    with pytest.warns(UserWarning, match=words):
        lb.Experiment(problem)


def test_of_many_empty_rows_and_columns_a_few_are_named():
    mask = np.zeros((20, 20))
    mask[0, 0] = 1
    problem = lb.MaskedMatrix(mask=mask, Y=mask)
    some = r"rows 1, 2, 3, 4, 5, \.\.\. and columns 1, 2, 3, 4, 5, \.\.\."
    with pytest.warns(UserWarning, match=some):
        problem.validate()


@pytest.mark.parametrize("kind", DRAWN)
def test_fewer_measurements_than_degrees_of_freedom_are_a_warning_with_both_numbers(kind):
    enough = kind(n1=10, n2=10, r=2, N=36, seed=1)
    words = r"N = 35 .*fewer than the 36 degrees of freedom"
    with pytest.warns(UserWarning, match=words):
        lb.Experiment(dataclasses.replace(enough, N=35))
    assert enough.validate() is None


def test_dependent_measurements_are_a_warning_with_their_rank():
    twice = repeated(sensed_matrix())
    with pytest.warns(UserWarning, match=r"the 16 measurements have rank 8: 8 of them repeat"):
        lb.Experiment(twice)
    assert sensed_matrix().validate() is None
    # Any 13 measurements of 12 entries are dependent.
    with pytest.warns(UserWarning, match="the 13 measurements have rank 12"):
        lb.MatrixSensing(n1=3, n2=4, r=1, N=13).validate()


@pytest.mark.parametrize("kind", DRAWN)
def test_zero_data_leave_relative_errors_undefined(kind):
    with pytest.raises(lb.InvalidInput, match="y_star = 0"):
        lb.Experiment(kind(n1=5, n2=5, r=0, N=10))
