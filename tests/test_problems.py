"""Problems: published instances to the bit, the laws of drawn ones, and bad input."""

import dataclasses
from fractions import Fraction
from math import floor, inf, nan, sqrt

import numpy as np
import pytest
from helpers import linear_data, unchecked
from scipy import stats

import latebloom as lb
from latebloom.problems.bases import BASES, basis
from latebloom.problems.sparse_recovery import GENERATORS, SIGNALS, VARIANCES

# --- The preset `code` ----------------------------------------------------------------------------


def published(n=100, s=5, N=30, seed=1, snr=1e8):
    """The published instance, built from its description alone."""
    signal = np.random.RandomState(seed)
    a_star = np.zeros(n)
    support = signal.choice(n, s, replace=False)
    a_star[support] = 0.1 * signal.randn(s)
    X = np.sqrt(1 / N) * np.random.RandomState(seed).randn(N, n) @ np.eye(n)
    noise = np.sqrt(s / n / (N * snr)) * np.random.RandomState(seed).randn(N)
    return X, a_star, noise


def test_code_has_the_published_numbers():
    problem = lb.SparseRecovery.code(n=100, s=5, N=30)
    support = {33: 0.09596, 80: 0.01081, 81: -0.01273, 84: 0.10153, 93: 0.06986}
    assert set(np.flatnonzero(problem.a_star)) == set(support)
    for index, value in support.items():
        assert problem.a_star[index] == pytest.approx(value, abs=5e-6)
    assert np.linalg.norm(problem.a_star) == pytest.approx(0.15708, abs=5e-6)
    assert np.abs(problem.a_star).sum() == pytest.approx(0.29088, abs=5e-6)
    assert np.linalg.norm(problem.y_star) == pytest.approx(0.14269, abs=5e-6)
    assert problem.sigma_max == pytest.approx(7.12, abs=5e-3)
    assert problem.alpha_max == pytest.approx(0.2809, abs=5e-5)


@pytest.mark.parametrize(("s", "N", "seed"), [(5, 30, 1), (5, 100, 1), (1, 20, 1), (15, 70, 4)])
def test_code_equals_the_legacy_construction_to_the_bit(s, N, seed):
    problem = lb.SparseRecovery.code(s=s, N=N, seed=seed)
    X, a_star, noise = published(s=s, N=N, seed=seed)
    np.testing.assert_array_equal(problem.X, X)
    np.testing.assert_array_equal(problem.a_star, a_star)
    np.testing.assert_array_equal(problem.instance.noise, noise)
    np.testing.assert_array_equal(problem.y_star, X @ a_star + noise)


def test_noise_of_code_repeats_the_first_row_of_X():
    problem = lb.SparseRecovery.code()
    ratio = problem.instance.noise / problem.X[0, :30]
    # sigma_xi over the standard deviation 1/sqrt(N) of X: sqrt(s / (n SNR)).
    np.testing.assert_allclose(ratio, sqrt(0.05 / 1e8), rtol=4e-16)
    independent = lb.SparseRecovery.code(noise_seed=2)
    assert np.ptp(independent.instance.noise / independent.X[0, :30]) > 1e-5


# --- The laws of drawn instances ------------------------------------------------------------------


def test_text_preset_uses_the_conventions_of_the_text():
    problem = lb.SparseRecovery.text(n=100, s=5, N=30)
    Phi = problem.instance.Phi
    np.testing.assert_allclose(Phi.T @ Phi, np.eye(100), atol=1e-13)
    assert not np.array_equal(Phi, np.eye(100))
    assert problem.noise_std == pytest.approx(4.1e-6, abs=5e-8)  # section 3.1
    assert lb.SparseRecovery.text(snr=1e3).snr == 1e3


@pytest.mark.parametrize("row_variance", VARIANCES)
@pytest.mark.parametrize("generator", GENERATORS)
def test_row_variance(row_variance, generator):
    N, n = 60, 200
    problem = lb.SparseRecovery(
        n=n, N=N, basis="identity", row_variance=row_variance, generator=generator
    )
    variance = 1 / n if row_variance == "1/n" else 1 / N
    square = (problem.instance.M**2).sum() / variance
    assert abs(square - N * n) < 4 * sqrt(2 * N * n)  # chi-squared with N n degrees of freedom
    assert abs(problem.instance.M.sum()) / sqrt(variance) < 4 * sqrt(N * n)


