"""What is said about input that cannot be used as it is, and what is read after all."""

import io
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import latebloom as lb
from latebloom.cli.cost import rough, say_prediction, say_run, say_sweep
from latebloom.cli.main import main
from latebloom.core import messages
from latebloom.core.array_files import read_array
from latebloom.core.errors import InvalidInput
from latebloom.engines.base import find_engine
from latebloom.experiment.presets import PRESETS, engine_of, load, preset, presets
from latebloom_paper.book.record import read_record

SPARSE = lb.Experiment(lb.SparseRecovery(n=20, s=2, N=10), lb.L1(1e-3), steps=10)
EXAMPLES = Path(__file__).parents[1] / "examples"


def refused(capsys, *argv):
    """Return the one line that a call that must fail prints."""
    assert main(list(argv)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


# Arrays from files --------------------------------------------------------------------------------


@pytest.fixture
def X(rng):
    """Return a matrix with numbers that need all digits."""
    return rng.normal(size=(4, 3))


WRITERS = {
    "numpy": lambda X, path: np.savetxt(path, X, delimiter=",", fmt="%.17g"),
    "numpy with spaces": lambda X, path: np.savetxt(path, X, fmt="%.17g"),
    "numpy with a header": lambda X, path: np.savetxt(path, X, "%.17g", ",", header="a,b,c"),
    "pandas": lambda X, path: pd.DataFrame(X).to_csv(path),
    "pandas with names": lambda X, path: pd.DataFrame(X, columns=list("abc")).to_csv(path),
    "pandas without an index": lambda X, path: pd.DataFrame(X, columns=list("abc")).to_csv(
        path, index=False
    ),
    "pandas without names": lambda X, path: pd.DataFrame(X).to_csv(path, index=False, header=False),
    "a semicolon": lambda X, path: pd.DataFrame(X, columns=list("abc")).to_csv(
        path, sep=";", index=False
    ),
    "a byte order mark": lambda X, path: pd.DataFrame(X).to_csv(path, encoding="utf-8-sig"),
}


def archive() -> bytes:
    """Return two arrays in one file of NumPy."""
    file = io.BytesIO()
    np.savez(file, a=np.eye(2), b=np.ones(2))
    return file.getvalue()


ARCHIVE = archive()


@pytest.mark.parametrize("writer", WRITERS)
def test_csv_is_read_as_numpy_and_pandas_write_it(writer, X, tmp_path):
    WRITERS[writer](X, tmp_path / "X.csv")
    np.testing.assert_array_equal(read_array(tmp_path / "X.csv"), X)


def test_a_column_is_a_vector(X, tmp_path):
    np.savetxt(tmp_path / "y.txt", X[:, 0], fmt="%.17g")
    np.testing.assert_array_equal(read_array(tmp_path / "y.txt"), X[:, 0])
    pd.Series(X[:, 0], name="y").to_csv(tmp_path / "y.csv")
    np.testing.assert_array_equal(read_array(tmp_path / "y.csv"), X[:, 0])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("X.csv", b"\x89PNG\x00\x01\xff\xfe", "no text in UTF-8"),
        ("X.csv", b"", "is empty"),
        ("X.csv", b"1,2\n3\n", "line 2 has 1 numbers, and the first 2"),
        ("X.csv", b"1,2\n3,x\n", "line 2, column 2: 'x' is no number"),
        ("X.csv", b"1,2\n3,\n", "line 2, column 2: '' is no number"),
        ("X.csv", b"1,,3\n4,5,6\n", "line 1, column 2: '' is no number"),
        ("X.csv", b"1e5x,2,3\n4,5,6\n", "line 1, column 1: '1e5x' is no number"),
        ("X.csv", b",2,3\n0,5,6\n", "line 1, column 1: '' is no number"),
        ("X.csv", b"0,1\n3.5,4\n", "header=False"),
        ("X.dat", b"1,2\n3,4\n", "a .npy file (numpy.save) or a .csv file"),
        ("X.npz", ARCHIVE, "holds several arrays (a, b)"),
        ("X.npy", b"no array", "cannot be read as a .npy file"),
        ("missing.csv", None, "No such file"),
        ("missing.npy", None, "there is no such file"),
    ],
)
def test_a_file_that_is_no_array_is_refused_with_the_key(name, content, message, tmp_path, capsys):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    file = tmp_path / "own.toml"
    file.write_text(
        f'[problem]\ntype = "LinearData"\nX = "{name}"\ny_star = [1.0]\n', encoding="utf-8"
    )
    err = refused(capsys, "show", str(file))
    assert f"problem.X = '{name}'" in err
    assert message in err


