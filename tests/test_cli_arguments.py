"""The command line: interruptions, arguments, words and the demo."""

import ast
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import pytest
import tyro
from cli_helpers import FAST, SIMULATE, call, refused
from imports import imports_of, modules

import latebloom as lb
from latebloom.cli import commands as cli_commands
from latebloom.cli import demo_runs
from latebloom.cli.arguments import split
from latebloom.cli.commands import COMMANDS
from latebloom.core.text import number
from latebloom.experiment.presets import load


def test_ctrl_c_outside_a_run_exits_130(capsys, monkeypatch):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(SIMULATE, "simulate", stop)
    code, out, err = call(capsys, "run", *FAST)
    assert (code, out, err) == (130, "", "latebloom: interrupted\n")


def test_a_reader_that_has_seen_enough_is_no_error():
    command = f"{sys.executable} -m latebloom list --json | head -c 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == "["
    assert done.stderr == ""


# What computes: a command that computes nothing loads none of it.
HEAVY = {
    *("jax", "matplotlib", "optax", "pandas", "sklearn", "xarray", "h5py"),
    *("scipy.integrate", "scipy.linalg", "scipy.optimize", "scipy.sparse", "scipy.stats"),
    *("latebloom.engines.base", "latebloom.laws", "latebloom.simulate", "latebloom.theory"),
}


@pytest.mark.parametrize(
    ("argv", "code", "loaded"),
    [
        (["--help"], 0, set()),
        (["lst"], 2, set()),
        (["list"], 0, {"list_"}),
        (["show", "fig3"], 0, {"show"}),
        (["status", "--help"], 0, {"status"}),
    ],
)
def test_only_the_named_command_is_loaded(argv, code, loaded):
    script = (
        "import sys; from latebloom.cli.main import main; from latebloom.cli.commands import *\n"
        f"assert main({argv}) == {code}\n"
        "places = {command.place.partition(':')[0] for command in COMMANDS.values()}\n"
        f"assert places & set(sys.modules) == {{'latebloom.cli.' + name for name in {loaded}}}\n"
        f"assert not {HEAVY} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# Modules that commands import when they are executed.
EXECUTED = {"latebloom.cli.tables", "latebloom.cli.demo_runs"}


# For the names of the engines in the help.
NEEDED = {("latebloom.cli.run", "latebloom.engines.base")}


def test_commands_load_nothing_but_light_rooms():
    paths = {
        name: path
        for name, path in modules().items()
        if name.startswith(("latebloom.cli", "latebloom_paper.commands")) and name not in EXECUTED
    }
    light = ("latebloom.core", *paths)
    heavy = {
        (name, found.source)
        for name, path in paths.items()
        for found in imports_of(name, path, modules())
        if found.when == "loading" and not found.source.startswith(light)
    }
    assert heavy == NEEDED
    allowed = {*sys.stdlib_module_names, "tyro", "latebloom"}
    for path in paths.values():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            assert {name.partition(".")[0] for name in names} <= allowed, path


# Arguments ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Command:
    """Options of many types."""

    source: Annotated[str, tyro.conf.Positional]
    place: Annotated[str, tyro.conf.Positional, tyro.conf.arg(help="A place: here.")] = "."
    name: str = ""
    whole: int = 0
    maybe_whole: int | None = None
    real: float | None = None
    kind: Literal["a", "b"] = "a"
    pair: tuple[int, int] = (0, 0)
    flag: bool = False

    known_settings = staticmethod(lambda: ["steps", "penalty", "penalty.beta"])


@pytest.mark.parametrize(
    ("line", "own", "settings"),
    [
        ("x", ["x"], []),
        ("--steps 1e3 x y", ["x", "y"], [("steps", "1e3")]),
        ("--flag x --penalty.beta=-1", ["x", "--flag"], [("penalty.beta", "-1")]),
        ("x --name -y --steps -1", ["x", "--name=-y"], [("steps", "-1")]),
        ("x --name=a=b", ["x", "--name=a=b"], []),
        ("x --whole 1e4 --maybe-whole 2.0", ["x", "--whole=10000", "--maybe-whole=2"], []),
        ("x --maybe_whole 3 --real 1", ["x", "--maybe_whole=3", "--real=1.0"], []),
        ("x --beta 3 --0.beta 4", ["x"], [("beta", "3"), ("0.beta", "4")]),
        ("-q x -v", ["x"], []),
        ("x --name -q", ["x", "--name=-q"], []),
        ("--real 1 x --whole 2", ["x", "--real=1.0", "--whole=2"], []),
    ],
)
def test_options_and_settings_are_separated(line, own, settings):
    assert split("do", Command, line.split()) == (own, settings)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "do needs SOURCE"),
        ("x y z", "'z' is one argument too many for do"),
        ("x --whole 0.5", "--whole 0.5: must be a whole number"),
        ("x --whole inf", "--whole inf: must be a whole number"),
        ("x --real one", "--real one: must be a number"),
        ("x --kind c", "--kind c: must be one of a, b"),
        ("x --maybe-hole 3", "did you mean '--maybe-whole'"),
        ("x --stepz 3", "did you mean '--steps'"),
        ("x --betta 3", "did you mean '--beta'"),
        ("x -steps 3", "unknown option '-steps'"),
        ("x --workers 3", "unknown option '--workers'; options: --"),
        ("x --pair 3", "do: "),
        ("x --kind b --kind a", "--kind: is given twice"),
        ("x --real nan", "--real nan: must be a finite number"),
    ],
)
def test_a_mistake_in_the_arguments_of_any_command_is_one_line(line, message, monkeypatch, capsys):
    place = f"{__name__}:Command"
    monkeypatch.setitem(COMMANDS, "do", cli_commands.Command("do", "Do.", place))
    assert message in refused(capsys, "do", *line.split())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--beta 1e-7 --penalty.beta 1e-6", "penalty.beta is given twice"),
        ("--problem.seed 1 --seed 1", "problem.seed is given twice"),
    ],
)
def test_a_setting_in_two_forms_is_given_twice(line, message, capsys):
    assert message in refused(capsys, "show", "fig3", *line.split())


