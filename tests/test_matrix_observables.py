"""What is seen of a matrix run: each observable against its formula, and saved runs."""

import json

import numpy as np
import pytest
import xarray as xr
from helpers import masked_matrix, matrix_data
from matplotlib.figure import Figure
from scipy.linalg import subspace_angles

import latebloom as lb
from latebloom.runs.trajectory import OF_MATRICES, observables

PROBLEM = lb.MatrixCompletion(n1=6, n2=5, r=2, N=26, seed=2, target="gaussian", snr=1e4)


def seen(problem, A, penalty=None, **settings):
    """Return the observables of matrices, one record each."""
    A = np.asarray(A, dtype=float)
    experiment = lb.Experiment(problem, penalty, lb.Subgradient(0.1), steps=len(A), **settings)
    return observables(experiment, np.arange(len(A)), A)


@pytest.fixture(scope="module")
def run():
    experiment = lb.Experiment(
        PROBLEM, lb.Nuclear(1e-2), lb.Subgradient(0.5), steps=300, thresholds=(0.05, 0.5)
    )
    return lb.simulate(experiment)


# --- Formulas -------------------------------------------------------------------------------------


def test_observables_are_their_formulas(run):
    data, mask, truth = run.trajectory, PROBLEM.mask, PROBLEM.a_star
    assert dict(data.sizes) == {
        "step": len(data.step),
        "row": 6,
        "column": 5,
        "index": 5,
        "direction": 2,
    }
    for i in (0, 3, -1):
        row = data.isel(step=i)
        A = row.a.values
        gradient = np.where(mask == 1, A - PROBLEM.y_star, 0.0)
        U, s, Vt = np.linalg.svd(A)
        # The start, a multiple of the identity, has full rank; so has everything after it.
        H = 1e-2 * U[:, :5] @ Vt
        expected = {
            "train_error": np.linalg.norm(gradient) / np.linalg.norm(PROBLEM.y_star),
            "test_error": np.linalg.norm(A - truth) / np.linalg.norm(truth),
            "penalty_value": 1e-2 * s.sum(),
            "l1_norm": np.abs(A).sum(),
            "l2_norm": np.linalg.norm(A),
            "gradient_norm": np.linalg.norm(gradient),
            "penalty_norm": np.linalg.norm(H),
            "gradient_ratio": np.linalg.norm(H) / np.linalg.norm(gradient),
            "support": np.count_nonzero(A),
            "nuclear_norm": np.sqrt(np.linalg.eigvalsh(A.T @ A).clip(0)).sum(),
        }
        for name, value in expected.items():
            assert row[name].item() == pytest.approx(value, rel=1e-7), name
        np.testing.assert_allclose(
            row.singular_values**2, np.linalg.eigvalsh(A.T @ A)[::-1], atol=1e-13
        )


def test_angles_are_those_between_the_leading_singular_vectors_and_the_truth(run):
    left, _, right = np.linalg.svd(PROBLEM.a_star)
    for i in (5, -1):
        row = run.trajectory.isel(step=i)
        U, _, Vt = np.linalg.svd(row.a.values)
        np.testing.assert_allclose(
            row.left_angles, subspace_angles(U[:, :2], left[:, :2]), atol=1e-10
        )
        np.testing.assert_allclose(
            row.right_angles, subspace_angles(Vt[:2].T, right[:2].T), atol=1e-10
        )


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-7, 0.3, np.pi / 4, 1.5, np.pi / 2])
def test_angles_keep_their_digits_at_both_ends(angle):
    truth = np.zeros((4, 3))
    truth[0, 0] = 1.0
    problem = lb.MaskedMatrix(mask=np.ones((4, 3)), Y=truth, A_star=truth)
    A = np.zeros((4, 3))
    A[:2, 0] = np.cos(angle), np.sin(angle)
    data = seen(problem, [A])
    assert data.left_angles.item() == pytest.approx(angle, rel=1e-9, abs=1e-16)
    assert data.right_angles.item() == pytest.approx(0, abs=1e-16)


def test_angles_do_not_depend_on_signs_or_on_bases_of_the_truth(rng):
    # Two equal singular values: their vectors are any basis of the plane.
    U = np.linalg.qr(rng.standard_normal((5, 2)))[0]
    V = np.linalg.qr(rng.standard_normal((4, 2)))[0]
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    truth = U @ V.T
    problem = lb.MaskedMatrix(mask=np.ones((5, 4)), Y=truth, A_star=truth)
    data = seen(problem, [-3 * truth, U @ np.diag([2.0, 1.0]) @ turn @ V.T])
    np.testing.assert_allclose(data.left_angles, 0, atol=1e-14)
    np.testing.assert_allclose(data.right_angles, 0, atol=1e-14)


