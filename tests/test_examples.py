"""The plugins in `examples/`, used from a folder outside of the repository."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

import latebloom as lb
from latebloom.core.spec import FAMILIES
from latebloom.experiment.presets import PRESETS

EXAMPLES = Path(__file__).parents[1] / "examples"


def latebloom(folder, *arguments, **environment):
    """Return the JSON that the command line prints in a folder outside of the repository."""
    done = subprocess.run(
        [sys.executable, "-m", "latebloom", *arguments, "--json"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def folder(tmp_path):
    for file in EXAMPLES.glob("*.py"):
        shutil.copy(file, tmp_path)
    return tmp_path


@pytest.fixture
def example(monkeypatch):
    """Yield a function that imports an example; what it registered is taken back."""
    before = {name: dict(members) for name, members in FAMILIES.items()}, dict(PRESETS)
    monkeypatch.syspath_prepend(EXAMPLES)

    def load(name):
        sys.modules.pop(name, None)
        return importlib.import_module(name)

    yield load
    for name, members in FAMILIES.items():
        for key in set(members) - set(before[0].get(name, ())):
            del members[key]
    for key in set(PRESETS) - set(before[1]):
        del PRESETS[key]


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.py")), ids=lambda file: file.stem)
def test_an_example_is_short_and_uses_no_private_names(file):
    lines = file.read_text().splitlines()
    assert len(lines) < 80
    imports = [line for line in lines if line.startswith(("import latebloom", "from latebloom"))]
    assert imports
    assert not [line for line in imports if "._" in line or "import _" in line]


def test_the_three_plugins_run_from_outside(folder):
    def run(*arguments):
        return latebloom(folder, *arguments)

    groups = run("--plugin", "group_lasso", "run", "groups")
    spikes = run("--plugin", "deconvolution", "run", "spikes", "--method", "ProximalGradient")
    heavy = run("--plugin", "heavy_ball", "run", "fig3", "--method", "HeavyBall", "--steps", "3e4")
    assert [found["verdict"] for found in (groups, spikes, heavy)] == ["grokked"] * 3
    assert spikes["engine"] == "jump"  # an engine applies to a problem that it has not seen


def test_the_penalty_works_with_networks(folder):
    settings = ("--penalty", "GroupLasso", "--penalty.beta", "1e-3", "--steps", "20")
    found = latebloom(
        folder, "run", "blog-fig1", "--small", *settings, LATEBLOOM_PLUGINS="group_lasso"
    )
    assert found["final"]["train_error"] <= 1


def test_group_lasso_against_its_definition(example, rng):
    group_lasso = example("group_lasso")
    penalty, step = group_lasso.GroupLasso(0.7, 2), 0.4
    x = np.array([3.0, 4.0, -1.0, 1.0, 2.0, -0.5])
    norms = [np.linalg.norm(x[i : i + 2]) for i in (0, 2, 4)]
    assert penalty.value(x) == pytest.approx(0.7 * sum(norms), rel=1e-14)
    smooth = minimize(  # the objective of the proximal operator has no kink at its minimizer here
        lambda u: 0.5 * np.sum((u - x) ** 2) + step * penalty.value(u), x, options={"gtol": 1e-10}
    )
    assert all(norm > 0.7 * step for norm in norms)
    np.testing.assert_allclose(penalty.prox(x, step), smooth.x, atol=1e-7)
    near = rng.normal(size=(100, 6)) * 1e-3
    for d in near:  # the inequality of the subgradient
        assert penalty.value(x + d) >= penalty.value(x) + penalty.subgradient(x) @ d - 1e-15
    assert (penalty.prox(x * 1e-3, step) == 0).all()
    rows = group_lasso.GroupLasso(1.0)
    assert rows.value(np.array([[3.0, 4.0], [0.0, 2.0]])) == 7.0


def test_group_lasso_is_part_of_the_sums_that_have_an_algorithm(example, rng):
    GroupLasso = example("group_lasso").GroupLasso
    x, step = rng.normal(size=8), 0.3
    sparse = lb.L1(0.2) + GroupLasso(0.5, 4)
    found = (GroupLasso(0.5, 4) + lb.L1(0.2)).prox(x, step)
    np.testing.assert_array_equal(found, sparse.prox(x, step))

    def objective(u):
        return 0.5 * np.sum((u - x) ** 2) + step * sparse.value(u)

    moves = rng.normal(size=(2000, 8)) * 10.0 ** rng.uniform(-6, 0, size=(2000, 1))
    assert all(objective(found + d) >= objective(found) for d in moves)
    matrix = lb.MatrixCompletion(n1=6, n2=6, r=1, N=24)
    method = lb.ProximalGradient(0.1)
    with pytest.raises(lb.Unsupported, match="sum of GroupLasso and Nuclear"):
        lb.Experiment(matrix, lb.Nuclear(1e-3) + GroupLasso(1e-3), method)
    assert lb.Experiment(matrix, GroupLasso(1e-3) + lb.Frobenius(1e-3), method).penalty


def test_heavy_ball_takes_the_step_size_auto(example):
    problem = lb.SparseRecovery(n=20, s=2, N=12, seed=1)
    heavy = lb.Experiment(problem, lb.L1(1e-3), example("heavy_ball").HeavyBall("auto"))
    assert heavy.method.alpha == pytest.approx(0.9 * 2 * 1.9 / problem.sigma_max)
    assert (
        lb.Experiment.from_toml(heavy.to_toml().replace(repr(heavy.method.alpha), '"auto"'))
        == heavy
    )


def test_heavy_ball_against_a_plain_loop(example):
    heavy_ball = example("heavy_ball")
    problem = lb.SparseRecovery(n=20, s=2, N=10, seed=1)
    method = heavy_ball.HeavyBall(0.1, momentum=0.8)
    run = lb.simulate(lb.Experiment(problem, lb.L1(1e-3), method, steps=500, record=lb.Every(500)))
    a = before = np.full(20, 1e-6)
    for _ in range(500):
        F = problem.X.T @ (problem.X @ a - problem.y_star) + 1e-3 * np.sign(a)
        a, before = a - 0.1 * F + 0.8 * (a - before), a
    np.testing.assert_allclose(run.params, a, rtol=1e-9, atol=1e-12)


def test_no_law_covers_a_method_of_ones_own(example):
    """What is proved for the methods of the package is not promised for another one."""

    class Damped(lb.Subgradient):
        """Other updates than those of its parent."""

    problem = lb.SparseRecovery(n=20, s=2, N=10, seed=1)
    for method in (example("heavy_ball").HeavyBall(0.1), Damped(0.1)):
        experiment = lb.Experiment(problem, lb.L1(1e-3), method, steps=500)
        found = lb.predict(experiment)
        promised = (found.t1, found.delay, found.t2, found.t2_interval, found.t2_least, found.s2)
        assert promised == (None,) * len(promised)
        assert any(f"no law covers {type(method).__name__}" in note for note in found.notes)
        assert lb.limit(experiment) is None
        assert lb.simulate(experiment).engine == "step"
        with pytest.raises(lb.Unsupported, match=f"no closed form for {type(method).__name__}"):
            lb.simulate(experiment, engine="jump")
        findings = lb.check(lb.simulate(experiment, engine="step")).findings
        assert {f.verdict for f in findings} <= {"vacuous", "holds"}
        assert all(f.verdict == "vacuous" for f in findings if f.law.startswith("t2 "))
        about_the_data = {f.law for f in findings if f.covered}
        same = lb.check(lb.simulate(experiment.with_(method=lb.Subgradient(0.1)))).findings
        assert about_the_data < {f.law for f in same if f.covered}


def test_deconvolution_measures_a_blurred_signal(example):
    problem = example("deconvolution").Deconvolution(n=12, s=1, width=2.0, every=3)
    assert problem.X.shape == (4, 12)
    np.testing.assert_allclose(np.linalg.norm(problem.X, axis=1), 1.0)
    [spike] = np.flatnonzero(problem.a_star)
    np.testing.assert_allclose(problem.y_star, problem.X[:, spike] * problem.a_star[spike])
    away = (np.arange(0, 12, 3)[:, None] - np.arange(12)) % 12
    near = np.minimum(away, 12 - away)
    np.testing.assert_allclose(
        problem.X / problem.X.max(axis=1, keepdims=True), np.exp(-(near**2) / 8)
    )


def test_plugins_are_named_in_files_and_loaded_by_workers(folder):
    spec = latebloom(folder, "show", "groups", LATEBLOOM_PLUGINS="group_lasso")
    experiment = """
