"""The command line: what it prints, where it prints it, and its exit codes."""

import json
import os
from dataclasses import replace

import pytest
from cli_helpers import FAST, SIMULATE, call, refused
from matplotlib.figure import Figure

import latebloom as lb
from latebloom.cli.commands import COMMANDS
from latebloom.experiment.presets import load, preset
from latebloom.experiment.settings import scalar
from latebloom.problems import LeastSquares
from latebloom_paper.book.catalogue import STUDIES


@pytest.fixture
def blank_pictures(monkeypatch):
    """Draw nothing: for tests of what is around the pictures, which take most of the time."""
    monkeypatch.setattr("latebloom.plots.plot_run", lambda run: Figure())


# Experiments by name, file and settings -----------------------------------------------------------


SINGLE = sorted(name for name, study in STUDIES.items() if not study.family)


FAMILIES = sorted(set(STUDIES) - set(SINGLE))


@pytest.mark.parametrize("name", SINGLE)
def test_every_preset_survives_toml(name, capsys):
    code, out, _ = call(capsys, "show", name)
    experiment = preset(name).experiment()
    assert code == 0
    if "sha256" in out:  # stands for an array that has been left out
        spec = json.loads(call(capsys, "show", name, "--json")[1])["spec"]
        assert lb.Experiment.from_dict(spec).hash == experiment.hash
    else:
        assert lb.Experiment.from_toml(out).hash == experiment.hash
    if isinstance(experiment.problem, LeastSquares):
        experiment.method.require_stable(experiment.data, experiment.penalty, experiment.model)


@pytest.mark.parametrize("name", FAMILIES)
def test_families_are_no_experiment_and_run_as_a_whole(name, capsys):
    message = refused(capsys, "show", name)
    assert f"{name} is a family of runs: latebloom run {name}" in message
    assert STUDIES[name].study is not None


def test_the_grids_have_the_published_sizes():
    for name, cells in (("fig4", 36), ("fig9", 40)):
        grid = STUDIES[name].sweep("published")
        assert len({grid.key(i) for i in range(grid.size)}) == cells


def test_aliases_are_the_same_run():
    assert load("fig16").hash == load("fig7").hash


def test_fig3_is_the_published_instance():
    problem = load("fig3").data
    assert problem.a_star is not None
    assert problem.a_star[33] == pytest.approx(0.09596, abs=5e-6)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([("penalty.beta", "1e-7")], {"penalty": lb.L1(1e-7)}),
        ([("steps", "1e9")], {"steps": 10**9}),
        ([("method", "ProximalGradient")], {"method": lb.ProximalGradient(0.1)}),
        (
            [("method.alpha", "0.05"), ("method", "ProximalGradient")],
            {"method": lb.ProximalGradient(0.05)},
        ),
        ([("penalty", "none")], {"penalty": None}),
        ([("penalty", "L2")], {"penalty": lb.L2(1e-5)}),
        ([("thresholds", "1e-2,1e-4")], {"thresholds": (1e-2, 1e-4)}),
        (
            [("penalty.beta", "SwitchOn"), ("penalty.beta.value", "1e-4")],
            {"penalty": lb.L1(lb.SwitchOn(1e-4))},
        ),
        ([("init", "Gaussian"), ("init.zeta", ".5")], {"init": lb.Gaussian(0.5)}),
        ([("record", "Every"), ("record.k", "1000")], {"record": lb.Every(1000)}),
        ([("name", "007")], {"name": "007"}),
        ([("penalty", "{type = 'L2', beta = 1e-3}")], {"penalty": lb.L2(1e-3)}),
        ([("beta", "{type = 'SwitchOn', value = 1e-4}")], {"penalty": lb.L1(lb.SwitchOn(1e-4))}),
    ],
)
def test_settings_are_toml_keys(settings, expected):
    experiment = load("fig3", settings)
    assert {key: getattr(experiment, key) for key in expected} == expected


def test_a_setting_of_one_term_of_a_sum(tmp_path):
    file = tmp_path / "net.toml"
    experiment = load("fig3").with_(penalty=lb.L1(1e-5) + lb.L2(1e-6), name="")
    file.write_text(experiment.to_toml())
    changed = load(str(file), [("penalty.parts.1.beta", "1e-3")])
    assert changed.penalty == lb.L1(1e-5) + lb.L2(1e-3)
    assert changed.name == "net penalty.parts.1.beta=1e-3"


@pytest.mark.parametrize(
    ("text", "value"), [("-1", -1), (".5", 0.5), ("1_000", 1000), ("false", False), ("L1", "L1")]
)
def test_scalars(text, value):
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


# Good input ---------------------------------------------------------------------------------------


