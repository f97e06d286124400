"""The run and its trajectory: observables against their formulas, documents, and saving."""

import base64
import json
import os
import re

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import latebloom as lb
from latebloom.core.folders import check_folder, new_folder
from latebloom.core.json_text import dump_json, jsonable
from latebloom.runs.run import FILES
from latebloom.runs.trajectory import observables


@pytest.fixture(scope="module")
def run():
    problem = lb.SparseRecovery(n=12, s=2, N=8, seed=3)
    experiment = lb.Experiment(
        problem, lb.L1(1e-3), lb.ProximalGradient(0.1), steps=3000, name="small"
    )
    return lb.simulate(experiment, engine="jump")


@pytest.fixture
def blank_pictures(monkeypatch):
    """Draw nothing: for tests of what is around the pictures, which take most of the time."""
    monkeypatch.setattr("latebloom.plots.plot_run", lambda run: Figure())


def test_observables_are_their_formulas(run):
    data, X = run.trajectory, run.experiment.data.X
    y, a_star = run.experiment.data.y_star, run.experiment.data.a_star
    assert list(data.sizes.items()) == [("step", len(data.step)), ("component", 12)]
    for i in (0, 5, -1):
        row = data.isel(step=i)
        a = row.a.values
        g = X.T @ (X @ a - y)
        expected = {
            "train_error": np.linalg.norm(X @ a - y) / np.linalg.norm(y),
            "test_error": np.linalg.norm(a - a_star) / np.linalg.norm(a_star),
            "penalty_value": 1e-3 * np.abs(a).sum(),
            "l1_norm": np.abs(a).sum(),
            "l2_norm": np.linalg.norm(a),
            "gradient_norm": np.linalg.norm(g),
            "penalty_norm": 1e-3 * np.sqrt(np.count_nonzero(a)),
            "gradient_ratio": 1e-3 * np.sqrt(np.count_nonzero(a)) / np.linalg.norm(g),
            "support": np.count_nonzero(a),
        }
        for name, value in expected.items():
            assert row[name].item() == pytest.approx(value, rel=1e-12), name
    assert {"long_name", "units"} <= set(data.train_error.attrs)
    assert data.attrs["hash"] == run.experiment.hash


def test_a_strength_that_starts_at_t1_is_the_one_of_the_next_update():
    problem = lb.SparseRecovery(n=6, s=1, N=4)
    experiment = lb.Experiment(problem, lb.L1(lb.SwitchOn(1.0)), steps=4)
    data = observables(experiment, np.array([0, 1, 2, 3]), np.ones((4, 6)), t1=2)
    assert data.penalty_value.values.tolist() == [0, 0, 6, 6]


def test_no_truth_no_penalty_and_a_deep_model():
    problem = lb.SparseRecovery(n=6, s=1, N=4)
    bare = lb.SparseRecovery.from_arrays(problem.X, problem.y_star)
    experiment = lb.Experiment(bare, None, lb.GradientDescent(0.1), model=lb.Hadamard(2), steps=1)
    data = observables(experiment, np.array([0]), np.full((1, 2, 6), 0.5))
    assert np.isnan(data.test_error).all()
    assert data.penalty_norm.item() == 0
    np.testing.assert_array_equal(data.a.values, np.full((1, 6), 0.25))


def test_the_document_is_strict_json(run):
    document = json.loads(dump_json(run.to_dict()))
    assert document["experiment"] == run.experiment.hash
    assert document["t1"]["step"] == run.phases.t1.step
    assert document["verdict"] == str(run.phases.verdict)
    assert set(document["final"]) == {"train_error", "test_error", "l1_norm", "l2_norm"}
    assert jsonable([np.float64("nan"), np.int64(3), np.arange(2)]) == [None, 3, [0, 1]]


def test_save_and_read_back(run, tmp_path):
    folder = run.save(tmp_path / "deep" / "out")
    # The parameters are in run.nc; those of networks have a file of their own.
    expected = sorted(set(FILES) - {"params.safetensors"})
    assert sorted(p.name for p in folder.iterdir()) == expected
    again = lb.Experiment.from_toml(folder / "experiment.toml")
    assert again.hash == run.experiment.hash
    with xr.open_dataset(folder / "run.nc", engine="h5netcdf") as stored:
        np.testing.assert_array_equal(stored.a.values, run.trajectory.a.values)
        assert stored.attrs["engine"] == "jump"
    assert json.loads((folder / "result.json").read_text())["name"] == "small"
    assert os.listdir(tmp_path / "deep") == ["out"]  # no draft is left


