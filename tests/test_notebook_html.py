"""What objects show in a notebook: the facts, with every text escaped."""

import re

import pytest

import latebloom as lb

PROBLEM = lb.SparseRecovery.code(n=20, s=1, N=10, seed=1)
EXPERIMENT = lb.Experiment(
    PROBLEM, lb.L1(1e-4), lb.ProximalGradient(0.1), steps=10**6, name="<b>mine</b>"
)


@pytest.fixture(scope="module")
def run():
    return lb.simulate(EXPERIMENT)


def cells(html):
    """Return name -> value of a table of facts."""
    return dict(re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', html))


def pictures(html):
    """Return what the pictures show, each of which is a PNG."""
    found = re.findall(
        r'<img style="max-width: 100%" alt="(.*?)" src="data:image/png;base64,', html
    )
    assert len(found) == html.count("<img")
    return found


def test_an_experiment_shows_its_parts():
    html = EXPERIMENT._repr_html_()
    found = cells(html)
    assert found["penalty"] == "L1(beta=0.0001)"
    assert found["steps"] == "1000000"
    assert "<b>" not in html
    assert "&lt;b&gt;mine&lt;/b&gt;" in html
    assert EXPERIMENT.hash in html


def test_phases_show_their_reason(run):
    html = run.phases._repr_html_()
    assert cells(html) == {"t1": run.phases.t1.words, "t2": run.phases.t2.words}
    assert f"Phases: {run.phases.verdict}" in html
    assert html.count("<p>") == 1


def test_a_prediction_and_a_plan_show_what_they_know(run):
    prediction = lb.predict(EXPERIMENT)
    found = cells(prediction._repr_html_())
    assert found["t2"] == str(run.phases.t2)
    assert "None" not in found.values()
    plan = lb.plan(EXPERIMENT, 1e5, 1e-2)
    assert cells(plan._repr_html_())["possible"] == str(plan.possible)


def test_a_report_shows_the_laws_about_the_run(run):
    report = lb.check(run)
    found = cells(report._repr_html_())
    assert found.keys() == {one.law for one in report.covered}
    assert found["proximal descent"].startswith("holds")


def test_a_sweep_and_its_store_show_what_is_done(tmp_path):
    grid = lb.sweep(EXPERIMENT.with_(name="base"), {"beta": [1e-4, 1e-3]}, name="two")
    assert cells(grid._repr_html_()) == {"beta": "2: penalty.beta", "base": "base"}
    grid.run(tmp_path / "store")
    with_picture = grid._repr_html_()
    assert pictures(with_picture) == ["t2 against alpha beta"]
    store = lb.open_store(tmp_path / "store")._repr_html_()
    assert "2 of 2 done" in store
    assert pictures(store) == ["t2 against alpha beta"]


@pytest.mark.parametrize(
    ("axes", "kind"),
    [
        ({"problem.seed": [1, 2, 3]}, "errors over steps"),
        ({"problem.N": [10, 15], "problem.s": [1, 2]}, "phase diagram"),
    ],
)
def test_the_picture_of_a_sweep_suits_its_axes(tmp_path, axes, kind):
    grid = lb.sweep(EXPERIMENT, axes, name="it", trajectories=["train_error", "test_error"])
    grid.run(tmp_path / "store")
    assert pictures(lb.open_store(tmp_path / "store")._repr_html_()) == [kind]
    assert pictures(lb.sweep(EXPERIMENT, axes, name="it")._repr_html_()) == []