@pytest.mark.parametrize(
    ("values", "rank"),
    [
        ((1.0, 0, 0), 1),
        ((7.0, 7.0, 0), 2),
        ((0.2, 0.2, 0.2), 3),
        ((0, 0, 0), 0),
        # p = (1/2, 1/4, 1/4): entropy 1.5 ln 2.
        ((2.0, 1.0, 1.0), 2**1.5),
    ],
)
def test_effective_rank_is_the_number_of_equal_singular_values(values, rank, rng):
    U = np.linalg.qr(rng.standard_normal((4, 3)))[0]
    V = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    truth = np.ones((4, 3))
    problem = lb.MaskedMatrix(mask=truth, Y=truth, A_star=truth)
    data = seen(problem, [U @ np.diag(values) @ V.T])
    assert data.effective_rank.item() == pytest.approx(rank, rel=1e-12)
    np.testing.assert_allclose(data.singular_values[0], values, atol=1e-14)


def test_a_diverged_record_is_not_a_number_and_no_error():
    data = seen(masked_matrix(), np.full((1, 3, 4), np.nan), lb.Nuclear(0.1))
    for name in ("singular_values", "nuclear_norm", "effective_rank", "train_error"):
        assert np.isnan(data[name]).all()


def test_without_a_truth_there_are_no_angles():
    full = matrix_data()
    bare = lb.SensedMatrix(y=full.y, X=full.X)
    data = seen(bare, np.ones((2, 3, 4)))
    assert np.isnan(data.test_error).all()
    assert not np.isfinite(data.left_angles).any()
    assert not np.isfinite(data.right_angles).any()
    np.testing.assert_allclose(data.nuclear_norm, np.sqrt(12), rtol=1e-13)


def test_singular_values_are_those_of_the_product_not_of_its_factors(rng):
    model = lb.MatrixProduct(2)
    params = rng.standard_normal((2, *model.shape((3, 4)))) * model.used((3, 4))
    data = seen(matrix_data(), params, lb.Nuclear(0.1), model=model)
    products = [one[:3, :3] @ two[:3, :4] for one, two in params]
    np.testing.assert_allclose(data.a, products, atol=1e-14)
    expected = [np.linalg.svd(A, compute_uv=False) for A in products]
    np.testing.assert_allclose(data.singular_values, expected, atol=1e-13)
    # The penalty acts on the factors.
    factors = [sum(np.linalg.norm(A, "nuc") for A in record) for record in params]
    np.testing.assert_allclose(data.penalty_value, 0.1 * np.array(factors), rtol=1e-12)


def test_vectors_have_no_singular_values():
    problem = lb.SparseRecovery(n=6, s=1, N=4)
    data = observables(lb.Experiment(problem, steps=1), np.array([0]), np.ones((1, 6)))
    assert not set(OF_MATRICES) & set(data.variables)


def test_every_variable_is_described(run):
    assert set(OF_MATRICES) <= set(run.trajectory.data_vars)
    for name, variable in run.trajectory.variables.items():
        if name not in ("index", "direction"):
            assert {"long_name", "units"} <= set(variable.attrs), name


# --- Saving ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drawn", "large arrays"])
def test_a_matrix_run_is_saved_and_read_back(kind, run, tmp_path, monkeypatch):
    monkeypatch.setattr("latebloom.plots.plot_run", lambda run: Figure())
    if kind == "large arrays":  # beside the spec
        rng = np.random.default_rng(0)
        A = np.outer(rng.standard_normal(9), rng.standard_normal(8))
        mask = rng.permutation(72).reshape(9, 8) < 60
        problem = lb.MaskedMatrix(mask=mask, Y=np.where(mask, A, np.nan), A_star=A)
        run = lb.simulate(lb.Experiment(problem, lb.Nuclear(1e-2), lb.Subgradient(0.5), steps=50))
    folder = run.save(tmp_path / "out")
    again = lb.Experiment.from_toml(folder / "experiment.toml")
    assert again.hash == run.experiment.hash
    np.testing.assert_array_equal(again.data.y_star, run.experiment.data.y_star)
    assert bool(list(folder.glob("*.npy"))) == (kind == "large arrays")
    with xr.open_dataset(folder / "run.nc", engine="h5netcdf") as stored:
        for name in ("a", *OF_MATRICES):
            np.testing.assert_array_equal(stored[name].values, run.trajectory[name].values)
            assert stored[name].attrs == run.trajectory[name].attrs
    assert json.loads((folder / "result.json").read_text())["experiment"] == run.experiment.hash
    run.save(folder, overwrite=True)  # arrays are files of ours
