"""Plugins: parts of a module outside of the package work like those of the package."""

import dataclasses
import importlib
import json
import os
import subprocess
import sys
import tomllib

import jaxtyping
import numpy as np
import pytest
import tomli_w

import latebloom as lb
from latebloom.cli.main import main
from latebloom.core.plugins import VARIABLE
from latebloom.core.schedules import Schedule
from latebloom.core.spec import FAMILIES, register
from latebloom.laws import GROUPS, LAWS
from latebloom.penalties import Term

PLUGIN = '''
"""A penalty and a named experiment."""

from dataclasses import dataclass

import latebloom as lb
from latebloom.core.arrays import namespace
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register
from latebloom.experiment import Preset, register_preset
from latebloom.penalties import Term


@register("penalty")
@dataclass(frozen=True)
class Doubled(Term):
    """Twice the l1 norm."""

    beta: float | Schedule
    prox_order = 0

    def value(self, x, beta=None):
        return 2 * self._beta(beta) * namespace(x).abs(x).sum()

    def subgradient(self, x, beta=None):
        return 2 * self._beta(beta) * namespace(x).sign(x)

    def prox(self, x, step, beta=None):
        xp = namespace(x)
        return xp.sign(x) * xp.maximum(xp.abs(x) - 2 * step * self._beta(beta), 0.0)

    def dual_norm(self, z):
        return namespace(z).abs(z).max() / 2


def build():
    problem = lb.SparseRecovery(n=20, s=1, N=10, seed=1)
    return lb.Experiment(problem, Doubled(1e-3), lb.ProximalGradient(0.1), steps=200)


register_preset(Preset("doubled", "twice the l1 norm", build))
'''


def latebloom(folder, *arguments, plugins="mine"):
    """Return what the command line does in a folder outside of the repository."""
    return subprocess.run(
        [sys.executable, "-m", "latebloom", *arguments],
        cwd=folder,
        env={**os.environ, "LATEBLOOM_PLUGINS": plugins},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.py").write_text(PLUGIN)
    return tmp_path


def test_a_plugin_adds_a_penalty_and_a_named_experiment(folder):
    run = latebloom(folder, "run", "doubled", "--json")
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    # Twice the norm with half the strength is the l1 norm: the same updates.
    problem = lb.SparseRecovery(n=20, s=1, N=10, seed=1)
    twin = lb.Experiment(problem, lb.L1(2e-3), lb.ProximalGradient(0.1), steps=200)
    same = lb.simulate(twin, engine="step")
    assert found["t1"]["step"] == same.phases.t1.step
    assert found["final"]["train_error"] == pytest.approx(
        float(same.trajectory["train_error"][-1]), rel=1e-12
    )


def test_the_hash_does_not_depend_on_how_a_part_was_loaded(folder):
    shown = latebloom(folder, "show", "doubled")
    assert shown.returncode == 0, shown.stderr
    (folder / "file.toml").write_text(shown.stdout)
    hashes = [
        json.loads(latebloom(folder, "show", source, "--json").stdout)["experiment"]
        for source in ("doubled", "file.toml")
    ]
    assert hashes[0] == hashes[1]


def test_a_plugin_that_fails_is_named_in_one_line(folder):
    (folder / "broken.py").write_text("raise KeyError('what')")
    failed = latebloom(folder, "list", plugins="broken,mine")
    assert (failed.returncode, failed.stdout) == (2, "")
    assert failed.stderr == "latebloom: plugin broken: cannot be imported (KeyError: 'what')\n"
    helped = latebloom(folder, "--help", plugins="broken")
    assert helped.returncode == 0
    assert "reproduce" in helped.stdout  # the plugin that works is there
    assert helped.stderr.startswith("latebloom: plugin broken: ")


def test_a_plugin_may_be_named_on_the_command_line(folder):
    (folder / "other.py").write_text("")
    shown = latebloom(folder, "--plugin", "other", "--plugin=mine", "show", "doubled", plugins="")
    assert shown.returncode == 0, shown.stderr
    (folder / "file.toml").write_text(shown.stdout)
    again = latebloom(folder, "--plugin", "mine", "show", "file.toml", plugins="other")
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[1:] == shown.stdout.splitlines()[1:]
    without = latebloom(folder, "show", "file.toml", plugins="")
    assert without.returncode == 2
    assert "'Doubled'" in without.stderr


def test_the_workers_of_a_sweep_load_the_plugins_of_the_command_line(folder):
    (folder / "sweep.toml").write_text(
        'base = "doubled"\nseeds = 4\nbatch = 2\n[axes]\npenalty.beta = [1e-3, 1e-2]\n'
    )
    arguments = ("sweep", "sweep.toml", "--workers", "2", "--store", "out.store", "--json")
    swept = latebloom(folder, "--plugin", "mine", *arguments, plugins="")
    assert swept.returncode == 0, swept.stderr
    assert json.loads(swept.stdout)["done"] == 8


def test_a_plugin_of_the_command_line_that_fails_is_named_in_one_line(folder):
    (folder / "broken.py").write_text("raise KeyError('what')")
    message = "latebloom: plugin broken: cannot be imported (KeyError: 'what')\n"
    failed = latebloom(folder, "--plugin", "broken", "list", plugins="")
    assert (failed.returncode, failed.stdout, failed.stderr) == (2, "", message)
    helped = latebloom(folder, "--plugin", "broken", "--help", plugins="")
    assert (helped.returncode, helped.stderr) == (0, message)
    assert "--plugin MODULE" in helped.stdout


@pytest.mark.parametrize("before", [None, "json"])
def test_main_leaves_the_environment_as_it_was(before, monkeypatch, capsys):
    monkeypatch.delenv(VARIABLE, raising=False)
    if before is not None:
        monkeypatch.setenv(VARIABLE, before)
    seen = []
    monkeypatch.setattr(
        "latebloom.cli.main.load_plugins", lambda: seen.append(os.environ[VARIABLE])
    )
    assert main(["--plugin", "csv", "--plugin=ast", "list"]) == 0
    assert main(["--plugin", "csv", "lst"]) == 2
    capsys.readouterr()
    first = "" if before is None else "json,"
    assert seen == [f"{first}csv,ast", f"{first}csv"]
    assert os.environ.get(VARIABLE) == before


@pytest.mark.parametrize("text", ["raise SystemExit(3)", "import sys\nsys.exit()"])
def test_a_plugin_that_exits_is_named_in_one_line(folder, text):
    (folder / "exits.py").write_text(text)
    failed = latebloom(folder, "list", plugins="exits")
    assert (failed.returncode, failed.stdout) == (2, "")
    assert failed.stderr.startswith("latebloom: plugin exits: cannot be imported (SystemExit")
    assert latebloom(folder, "--help", plugins="exits").returncode == 0


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("@lb.register('penalty')\nclass L1(lb.L2):\n    pass", "penalty 'L1'"),
        ("lb.register_preset(lb.Preset('fig3', 'another'))", "experiment 'fig3'"),
        ("register_command('run', 'Run.', 'mine:Run')", "command 'run'"),
    ],
)
def test_a_name_that_is_taken_is_refused(folder, text, what):
    (folder / "twin.py").write_text(
        f"import latebloom as lb\nimport latebloom_paper\nimport latebloom.penalties\n"
        f"from latebloom.cli import register_command\n{text}\n"
    )
    failed = latebloom(folder, "list", plugins="twin")
    assert failed.returncode == 2
    assert what in failed.stderr
    assert "choose another" in failed.stderr


