"""The check of laws against runs: runs made by a plain loop, and runs that contradict the laws."""

import json
from dataclasses import replace

import numpy as np
import pytest

import latebloom as lb
from latebloom.core.phases import phases
from latebloom.laws import check
from latebloom.runs.run import Run
from latebloom.runs.trajectory import observables
from latebloom.theory import limit


def simulated(experiment):
    """A run by a plain loop of the subgradient or proximal update."""
    problem, a = experiment.problem, experiment.start
    l1 = sum(t.beta for t in experiment.penalty.terms if isinstance(t, lb.L1))
    l2 = sum(t.beta for t in experiment.penalty.terms if isinstance(t, lb.L2))
    alpha = experiment.method.alpha
    proximal = isinstance(experiment.method, lb.ProximalGradient)
    X, y, a_star = problem.X, problem.y_star, problem.a_star
    due, kept, curves = set(experiment.record_steps.tolist()), [], []
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(experiment.steps + 1):
            residual = X @ a - y
            train = np.linalg.norm(residual) / np.linalg.norm(y)
            curves.append((train, np.linalg.norm(a - a_star) / np.linalg.norm(a_star)))
            if t in due:
                kept.append(a)
            z = a - alpha * (X.T @ residual)
            if proximal:
                a = np.sign(z) * np.maximum(np.abs(z) - alpha * l1, 0) / (1 + alpha * l2)
            else:
                a = z - alpha * (l1 * np.sign(a) + l2 * a)
    end, params = limit(experiment), np.array(kept)
    train, test = np.array(curves).T
    found = phases(
        np.arange(experiment.steps + 1),
        train,
        test,
        experiment.thresholds,
        floors=(end.train_floor, end.test_floor) if end else (None, None),
    )
    trajectory = observables(experiment, experiment.record_steps, params)
    return Run(experiment, "loop", found, trajectory, params[-1], 0.0)


def experiment(**changes):
    settings = {
        "problem": lb.SparseRecovery.code(n=40, s=2, N=20),
        "penalty": lb.L1(1e-4),
        "method": lb.Subgradient(0.1),
        "steps": 30_000,
        "thresholds": (1e-2, 1e-2),
        **changes,
    }
    return lb.Experiment(**settings)


@pytest.fixture(scope="module")
def grokked():
    return simulated(experiment())


def test_every_law_holds_on_a_run_that_groks(grokked):
    report = check(grokked)
    assert grokked.phases.verdict == "grokked"
    assert report.failures == ()
    for law in ("train plateau", "train floor", "test floor", "floor of two terms"):
        assert report[law].ratio == pytest.approx(1, abs=0.1)
        assert report[law].verdict == "holds"
    for law in ("slow time", "slow time, first correction", "delay of the paper", "generalizes"):
        assert report[law].verdict == "holds", law
    assert report["slow time, first correction"].ratio == pytest.approx(1, abs=0.02)
    assert report["generalizes"].measured == 1
    assert report["closeness to least squares, row space"].ratio < 1
    assert report["closeness to least squares, all of a"].verdict == "violated"
    assert report["lower bound of t2"].measured == grokked.phases.t2.step


def test_proximal_run_matches_its_floors_to_many_digits():
    report = check(simulated(experiment(method=lb.ProximalGradient(0.1))))
    assert report.failures == ()
    for law in ("train floor", "test floor", "floor of two terms"):
        assert report[law].ratio == pytest.approx(1, abs=1e-6)


def test_t1_bound_is_tested_where_it_promises_the_threshold(grokked):
    # The worst case bound at t1 is far above what happens: only a loose threshold is promised.
    loose = replace(grokked, experiment=grokked.experiment.with_(thresholds=(0.9, 1e-2)))
    assert check(loose)["t1"].verdict == "holds"
    late = replace(loose.phases, t1=replace(loose.phases.t1, step=9999, low=9999, high=9999))
    assert check(replace(loose, phases=late))["t1"].verdict == "violated"
    assert check(grokked)["t1"].verdict == "vacuous"


def test_run_that_cannot_generalize_confirms_it():
    run = simulated(experiment(thresholds=(1e-2, 1e-5)))
    row = check(run)["generalizes"]
    assert (row.promise.value, row.measured, row.verdict) == (0, 0, "holds")


def test_short_run_decides_nothing_about_the_end():
    report = check(simulated(experiment(steps=300)))
    assert report.failures == ()
    for law in ("generalizes", "slow time", "delay of the paper", "test floor"):
        assert report[law].verdict == "undecided", law


def test_diverging_run_confirms_the_step_size_limit():
    run = simulated(experiment(method=lb.Subgradient(0.6), steps=2000))
    assert run.phases.verdict == "diverged"
    row = check(run)["stable step size"]
    assert (row.verdict, row.measured) == ("holds", 1)


def test_run_without_l1_has_the_laws_that_apply():
    problem = lb.SparseRecovery(n=20, s=2, N=30)
    run = simulated(
        experiment(problem=problem, penalty=lb.L2(1e-4), method=lb.GradientDescent(0.3))
    )
    report = check(run)
    assert report.failures == ()
    assert report["t1 of gradient descent"].verdict == "holds"
    assert report["test floor"].ratio == pytest.approx(1, abs=1e-3)
    assert not report["slow time"].covered


def test_interpolation_to_rounding_agrees_with_a_floor_of_zero():
    problem = lb.SparseRecovery(n=20, s=2, N=8)
    run = simulated(experiment(problem=problem, penalty=lb.L1(0.0), method=lb.Subgradient(0.3)))
    row = check(run)["train floor"]
    assert (row.verdict, row.why) == ("holds", "both are rounding")


def test_laws_of_least_squares_say_that_a_nonlinear_model_is_not_theirs():
    spec = experiment(model=lb.Hadamard(2), penalty=lb.L2(1e-4), init=0.1, steps=5)
    params = np.full((6, 2, 40), 0.1)
    trajectory = observables(spec, np.arange(6), params)
    found = phases(np.arange(6), trajectory["train_error"], trajectory["test_error"])
    report = check(Run(spec, "none", found, trajectory, params[-1], 0.0))
    assert "Hadamard" in report["telescoping"].why
    assert not report["telescoping"].covered
    assert report["product of two layers"].verdict == "holds"


def test_report_is_strict_json(grokked):
    document = check(grokked).to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert {"law", "verdict", "promise", "measured", "slack"} <= set(document["findings"][0])


def test_asking_for_a_law_that_was_not_evaluated_names_those_that_were(grokked):
    with pytest.raises(lb.InvalidInput, match="did you mean 'test floor'"):
        check(grokked)["test flor"]