def test_help_and_version(capsys):
    code, out, _ = call(capsys, "--help")
    assert code == 0
    assert all(
        f"{c.name} " in out and c.summary in " ".join(out.split()) for c in COMMANDS.values()
    )
    assert "--plugin MODULE" in out
    assert call(capsys, "run", "--help")[0] == 0
    code, out, _ = call(capsys, "--version")
    assert (code, out) == (0, f"latebloom {lb.__version__}\n")


def test_no_arguments_print_the_help_and_fail(capsys):
    code, out, _ = call(capsys)
    assert code == 2
    assert "usage" in out


def test_list(capsys):
    code, out, _ = call(capsys, "list")
    assert code == 0
    assert all(name in out for name in STUDIES)
    code, out, err = call(capsys, "list", "--json")
    names = [p["name"] for p in json.loads(out)]
    assert sorted(names) == sorted(STUDIES)
    numbers = [int(name[3:]) for name in names if name[3:].isdigit() and name.startswith("fig")]
    assert numbers == sorted(numbers)  # fig2 before fig10
    assert err == ""


def test_show_honours_settings(capsys):
    _, out, _ = call(capsys, "show", "fig3", "--penalty.beta", "1e-7", "--method=ProximalGradient")
    shown = lb.Experiment.from_toml(out)
    assert shown.penalty == lb.L1(1e-7)
    assert shown.method == lb.ProximalGradient(0.1)
    _, out, _ = call(capsys, "show", "fig3", "--json")
    assert json.loads(out)["spec"]["steps"] == 10**6


def test_run_says_what_happened(capsys):
    code, out, _ = call(capsys, "run", *FAST)
    assert code == 0
    for word in ("memorized_only", "56 (exact)", "never", "infeasible", "spectral", "predicted"):
        assert word in out


@pytest.mark.usefixtures("blank_pictures")
def test_run_json_is_one_document_and_nothing_else(capsys, tmp_path):
    out_folder = tmp_path / "out"
    code, out, err = call(capsys, "run", *FAST, "--json", "--out", str(out_folder))
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document["t1"]["step"] == 56
    assert document["verdict"] == "memorized_only"
    assert document["engine"] == "spectral"
    assert "add a penalty" in document.pop("advice")
    assert json.loads((out_folder / "result.json").read_text()) == document


def test_run_of_a_file_equals_run_of_the_preset(capsys, tmp_path):
    _, toml, _ = call(capsys, "show", *FAST)
    file = tmp_path / "mine.toml"
    file.write_text(toml)
    _, first, _ = call(capsys, "run", str(file), "--json")
    _, second, _ = call(capsys, "run", *FAST, "--json")
    assert json.loads(first)["experiment"] == json.loads(second)["experiment"]


def test_engine_jump(capsys):
    argv = ["run", "fig3", "--method", "ProximalGradient", "--engine", "jump", "--json"]
    document = json.loads(call(capsys, *argv)[1])
    assert document["engine"] == "jump"
    assert document["verdict"] == "grokked"
    assert document["t1"]["step"] == 60


def test_predict(capsys):
    code, out, _ = call(capsys, "predict", *FAST)
    assert code == 0
    assert "largest stable alpha" in out
    _, out, _ = call(capsys, "predict", *FAST, "--json")
    assert json.loads(out)["alpha_max"] == pytest.approx(0.280916, abs=1e-6)


def test_check(capsys):
    code, out, _ = call(capsys, "check", *FAST)
    assert code == 0
    assert "holds" in out
    document = json.loads(call(capsys, "check", *FAST, "--json")[1])
    found = {f["law"]: f["verdict"] for f in document["check"]["findings"]}
    assert found["rate of plain gradient descent"] == "holds"