[problem]
type = "SparseRecovery"
n = 20
N = 10
s = 2

[penalty]
type = "GroupLasso"
size = 4
beta = 1e-2

[method]
type = "ProximalGradient"
alpha = 0.1
"""
    (folder / "one.toml").write_text('plugins = ["group_lasso"]\nsteps = 2000\n' + experiment)
    bare = latebloom(folder.parent, "show", f"{folder.name}/one.toml")  # found beside the file
    assert bare["spec"]["penalty"]["type"] == spec["spec"]["penalty"]["type"] == "GroupLasso"
    assert "plugins" not in bare["spec"]
    (folder / "many.toml").write_text(
        'plugins = ["group_lasso"]\nbase = "one.toml"\n[axes]\nbeta = [1e-2, 2e-2, 3e-2]\n'
    )
    found = latebloom(
        folder.parent, "sweep", f"{folder.name}/many.toml", "--store=s.store", "--workers=2"
    )
    assert (found["done"], found["failed"]) == (3, 0)


@pytest.mark.parametrize("text", ["plugins = 3", 'plugins = ["nowhere_to_be_found"]'])
def test_a_file_with_a_wrong_list_of_plugins_is_refused(tmp_path, text):
    file = tmp_path / "one.toml"
    file.write_text(f'{text}\n[problem]\ntype = "SparseRecovery"\n')
    with pytest.raises(lb.InvalidInput, match=r"plugins? .*(must be a list|cannot be imported)"):
        lb.Experiment.from_toml(file)