def test_a_sweep_computes_anew_what_another_source_of_a_plugin_computed(folder):
    (folder / "one.toml").write_text(latebloom(folder, "show", "doubled").stdout)
    (folder / "many.toml").write_text('base = "one.toml"\n[axes]\nbeta = [1e-3, 2e-3]\n')

    def computed():
        run = latebloom(folder, "sweep", "many.toml", "--store=s", "--workers=1", "--json")
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)["fresh"]

    assert [computed(), computed()] == [2, 0]
    (folder / "mine.py").write_text(PLUGIN + "\n# another source\n")
    assert computed() == 2


@pytest.fixture
def kinked():
    """Yield a penalty with a subgradient and without a proximal operator."""
    from dataclasses import dataclass

    @register("penalty")
    @dataclass(frozen=True)
    class Kinked(Term):
        beta: float | Schedule

        def value(self, x, beta=None):
            return self._beta(beta) * abs(x).max()

        def subgradient(self, x, beta=None):
            return self._beta(beta) * np.sign(x) * (abs(x) == abs(x).max())

        def dual_norm(self, z):
            return abs(z).sum()

    yield Kinked(1e-3)
    del FAMILIES["penalty"]["Kinked"]


def test_a_penalty_without_a_proximal_operator_is_refused_when_the_experiment_is_made(kinked):
    problem = lb.SparseRecovery(n=20, s=1, N=10, seed=1)
    assert lb.Experiment(problem, kinked, lb.Subgradient(0.1)).penalty == kinked
    for method in (lb.ProximalGradient(0.1), lb.FISTA(0.1)):
        with pytest.raises(lb.Unsupported, match="Kinked has no proximal operator"):
            lb.Experiment(problem, kinked, method)
        with pytest.raises(lb.Unsupported, match="a sum with Kinked has no proximal operator"):
            lb.Experiment(problem, lb.L1(1e-3) + kinked, method)
    network = lb.ModularArithmetic(p=5)
    with pytest.raises(lb.Unsupported, match="Kinked has no proximal operator"):
        lb.Experiment(network, kinked, lb.Adam(1e-3, coupling="proximal"))


