"""What laws find of runs made for it, and why they say nothing."""

from dataclasses import replace

import numpy as np
import pytest
from law_helpers import low_rank, small, walked

import latebloom as lb
from latebloom.laws import LAWS, Promise, check, law
from latebloom.problems import MatrixLeastSquares
from latebloom_paper.errata import ERRATA


def test_printed_statements_have_an_entry_in_the_errata():
    for found in LAWS.values():
        assert found.erratum is None or found.erratum in ERRATA
        assert found.status != "printed" or found.erratum, found.name
    for name in ("closeness to least squares, all of a", "level of f, not before"):
        assert LAWS[name].status == "printed"


def test_false_statements_are_found_false_and_their_corrections_hold():
    run = walked(small(lb.Subgradient(0.1)), 3000, every=20)
    report = check(run)
    for false, right in (
        ("closeness to least squares, all of a", "closeness to least squares, row space"),
        ("level of f, not before", "level of f, reached in time"),
        ("level of h, not before", "level of h, reached in time"),
        ("recovery not before", "recovery in time"),
    ):
        assert report[false].verdict == "violated", false
        assert report[right].verdict == "holds", right
    assert report["closeness to least squares, printed rho"].verdict == "vacuous"
    assert report.failures == ()


def test_a_law_that_is_not_about_an_experiment_says_why():
    network = lb.Experiment(lb.ModularArithmetic(p=5), steps=3)
    matrix = low_rank(np.random.default_rng(0))
    for name, experiment, words in (
        ("telescoping", network, "trains a network"),
        ("ridge in closed form", matrix, "penalty L2 alone"),
        ("slow time", small(lb.FISTA(0.1)), "momentum"),
        ("product of two layers", small(lb.Subgradient(0.1)), "Hadamard"),
        ("recovery in time", matrix, "vectors"),
        ("slow time", small(lb.Subgradient(lb.PowerDecay(0.1, 0.5))), "constant step size"),
    ):
        assumption = law(name).assumptions(experiment)
        assert assumption[0].state == "fails"
        assert words in assumption[0].what, name
        assert law(name).predict(experiment) is None


def test_hypotheses_that_fail_come_with_their_numbers():
    known = law("memorization phase").assumptions(small(lb.Subgradient(0.5)))
    alpha = next(a for a in known if a.what == "alpha")
    assert (alpha.state, alpha.number) == ("fails", 0.5)
    assert "<" in alpha.needed
    printed = law("memorization phase, printed").assumptions(small(lb.Subgradient(1e-4)))
    assert all(a.state == "holds" for a in printed)


def test_unknown_law_is_named_with_the_nearest():
    with pytest.raises(lb.InvalidInput, match="did you mean 'telescoping'"):
        law("telescopng")


def test_promise_knows_its_ends_and_slack():
    bound = Promise("x", high=2.0, tolerance=0.0)
    assert (bound.slack(1.0), bound.slack(3.0), bound.empty) == (0.5, -0.5, False)
    assert Promise("x", low=2.0, tolerance=0.0).slack(3.0) == 0.5
    equal = Promise("x", 2.0, 2.0, tolerance=0.1)
    assert equal.slack(2.1) == pytest.approx(0.05)
    assert equal.slack(2.3) < 0
    assert Promise("x", high=np.inf).empty
    assert (equal.value, Promise("x", 1.0, 3.0).value) == (2.0, 2.0)


def test_coordinates_without_data_are_trapped_in_a_box():
    problem = lb.SparseRecovery.from_arrays(
        np.array([[1.0, 0.0, 0.0]]), np.ones(1), np.array([1.0, 0.0, 0.0])
    )
    e = lb.Experiment(
        problem, lb.L1(1e-2), lb.Subgradient(0.1), init=np.array([0.0, 0.0237, -0.03]), steps=10**5
    )
    found = law("signs alone").check(walked(e, 10))
    assert found.verdict == "holds"
    assert 0 < found.measured <= 1 + 1e-9


def test_singular_values_shrink_by_the_step_where_nothing_pulls():
    # <X, A> = y and <X, U V^T> = 0: the data never notice that both singular values fall.
    problem = lb.SensedMatrix(
        y=np.array([2.0]), X=np.array([np.diag([1.0, -1.0])]), A_star=np.diag([2.0, 0.0])
    )
    with pytest.warns(UserWarning, match="degrees of freedom"):
        e = lb.Experiment(
            problem, lb.Nuclear(0.1), lb.Subgradient(0.1), init=np.diag([3.0, 1.0]), steps=1000
        )
    assert isinstance(e.data, MatrixLeastSquares)
    found = law("singular values alone").check(walked(e, 10))
    assert found.verdict == "holds"
    assert "over 101 steps" in found.why


def test_over_regularization_ends_at_zero():
    e = small(lb.ProximalGradient(0.1), penalty=lb.L1(10.0), steps=500)
    found = law("over-regularization").check(lb.simulate(e))
    assert (found.verdict, found.measured) == ("holds", 1.0)
    weak = law("over-regularization").check(lb.simulate(small(lb.ProximalGradient(0.1))))
    assert weak.verdict == "vacuous"


def test_equal_layers_cannot_have_negative_entries():
    X = np.eye(3)
    problem = lb.SparseRecovery.from_arrays(X, np.array([3.0, -4.0, 0]), np.array([3.0, -4.0, 0]))
    e = lb.Experiment(
        problem, None, lb.GradientDescent(0.01), model=lb.Hadamard(2), init=0.1, steps=2000
    )
    found = law("equal layers").check(lb.simulate(e))
    assert found.promise.low == pytest.approx(0.8)  # 4 of (3, 4)
    assert found.verdict == "holds"
    assert found.measured == pytest.approx(0.8, abs=1e-3)
    free = law("equal layers").check(lb.simulate(e.with_(init=lb.Gaussian(0.1, 0))))
    assert free.verdict == "vacuous"


