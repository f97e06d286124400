"""What the laws say of matrices, against formulas written down once more and against runs."""

import numpy as np
import pytest

import latebloom as lb
from latebloom.theory.limits import MAX_UNKNOWNS

PROBLEM = lb.MatrixCompletion(n1=8, n2=6, r=1, N=36, seed=1)
SENSING = lb.MatrixSensing(n1=6, n2=5, r=1, N=24, seed=2)


def experiment(problem=PROBLEM, beta=1e-3, method=None, **settings):
    method = method or lb.ProximalGradient(0.5)
    settings = {"thresholds": (1e-2, 3e-2), "steps": 50_000, **settings}
    return lb.Experiment(problem, lb.Nuclear(beta), method, **settings)


def matrix_of(problem):
    """Return X as a dense matrix, column by column."""
    units = np.eye(problem.a_star.size).reshape(-1, *problem.shape)
    return np.array([problem.operator.forward(E).ravel() for E in units]).T


@pytest.mark.parametrize("problem", [PROBLEM, SENSING])
def test_constants_and_times_are_their_formulas(problem):
    alpha, beta = 0.6 * problem.alpha_max / 2, 1e-3
    e = experiment(problem, beta, lb.Subgradient(alpha), init=1e-2)
    said = lb.predict(e, exact=False)
    X, y = matrix_of(problem), problem.y_star.ravel()
    values = np.linalg.eigvalsh(X.T @ X)
    rho = np.abs(1 - alpha * values[values > 1e-9]).max()
    near = e.start.ravel() + np.linalg.pinv(X) @ (y - X @ e.start.ravel())
    assert said.rho_2 == pytest.approx(rho)
    distance = np.linalg.norm(near - e.start.ravel())
    size = alpha * beta * np.sqrt(min(problem.shape))
    assert said.t1_paper == np.ceil(-np.log(1 + (1 - rho) * distance / size) / np.log(rho))
    missing = near.reshape(problem.shape) - problem.a_star
    assert said.delay_paper == pytest.approx(np.linalg.norm(missing, 2) / (alpha * beta))
    U, _, Vt = np.linalg.svd(near.reshape(problem.shape), full_matrices=False)
    pull = beta * np.linalg.pinv(X.T) @ (U @ Vt).ravel()
    assert said.train_plateau == pytest.approx(np.linalg.norm(pull) / np.linalg.norm(y))
    assert said.alpha_max == pytest.approx(2 / values[-1])
    assert said.stable


@pytest.mark.parametrize("problem", [PROBLEM, SENSING])
def test_floors_and_slow_time_are_those_of_a_run(problem):
    e = experiment(problem, 1e-3, lb.ProximalGradient(0.6 * problem.alpha_max / 2))
    said, run = lb.predict(e), lb.simulate(e, engine="step")
    end = run.trajectory.isel(step=-1)
    assert said.recoverability.recoverable
    assert said.generalizes
    assert said.train_floor == pytest.approx(float(end["train_error"]), rel=1e-5)
    assert said.test_floor == pytest.approx(float(end["test_error"]), rel=1e-5)
    assert said.t1 == run.phases.t1.step
    low, high = said.t2_interval
    assert low <= run.phases.t2.step <= high
    assert said.t2_proximal == said.t2
    assert said.s2 == pytest.approx(said.t2_proximal * e.method.alpha * 1e-3)
    report = lb.check(run)
    assert report["test floor"].verdict == "holds"
    assert report["generalizes"].verdict == "holds"


def test_the_slow_time_hardly_depends_on_alpha_and_beta():
    # s2 = t2 alpha beta is a number of the instance up to O(beta): here three orders apart.
    times = [
        lb.predict(experiment(beta=beta, method=lb.ProximalGradient(alpha))).s2
        for alpha, beta in ((0.5, 1e-4), (0.1, 1e-6))
    ]
    assert max(times) / min(times) < 1.01


def test_an_instance_that_cannot_generalize_is_told_before_the_run():
    mask = np.ones((4, 4))
    mask[2] = 0
    rng = np.random.default_rng(0)
    A_star = np.outer(rng.standard_normal(4), rng.standard_normal(4))
    problem = lb.MatrixCompletion.from_arrays(mask, A_star)
    with pytest.warns(UserWarning, match="row 2 "):
        e = experiment(problem)
    said = lb.predict(e, exact=False)
    assert said.generalizes is False
    assert said.t2_paper is None
    assert any("cannot generalize" in note and "row 2" in note for note in said.notes)


def test_what_cannot_be_recovered_may_still_be_near_enough():
    # A second singular value of 1e-3 is out of reach, and the threshold 2e-2 is not.
    problem = lb.MatrixCompletion(n1=8, n2=8, r=2, N=36, singular_values=(1.0, 1e-3))
    assert problem.recovery.recoverable is False
    e = experiment(problem, thresholds=(1e-2, 2e-2), steps=20_000)
    said = lb.predict(e, exact=False)
    assert said.generalizes
    assert said.test_floor < 2e-2
    assert lb.simulate(e, engine="slow").phases.t2.high is not None
    assert lb.predict(e.with_(thresholds=(1e-2, 1e-3)), exact=False).generalizes is False


