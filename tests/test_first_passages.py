"""Predicted t1 and t2 against plain loops: any data, any threshold, every method with laws."""

import numpy as np
import pytest

import latebloom as lb
from benchmarks import predictions as coverage
from latebloom.core.errors import NotCovered
from latebloom.core.phases import Passage
from latebloom.theory.intervals import FirstPassages, first_passages, why_unknown

METHODS = (lb.ProximalGradient, lb.Subgradient, lb.ProjectedSubgradient)
HORIZON = 6000


def polar(A):
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    return (U * (s > 0)) @ Vt


def shrunk(A, by):
    if A.ndim == 1:
        return np.sign(A) * np.maximum(np.abs(A) - by, 0)
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    return (U * np.maximum(s - by, 0)) @ Vt


def loop(method, X, y, a, alpha, beta, steps):
    """The train residuals and the iterates of the update, X a dense matrix."""
    inverse, shape = np.linalg.pinv(X), a.shape
    rests, iterates = [], []
    for _ in range(steps + 1):
        rests.append(X @ a.ravel() - y)
        iterates.append(a)
        slope = (X.T @ rests[-1]).reshape(shape)
        H = np.sign(a) if a.ndim == 1 else polar(a)
        if method is lb.ProximalGradient:
            a = shrunk(a - alpha * slope, alpha * beta)
        elif method is lb.Subgradient:
            a = a - alpha * (slope + beta * H)
        else:
            moved = a - alpha * beta * H
            a = moved - (inverse @ (X @ moved.ravel() - y)).reshape(shape)
    return np.array(rests), np.array(iterates)


def first(errors, threshold):
    below = errors <= threshold
    return int(np.argmax(below)) if below.any() else None


def instance(seed, matrix):
    """Data with units of their own: scaled columns, a scaled truth; X dense, problem."""
    rng = np.random.default_rng(seed)
    shape = (4, 3) if matrix else (14,)
    n, N = int(np.prod(shape)), 9
    X = rng.standard_normal((N, n)) * 10 ** rng.uniform(-0.5, 0.5, n) * 7.0
    if matrix:
        truth = np.outer(rng.standard_normal(4), rng.standard_normal(3)) * 0.05
        problem = lb.SensedMatrix(y=X @ truth.ravel(), X=X.reshape(N, *shape), A_star=truth)
    else:
        truth = np.zeros(n)
        truth[rng.permutation(n)[:2]] = 0.05 * rng.standard_normal(2)
        problem = lb.LinearData(X=X, y_star=X @ truth, a_star=truth)
    return X, truth, problem


@pytest.mark.parametrize("matrix", [False, True])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(2))
def test_t1_and_t2_are_those_of_a_plain_loop_at_any_threshold(seed, method, matrix):
    X, truth, problem = instance(seed, matrix)
    alpha = 0.4 * problem.alpha_max
    start = 0.02 * np.random.default_rng(seed).standard_normal(truth.shape)
    missing = problem.nearest_fit(start) - truth
    beta = float(np.linalg.norm(missing.ravel(), np.inf)) / (alpha * 1000)
    penalty = lb.Nuclear(beta) if matrix else lb.L1(beta)
    y = X @ truth.ravel()
    rests, iterates = loop(method, X, y, start, alpha, beta, HORIZON)
    train = np.linalg.norm(rests, axis=1) / np.linalg.norm(y)
    away = (iterates - truth).reshape(HORIZON + 1, -1)
    test = np.linalg.norm(away, axis=1) / np.linalg.norm(truth)
    seen = []
    for goals in ((0.5, 0.9), (0.03, 0.5), (1e-4, 0.1)):
        e = lb.Experiment(problem, penalty, method(alpha), init=start, thresholds=goals, steps=10)
        said = lb.predict(e)
        for name, errors, goal in (("t1", train, goals[0]), ("t2", test, goals[1])):
            step, interval = first(errors, goal), getattr(said, f"{name}_interval")
            if step is None:
                assert interval is None or interval[1] > HORIZON
            elif interval is not None:
                assert interval[0] <= step <= interval[1]
                assert interval[0] <= getattr(said, name) <= interval[1]
                kind = "exact" if interval[0] == interval[1] else "bracketed"
                assert getattr(said, f"{name}_kind") == kind
                seen.append((name, step))
        if said.t1 is not None and said.t2 is not None:
            assert said.delay == said.t2 - said.t1
        if (late := first(test, goals[1])) is not None and said.t2_least is not None:
            assert said.t2_least <= late
    assert any(name == "t1" and step > 0 for name, step in seen)
    assert any(name == "t2" and step > 0 for name, step in seen)