def test_ridge_has_a_floor_and_a_late_drop():
    problem = lb.SparseRecovery(n=20, s=2, N=10, seed=1)
    e = lb.Experiment(
        problem, lb.L2(1e-4), lb.GradientDescent(0.3), init=10.0, steps=10**6, record=lb.LogSpaced()
    )
    report = check(lb.simulate(e))
    for name in ("floor of ridge", "late drop without generalization", "rate of ridge"):
        assert report[name].verdict == "holds", name
    outside = problem.a_star - np.linalg.pinv(problem.X) @ problem.X @ problem.a_star
    by_hand = np.linalg.norm(outside) / np.linalg.norm(problem.a_star)
    assert report["floor of ridge"].promise.low == pytest.approx(by_hand)


def test_measurements_of_gaussian_rows():
    wide = lb.SparseRecovery(n=60, s=1, N=30, seed=0)
    e = lb.Experiment(wide, lb.L1(1e-3), lb.ProximalGradient(0.1), steps=5)
    report = check(lb.simulate(e))
    for name in ("Welch bound", "coherence and restricted isometry"):
        assert report[name].verdict == "holds", name
    assert report["coherence of Gaussian rows"].verdict == "holds"
    # Rows a thousand times smaller: the printed bound falls with them, the coherence does not.
    assert report["coherence of Gaussian rows"].promise.high < 2


def by_coherence(X: np.ndarray, a: np.ndarray):
    """Return what is found of recovery by coherence."""
    problem = lb.LinearData(X=X, y_star=X @ a, a_star=a)
    e = lb.Experiment(problem, lb.L1(1e-4), lb.ProximalGradient("auto"), steps=5)
    return law("recovery by coherence").check(lb.simulate(e))


def test_recovery_by_coherence_knows_that_a_long_column_stands_in_for_a_short_one():
    X, a = np.array([[1, 10, 0.0], [0, 5, 3.0]]), np.array([1.0, 0, 0])
    assert by_coherence(X, a).verdict == "vacuous"
    assert by_coherence(X / np.linalg.norm(X, axis=0), a).verdict == "holds"


def test_recovery_by_coherence_holds_for_columns_of_any_norm(rng):
    verdicts = []
    for spread in (0.0, 0.1, 1.0):
        for _ in range(5):
            X = rng.normal(size=(12, 16)) * 10 ** (spread * rng.normal(size=16))
            verdicts.append(by_coherence(X, np.eye(16)[0]).verdict)
    assert "violated" not in verdicts
    assert "holds" in verdicts


def test_an_identity_is_judged_by_the_condition_of_the_data(rng):
    i = np.arange(6)
    X, a = 1 / (1.0 + i[:, None] + i), np.eye(6)[0]  # condition 1e7
    problem = lb.LinearData(X=X, y_star=X @ a + 1e-3 * rng.normal(size=6), a_star=a)
    e = lb.Experiment(problem, lb.L1(1e-4), lb.ProximalGradient("auto"), steps=5)
    found = law("error of least squares").check(lb.simulate(e))
    assert found.verdict == "holds"
    assert found.promise.high < 1e-3


@pytest.mark.parametrize(
    ("activation", "holds"), [("relu", True), ("square", True), ("tanh", False)]
)
def test_rescaled_networks_are_the_same_function_at_another_norm(activation, holds):
    problem = lb.TeacherStudent(d=3, hidden=5, C=2, N=12, N_test=8, activation=activation)
    model = lb.MLP(widths=(6,), activation=activation)
    run = lb.simulate(lb.Experiment(problem, None, lb.Adam(1e-2), model, steps=20))
    for name in ("rescaling of two layers", "norm under rescaling"):
        found = law(name).check(run)
        assert found.verdict == ("holds" if holds else "vacuous"), name
    biased = lb.simulate(
        lb.Experiment(problem, None, lb.Adam(1e-2), lb.MLP(widths=(6,), biases=True), steps=5)
    )
    assert law("rescaling of two layers").check(biased).verdict == "vacuous"


def test_a_wrong_rescaling_is_noticed(monkeypatch):
    from latebloom.laws import rescaling

    problem = lb.TeacherStudent(d=3, hidden=5, C=2, N=12, N_test=8)
    run = lb.simulate(lb.Experiment(problem, None, lb.Adam(1e-2), lb.MLP(widths=(6,)), steps=5))
    monkeypatch.setattr(rescaling, "rescale", lambda A, B, c, L: (c * A, B / c**1.01))
    for name in ("rescaling of two layers", "norm under rescaling"):
        assert law(name).check(run).verdict == "violated"


def test_bounds_with_unknown_constants_promise_nothing():
    sparse = lb.Experiment(lb.SparseRecovery(n=50, s=2, N=30), lb.L1(1e-3), steps=1)
    (number,) = law("samples for restricted isometry").assumptions(sparse)
    assert number.state == "not computable"
    assert number.number == pytest.approx(30 / (2 * np.log(np.e * 25)))
    matrix = lb.Experiment(lb.MatrixCompletion(n1=6, n2=6, r=1, N=20), lb.Nuclear(1e-3), steps=1)
    found = law("samples for completion").assumptions(matrix)
    assert [a.state for a in found] == ["not computable"] * 3
    assert law("samples for completion").predict(matrix) is None


def test_findings_are_the_same_for_the_same_run():
    run = walked(small(lb.Subgradient(0.1)), 500)
    once, again = check(run), check(replace(run))
    assert [f.measured for f in once.findings] == [f.measured for f in again.findings]
