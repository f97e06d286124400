"""A store that latebloom 0.1.0 wrote: it opens, gives the same numbers and resumes."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sweep_helpers import batch_files, run

import latebloom as lb
from latebloom.cli.main import main
from latebloom.sweeps import run_sweep
from latebloom.sweeps.file import load_sweep
from latebloom.sweeps.grid.task import Task
from latebloom.sweeps.store import index

FOLDER = Path(__file__).parent / "data" / "store-0.1"


@pytest.fixture
def store(tmp_path):
    """A copy, since looking at a store may write its index."""
    return Path(shutil.copytree(FOLDER / "store", tmp_path / "store"))


def test_an_old_store_opens_with_its_numbers(store):
    results = lb.open_store(store).open("tiny")
    assert results.sizes["beta"] == results.sizes["N"] == results.sizes["seed"] == 2
    assert (results["status"] == "done").sum() == 7
    failed = results.sel(beta=1e-2, N=10, seed=1)
    assert failed["status"].item() == "failed"
    assert np.isnan(failed["t1"].item())
    assert "diverge" in failed["message"].item()


@pytest.mark.parametrize("cell", [0, 3, 5])
def test_an_old_store_has_the_numbers_of_today(store, cell):
    sweep = load_sweep(str(FOLDER / "tiny.toml"))
    experiment = sweep.experiment(cell)
    at = np.unravel_index(cell, sweep.shape)
    kept = lb.open_store(store).open(sweep).isel(dict(zip(("beta", "N", "seed"), at, strict=True)))
    fresh = lb.simulate(experiment)
    assert kept["hash"].item() == experiment.hash
    assert kept["verdict"].item() == str(fresh.phases.verdict)
    for name, passage in (("t1", fresh.phases.t1), ("t2", fresh.phases.t2)):
        assert kept[f"{name}_kind"].item() == passage.kind
        wanted = np.nan if passage.step is None else passage.step
        np.testing.assert_equal(kept[name].item(), wanted)
    curve = fresh.trajectory["test_error"].to_numpy()
    np.testing.assert_allclose(kept["trajectory_test_error"][: curve.size], curve, rtol=1e-10)


def test_an_old_store_resumes_and_computes_nothing(store):
    before = batch_files(store)
    summary = run(load_sweep(str(FOLDER / "tiny.toml")), store)
    assert (summary.fresh, summary.done, summary.failed, summary.missing) == (0, 7, 1, 0)
    assert batch_files(store) == before


def test_the_status_of_an_old_store(store, capsys):
    assert main(["status", str(store), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    [row] = found["sweeps"]
    assert (row["name"], row["done"], row["failed"], row["missing"]) == ("tiny", 7, 1, 0)
    assert found["damaged"] == {}


def test_results_of_other_code_are_computed_anew(tmp_path, monkeypatch):
    """The code of the engines is part of what a result is kept under."""
    base = lb.Experiment(lb.SparseRecovery(n=20, s=2, N=10), lb.L1(1e-2), steps=50)
    sweep = lb.Sweep(base, {"beta": [1e-2, 2e-2]}, name="two")

    def computed(code, **settings):
        monkeypatch.setattr("latebloom.sweeps.grid.grid.fingerprint", lambda *_: code)
        with ThreadPoolExecutor(1) as threads:
            return run_sweep(sweep, tmp_path / "store", executor=threads, **settings)

    assert computed("one").fresh == 2
    assert computed("one").fresh == 0
    kept = computed("two", any_version=True)
    assert (kept.fresh, kept.done, kept.other) == (0, 2, 0)
    files = set(batch_files(tmp_path / "store"))
    anew = computed("two")
    assert (anew.fresh, anew.done, anew.other) == (2, 2, 2)
    # The older files stay; of two results the later one is opened.
    store = lb.open_store(tmp_path / "store")
    task = Task("simulate")
    names = {name for name, *_ in store.index.places(task).values()}
    assert names.isdisjoint(files)
    assert {name for name, *_ in store.index.places(task, "one").values()} <= files
    assert store.open("two").sizes["beta"] == 2


def test_old_results_count_only_while_the_numbers_are_the_same(store, monkeypatch):
    sweep = load_sweep(str(FOLDER / "tiny.toml"))
    assert lb.open_store(store).progress(sweep, any_version=False).done == 7
    monkeypatch.setattr(index, "AS_0_1", ("predict",))
    assert lb.open_store(store).progress(sweep, any_version=False).done == 0
    assert lb.open_store(store).progress(sweep).done == 7