@pytest.mark.parametrize("method", [lb.GradientDescent, lb.Subgradient, lb.ProximalGradient])
def test_without_l1_they_are_exact(method):
    problem = lb.SparseRecovery(n=10, s=2, N=20)
    e = lb.Experiment(problem, lb.L2(1e-5), method(0.2), init=1.0, thresholds=(1e-2, 1e-2))
    said, found = lb.predict(e), lb.simulate(e, engine="step").phases
    assert said.t1_interval == (found.t1.step, found.t1.step)
    assert said.t2_interval == (found.t2.step, found.t2.step)
    assert (said.t1_kind, said.t2_kind, said.memorizes) == ("exact", "exact", True)


def test_what_is_not_known_is_refused_with_the_reason():
    problem = lb.SparseRecovery(n=12, s=5, N=6, seed=0)
    base = lb.Experiment(problem, lb.L1(1e-5), lb.ProximalGradient(0.1), thresholds=(1e-3, 1e-3))
    never = lb.predict(base)
    assert (never.t2, never.t2_interval, never.delay) == (None, None, None)
    assert any(note.startswith("t2: ") for note in never.notes)
    both = lb.predict(base.with_(penalty=lb.L1(1e-5) + lb.L2(1e-5), method=lb.Subgradient(0.1)))
    assert (both.t1, both.t2) == (None, None)
    assert any("'jump': with Subgradient it needs the penalty L1" in note for note in both.notes)
    assert "in 1e+15 steps" in why_unknown(Passage.after(10**15))
    assert "not before step 8" in why_unknown(Passage.after(7))


def test_a_run_that_only_passes_its_threshold_has_a_t2_and_does_not_generalize():
    # One entry, from above: it passes the truth on its way to where the penalty holds it.
    problem = lb.LinearData(X=np.eye(1), y_star=np.ones(1), a_star=np.ones(1))
    e = lb.Experiment(
        problem, lb.L1(0.2), lb.ProximalGradient(0.1), init=3.0, thresholds=(0.1, 0.1)
    )
    said, found = lb.predict(e), lb.simulate(e, engine="step").phases
    assert (said.t1, said.t2) == (found.t1.step, found.t2.step)
    assert said.t2 is not None
    assert said.generalizes is False
    assert any("ends at 0.2" in note for note in said.notes)


def test_the_statements_that_the_benchmark_counts():
    problem, method = lb.SparseRecovery(n=6, s=1, N=3), lb.ProximalGradient(0.1)
    e = lb.Experiment(problem, lb.L1(1e-6), method, steps=500)
    run = lb.simulate(e, engine="step")
    seen = run.phases.t1.step
    assert seen is not None

    def judged(t1, least=None):
        case = coverage.Case("", FirstPassages(t1, Passage.after(10**6)), least, run)
        return dict(coverage.judge(case))

    assert judged(Passage.between(seen, seen))["t1, exact"]
    assert not judged(Passage.between(seen + 1, seen + 1))["t1, exact"]
    assert not judged(Passage.between(seen + 1, seen + 9))["t1, bracketed"]
    assert not judged(Passage.after(seen))["t1, not before"]
    assert judged(Passage.after(seen - 1)) == {
        "t1 is given": False,
        "t1, not before": True,
        "t2, not before": True,
    }


@pytest.mark.slow
@pytest.mark.parametrize("batches", [coverage.experiments, coverage.matrix_experiments])
@pytest.mark.parametrize("method", METHODS)
def test_no_prediction_is_wrong_on_instances_as_users_have_them(method, batches):
    table, _, wrong = coverage.scores(coverage.cases(batches(method, 1, seed=7)))
    assert wrong == []
    assert sum(row[x].said for row in table.values() for x in row) > 20


def test_first_passages_need_an_engine_in_closed_form():
    problem = lb.SparseRecovery(n=12, s=2, N=6)
    projected = lb.Experiment(problem, lb.L2(1e-3), lb.ProjectedSubgradient(0.1))
    with pytest.raises(NotCovered, match="engine 'spectral'"):
        first_passages(projected)