def test_an_experiment_with_csv_data_is_that_of_the_arrays(tmp_path, capsys, rng):
    X, a = rng.normal(size=(6, 9)), np.eye(9)[0]
    problem = lb.SparseRecovery.from_arrays(X, X @ a, a)
    arrays = lb.Experiment(problem, lb.L1(1e-3), steps=10)
    for name, value in (("X", X), ("y_star", X @ a), ("a_star", a)):
        np.savetxt(tmp_path / f"{name}.csv", value, fmt="%.17g", delimiter=",")
    spec = arrays.to_dict()
    spec["problem"] |= {name: f"{name}.csv" for name in ("X", "y_star", "a_star")}
    assert lb.Experiment.from_dict(spec, tmp_path).hash == arrays.hash


# Files of experiments and sweeps ------------------------------------------------------------------


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path):
    text = "\ufeff" + SPARSE.to_toml()
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    assert lb.Experiment.from_toml(tmp_path / "own.toml").hash == SPARSE.hash
    assert lb.Experiment.from_toml(text).hash == SPARSE.hash


@pytest.mark.parametrize("command", ["run", "show", "predict", "check"])
def test_sweeps_and_folders_are_no_experiments(command, tmp_path, capsys):
    sweep = tmp_path / "own.toml"
    sweep.write_text('base = "fig3"\n[axes]\nN = [20, 30]\n')
    assert f"is a sweep, not an experiment: latebloom sweep {sweep}" in refused(
        capsys, command, str(sweep)
    )
    assert "phase: is a sweep, not an experiment" in refused(capsys, command, "phase")
    assert "is a folder; give a TOML file" in refused(capsys, command, str(tmp_path))
    (tmp_path / "experiment.toml").write_text(SPARSE.to_toml())
    assert f"its experiment is {tmp_path / 'experiment.toml'}" in refused(
        capsys, command, str(tmp_path)
    )


@pytest.mark.parametrize("source", ["fig3", "blog-fig5", "own.toml"])
def test_experiments_are_no_sweeps(source, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text(SPARSE.to_toml())
    err = refused(capsys, "sweep", source)
    assert f"{source}: is an experiment, not a sweep: latebloom run {source}" in err
    assert f'base = "{source}"' in err


def test_a_file_in_another_encoding_is_one_line(tmp_path, capsys):
    (tmp_path / "own.toml").write_text(SPARSE.to_toml(), encoding="utf-16")
    assert "is no text in UTF-8" in refused(capsys, "show", str(tmp_path / "own.toml"))


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1e-160, 1e155, 1e200])
def test_data_whose_squares_float64_does_not_have_are_refused_at_once(scale, rng):
    X, a = rng.normal(size=(6, 9)), np.eye(9)[0]
    for problem in (
        lambda: lb.SparseRecovery.from_arrays(scale * X, scale * (X @ a), a),
        lambda: lb.SparseRecovery.from_arrays(X, scale * (X @ a), scale * a),
    ):
        with pytest.raises(InvalidInput, match="rescale the data to about 1"):
            lb.Experiment(problem(), lb.L1(1e-3), steps=10)


# Stores of plugins --------------------------------------------------------------------------------


@pytest.mark.parametrize("plugin", ["group_lasso"])
def test_a_store_that_needs_a_plugin_says_so(plugin, tmp_path):
    """In processes of their own: a plugin stays loaded."""
    shutil.copy(EXAMPLES / f"{plugin}.py", tmp_path)
    (tmp_path / "g.toml").write_text('base = "groups"\n[axes]\nbeta = [1e-3]\n[set]\nsteps = 10\n')
    script = (
        "import sys; from latebloom.cli.main import main\n"
        f"assert main(['--plugin', '{plugin}', 'sweep', 'g.toml', '--workers', '1']) == 0"
    )
    ask = "import sys; from latebloom.cli.main import main; sys.exit(main({}))"
    others = (["status", "g.store"], ["export", "g.store", "--out", "x.csv"])
    done = [
        subprocess.run([sys.executable, "-c", c], cwd=tmp_path, capture_output=True, text=True)
        for c in (script, *map(ask.format, others))
    ]
    assert done[0].returncode == 0, done[0].stderr
    message = "the penalty 'GroupLasso' is of a plugin: load it, with --plugin MODULE"
    assert done[1].returncode == 0
    assert message in " ".join(done[1].stdout.split())
    assert "damaged" not in done[1].stdout
    assert done[2].returncode == 2
    assert message in done[2].stderr


# Names and costs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [n for p in presets().values() if p.build for n in (p.name, *p.aliases)]
)
def test_show_names_the_experiment_that_was_asked_for(name, capsys):
    assert main(["show", name]) == 0
    own = preset(name).name
    out = capsys.readouterr().out
    assert out.startswith(f"# {own}: {' '.join(PRESETS[own].title.split()[:2])}")
    assert f'name = "{own}"' in out