def test_signal_energy_is_s_over_n_on_average():
    n, s, draws = 40, 6, 500
    with unchecked():
        energy = [
            np.sum(lb.SparseRecovery(n=n, s=s, N=1, seed=k, basis="identity").a_star ** 2)
            for k in range(draws)
        ]
    # n ||a*||^2 is chi-squared with s degrees of freedom.
    assert abs(np.mean(energy) - s / n) < 4 * sqrt(2 * s / draws) / n
    signs = lb.SparseRecovery(n=n, s=s, N=1, signal="signs").a_star
    np.testing.assert_allclose(np.abs(signs[signs != 0]), 1 / sqrt(n), rtol=1e-15)


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("signal", SIGNALS)
def test_support_is_uniform_and_signs_are_fair(signal, generator):
    n, s, draws = 10, 3, 500
    problems = (
        lb.SparseRecovery(
            n=n, s=s, N=1, seed=k, signal=signal, generator=generator, basis="identity"
        )
        for k in range(draws)
    )
    with unchecked():  # which takes most of the time
        a = np.array([p.a_star for p in problems])
    assert (np.count_nonzero(a, axis=1) == s).all()
    counts = np.count_nonzero(a, axis=0)
    p = s / n
    # Counts of draws without replacement have covariance m p (1-p) (I - 11^T/n) n/(n-1).
    statistic = ((counts - draws * p) ** 2).sum() / (draws * p * (1 - p)) * (n - 1) / n
    assert statistic < stats.chi2.ppf(0.9999, n - 1)
    positive = (a > 0).sum()
    assert abs(positive - s * draws / 2) < 4 * sqrt(s * draws / 4)


@pytest.mark.parametrize("generator", GENERATORS)
def test_noise_has_the_variance_of_its_snr(generator):
    n, s, N, snr = 50, 5, 4000, 1e2
    problem = lb.SparseRecovery(n=n, s=s, N=N, snr=snr, basis="identity", generator=generator)
    noise = problem.instance.noise
    assert problem.noise_std**2 == pytest.approx((s / n) / (N * snr), rel=1e-12)
    square = (noise**2).sum() / problem.noise_std**2
    assert abs(square - N) < 4 * sqrt(2 * N)
    np.testing.assert_array_equal(problem.y_star, problem.X @ problem.a_star + noise)


@pytest.mark.parametrize("snr", [None, inf])
def test_without_noise_the_truth_interpolates(snr):
    problem = lb.SparseRecovery(snr=snr)
    assert not problem.instance.noise.any()
    np.testing.assert_array_equal(problem.y_star, problem.X @ problem.a_star)


SEEDS = {"signal_seed": "a_star", "measurement_seed": "M", "noise_seed": "noise"}


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("name", SEEDS)
def test_separate_seeds_change_only_their_own_array(name, generator):
    base = lb.SparseRecovery(seed=3, snr=1e4, basis="identity", generator=generator)
    other = dataclasses.replace(base, **{name: 4}).instance
    for array in (*SEEDS.values(), "Phi"):
        same = np.array_equal(getattr(base.instance, array), getattr(other, array))
        assert same == (array != SEEDS[name])
    explicit = dataclasses.replace(base, **{name: 3}).instance
    np.testing.assert_array_equal(explicit.y_star, base.instance.y_star)


def test_seed_changes_everything_and_streams_are_independent():
    one, two = (lb.SparseRecovery(seed=k, snr=1e4).instance for k in (0, 1))
    for array in ("a_star", "M", "noise", "Phi"):
        assert not np.array_equal(getattr(one, array), getattr(two, array))
    # The accident of generator = "shared" does not happen here.
    assert np.abs(np.corrcoef(one.noise, one.M[0, : one.noise.size])[0, 1]) < 0.9