def test_momentum_has_no_law_and_chatter_has_no_floor_but_an_interval():
    said = lb.predict(experiment(method=lb.FISTA(0.5)))
    assert (said.t1, said.t2, said.t2_proximal) == (None, None, None)
    assert said.test_floor is not None
    said = lb.predict(experiment(method=lb.Subgradient(1.9)), exact=False)
    assert (said.train_floor, said.test_floor, said.generalizes) == (None, None, None)
    assert any("chatters" in note for note in said.notes)


def test_the_plateau_has_what_least_squares_cannot_fit():
    problem = lb.MatrixSensing(n1=5, n2=5, r=1, N=60, snr=10.0)
    with pytest.warns(UserWarning, match="rank 25"):
        e = experiment(problem, beta=1e-4, method=lb.ProximalGradient(0.1), steps=1000)
    said, run = lb.predict(e, exact=False), lb.simulate(e, engine="step")
    assert said.train_plateau == pytest.approx(float(run.trajectory["train_error"][-1]), rel=1e-2)


def test_a_short_run_is_not_called_infeasible():
    # From 3 A* the error falls, passes near 0 and settles where beta holds it.
    A = np.outer([1.0, 2.0, 0.5], [1.0, -1.0, 0.3])
    problem = lb.MatrixCompletion.from_arrays(np.ones((3, 3)), A)
    e = experiment(problem, 0.3, lb.ProximalGradient(0.1), init=3 * A, thresholds=(0.05, 0.05))
    short, long = (lb.simulate(e.with_(steps=n), engine="step").phases for n in (5, 400))
    assert long.t2.kind == "exact"
    assert lb.limit(e).test_error > 0.05
    assert short.t2.kind == "censored"
    assert short.verdict is lb.Verdict.undecided


def test_data_that_do_not_depend_on_the_unknown_are_told():
    problem = lb.SensedMatrix(y=np.ones(2), left=np.zeros((2, 3)), right=np.ones((2, 3)))
    with pytest.warns(UserWarning, match="rank 0"):
        e = experiment(problem, method=lb.ProximalGradient(0.1))
    assert any("X = 0" in note for note in lb.predict(e).notes)
    with pytest.raises(lb.Unsupported, match=r"X\^T y"):
        lb.simulate(e, engine="slow")


def test_an_infeasible_threshold_is_a_floor_not_a_wait():
    e = experiment(beta=3e-2, thresholds=(0.1, 1e-3), steps=3000)
    found = lb.simulate(e, engine="step").phases.t2
    assert found.kind == "infeasible"
    assert found.floor == pytest.approx(lb.limit(e).test_error)
    assert lb.predict(e).t2 is None


def test_the_limit_is_where_plain_proximal_gradient_ends():
    e = experiment(beta=1e-2)
    end, A = lb.limit(e), np.zeros(PROBLEM.shape)
    for _ in range(20_000):
        U, s, Vt = np.linalg.svd(A - PROBLEM.mask * (A - PROBLEM.a_star), full_matrices=False)
        A = (U * np.maximum(s - 1e-2, 0)) @ Vt
    np.testing.assert_allclose(end.a, A, atol=1e-8)
    assert end.certificate.proves()
    chattering = lb.limit(e.with_(method=lb.Subgradient(0.05)))
    np.testing.assert_array_equal(chattering.a, end.a)
    # Twice alpha beta sqrt(min(n1, n2)).
    margin = 2 * 0.05 * 1e-2 * np.sqrt(6) / np.linalg.norm(PROBLEM.a_star)
    assert chattering.test_least == pytest.approx(end.test_error - margin)
    assert chattering.test_least > 0
    assert chattering.test_floor == 0  # no proof


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"penalty": lb.L1(1e-3)}, "Nuclear"),
        ({"penalty": lb.Nuclear(lb.SwitchOn(1e-3))}, "constant beta"),
        ({"penalty": None, "method": lb.GradientDescent(0.5)}, "Nuclear"),
        ({"model": lb.MatrixProduct(2), "method": lb.Subgradient(0.1)}, "not convex"),
        ({"method": lb.ProximalGradient(lb.PowerDecay(0.5, 1.0, 0.5))}, "constant step size"),
    ],
)
def test_what_no_law_covers_says_why(changes, words):
    e = experiment().with_(**changes)
    said = lb.predict(e)
    assert (said.t1, said.delay, said.t2_proximal) == (None, None, None)
    assert any(words in note for note in said.notes)
    assert lb.limit(e) is None


def test_large_matrices_are_predicted_without_their_limit():
    problem = lb.MatrixCompletion(n1=60, n2=50, r=1, N=1500)
    assert problem.a_star.size > MAX_UNKNOWNS
    said = lb.predict(experiment(problem))
    assert said.recoverability.recoverable
    assert said.delay_paper is not None
    assert said.t2 is None
    assert (said.test_floor, said.s2) == (None, None)
    assert any("'slow'" in note for note in said.notes)


def test_recoverability_of_a_matrix_is_that_of_the_nuclear_norm():
    assert lb.recoverability(PROBLEM) is PROBLEM.recovery
    blind = lb.MaskedMatrix(mask=np.ones((2, 2)), Y=np.ones((2, 2)))
    with pytest.raises(lb.Unsupported, match="ground truth"):
        lb.recoverability(blind)
