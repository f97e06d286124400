"""The command line of sweeps: files, named sweeps, status, export, pictures, bad input."""

import json
import math
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tomli_w
import xarray as xr
from sweep_helpers import base, grid, run, write_sweep

import latebloom as lb
from latebloom.cli.main import main
from latebloom.core.errors import InvalidInput
from latebloom.experiment.presets import load
from latebloom.experiment.record import LogSpaced
from latebloom.plots import plot_law
from latebloom.sweeps.analysis.law import law_rows
from latebloom.sweeps.file import load_sweep
from latebloom.sweeps.named import sweep_names
from latebloom.sweeps.store.export import export
from latebloom.sweeps.workers.estimate import PER_FILE, estimate


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a sweep of l1 runs: both axes of the law, curves, basis pursuit."""
    sparse = lb.Experiment(
        lb.SparseRecovery(n=12, s=1, N=6),
        lb.L1(1e-3),
        lb.ProximalGradient(0.2),
        steps=10**6,
        thresholds=(1e-1, 1e-1),
        record=LogSpaced(10),
    )
    sweep = lb.sweep(
        sparse,
        {"alpha": [0.1, 0.2], "beta": [1e-4, 1e-3]},
        seeds=3,
        trajectories=["test_error"],
        name="law",
    )
    phase = lb.sweep(
        sparse, {"N": [3, 6, 9], "s": [1, 3]}, seeds=3, tasks=("simulate", "recover"), name="both"
    )
    folder = tmp_path_factory.mktemp("sweeps") / "store"
    run(sweep, folder)
    run(phase, folder)
    return folder


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


# Files --------------------------------------------------------------------------------------------


def test_a_file_is_the_sweep_made_in_python(tmp_path):
    path = write_sweep(
        tmp_path,
        """
        base = "fig3"
        name = "mine"
        seeds = [3, 4]
        only = "N > 20"
        trajectories = ["test_error"]
        [set]
        method = "ProximalGradient"
        problem.n = 50
        [axes]
        N = { start = 20, stop = 40, step = 10 }
        penalty.beta = [1e-5, 1e-4]
        [[zip]]
        alpha = [0.1, 0.2]
        init = [1e-6, 1e-3]
        [derive]
        steps = "10 / (alpha * beta)"
        """,
    )
    start = load("fig3", [("method", "ProximalGradient"), ("problem.n", "50")]).with_(name="")
    by_hand = lb.sweep(
        start,
        {"N": [20, 30, 40], "beta": [1e-5, 1e-4]},
        zip=[{"alpha": [0.1, 0.2], "init": [1e-6, 1e-3]}],
        seeds=[3, 4],
        derive={"steps": "10 / (alpha * beta)"},
        only="N > 20",
        trajectories=["test_error"],
    )
    found = load_sweep(str(path))
    assert found.hash == by_hand.hash
    assert found.name == "mine"


def test_a_base_may_be_a_table_or_a_file_beside(tmp_path):
    (tmp_path / "start.toml").write_text(base().to_toml())
    beside = write_sweep(tmp_path, 'base = "start.toml"\n[axes]\nbeta = [1e-3, 1e-2]\n')
    expected = lb.sweep(base(), {"beta": [1e-3, 1e-2]}).hash
    assert load_sweep(str(beside)).hash == expected
    whole = {"axes": {"beta": [1e-3, 1e-2]}, "base": tomllib.loads(base().to_toml())}
    assert load_sweep(str(write_sweep(tmp_path, tomli_w.dumps(whole)))).hash == expected


def test_settings_of_the_command_line_change_the_sweep(tmp_path):
    path = str(write_sweep(tmp_path, 'base = "fig3"\nseeds = 9\n[axes]\nN = [20, 30]\n'))
    changes = [("seeds", "2"), ("penalty.beta", "1e-3"), ("tasks", "simulate, predict")]
    found = load_sweep(path, [*changes, ("only", "N > 20"), ("batch", "5")])
    assert found.shape == (2, 2)
    assert found.base.penalty == lb.L1(1e-3)
    assert found.tasks == ("simulate", "predict")
    assert (found.only.text, found.batch) == ("N > 20", 5)


@pytest.mark.parametrize("name", sorted(sweep_names()))
def test_named_sweeps_are_what_their_cells_say(name):
    found = load_sweep(name)
    assert found.size > 1
    keys = [found.key(i) for i in (0, found.size // 2, found.size - 1)]
    assert len(set(keys)) == 3
    assert found.experiment(found.size - 1).hash == keys[2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base = ", "not valid TOML"),
        ("[axes]\nN = [1]", "base is missing"),
        ('base = "fig33x"', "no experiment called"),
        ('base = "fig3"\nxes = 1', "unknown key 'xes'; did you mean 'axes'"),
        ('base = "fig3"\n[axes]\nBeta = [1]', "did you mean 'beta'"),
        ('base = "fig3"\naxes = 3', "axes = 3: must be a table"),
        ('base = "fig3"\n[zip]\nN = [1]', r"must be an array of tables"),
        ('base = "fig3"\nseeds = 1.5', "seeds = 1.5: must be a whole number or a list"),
        ('base = "fig3"\nseeds = true', "must be a whole number or a list"),
        ('base = "fig3"\ntasks = "predict"', "tasks = 'predict': must be a list"),
        ('base = "fig3"\n[set]\npenalty.bta = 1', "unknown key 'penalty.bta'"),
        ('base = "fig3"\n[derive]\nsteps = "1 +"', "not a formula"),
    ],
)
def test_files_with_mistakes(text, message, tmp_path):
    with pytest.raises(InvalidInput, match=message):
        load_sweep(str(write_sweep(tmp_path, text)))


def test_files_that_are_none(tmp_path, capsys):
    assert called(capsys, "sweep", "phas")[::2] == (
        2,
        "latebloom: no sweep called 'phas'; did you mean 'phase'?; or a .toml file\n",
    )
    code, _, err = called(capsys, "sweep", str(tmp_path / "no.toml"))
    assert code == 2
    assert "cannot be read" in err
    code, _, err = called(capsys, "sweep")
    assert code == 2
    assert "sweep needs a sweep" in err


# Commands -----------------------------------------------------------------------------------------


def test_the_named_sweeps_are_listed(capsys):
    code, out, _ = called(capsys, "sweep", "list", "--json")
    assert code == 0
    assert {row["name"] for row in json.loads(out)} == set(sweep_names())


def test_a_dry_run_computes_nothing_and_counts_what_is_left(tmp_path, capsys):
    path = write_sweep(tmp_path, 'base = "fig7"\nseeds = 3\n[axes]\nalpha = [0.01, 0.02]\n')
    folder = tmp_path / "store"
    arguments = ("sweep", str(path), "--store", str(folder), "--dry-run", "--json")
    code, out, _ = called(capsys, *arguments)
    found = json.loads(out)
    assert code == 0
    assert (found["cells"], found["done"], found["batches"]) == (6, 0, 6)
    assert 0 < found["low"] <= found["high"]
    assert found["disk"] > 0
    assert not folder.exists()
    run(load_sweep(str(path)), folder)
    found = json.loads(called(capsys, *arguments)[1])
    assert (found["done"], found["batches"], found["timed"]) == (6, 0, 0)


def test_an_estimate_follows_from_the_times_of_some_cells(monkeypatch):
    sweep = grid(seeds=10)  # 60 cells
    times = [1.0, 2.0, 4.0, 5.0]
    monkeypatch.setattr(
        "latebloom.sweeps.workers.estimate._timed", lambda *_: (times, 4 * 700.0, "")
    )
    found = estimate(sweep, None, workers=3)
    # Two standard errors around the mean: 3 -+ 2 sqrt(10/3 / 4), 20 cells for each worker.
    half = 2 * math.sqrt(10 / 12)
    assert (found.cells, found.timed, found.workers) == (60, 4, 3)
    assert found.low == pytest.approx(20 * (3 - half))
    assert found.high == pytest.approx(20 * (3 + half))
    # 700 bytes for each cell, and something for each file.
    assert found.disk == 60 * 700 + PER_FILE * found.batches
    # Cells that differ much: not less than the shortest for each of them.
    times[:] = [1.0, 1.0, 1.0, 100.0]
    assert estimate(sweep, None, workers=3).low == pytest.approx(20 * 1.0)


def test_the_size_of_a_store_is_estimated(tmp_path):
    sweep = grid(seeds=3)
    found = estimate(sweep, None, workers=1, seconds=math.inf)  # every cell, however long it takes
    assert found.timed == sweep.size
    run(sweep, tmp_path / "store")
    written = sum(p.stat().st_size for p in (tmp_path / "store").rglob("*") if p.is_file())
    assert written / 3 < found.disk < 3 * written


def test_a_huge_grid_is_counted_before_anything_else(tmp_path, capsys):
    axis = "{ start = 1, stop = 1000, step = 1 }"
    text = f'base = "fig3"\n[axes]\nN = {axis}\nn = {axis}\nsteps = {axis}\n'
    path = str(write_sweep(tmp_path, text))
    code, _, err = called(capsys, "sweep", path, "--store", str(tmp_path / "store"))
    assert code == 2
    assert "1,000,000,000 cells" in err
    assert "--yes" in err
    code, out, _ = called(capsys, "sweep", path, "--dry-run")
    assert code == 0
    assert "1,000,000,000" in out


def test_status_says_how_far_every_sweep_is(store, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # so that no cell is broken
    code, out, _ = called(capsys, "status", str(store), "--json")
    found = {row["name"]: row for row in json.loads(out)["sweeps"]}
    assert code == 0
    assert (found["law"]["done"], found["law"]["missing"]) == (12, 0)
    assert (found["both"]["total"], found["both"]["failed"]) == (36, 0)
    assert json.loads(out)["damaged"] == {}
    code, out, _ = called(capsys, "status", str(store))
    assert "alpha 2 x beta 2 x seed 3" in " ".join(out.split())


@pytest.mark.parametrize("suffix", ["nc", "zarr", "parquet", "csv"])
def test_exports_hold_the_results(suffix, store, tmp_path, capsys):
    path = tmp_path / f"out.{suffix}"
    code, _, err = called(
        capsys, "export", str(store), "--sweep", "law", "--out", str(path), "--json"
    )
    assert code == 0, err
    results = lb.open_store(store).open("law").load()
    if suffix in ("nc", "zarr"):
        options = {"engine": "h5netcdf"} if suffix == "nc" else {"engine": "zarr"}
        with xr.open_dataset(path, **options) as seen:
            assert dict(seen.sizes) == dict(results.sizes)
            np.testing.assert_array_equal(seen.t2.values, results.t2.values)
            np.testing.assert_array_equal(
                seen.trajectory_test_error.values, results.trajectory_test_error.values
            )
            assert seen.verdict.values.astype(str).tolist() == results.verdict.values.tolist()
    else:
        seen = pd.read_parquet(path) if suffix == "parquet" else pd.read_csv(path)
        assert len(seen) == 12
        one = seen[(seen.alpha == 0.2) & (seen.beta == 1e-3) & (seen.seed == 1)].iloc[0]
        cell = results.sel(alpha=0.2, beta=1e-3, seed=1)
        assert one.t2 == cell.t2.item()
        assert one.verdict == cell.verdict.item()
    code, _, err = called(capsys, "export", str(store), "--sweep", "law", "--out", str(path))
    assert code == 2
    assert "--overwrite" in err
    again = ("export", str(store), "--sweep", "law", "--out", str(path), "--overwrite")
    assert called(capsys, *again)[0] == 0


def test_export_needs_a_known_format(store, tmp_path, capsys):
    results = lb.open_store(store).open("law")
    with pytest.raises(InvalidInput, match=r"choose \.nc, \.zarr"):
        export(results, tmp_path / "out.xls")
    code, _, err = called(capsys, "export", str(store), "--sweep", "law")
    assert code == 2
    assert "needs --out" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("law", "--sweep", "law"), "t2 ~ beta^-"),
        (("phase", "--sweep", "both"), "Picture"),
        (("phase", "--sweep", "both", "--value", "t2", "--x", "N", "--y", "s"), "Picture"),
        (("agreement", "--sweep", "both"), "same outcome: "),
        (("curves", "--sweep", "law", "--by", "beta", "--facet", "alpha"), "collapse: "),
    ],
)
def test_pictures(arguments, words, store, tmp_path, capsys):
    picture, *rest = arguments
    path = tmp_path / "out.png"
    code, out, err = called(capsys, "plot", picture, str(store), *rest, "--out", str(path))
    assert code == 0, err
    assert words in out
    assert path.read_bytes().startswith(b"\x89PNG")
    code, out, _ = called(capsys, "plot", picture, str(store), *rest, "--out", str(path), "--json")
    assert json.loads(out)["picture"] == str(path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plot", "lav", "STORE"), "did you mean 'law'"),
        (("plot", "law"), "plot needs a store"),
        (("plot", "law", "STORE"), "holds several sweeps: choose one of"),
        (("plot", "law", "STORE", "--sweep", "lax"), "no sweep 'lax'; did you mean 'law'"),
        (("plot", "phase", "STORE", "--sweep", "both", "--x", "M"), "'M'"),
        (("plot", "phase", "STORE", "--sweep", "both", "--value", "t3"), "did you mean 't2'"),
        (("plot", "agreement", "STORE", "--sweep", "law"), "needs a sweep with both tasks"),
        (("plot", "curves", "STORE", "--sweep", "both"), "other axes: s"),
        (("plot", "law", "STORE", "--sweep", "law", "--out", "x.gif2"), "no picture format"),
        (("status", "nowhere"), "is not a store of sweeps"),
        (("export", "nowhere", "--out", "x.nc"), "is not a store of sweeps"),
        (("sweep", "phase", "--executer", "dask"), "did you mean '--executor'"),
        (("sweep", "phase", "--executor", "dusk"), "must be one of local, dask, slurm"),
        (("sweep", "phase", "--workers", "0", "--store", "OTHER"), "workers = 0"),
        (("sweep", "phase", "--scheduler", "tcp://x", "--store", "OTHER"), "with executor dask"),
        (("sweep", "phase", "--store", "memory://x"), "can be read"),
    ],
)
def test_bad_input_is_one_line(arguments, words, store, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = {"STORE": str(store), "OTHER": str(tmp_path / "other")}
    code, _, err = called(capsys, *(places.get(a, a) for a in arguments))
    assert code == 2
    assert words in err
    assert err.count("\n") == 1


def test_object_stores_are_read(store):
    import fsspec

    system = fsspec.filesystem("memory")
    system.put(str(store), "/there", recursive=True)
    remote = lb.open_store("memory://there")
    assert remote.progress(remote.sweep("law")).done == 12
    xr.testing.assert_equal(
        remote.open("law").load().drop_attrs(), lb.open_store(store).open("law").load().drop_attrs()
    )
    with pytest.raises(InvalidInput, match="object stores can be read"):
        run(remote.sweep("law"), remote)


def test_the_points_of_the_law_are_the_cells(store):
    results = lb.open_store(store).open("law")
    rows = law_rows(results)
    assert len(rows) == 12
    for row in rows:
        cells = results.sel(alpha=row["alpha"], beta=row["beta"])
        assert row["t2"] in cells.t2.values.tolist()
    assert len(plot_law(rows).axes[0].lines[0].get_xdata()) == 12