# --- Bases ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [*range(1, 10), 64, 101])
def test_fourier_basis_is_orthonormal_and_spans_each_frequency(n):
    Phi = basis("fourier", n, np.random.default_rng(0))
    assert Phi.shape == (n, n)
    np.testing.assert_allclose(Phi.T @ Phi, np.eye(n), atol=1e-13)
    dft = np.fft.ifft(np.eye(n), norm="ortho")  # column k: exp(2 pi i j k / n) / sqrt(n)
    K = (n - 1) // 2
    groups = {0: [0], **{k: [k, K + k] for k in range(1, K + 1)}}
    if n % 2 == 0:
        groups[n // 2] = [n - 1]
    assert sorted(c for columns in groups.values() for c in columns) == list(range(n))
    for k, columns in groups.items():
        pair = dft[:, sorted({k, -k % n})]
        real = Phi[:, columns]
        np.testing.assert_allclose(real @ real.T, pair @ pair.conj().T, atol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_orthonormal_basis_is_orthonormal_and_unbiased(n):
    draws = [basis("orthonormal", n, np.random.default_rng(k)) for k in range(400)]
    for Q in draws:
        np.testing.assert_allclose(Q.T @ Q, np.eye(n), atol=1e-13)
    # Haar: the first entry has mean 0 and variance 1/n (LAPACK's own Q has a fixed sign there).
    assert abs(np.mean([Q[0, 0] for Q in draws])) < 4 / sqrt(n * len(draws))


def test_gaussian_basis_has_entries_of_variance_one_over_n():
    Phi = basis("gaussian", 100, np.random.default_rng(0))
    assert abs(100 * (Phi**2).sum() - 100**2) < 4 * sqrt(2 * 100**2)


@pytest.mark.parametrize("name", BASES)
def test_X_is_M_times_the_basis(name):
    instance = lb.SparseRecovery(n=12, N=5, s=2, basis=name).instance
    np.testing.assert_allclose(instance.X, instance.M @ instance.Phi, atol=1e-14)


# --- Coherent measurements ------------------------------------------------------------------------


@pytest.mark.parametrize("name", BASES)
def test_coherent_rows_are_columns_of_the_basis(name):
    problem = lb.SparseRecovery(n=20, N=10, s=2, basis=name, tau=0.5)
    M, Phi = problem.instance.M, problem.instance.Phi
    is_column = (M[:, :, None] == Phi[None]).all(axis=1)  # row i of M against column j of Phi
    np.testing.assert_array_equal(is_column.any(axis=1), [True] * 5 + [False] * 5)
    assert is_column.any(axis=0).sum() == 5  # five different columns


def test_coherent_rows_of_code_are_scaled_and_distinct():
    problem = lb.SparseRecovery.code(n=40, N=20, tau=0.75)
    rows = problem.X[:15]
    assert (np.count_nonzero(rows, axis=1) == 1).all()
    assert len(set(np.argmax(rows, axis=1))) == 15
    np.testing.assert_allclose(rows.max(axis=1), sqrt(1 / 20), rtol=1e-15)
    assert (np.count_nonzero(problem.X[15:], axis=1) == 40).all()


@pytest.mark.parametrize("tau", [Fraction(k, 20) for k in range(21)])
def test_number_of_coherent_rows_is_the_decimal_floor(tau):
    n = 100
    got = [lb.SparseRecovery(n=n, N=N, tau=float(tau)).coherent_rows for N in range(1, 121)]
    assert got == [min(floor(tau * N), n) for N in range(1, 121)]


def test_seven_tenths_of_ninety_rows_are_63():
    assert lb.SparseRecovery(N=90, tau=0.7).coherent_rows == 63


# --- Explicit arrays ------------------------------------------------------------------------------


def test_from_arrays_copies_and_freezes():
    X, y = np.eye(3), np.array([1.0, 2.0, 3.0])
    problem = lb.SparseRecovery.from_arrays(X, y, y)
    assert isinstance(problem, lb.LinearData)
    X[0, 0] = 7
    np.testing.assert_array_equal(problem.X, np.eye(3))
    np.testing.assert_array_equal(problem.a_star, [1.0, 2.0, 3.0])
    whole = lb.LinearData(np.eye(2, dtype=int), np.array([1, 0], dtype=np.float32))
    assert whole.X.dtype == whole.y_star.dtype == np.float64


def test_without_ground_truth_everything_but_a_star_is_there():
    full = linear_data()
    bare = lb.SparseRecovery.from_arrays(full.X, full.y_star)
    assert bare.a_star is None
    np.testing.assert_array_equal(bare.a_hat, full.a_hat)
    assert bare.validate() is None


def test_rank_deficient_X_gives_the_minimum_norm_solution():
    full = linear_data(N=4)
    twice = lb.LinearData(np.vstack([full.X, full.X]), np.concatenate([full.y_star] * 2))
    assert twice.svd.s.size == 4
    np.testing.assert_allclose(twice.a_hat, full.a_hat, atol=1e-12)


def test_zero_X_is_harmless():
    problem = lb.LinearData(np.zeros((2, 3)), np.ones(2))
    assert problem.sigma_max == 0
    assert problem.alpha_max == inf
    np.testing.assert_array_equal(problem.a_hat, np.zeros(3))


def test_complex_data_are_refused_in_one_line_with_a_recipe_that_works(rng):
    X = rng.standard_normal((3, 4)) + 1j * rng.standard_normal((3, 4))
    a = rng.standard_normal(4)
    with unchecked(), pytest.raises(lb.InvalidInput, match="complex") as error:
        lb.SparseRecovery.from_arrays(X, (X @ a).real)
    assert "\n" not in str(error.value)
    assert "np.vstack([X.real, X.imag])" in str(error.value)
    y = X @ a + 0.1j
    stacked = lb.LinearData(np.vstack([X.real, X.imag]), np.concatenate([y.real, y.imag]))
    residual = np.linalg.norm(stacked.X @ a - stacked.y_star)
    assert residual == pytest.approx(np.linalg.norm(X @ a - y), rel=1e-12)


# --- Bad input ------------------------------------------------------------------------------------

SIZES = [
    (name, value) for name in ("n", "N", "s") for value in (-1, 2.5, nan, inf, True, "5", None, [5])
] + [("n", 0), ("N", 0), ("s", 101)]


OTHERS = [
    *(("tau", value) for value in (-0.1, 1.0001, nan, inf, True, "0.5")),
    *(("snr", value) for value in (0, -1.0, nan, -inf, True, "1e8")),
    *((name, value) for name in ("seed", *SEEDS) for value in (-1, 2**32, 1.5, True, "1")),
    *((name, "?") for name in ("basis", "signal", "row_variance", "generator")),
]


@pytest.mark.parametrize(("name", "value"), SIZES + OTHERS)
def test_impossible_settings_are_refused_in_one_line_that_names_them(name, value):
    with unchecked(), pytest.raises(lb.InvalidInput) as error:
        lb.SparseRecovery(**{name: value})
    message = str(error.value)
    assert message.startswith(f"{name} = {value!r}")
    assert "must be" in message
    assert "\n" not in message


def test_bounds_are_allowed():
    extreme = lb.SparseRecovery(n=4, s=4, N=1, tau=1.0, seed=2**32 - 1, snr=inf)
    assert extreme.X.shape == (1, 4)
    with unchecked():
        assert lb.SparseRecovery(n=np.int64(4), s=0, N=9).a_star.tolist() == [0.0] * 4


def test_s_above_n_names_n():
    with pytest.raises(lb.InvalidInput, match=r"s = 6: must be an integer in 0\.\.5 \(n = 5\)"):
        lb.SparseRecovery(n=5, s=6)


def test_misspelt_choice_names_the_nearest():
    with pytest.raises(lb.InvalidInput, match="did you mean 'fourier'"):
        lb.SparseRecovery(basis="furier")


@pytest.mark.parametrize("sizes", [{"n": 10**5, "N": 1}, {"n": 10**4, "N": 10**6}])
def test_arrays_that_do_not_fit_are_refused_before_they_are_made(sizes):
    with pytest.raises(lb.InvalidInput, match="GiB"):
        lb.SparseRecovery(**sizes)


def test_shared_generator_needs_the_identity():
    with pytest.raises(lb.InvalidInput, match="identity"):
        lb.SparseRecovery(generator="shared", basis="fourier")


@pytest.mark.parametrize(
    ("X", "y", "a", "problem"),
    [
        ([[1.0, nan]], [1.0], None, "X contains a non-finite value"),
        ([[1.0, 2.0]], [inf], None, "y_star contains a non-finite value"),
        ([[1.0, 2.0]], [1.0], [nan, 1.0], "a_star contains a non-finite value"),
        ([1.0, 2.0], [1.0], None, "X has shape"),
        ([[1.0, 2.0]], [[1.0]], None, "y_star has shape"),
        ([[1.0, 2.0]], [1.0, 2.0], None, "y_star has 2 entries but X has 1 rows"),
        ([[1.0, 2.0]], [1.0], [1.0], "a_star has 1 entries but X has 2 columns"),
        (np.zeros((0, 2)), np.zeros(0), None, "X has shape (0, 2): needs at least one row"),
        (np.zeros((2, 0)), np.zeros(2), None, "X has shape (2, 0): needs at least one row"),
        ([["a", "b"]], [1.0], None, "X has dtype"),
        ([[1.0, 2.0], [3.0]], [1.0, 2.0], None, "X: must be an array, its rows of equal length"),
        ([[1.0, 2j]], [1.0], None, "X is complex"),
    ],
)
def test_bad_arrays_are_refused_in_one_line(X, y, a, problem):
    with unchecked(), pytest.raises(lb.InvalidInput) as error:
        lb.LinearData(X=X, y_star=y, a_star=a)
    assert str(error.value).startswith(problem.split()[0])
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("problem", "name"),
    [
        (lb.LinearData(np.eye(2), np.zeros(2)), "y_star = 0"),
        (lb.LinearData(np.eye(2), np.ones(2), np.zeros(2)), "a_star = 0"),
        (lb.SparseRecovery(s=0), "y_star = 0"),
    ],
)
def test_zero_data_leave_relative_errors_undefined(problem, name):
    with pytest.raises(lb.InvalidInput, match=name):
        problem.validate()