FIGURE = {
    "own.py": """
from pathlib import Path
from latebloom_paper.book.catalogue import register_studies

register_studies(Path(__file__).with_name("own-catalogue.toml"))
""",
    "own-catalogue.toml": """
[own-figure]
title = "one run of ours"
place = "own_figure"
""",
    "own_figure.py": """
from latebloom.plots import plot_run
from latebloom_paper.book.catalogue import STUDIES
from latebloom_paper.book.statistic import median

STUDY = STUDIES["own-figure"]


def reproduce(workspace):
    run = workspace.run(STUDY.changed({}, "ours"))
    t1 = float(run.phases.t1.step)
    rows = STUDY.compare({"t1": t1})
    return STUDY.reproduction(rows, plot_run(run), {"own.t1": median([t1])})
""",
    "own-figure.toml": """
[experiment]
steps = 20000
problem = { type = "SparseRecovery", n = 20, s = 1, N = 10, seed = 1 }
penalty = { type = "L1", beta = 1e-6 }
method = { type = "ProximalGradient", alpha = 0.1 }

[published]
t1 = 1

[report]
title = "A figure of ours"

[[comparisons]]
label = "t1"
published = "t1"
why = "another instance"

[[claims]]
id = "own.t1"
source = "our notebook"
statement = "it memorizes within 200 steps"
statistic = "t1"
high = 200
""",
}


def test_a_plugin_adds_a_figure_with_claims(tmp_path):
    for name, text in FIGURE.items():
        (tmp_path / name).write_text(text)
    table = tomllib.loads(FIGURE["own-figure.toml"])["experiment"]
    (tmp_path / "own-experiment.toml").write_text(tomli_w.dumps(table))
    done = latebloom(tmp_path, "reproduce", "own-figure", "--json", plugins="own")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    experiment = lb.Experiment.from_toml(tmp_path / "own-experiment.toml")
    assert found["name"] == "own-figure"
    assert found["rows"][0]["ours"] == lb.simulate(experiment).phases.t1.step
    decided = latebloom(
        tmp_path, "claims", "own.t1", "--store", "paper.store", "--json", plugins="own"
    )
    assert decided.returncode == 0, decided.stderr
    assert json.loads(decided.stdout)["claims"]["own.t1"]["study"] == "own-figure"
    listed = latebloom(tmp_path, "list", "--json", plugins="own")
    assert "own-figure" in {row["name"] for row in json.loads(listed.stdout)}


LAW = '''
"""A law: the train error never exceeds that of the start."""

import latebloom as lb
from latebloom.laws import Law, Measurement, NotCovered, Promise, Undecided


def proximal(experiment):
    if not isinstance(experiment.method, lb.ProximalGradient):
        raise NotCovered("it is about proximal gradient")
    return experiment


def largest(run, experiment):
    error = run.trajectory["train_error"].values
    if len(error) < 3:
        raise Undecided("there are two records only")
    return Measurement(float(error.max() / error[0]))


lb.register_law(
    Law(
        name="no worse than the start",
        statement="max train error <= train error at step 0",
        source="a plugin",
        symbols=("X", "y*"),
        status="ours",
        context=proximal,
        promise=Promise("largest over first train error", high=1.0),
        measure=largest,
    )
)
'''


@pytest.fixture
def own_law(tmp_path, monkeypatch):
    """Yield the module of a law outside of the package, and take the law out again."""
    (tmp_path / "own_law.py").write_text(LAW)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("own_law")
    del sys.modules["own_law"], LAWS["no worse than the start"]


def test_a_law_from_outside_is_checked_like_those_of_the_package(own_law):
    problem = lb.SparseRecovery(n=20, s=1, N=10, seed=1)
    experiment = lb.Experiment(problem, lb.L1(1e-3), lb.ProximalGradient(0.1), steps=200)
    report = lb.check(lb.simulate(experiment))
    assert report.findings[-1].law == "no worse than the start"  # after those of the package
    assert report["no worse than the start"].verdict == "holds"
    assert report["no worse than the start"].measured == 1.0
    other = lb.check(lb.simulate(experiment.with_(method=lb.Subgradient(0.1))))
    assert other["no worse than the start"].why == "it is about proximal gradient"
    assert not other["no worse than the start"].covered
    short = lb.check(lb.simulate(experiment.with_(record=lb.At(()), steps=1)))
    assert short["no worse than the start"].why == "there are two records only"


def test_a_name_of_a_law_is_given_once(own_law, monkeypatch):
    law = LAWS["no worse than the start"]
    lb.register_law(law)  # the same law once more changes nothing
    with pytest.raises(lb.InvalidInput, match="'no worse than the start': the name is taken"):
        lb.register_law(dataclasses.replace(law, statement="another"))
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(lb.InvalidInput, match="must be an instance of Law"):
        lb.register_law("telescoping")
    assert LAWS["no worse than the start"] is law


def test_laws_are_listed_in_the_order_of_their_groups():
    names = [law.name for group in GROUPS for law in group]
    assert list(LAWS) == names
    assert names[0] == "stable step size"