@pytest.mark.parametrize("line", ["--checkpoint-every -1", "--checkpoint-steps 0"])
def test_a_bad_checkpoint_is_named_by_its_option(line, tmp_path, capsys):
    err = refused(capsys, "run", "fig3", "--checkpoint", str(tmp_path), *line.split())
    assert line in err


def test_a_label_has_no_escape_sequences():
    with pytest.raises(lb.InvalidInput, match="printable"):
        lb.load("fig3").with_(name="a\x1b[31mred")


# Words --------------------------------------------------------------------------------------------


def test_numbers_and_times_in_words():
    assert [number(v) for v in (None, True, 1000, 1e-4, float("nan"), "text")] == [
        "-",
        "yes",
        "1,000",
        "0.0001",
        "-",
        "text",
    ]
    assert lb.Passage.between(900, 1100).words == "in [900, 1,100] (bracketed)"
    assert lb.Passage.after(1000).words == "not by step 1,000 (censored)"
    assert "0.85" in lb.Passage.never(0.85).words


# The demo -----------------------------------------------------------------------------------------


@pytest.fixture
def short_demo(monkeypatch):
    """Make the demo three runs that take little time."""
    runs = {run.file: run for run in demo_runs.demo_runs()}
    short = [
        replace(runs[name], experiment=runs[name].experiment.with_(steps=100))
        for name in ("fig3-jump", "network")
    ]
    monkeypatch.setattr(demo_runs, "demo_runs", lambda: [*short, runs["mirage"]])


@pytest.mark.usefixtures("short_demo")
def test_demo_leaves_one_page_with_pictures(capsys, tmp_path):
    out = tmp_path / "demo"
    code, text, _ = call(capsys, "demo", "--out", str(out))
    assert code == 0
    assert "latebloom run" in text
    assert sorted(os.listdir(out)) == ["fig3-jump.svg", "index.html", "mirage.svg", "network.svg"]
    html = (out / "index.html").read_text()
    assert html.count("data:image/svg+xml;") == 3
    assert html.count("<details>") == 3
    # A picture names the namespaces of SVG; outside of the pictures there is no address at all.
    assert "http" not in re.sub(r"src='data:image/svg\+xml;[^']*'", "", html)
    # A second demo replaces the first, and nothing but a demo.
    document = json.loads(call(capsys, "demo", "--out", str(out), "--json")[1])
    assert [run["engine"] for run in document["runs"]] == ["jump", "step", "spectral"]
    (out / "thesis.tex").write_text("")
    assert "thesis.tex" in refused(capsys, "demo", "--out", str(out))


def test_the_commands_of_the_demo_give_its_experiments():
    runs = demo_runs.demo_runs()
    assert [run.engine for run in runs] == [
        *("step", "jump", "jump", "slow", "spectral", "step", "slow"),
    ]
    for run in runs:
        argv = run.command.split()[2:]
        small, argv = "--small" in argv, [a for a in argv if a not in ("--small", "--refine")]
        source, settings = argv[0], [a.lstrip("-") for a in argv[1:]]
        pairs = [p for p in zip(settings[::2], settings[1::2], strict=True) if p[0] != "engine"]
        assert load(source, pairs, small).hash == run.experiment.hash
        assert ("--refine" in run.command) == run.refine
