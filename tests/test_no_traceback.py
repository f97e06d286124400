"""Bad input of every kind ends in one line: files, names, numbers, streams, wrong types."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from cli_helpers import call
from helpers import unchecked

import latebloom as lb
from latebloom.cli.commands import FAULT
from latebloom.cli.main import main
from latebloom.core.errors import LONGEST
from latebloom.core.files import require_file
from latebloom.sweeps.store.export import FORMATS, export

LONG = "x" * 300
# What no system lets anybody write into, and one that does not exist.
UNWRITABLE = ("/proc/nobody", "/sys/nobody")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys, *argv, code=2):
    """Return the message of a command line that must be refused in one line."""
    assert main(list(argv)) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("latebloom: ")
    assert err.count("\n") == 1
    assert len(err) < LONGEST + 100
    return err


# Command lines ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("run", LONG), "no experiment called"),
        (("run", LONG + ".toml"), "File name too long"),
        (("sweep", LONG), "no sweep called"),
        (("status", LONG), "is not a store"),
        (("run", "z" * 10**6), "characters left out"),
        (("run", ""), "run needs an experiment"),
        (("run", "beta0", "--out", LONG), "File name too long"),
        (("run", "beta0", "--out", ""), "is empty"),
        (("run", "beta0", "--out="), "is empty"),
        (("sweep", "phase-small", "--store", ""), "is empty"),
        (("run", "beta0", "--steps", "9" * 5000), "is beyond the numbers of a computer"),
        (("run", "beta0", "--steps", "1", "--steps", "2"), "given twice"),
        (("show", "beta0", "--small", "--small"), "given twice"),
        (("run", "beta0", "--init", "1e200"), "at most 1e+100"),
        (("run", "beta0", "--steps", "1e12", "--engine", "step", "--alpha", "9"), "not stable"),
        (("check", "beta0", "--steps", "1e12", "--alpha", "9"), "not stable"),
        (("reproduce", "all", "--store", "y" * 300), "File name too long"),
        (("report", "--store", "9" * 5000), "cannot be used (File name too long)"),
        (("sweep", "phase-small", "--dry-run", "--store", LONG), "cannot be used (File name"),
        (("show", "beta0", "--penalty.beta", "1", "--penalty.beta=1"), "given twice"),
        (("run", "blog-fig1", "--checkpoint", "c", "--checkpoint-every", "nan"), "finite number"),
        (("run", "blog-fig1", "--checkpoint-every", "5"), "--checkpoint FOLDER"),
        (("predict", "beta0", "--budget", "inf"), "finite number"),
        (("sweep", "phase-small", "--workers", "-1"), "workers = -1"),
        (("sweep", "phase-small", "--dry-run", "--workers", "-1"), "workers = -1"),
        (("reproduce", "fig3", "--workers", "-1"), "workers = -1"),
        (("report", "--workers", "-1"), "workers = -1"),
        (("claims", "--check", "--workers", "-1"), "workers = -1"),
        (("sweep", "phase-small", "--executor", "dask", "--scheduler", "here"), "tcp://host:port"),
        (("sweep", "phase-small", "--executor", "dask", "--scheduler", "tcp://a"), "tcp://host:"),
        (("run", "beta0", "--=3"), "unknown option '--'; see run --help"),
        (("run", "beta0", "--", "x"), "unknown option '--'"),
        (
            ("--small", "run", "beta0"),
            "a command must come first: latebloom COMMAND ... --small",
        ),
        (("watch", os.devnull), "is a pipe or a device, which watch cannot follow"),
        (("run", "beta0", "--engine", "no"), "must be one of auto, step, jump, spectral, slow\n"),
        (("plot", "no", "store"), "no picture 'no'; choose one of law"),
    ],
)
def test_a_command_line_is_refused(capsys, folder, argv, words):
    assert words in refused(capsys, *argv)
    assert list(folder.iterdir()) == []  # nothing was begun


@pytest.mark.parametrize("place", UNWRITABLE)
@pytest.mark.parametrize(
    ("argv", "suffix"),
    [
        (("run", "beta0", "--out"), ""),
        (("run", "blog-fig1", "--checkpoint"), ""),
        (("sweep", "phase-small", "--store"), ""),
        (("reproduce", "fig3", "--store"), ""),
        (("reproduce", "fig3", "--out"), ""),
        (("demo", "--out"), ""),
        (("export", "nowhere", "--out"), ".csv"),
        (("export", "nowhere", "--out"), ".zarr"),
        (("plot", "law", "nowhere", "--out"), ".svg"),
        (("diagnose", "nowhere", "--train", "a", "--test", "b", "--plot"), ".svg"),
        (("report", "--out"), ".html"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_computed(
    capsys, folder, argv, suffix, place
):
    if not Path(place).parent.is_dir():
        pytest.skip(f"no {Path(place).parent} here")
    assert "cannot be written" in refused(capsys, *argv, place + suffix)
    assert list(folder.iterdir()) == []


def test_a_file_in_the_place_of_a_folder_is_named(capsys, folder):
    (folder / "file").write_text("")
    assert "file is a file" in refused(capsys, "run", "beta0", "--out", "file/out")
    assert "file is a file" in refused(capsys, "export", "store", "--out", "file/table.csv")
    (folder / "picture.svg").mkdir()
    assert "is a folder" in refused(capsys, "plot", "law", "store", "--out", "picture.svg")


def test_a_link_to_itself_and_a_pipe_are_named(capsys, folder):
    (folder / "loop").symlink_to("loop")
    assert "loop: is a link to itself" in refused(capsys, "run", "beta0", "--out", "loop")
    os.mkfifo(folder / "pipe")  # nobody writes into it
    assert "use latebloom diagnose" in refused(capsys, "watch", "pipe", "--seconds", "0")


@pytest.mark.parametrize("executor", ["dask", "slurm"])
def test_an_executor_that_is_not_installed_leaves_no_store(capsys, folder, executor, monkeypatch):
    module = {"dask": "distributed", "slurm": "submitit"}[executor]
    monkeypatch.setattr(
        f"latebloom.sweeps.workers.{executor}.find_spec",
        lambda name: None if name == module else find_spec(name),
    )
    assert "pip install" in refused(capsys, "sweep", "phase-small", "--executor", executor)
    assert list(folder.iterdir()) == []


def test_a_device_is_never_replaced(folder):
    with pytest.raises(lb.InvalidInput, match="is no regular file"):
        require_file(Path(os.devnull))


def test_what_nobody_expected_is_one_line_with_an_exit_code_of_its_own(capsys, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("an oversight")

    monkeypatch.setattr("latebloom.experiment.presets.load", fail)
    message = refused(capsys, "show", "beta0", code=FAULT)
    assert "fault of latebloom" in message
    assert "RuntimeError: an oversight" in message
    monkeypatch.setenv("LATEBLOOM_DEBUG", "1")
    with pytest.raises(RuntimeError, match="an oversight"):
        main(["show", "beta0"])


# Files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = " + "[" * 5000 + "]" * 5000, "nested too deep"),
        ("a." * 5000 + "a = 1", "unknown key 'a'"),
        ("steps = " + "9" * 5000, "too many digits"),
        ('problem = "SparseRecovery"\nsteps = 0x' + "f" * 5000, "an integer of about 6,0"),
        ('method = "' + "m" * 10**6 + '"', "characters left out"),
        ('problem = "X\\u0000"', "problem"),
        ("", "'problem' is missing"),
    ],
)
def test_a_file_is_refused(capsys, folder, text, words):
    (folder / "case.toml").write_text(text)
    for argv in (("show", "case.toml"), ("sweep", "case.toml", "--dry-run")):
        message = refused(capsys, *argv)
        assert words in message or argv[0] == "sweep"


def test_a_text_is_refused_as_a_file_is():
    with pytest.raises(lb.InvalidInput, match="nested too deep"):
        lb.Experiment.from_toml("x = " + "[" * 5000 + "]" * 5000)


# Streams ------------------------------------------------------------------------------------------


def shell(command):
    """Run a command line of the shell in which $LB is the program."""
    env = {**os.environ, "LB": f"{sys.executable} -m latebloom"}
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("argv", ["show fig3", "list --json"])  # a short output, and a long one
def test_a_full_disk_behind_standard_output_is_said(argv):
    done = shell(f"$LB {argv} > /dev/full")
    assert done.returncode == 2
    assert done.stderr == (
        "latebloom: standard output: cannot be written (No space left on device)\n"
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_an_error_that_cannot_be_written_keeps_its_code():
    done = shell("$LB fgi3 --json > /dev/full")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no command 'fgi3'" in done.stderr
    assert shell("$LB fgi3 2> /dev/full").returncode == 2
    done = shell("$LB -v run beta0 --steps 100 --json 2> /dev/full")
    assert done.returncode == 0
    assert json.loads(done.stdout)["engine"] == "spectral"


def test_a_device_that_jax_does_not_have_is_no_fault_of_ours():
    done = shell("JAX_PLATFORMS=nothing $LB run beta0 --steps 10 --engine step")
    assert done.returncode == 2
    assert done.stderr.startswith("latebloom: JAX finds no device")
    assert done.stderr.count("\n") == 1


def test_a_closed_standard_output_is_refused():
    done = shell("$LB show fig3 >&-")
    assert done.returncode == 2
    assert done.stderr.startswith("latebloom: standard output is closed")
    assert done.stderr.count("\n") == 1


def test_a_closed_standard_error_changes_nothing():
    done = shell("$LB show fig3 2>&-")
    assert (done.returncode, done.stderr) == (0, "")
    assert "SparseRecovery" in done.stdout


@pytest.mark.parametrize("argv", ["show fig3", "list --json"])
def test_a_reader_that_closes_the_pipe_is_no_error(argv):
    done = shell(f"$LB {argv} | head -1; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_without_greek_gets_escapes():
    done = shell("PYTHONIOENCODING=ascii $LB errata")
    assert (done.returncode, done.stderr) == (0, "")


# Python -------------------------------------------------------------------------------------------


def wrong_calls():
    """Yield (name, call, words of the message)."""
    problem = lb.SparseRecovery(n=20, s=2, N=10)
    experiment = lb.Experiment(problem, lb.L1(1e-3), steps=10)
    run = lb.simulate(experiment)
    for function in (lb.simulate, lb.predict, lb.limit):
        for value in (problem, None, 3, [experiment], 1j):
            yield function.__name__, lambda f=function, v=value: f(v), ""
    yield "plan", lambda: lb.plan(problem, 1e5, 1e-2), ""
    yield "sweep", lambda: lb.sweep(3, {"N": [8]}), ""
    yield "batch", lambda: lb.simulate_batch([experiment, 3]), ""
    yield "batch", lambda: lb.simulate_batch(experiment), ""
    yield "no batch", lambda: lb.simulate_batch(None), "takes a list of experiments"
    for wrong in (3, int, lambda: None, lambda done: None):
        yield "progress", lambda f=wrong: lb.simulate(experiment, progress=f), "must be a function"
        yield "progress", lambda f=wrong: lb.predict(experiment, progress=f), "must be a function"
    curves = ([0, 1, 2], [1.0, 0.5, 0.0])
    grid = lb.sweep(experiment, {"N": [8]})
    for wrong in (3, lambda: None):
        yield "watch", lambda f=wrong: grid.run("store", watch=f), "a function of a SweepProgress"
    yield "prediction", lambda: lb.check(run, 3), "prediction is 3: must be a Prediction"
    yield "a kind of parts", lambda: lb.register("penalties"), "did you mean 'penalty'"
    yield "no dataclass", lambda: lb.register("penalty")(int), "must be a dataclass"
    yield "no preset", lambda: lb.register_preset("x"), "must be a Preset"
    yield "no folder", lambda: lb.register_sweeps(3), "takes a name or a path"
    yield "no text", lambda: lb.Experiment.from_toml(3), "the path of a file, or a text"
    yield "a file", lambda: lb.Experiment.from_toml("none.toml"), "none.toml: cannot be read"
    half = [1.0, np.ma.masked, 0.0]
    yield "masked", lambda: lb.phases([0, 1, 2], half), "train[1] is masked"
    yield "masked", lambda: lb.SparseRecovery.from_arrays([half, half], [1, 2]), "X[0][1] is mask"
    yield "masked", lambda: lb.Subgradient(np.ma.masked), "alpha"
    yield "diverged", lambda: lb.phases(*curves, diverged_at=len), "diverged_at"
    yield "passages", lambda: lb.phases(*curves, passages=(1, 2)), "of Passage or None"
    yield "ahead", lambda: lb.phases(*curves, ahead=None), "of Ahead"
    yield "rules", lambda: lb.phases(*curves, rules=3), "must be a Rules"
    yield "a rule", lambda: lb.Rules(flat="a"), "the rule flat is 'a'"
    imaginary = np.ones(3, dtype=complex)
    yield "complex", lambda: lb.diagnose(curves[0], imaginary, curves[1], kind="error"), "no array"
    yield "lines", lambda: lb.Adam(1e-3, transforms=(run.trajectory,)), "transforms contains"
    yield "no kind", lambda: lb.diagnose(train=[1.0] * 6, test=[1.0] * 6, kind=3), "one or two of"
    yield "no pair", lambda: lb.Monitor(thresholds=None), "must be a pair"
    yield "no kind", lambda: lb.Monitor(kind=3), "one or two of"
    yield "alpha", lambda: lb.plan(experiment, 1e5, 1e-2, alpha=len), "alpha"
    yield "size", lambda: lb.SparseRecovery(n=10**400), "below 2^63"
    yield "long path", lambda: lb.open_run(LONG), "holds no saved run"
    yield "long path", lambda: lb.check(LONG), "check takes a run"
    yield "long path", lambda: lb.diagnosis.read_log(LONG), "does not exist"
    yield "settings", lambda: lb.load("beta0", {"beta": 1}), "must be a list of pairs"
    yield "name", lambda: experiment.full_name(3), "must be the name of a field"
    yield "axes", lambda: lb.sweep(experiment, {1: [2]}), "must be the name of a field"
    yield (
        "cell",
        lambda: lb.sweep(experiment, {"N": [8]}).experiment(1),
        "must be an integer in 0..0",
    )
    yield "save", lambda: run.save("a", pictures="no"), "true or false"
    yield "picture", lambda: run.plot(3), "must be a path"
    yield "dataset", lambda: lb.Run.from_dataset({}), "must be the Dataset of a run"
    yield "no table", lambda: lb.Experiment.hash_of_dict([]), "must be a table"
    yield "no entries", lambda: lb.coherence(np.ones((0, 3))), "at least one entry"
    yield "odd key", lambda: lb.predict({1: 2}), "unknown key"
    for value in (problem, None, 3):
        yield "check", lambda v=value: lb.check(v), ""
    for value in (None, 3):
        yield "recoverability", lambda v=value: lb.recoverability(v), ""
    yield "certificate", lambda: lb.lasso_certificate(run, None, np.zeros(20)), ""
    yield "certificate", lambda: lb.lasso_certificate(problem, 3, np.zeros(20)), "must be a Penalty"
    yield "force", lambda: lb.simulate(experiment, force="no"), "true or false"
    yield "exact", lambda: lb.predict(experiment, exact=np.ones(3)), "true or false"
    yield "open", lambda: lb.open_store(3), ""
    yield "open", lambda: lb.open_store("a\0b"), "is not a store"
    yield "save", lambda: run.save(LONG), "cannot be written"
    yield "save", lambda: run.save(""), "must be a path"
    yield "save", lambda: run.save("a\0b"), "cannot be written"
    yield "big", lambda: lb.L1(10**5000), "an integer of about 5,000 digits"
    yield "array for a word", lambda: lb.Nuclear(1e-3, null=np.ones(3)), "must be one of"
    yield "number for a list", lambda: lb.Piecewise(steps=None, values=1.0), "must be a list"
    yield "part for a list", lambda: lb.At(lb.L1(1e-3)), "must be a list"
    yield "number for parts", lambda: lb.Sum(3), "Sum.parts"
    yield "freedom", lambda: lb.degrees_of_freedom("a", 2, 1), "must be an integer"


def test_public_functions_say_what_they_want():
    with unchecked():
        for name, call, words in wrong_calls():
            with pytest.raises(lb.InvalidInput) as raised:
                call()
            message = str(raised.value)
            assert words in message, name
            assert "\n" not in message, name
            assert len(message) < LONGEST, name


@pytest.mark.parametrize("suffix", FORMATS)
def test_results_need_a_place_to_go(suffix):
    results = xr.Dataset({"t2": ("N", [1.0])}, {"N": [8]})
    with pytest.raises(lb.InvalidInput, match="cannot be written"):
        export(results, f"/proc/nobody/table{suffix}")


@pytest.mark.parametrize("command", ["run", "predict", "show"])
def test_a_strength_whose_square_float64_does_not_have_is_refused(command, capsys):
    assert main([command, "fig3", "--penalty.beta", "1e160"]) == 2
    assert "L1.beta = 1e+160: float64 has no squares of it" in capsys.readouterr().err


def test_a_long_name_an_endless_integer_and_a_shown_array_are_refused_in_short(tmp_path, capsys):
    assert len(refused(capsys, "run", "a" * 5000)) < 300
    (tmp_path / "big.toml").write_text("steps = " + "9" * 5000)
    assert "too many digits; write it as 1e20" in refused(capsys, "run", str(tmp_path / "big.toml"))
    for option in ("--steps", "--N"):
        endless = refused(capsys, "run", "fig3", option, "9" * 5000)
        assert "beyond the numbers of a computer" in endless
        assert len(endless) < 500
    (tmp_path / "label.toml").write_text(f'name = "{"x" * 10**6}"\n{lb.load("beta0").to_toml()}')
    text = (tmp_path / "label.toml").read_text().replace('name = "beta0"', "")
    (tmp_path / "label.toml").write_text(text)
    label = refused(capsys, "run", str(tmp_path / "label.toml"))
    assert "must be text of at most 1000 characters" in label
    assert len(label) < 500
    np.save(tmp_path / "X.npy", np.ones((20, 50)))
    spec = '[problem]\ntype = "LinearData"\nX = "X.npy"\ny_star = [' + "1," * 20 + "]\n"
    (tmp_path / "own.toml").write_text(spec)
    _, text, _ = call(capsys, "show", str(tmp_path / "own.toml"))
    (tmp_path / "shown.toml").write_text(text)
    assert "--out FOLDER" in refused(capsys, "run", str(tmp_path / "shown.toml"))