@pytest.mark.usefixtures("blank_pictures")
def test_large_arrays_are_saved_beside_the_spec(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((10, 12)) / 5
    problem = lb.SparseRecovery.from_arrays(X, X @ np.eye(12)[0])
    run = lb.simulate(lb.Experiment(problem, lb.L1(1e-3), lb.ProximalGradient(0.1), steps=100))
    folder = run.save(tmp_path / "out")
    again = lb.Experiment.from_toml(folder / "experiment.toml")
    assert again.hash == run.experiment.hash
    assert list(folder.glob("*.npy"))
    run.save(folder, overwrite=True)  # arrays are files of ours


@pytest.mark.usefixtures("blank_pictures")
def test_an_earlier_result_is_replaced_only_on_request(run, tmp_path):
    folder = run.save(tmp_path / "out")
    before = (folder / "result.json").stat().st_ino
    with pytest.raises(lb.InvalidInput, match="overwrite"):
        run.save(folder)
    assert (folder / "result.json").stat().st_ino == before
    run.save(folder, overwrite=True)
    assert (folder / "result.json").stat().st_ino != before
    assert os.listdir(tmp_path) == ["out"]


def test_files_of_others_are_never_deleted(run, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(lb.InvalidInput, match=r"thesis\.tex"):
        run.save(tmp_path, overwrite=True)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_failure_leaves_nothing_and_keeps_the_former(tmp_path):
    out = tmp_path / "out"

    def fail():
        with new_folder(out, ("a",), overwrite=True) as draft:
            (draft / "a").write_text("half")
            raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError):
        fail()
    assert os.listdir(tmp_path) == []
    with new_folder(out, ("a",)) as draft:
        (draft / "a").write_text("whole")
    with pytest.raises(RuntimeError):
        fail()
    assert (out / "a").read_text() == "whole"
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.usefixtures("blank_pictures")
def test_a_folder_that_cannot_be_written_is_refused(run, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for folder in (file, file / "below", file / "far" / "below"):
        with pytest.raises(lb.InvalidInput, match="file"):
            check_folder(folder, FILES)
        with pytest.raises(lb.InvalidInput, match="file"):
            run.save(folder)
    with pytest.raises(lb.InvalidInput, match="cannot be written"):
        run.plot(file / "picture.svg")
    assert os.listdir(tmp_path) == ["file"]


def test_overwriting_never_deletes_arrays_of_the_user(tmp_path):
    (tmp_path / "mydata.npy").write_bytes(b"mine")
    with pytest.raises(lb.InvalidInput, match=r"not an earlier result \(mydata\.npy\)"):
        check_folder(tmp_path, FILES, overwrite=True)
    assert (tmp_path / "mydata.npy").read_bytes() == b"mine"


def test_an_unknown_truth_is_unknown_not_late():
    problem = lb.SparseRecovery.from_arrays(np.eye(3), np.ones(3))
    run = lb.simulate(lb.Experiment(problem, lb.L1(1e-3), lb.ProximalGradient(0.5), steps=100))
    assert str(run.phases.t2) == "unknown"


@pytest.mark.parametrize("scale", [1e-200, 1e-170, 1e200])
def test_data_beyond_the_range_of_squares_are_refused(scale):
    problem = lb.SparseRecovery.from_arrays(np.eye(3), scale * np.ones(3), scale * np.ones(3))
    with np.errstate(over="ignore"), pytest.raises(lb.InvalidInput, match="rescale the data"):
        lb.Experiment(problem, lb.L1(1e-3))


def test_a_notebook_shows_the_words_and_the_picture():
    problem = lb.SparseRecovery(n=20, s=2, N=12, seed=1)
    run = lb.simulate(lb.Experiment(problem, lb.L1(1e-3), steps=100, name="a < b"))
    words, picture = run._repr_html_().split("</pre>")
    assert "verdict: " in words
    assert "a &lt; b" in words
    data = re.search(r'src="data:image/png;base64,([^"]+)"', picture)[1]
    assert base64.b64decode(data).startswith(b"\x89PNG\r\n")