@pytest.mark.usefixtures("blank_pictures")
def test_overwrite(capsys, tmp_path):
    out = str(tmp_path / "out")
    argv = ["run", *FAST, "--json", "--out", out]
    assert call(capsys, *argv)[0] == 0
    assert "--overwrite" in refused(capsys, *argv)
    assert call(capsys, *argv, "--overwrite")[0] == 0
    assert os.listdir(tmp_path) == ["out"]


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["rnu", "fig3"], "'run'"),
        (["run"], "latebloom list"),
        (["run", "fgi3"], "'fig3'"),
        (["run", "fig3", "fig4"], "too many"),
        (["run", "fig3", "--enigne", "jump"], "'--engine'"),
        (["run", "fig3", "--engine", "jmp"], "auto, step, jump, spectral"),
        (["run", "fig3", "--overwite"], "'--overwrite'"),
        (["run", "fig3", "--json=yes"], "no value"),
        (["run", "fig3", "--json=1"], "--json takes no value; leave out '=1'"),
        (["run", "fig3", "--out", "--json"], "--out needs a value"),
        (["run", "fig3", "--bta", "1"], "'--beta'"),
        (["run", "fig3", "--momentum", "1"], "those that have it: method "),
        (["run", "fig3", "--plugin", "mine"], "--plugin stands before the command"),
        (["--plugin"], "--plugin needs a value"),
        (["--plugin", "--help"], "--plugin needs a value"),
        (["--plugin=", "list"], "--plugin needs a value"),
        (["run", "fig3", "--out"], "needs a value"),
        (["run", "fig3", "-o", "x"], "unknown option '-o'"),
        (["run", "fig3", "--alpha", "1"], "0.280916"),
        (["run", "fig3", "--penalty.bta", "1"], "'beta'"),
        (["run", "fig3", "--penlty.beta", "1"], "'--penalty.beta'"),
        (["run", "fig3", "--method", "ISTA"], "'FISTA'"),
        (["run", "fig3", "--method", "GradientDescent"], "methods that work"),
        (["run", "fig3", "--problem.N", "many"], "a whole number"),
        (["run", "fig3", "--problem.N", "30.5"], "a whole number"),
        (["run", "fig3", "--problem.s", "101"], "0..100"),
        (["run", "fig3", "--penalty.beta", "-1"], ">= 0"),
        (["run", "fig3", "--penalty.beta", "nan"], "finite"),
        (["run", "fig3", "--method.alpha", "0"], "> 0"),
        (["run", "fig3", "--method.alpha", "0.3"], "0.280916"),
        (["run", "fig3", "--steps", "0"], "steps"),
        (["run", "fig3", "--engine", "spectral"], "L2 (or none)"),
        (["run", "beta0", "--penalty.beta", "1"], "choose a type of penalty"),
        (["show", "fig3", "--penalty.parts.0.beta", "1"], "penalty.parts"),
        (["list", "--engine", "jump"], "unknown option"),
        (["run", "missing.toml"], "cannot be read"),
        (["run", "blog-fig1", "--checkpoint-steps", "abc"], "must be a whole number"),
        (["run", "blog-fig1", "--checkpoint-steps", "0.5"], "must be a whole number"),
        (["run", "blog-fig1", "--checkpoint-every", "inf s"], "must be a number"),
        (
            ["run", "blog-fig1", "--checkpoint", "x", "--checkpoint-steps", "0"],
            "--checkpoint-steps 0",
        ),
    ],
)
def test_bad_input_is_one_line_and_exit_2(argv, message, capsys):
    assert message in refused(capsys, *argv)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("stpes = 5\n", "'steps'"),
        ("steps = 'many'\n", "a whole number"),
        ("steps = 5\n", "'problem' is missing"),
        ("[problem]\ntype = 'SparseRecovry'\n", "'SparseRecovery'"),
        ("[problem]\ntype = 'SparseRecovery'\nsede = 1\n", "'seed'"),
        ("steps = = 5\n", "not valid TOML"),
    ],
)
def test_a_bad_file_is_one_line_that_names_the_key(toml, message, capsys, tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text(toml)
    assert message in refused(capsys, "run", str(file))


def test_an_alpha_beyond_the_limit_runs_when_forced(capsys):
    argv = ["run", "fig3", "--method.alpha", "0.3", "--steps", "1000", "--force", "--json"]
    code, out, _ = call(capsys, *argv)
    document = json.loads(out)
    assert code == 0
    assert document["verdict"] == "diverged"
    assert document["diverged_at"] > 0


def test_a_folder_below_a_file_is_refused_before_the_run(capsys, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(SIMULATE, "simulate", lambda *a, **k: pytest.fail("was run"))
    message = refused(capsys, "run", *FAST, "--out", str(tmp_path / "file" / "out"))
    assert "is a file" in message
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_of_others_is_refused_even_with_overwrite(capsys, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    argv = ["run", *FAST, "--out", str(tmp_path), "--overwrite"]
    assert "thesis.tex" in refused(capsys, *argv)
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_a_result_that_cannot_be_saved_is_still_printed(capsys, tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise lb.InvalidInput("out: cannot be written (disk full)")

    monkeypatch.setattr(lb.Run, "save", fail)
    code, out, err = call(capsys, "run", *FAST, "--json", "--out", str(tmp_path / "out"))
    assert code == 2
    assert json.loads(out)["verdict"] == "memorized_only"
    assert "disk full" in err


# Interruptions ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("blank_pictures")
def test_ctrl_c_in_a_run_reports_saves_and_exits_130(capsys, tmp_path, monkeypatch):
    simulate = lb.simulate

    def interrupted(*args, **kwargs):
        return replace(simulate(*args, **kwargs), interrupted=True)

    monkeypatch.setattr(SIMULATE, "simulate", interrupted)
    out = tmp_path / "out"
    code, text, _ = call(capsys, "run", *FAST, "--out", str(out))
    assert code == 130
    assert "(interrupted)" in text
    assert json.loads((out / "result.json").read_text())["interrupted"] is True
