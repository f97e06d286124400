"""The registry of engines: an engine from outside of the package, and what `auto` chooses."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import latebloom as lb
from latebloom.cli.main import main
from latebloom.engines import base
from latebloom.engines.base import Engine
from latebloom.engines.passages import trackers
from latebloom.engines.result import EngineResult


class Stepwise(Engine):
    """An engine from outside of the package: gradient descent in a plain loop."""

    name = "stepwise"

    def __init__(self, seconds=1e-6):
        self.seconds = seconds

    def why_not(self, experiment):
        plain = experiment.penalty is None and isinstance(experiment.method, lb.GradientDescent)
        return None if plain else "it needs plain gradient descent"

    def cost(self, experiment):
        return self.seconds

    def run(self, experiment, progress=None):
        data, a, due = experiment.data, experiment.start, set(experiment.record_steps.tolist())
        tracked, kept = trackers(experiment), {}
        for k in range(experiment.steps + 1):
            r = data.X @ a - data.y_star
            for tracker, error in zip(tracked, (r, a - data.a_star), strict=True):
                tracker.step(k, float(error @ error))
            if k in due:
                kept[k] = a
            a = a - experiment.method.alpha * data.X.T @ r
        steps = np.array(sorted(kept))
        params = np.array([kept[k] for k in steps])
        t1, t2 = (tracker.passage() for tracker in tracked)
        return EngineResult(steps, params, t1, t2, done=experiment.steps)


@pytest.fixture
def stepwise():
    yield lb.register_engine(Stepwise())
    base._ENGINES[False].pop("stepwise", None)


PROBLEM = lb.SparseRecovery.code(n=30, s=2, N=14, seed=3)
PLAIN = lb.Experiment(PROBLEM, None, lb.GradientDescent(0.1), init=1.0, steps=300)


def test_an_engine_from_outside_runs_and_auto_may_choose_it(stepwise, tmp_path, capsys):
    run = lb.simulate(PLAIN, engine="stepwise")
    stepped = lb.simulate(PLAIN, engine="step")
    assert run.engine == "stepwise"
    assert run.phases.t1 == stepped.phases.t1
    np.testing.assert_allclose(run.params, stepped.params, atol=1e-12)
    assert lb.simulate(PLAIN).engine == "stepwise"
    assert lb.sweep(PLAIN, {"steps": [100]}, engine="stepwise").engine == "stepwise"
    file = tmp_path / "plain.toml"
    file.write_text(PLAIN.to_toml())
    assert main(["run", str(file), "--engine", "stepwise", "--json"]) == 0
    assert '"engine": "stepwise"' in capsys.readouterr().out
    # It does not apply here, which `auto` respects.
    other = PLAIN.with_(penalty=lb.L1(1e-3), method=lb.ProximalGradient(0.1))
    assert lb.simulate(other).engine == "jump"
    with pytest.raises(lb.Unsupported, match="engine 'stepwise': it needs plain gradient descent"):
        lb.simulate(other, engine="stepwise")


def test_auto_leaves_a_slower_or_an_inexact_engine_alone(stepwise, monkeypatch):
    stepwise.seconds = 5.0
    assert lb.simulate(PLAIN).engine == "spectral"
    stepwise.seconds = 0.0
    monkeypatch.setattr(Stepwise, "exact", lambda self, experiment: False)
    assert lb.simulate(PLAIN).engine == "spectral"


def test_the_name_of_an_engine_is_its_own(stepwise):
    class Other(Stepwise):
        pass

    with pytest.raises(lb.InvalidInput, match="the name is taken"):
        lb.register_engine(Other())
    with pytest.raises(lb.InvalidInput, match="did you mean 'stepwise'"):
        lb.simulate(PLAIN, engine="stepwisee")


def test_a_fingerprint_changes_with_the_sources_of_an_engine(stepwise, tmp_path, monkeypatch):
    before = base.fingerprint("jump")
    assert base.fingerprint("stepwise") not in (before, base.fingerprint("step"))
    copy = tmp_path / "latebloom"
    shutil.copytree(Path(base.__file__).parent.parent, copy)
    monkeypatch.setattr(base, "__file__", str(copy / "engines" / "base.py"))
    base._package_digest.cache_clear()
    try:
        assert base.fingerprint("jump") == before
        for file in ("laws/ridge.py", "engines/affine.py", "methods/subgradient.py", "simulate.py"):
            with open(copy / file, "a") as out:
                out.write("# changed\n")
            base._package_digest.cache_clear()
            after = base.fingerprint("jump")
            assert after != before
            before = after
    finally:
        base._package_digest.cache_clear()
