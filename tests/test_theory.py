"""The check of laws against runs: runs made by a plain loop, and runs that contradict the laws."""

import json
from dataclasses import replace

import numpy as np
import pytest

import latebloom as lb
from latebloom.phases import phases
from latebloom.run import Run
from latebloom.theory import check, limit, predict
from latebloom.trajectory import observables


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
    laws = [row.law for row in report.rows]
    assert laws == [
        "alpha < alpha_max",
        "t1 at most",
        "row space distance to least squares",
        "training loss g",
        "t2",
        "train plateau",
        "train floor",
        "test floor",
        "generalizes",
    ]
    for law in laws:
        assert report[law].holds is not False, law
    for law in ("train plateau", "train floor", "test floor"):
        assert report[law].ratio == pytest.approx(1, abs=0.1)
        assert report[law].holds
    assert 0.5 < report["t2"].ratio < 2
    assert report["generalizes"].measured is True
    assert report["row space distance to least squares"].ratio < 1


def test_proximal_run_matches_its_floors_to_many_digits():
    report = check(simulated(experiment(method=lb.ProximalGradient(0.1))))
    assert report.failures == ()
    assert report["train floor"].ratio == pytest.approx(1, abs=1e-6)
    assert report["test floor"].ratio == pytest.approx(1, abs=1e-6)


def test_wrong_predictions_are_found_out(grokked):
    said = predict(grokked.experiment, exact=False)
    wrong = {
        "test floor": {"test_floor": 2 * said.test_floor},
        "train floor": {"train_floor": 0.5 * said.train_floor},
        "train plateau": {"train_plateau": 1.5 * said.train_plateau},
        "t2": {"t2": 3 * said.t2},
        "generalizes": {"generalizes": False},
        "alpha < alpha_max": {"stable": False},
        "row space distance to least squares": {"rho_2": 0.0},
    }
    for law, change in wrong.items():
        report = check(grokked, replace(said, **change))
        row = report[law]
        assert row.holds is False if law != "alpha < alpha_max" else row.holds is None, law


def test_t1_bound_is_tested_where_it_promises_the_threshold(grokked):
    # The worst case bound at t1 is far above what happens: only a loose threshold is promised.
    loose = replace(grokked, experiment=grokked.experiment.with_(thresholds=(0.9, 1e-2)))
    assert check(loose)["t1 at most"].holds is True
    late = replace(loose.phases, t1=replace(loose.phases.t1, step=9999, low=9999, high=9999))
    assert check(replace(loose, phases=late))["t1 at most"].holds is False
    assert check(grokked)["t1 at most"].holds is None


def test_run_that_cannot_generalize_confirms_it():
    run = simulated(experiment(thresholds=(1e-2, 1e-5)))
    row = check(run)["generalizes"]
    assert (row.predicted, row.measured, row.holds) == (False, False, True)


def test_short_run_decides_nothing_about_the_end():
    report = check(simulated(experiment(steps=300)))
    assert report["generalizes"].holds is None
    assert "t2" not in [row.law for row in report.rows]
    assert report.failures == ()


def test_diverging_run_confirms_the_step_size_limit():
    run = simulated(experiment(method=lb.Subgradient(0.6), steps=2000))
    assert run.phases.verdict == "diverged"
    row = check(run)["alpha < alpha_max"]
    assert (row.holds, row.measured) == (True, 0.6)
    assert row.ratio > 1


def test_run_without_l1_has_the_rows_that_apply():
    problem = lb.SparseRecovery(n=20, s=2, N=30)
    run = simulated(
        experiment(problem=problem, penalty=lb.L2(1e-4), method=lb.GradientDescent(0.3))
    )
    report = check(run)
    assert report.failures == ()
    assert report["t1 at most"].holds is True
    assert report["test floor"].ratio == pytest.approx(1, abs=1e-3)


def test_interpolation_to_rounding_agrees_with_a_floor_of_zero():
    problem = lb.SparseRecovery(n=20, s=2, N=8)
    run = simulated(experiment(problem=problem, penalty=lb.L1(0.0), method=lb.Subgradient(0.3)))
    row = check(run)["train floor"]
    assert (row.holds, row.ratio) == (True, None)


def test_nonlinear_model_has_next_to_no_rows():
    spec = experiment(model=lb.Hadamard(2), penalty=lb.L2(1e-4), init=0.1, steps=5)
    params = np.full((6, 2, 40), 0.1)
    trajectory = observables(spec, np.arange(6), params)
    found = phases(np.arange(6), trajectory["train_error"], trajectory["test_error"])
    report = check(Run(spec, "none", found, trajectory, params[-1], 0.0))
    assert report.rows == ()


def test_report_is_strict_json(grokked):
    document = check(grokked).to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert {"law", "predicted", "measured", "ratio", "holds", "source"} == set(document["rows"][0])


def test_asking_for_a_law_that_was_not_evaluated_names_those_that_were(grokked):
    with pytest.raises(lb.InvalidInput, match="did you mean 'test floor'"):
        check(grokked)["test flor"]
