"""Drawn matrix problems: completion, sensing, seeds, certified draws, bad input."""

import dataclasses
from math import floor, inf, nan, sqrt

import numpy as np
import pytest
from helpers import design, sensed_matrix, unchecked
from matrix_helpers import repeated
from scipy import stats

import latebloom as lb
from latebloom.problems import low_rank as low_rank_module
from latebloom.problems.matrix_sensing import VARIANCES

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