@pytest.mark.parametrize("name", [n for n, p in presets().items() if p.build is None and p.command])
def test_show_of_a_family_says_what_it_costs_and_what_costs_less(name, capsys):
    err = refused(capsys, "show", name)
    assert f"latebloom run {name} runs it as a whole" in err
    assert f"latebloom reproduce {name}, the quick size: about " in err or "not measured" in err


@pytest.fixture
def said(capsys):
    """Return a function that gives what was said since the last call."""
    before = messages.set_level(messages.NORMAL)
    yield lambda: capsys.readouterr().err
    messages.set_level(before)


def test_a_long_run_is_announced_with_a_quicker_command(said):
    say_run(load("fig3"), "auto", "fig3", small=False)
    assert said() == ""  # seconds
    say_run(load("fig4"), "auto", "fig4", small=False)
    assert "100,000,000 updates by engine step: about" in (text := said())
    assert "--engine jump takes seconds" in text
    say_run(load("fig5"), "step", "fig5", small=False)
    assert "--engine slow takes seconds" in said()
    say_run(load("blog-fig1"), "auto", "blog-fig1", small=True)
    assert "latebloom run blog-fig1 --small takes seconds" in said()
    heavy = replace(SPARSE, method=lb.FISTA(0.01), steps=10**10)
    say_run(heavy, "step", "x.toml", small=False)
    assert "half a minute" in said()


def test_the_shorter_horizon_that_is_proposed_takes_half_a_minute(said):
    for name, longer in (("slow-addition", 100), ("blog-fig1", 1)):
        experiment = load(name)
        experiment = experiment.with_(steps=longer * experiment.steps)
        say_run(experiment, engine_of(name), name, small=False)
        steps = int(float(re.search(r"--steps (\S+) takes half", said())[1]))  # pyright: ignore
        shorter = find_engine(engine_of(name), experiment).cost(experiment.with_(steps=steps))
        assert 15 < shorter < 45


def test_the_guess_for_a_small_network_is_seconds():
    # It took 2 seconds: every update of 200 parameters and 30 examples, compiled.
    small = load("slow-teacher", small=True)
    assert find_engine("step", small).cost(small) < 10


def test_a_long_prediction_of_a_network_is_announced(said):
    long = load("slow-addition").with_(steps=10**12)
    say_prediction(long, "slow-addition", small=True, plans=False)
    assert "flow of the network: about" in (text := said())
    assert "latebloom predict slow-addition --small takes seconds" in text
    say_prediction(long, "slow-addition", small=False, plans=True)
    assert "a plan, and a prediction" in (text := said())
    assert "without --budget it takes" in text
    say_prediction(load("slow-teacher", small=True), "slow-teacher", small=False, plans=False)
    say_prediction(load("fig3"), "fig3", small=False, plans=True)
    say_prediction(load("blog-fig1"), "blog-fig1", small=True, plans=False)  # there is no law
    assert said() == ""


def test_a_long_sweep_is_announced(said):
    say_sweep(lb.sweep(load("fig4"), {"N": [30, 40]}, seeds=4), 2)
    text = said()
    assert "8 cells on 2 workers" in text
    assert "--dry-run measures a few cells; --seeds 1 takes" in text.replace(
        "s 1 takes ", "s 1 takes about "
    )
    say_sweep(lb.sweep(SPARSE, {"N": [8, 9]}), 2)
    assert said() == ""


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["run", "fig1"], "fig1 at the full size: about"),
        (["reproduce", "fig9", "--full"], "the quick size, latebloom reproduce fig9: about"),
        (["reproduce", "fig10", "--full"], "the public code takes"),
        (["reproduce", "all"], "a single one: latebloom reproduce fig3, about"),
    ],
)
def test_a_long_reproduction_is_announced(argv, message, capsys, tmp_path, monkeypatch):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("latebloom_paper.book.outcome.regenerate", stop)
    assert main(argv) == 130
    assert message in capsys.readouterr().err


def test_costs_are_those_of_the_record():
    figures = read_record().figures
    assert figures["fig1"]["full"]["seconds"] > 60 > figures["fig1"]["quick"]["seconds"]


def test_rough_times():
    assert [rough(s) for s in (0.4, 12.3, 83, 1234, 7000)] == [
        *("a second", "12 s", "1 min 20 s"),
        *("21 min", "2 h"),
    ]


def test_an_unstable_alpha_names_the_option_and_auto(capsys):
    err = refused(capsys, "run", "fig3", "--alpha", "0.3")
    assert "--force" in err
    assert "alpha = 'auto' takes 0.9 of the limit" in err
