"""Predictions and limits against plain loops of the update and against other solvers."""

import json
import math

import numpy as np
import pytest
from scipy.optimize import minimize

import latebloom as lb
from latebloom.penalties import Strengths
from latebloom.theory import limit, predict
from latebloom.theory.chatter import chatter
from latebloom.theory.facts import facts


def figure_3(**changes):
    settings = {
        "problem": lb.SparseRecovery.code(seed=1, s=5, N=30),
        "penalty": lb.L1(1e-5),
        "method": lb.Subgradient(0.1),
        "init": 1e-6,
        **changes,
    }
    return lb.Experiment(**settings)


def loop(problem, a, alpha, l1, l2, steps, proximal=False):
    """The iterates a_0 ... a_steps of the update, as plain as can be."""
    X, y = problem.X, problem.y_star
    out = np.zeros((steps + 1, a.size))
    out[0] = a
    for t in range(steps):
        gradient = X.T @ (X @ a - y)
        if proximal:
            z = a - alpha * gradient
            a = np.sign(z) * np.maximum(np.abs(z) - alpha * l1, 0) / (1 + alpha * l2)
        else:
            a = a - alpha * (gradient + l1 * np.sign(a) + l2 * a)
        out[t + 1] = a
    return out


def errors(problem, path):
    train = np.linalg.norm(path @ problem.X.T - problem.y_star, axis=1)
    test = np.linalg.norm(path - problem.a_star, axis=1)
    return train / np.linalg.norm(problem.y_star), test / np.linalg.norm(problem.a_star)


def first(curve, threshold):
    return int(np.argmax(curve <= threshold)) if (curve <= threshold).any() else None


def rms(curve):
    return math.sqrt(np.mean(curve**2))


# --- the published run -----------------------------------------------------------------------


def test_published_numbers_of_figure_3():
    found = predict(figure_3())
    assert found.alpha_max == pytest.approx(0.2809, abs=1e-4)
    assert found.stable
    assert found.recoverability.recoverable
    # Published, read off the figure: memorized at 60, generalized at 1.0e5.
    assert (found.t1, found.t1_interval, found.t1_kind) == (60, (60, 60), "exact")
    assert found.t2_interval[0] <= 100_347 <= found.t2_interval[1]  # every step computed
    assert found.t2 == pytest.approx(1.0e5, rel=5e-3)
    assert found.delay == found.t2 - found.t1
    # The paper's own predictor, under its name.
    assert found.t1_paper == 85
    assert found.delay_paper == pytest.approx(0.0695 / 1e-6, rel=1e-3)
    assert found.t2_paper == found.t1_paper + math.ceil(found.delay_paper) == 69_631
    assert found.train_plateau == pytest.approx(4.2e-4, rel=0.05)
    assert found.train_floor == pytest.approx(2.2e-4, rel=0.05)
    assert found.test_floor == pytest.approx(2.2e-4, rel=0.01)
    assert found.generalizes
    assert found.t2_proximal == 100_336  # published for the subgradient method: 1.0e5
    assert found.notes == ()


def test_delay_scales_as_one_over_alpha_beta_and_floors_as_beta():
    one, other = (predict(figure_3(penalty=lb.L1(b)), exact=False) for b in (1e-4, 1e-6))
    assert other.delay_paper / one.delay_paper == pytest.approx(100)
    assert one.train_plateau / other.train_plateau == pytest.approx(100, rel=1e-3)
    assert (one.t1, one.t2, one.delay, one.t2_proximal) == (None,) * 4


# --- t1 and the bound that it promises -------------------------------------------------------


@pytest.mark.parametrize("proximal", [False, True])
@pytest.mark.parametrize("l2", [0.0, 0.05])
@pytest.mark.parametrize("seed", range(5))
def test_row_space_stays_within_its_bound_from_t1_on(seed, l2, proximal):
    rng = np.random.default_rng(seed)
    problem = lb.SparseRecovery(n=20, s=2, N=int(rng.integers(2, 20)), seed=seed)
    alpha, l1 = rng.uniform(0.1, 0.95) * 2 / (problem.sigma_max + l2), 10 ** rng.uniform(-5, -1)
    method = lb.ProximalGradient(alpha) if proximal else lb.Subgradient(alpha)
    penalty = lb.L1(l1) + lb.L2(l2) if l2 else lb.L1(l1)
    found = predict(lb.Experiment(problem, penalty, method, init=1.0), exact=False)
    sigma = problem.svd.s**2
    factor = (1 - alpha * sigma) / (1 + alpha * l2) if proximal else 1 - alpha * (sigma + l2)
    assert found.rho_2 == pytest.approx(np.abs(factor).max())
    U, s, Vt = problem.svd
    centre = s / (s**2 + l2) * (U.T @ problem.y_star)
    floor = alpha * l1 * math.sqrt(20) / (1 - found.rho_2)
    by_hand = 1 + np.linalg.norm(Vt @ np.ones(20) - centre) / floor
    by_hand = max(0, math.ceil(-math.log(by_hand) / math.log(found.rho_2)))
    assert found.t1_paper == by_hand
    path = loop(problem, np.ones(20), alpha, l1, l2, min(by_hand, 3000) + 500, proximal)
    distance = np.linalg.norm(path @ Vt.T - centre, axis=1)
    assert (distance[by_hand:] <= 2 * floor * (1 + 1e-9)).all()


@pytest.mark.parametrize("kind", ["projected", "explicit"])
@pytest.mark.parametrize("penalty", [lb.L1(1e-3), lb.Nuclear(1e-3)])
def test_a_start_that_fits_is_fitted_at_step_0(penalty, kind):
    matrix = isinstance(penalty, lb.Nuclear)
    if matrix:
        problem = lb.MatrixCompletion(n1=6, n2=5, r=1, N=20, seed=1)
        X = np.diag(problem.operator.mask.ravel())[problem.operator.mask.ravel() > 0]
        y = problem.y_star.ravel()[problem.operator.mask.ravel() > 0]
    else:
        problem = lb.SparseRecovery(n=20, s=2, N=10, seed=1)
        X, y = problem.X, problem.y_star
    fitted, pinv = np.linalg.lstsq(X, y)[0], np.linalg.pinv(X)
    kernel = np.random.default_rng(0).standard_normal(X.shape[1])
    start = (fitted + kernel - pinv @ (X @ kernel)).reshape(problem.shape)
    alpha = 0.3 * problem.alpha_max
    method = (lb.ProjectedSubgradient if kind == "projected" else lb.Subgradient)(alpha)
    experiment = lb.Experiment(problem, penalty, method, init=start)

    # The first step from which on the row space stays within the bound of equation 78.
    values = np.linalg.svd(X, compute_uv=False) ** 2
    rho = 0.0 if kind == "projected" else np.abs(1 - alpha * values).max()
    bound = 2 * alpha * 1e-3 * math.sqrt(min(problem.shape) if matrix else start.size) / (1 - rho)
    a, away = start, []
    for _ in range(200):
        away.append(np.linalg.norm(pinv @ (X @ a.ravel() - y)))
        U, _, Vt = np.linalg.svd(a, full_matrices=False) if matrix else (None, None, None)
        H = (U @ Vt).ravel() if matrix else np.sign(a)
        if kind == "projected":
            moved = a.ravel() - alpha * 1e-3 * H
            a = (moved - pinv @ (X @ moved - y)).reshape(a.shape)
        else:
            slope = X.T @ (X @ a.ravel() - y) + 1e-3 * H
            a = a - alpha * slope.reshape(a.shape)
    outside = np.flatnonzero(np.array(away) > bound)
    expected = int(outside[-1]) + 1 if outside.size else 0
    assert expected == 0
    assert predict(experiment, exact=False).t1_paper == facts(experiment).t1 == expected


def test_a_row_space_that_only_the_ridge_contracts_has_a_prediction():
    problem = lb.SparseRecovery.from_arrays(np.diag([1.0, 1e-10]), np.ones(2), np.array([1.0, 0.0]))
    found = predict(lb.Experiment(problem, lb.L1(1e-3) + lb.L2(1e-2), lb.ProximalGradient(0.5)))
    assert found.rho_2 == pytest.approx(1 / 1.005)
    assert found.t1_paper is not None


def test_a_threshold_below_the_floor_is_pointed_out():
    found = predict(figure_3(penalty=lb.L1(1e-3)))
    assert any("t1: the train error ends at" in note for note in found.notes)
    assert found.t1 is None


# --- where runs with l1 end ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "beta", "N"),
    [(0.05, 1e-3, 15), (0.5, 1e-2, 15), (0.5, 1e-4, 30), (0.8, 1e-3, 15), (0.95, 1e-3, 20)],
)
def test_subgradient_floors_are_those_of_a_long_run(share, beta, N):
    problem = lb.SparseRecovery.code(n=40, s=2, N=N, seed=3)
    alpha = share * problem.alpha_max
    experiment = figure_3(problem=problem, penalty=lb.L1(beta), method=lb.Subgradient(alpha))
    found, end = predict(experiment, exact=False), limit(experiment)
    # From the limit itself, knocked away, so that it is found again and not just kept.
    start = end.a + 20 * alpha * beta * np.random.default_rng(1).standard_normal(40)
    train, test = errors(problem, loop(problem, start, alpha, beta, 0, 30_000)[10_000:])
    assert rms(train) == pytest.approx(found.train_floor, rel=0.03)
    assert rms(test) == pytest.approx(found.test_floor, rel=0.03)
    assert end.train_floor < train.min()
    assert end.test_floor < test.min()
    assert end.certificate.proves()


def test_mean_point_minimizes_the_huber_objective():
    problem = lb.SparseRecovery.code(n=20, s=2, N=10, seed=2)
    alpha, l1, l2 = 0.2, 0.02, 0.1
    X, y, width = problem.X, problem.y_star, 0.2 * 0.02

    def objective(a):
        small = np.abs(a) < width
        huber = np.where(small, a**2 / (2 * width), np.abs(a) - width / 2)
        gradient = X.T @ (X @ a - y) + l2 * a + l1 * np.clip(a / width, -1, 1)
        return 0.5 * np.sum((X @ a - y) ** 2) + l1 * huber.sum() + 0.5 * l2 * a @ a, gradient

    options = {"ftol": 0.0, "gtol": 1e-13, "maxiter": 20_000, "maxfun": 50_000}
    best = minimize(objective, np.zeros(20), jac=True, method="L-BFGS-B", options=options).x
    state = chatter(problem, alpha, Strengths(l1, l2))
    np.testing.assert_allclose(state.mean, best, atol=1e-9)
    assert state.certificate.proves(1e-12)


def test_chatter_of_decoupled_coordinates_is_uniform_on_its_interval():
    # On an interval of length 2 alpha beta: root mean square alpha beta / sqrt(3) about the mean.
    n, alpha, beta = 400, 1e-3, 0.1
    y = np.random.default_rng(0).uniform(-0.9, 0.9, n) * beta
    problem = lb.SparseRecovery.from_arrays(np.eye(n), y)
    state = chatter(problem, alpha, Strengths(beta, 0.0))
    assert state.error is None
    assert state.radius == pytest.approx(alpha * beta * math.sqrt(n / 3), rel=0.03)


@pytest.mark.parametrize("l2", [0.0, 1e-2])
def test_proximal_limit_is_where_a_long_run_ends(l2):
    problem = lb.SparseRecovery.code(n=30, s=2, N=15, seed=4)
    penalty = lb.L1(1e-2) + lb.L2(l2) if l2 else lb.L1(1e-2)
    experiment = figure_3(problem=problem, penalty=penalty, method=lb.ProximalGradient(0.1))
    end = limit(experiment)
    path = loop(problem, np.full(30, 1e-6), 0.1, 1e-2, l2, 30_000, proximal=True)
    np.testing.assert_allclose(end.a, path[-1], atol=1e-10)
    train, test = errors(problem, path[-1:])
    assert end.train_error == end.train_floor == pytest.approx(train[0], rel=1e-8)
    assert end.test_error == end.test_floor == pytest.approx(test[0], rel=1e-8)
    assert end.radius == 0
    accelerated = limit(experiment.with_(method=lb.FISTA(0.05)))
    np.testing.assert_allclose(accelerated.a, end.a, atol=1e-10)


def test_exact_t2_of_the_proximal_method_is_that_of_a_plain_loop_whatever_the_horizon():
    experiment = figure_3(penalty=lb.L1(1e-3), thresholds=(3e-2, 5e-2), steps=10)
    problem = experiment.problem
    path = loop(problem, np.full(100, 1e-6), 0.1, 1e-3, 0, 5000, proximal=True)
    found = predict(experiment)
    assert found.t2_proximal == first(errors(problem, path)[1], 5e-2)
    assert found.t2_proximal > 100


def test_limit_below_the_resolution_of_the_gradient_is_still_certified():
    end = limit(figure_3(penalty=lb.L1(1e-12), method=lb.ProximalGradient(0.1)))
    assert end is not None
    assert end.certificate.kkt < 1e-15


# --- without l1: closed forms ----------------------------------------------------------------


@pytest.mark.parametrize("proximal", [False, True])
@pytest.mark.parametrize(("N", "l2"), [(10, 0.0), (10, 1e-3), (30, 0.0), (30, 1e-4)])
def test_smooth_times_and_floors_are_those_of_a_plain_loop(N, l2, proximal):
    problem = lb.SparseRecovery(n=20, s=3, N=N, seed=5)
    alpha = 0.6 * problem.alpha_max
    method = lb.ProximalGradient(alpha) if proximal else lb.GradientDescent(alpha)
    penalty = lb.L2(l2) if l2 else None
    experiment = lb.Experiment(problem, penalty, method, init=0.3, thresholds=(1e-2, 2e-2))
    found = predict(experiment)
    path = loop(problem, np.full(20, 0.3), alpha, 0, l2, 40_000, proximal)
    train, test = errors(problem, path)
    t1, t2 = first(train, 1e-2), first(test, 2e-2)
    assert found.t1 == t1
    assert found.t1_paper == t1 if l2 == 0 else t1 <= found.t1_paper <= 1.1 * t1 + 2
    assert found.generalizes == (t2 is not None) == (N == 30)
    if t2 is None:
        assert found.t2 is None
        assert found.test_floor > 2e-2
    else:
        assert found.t2 == t2
        assert t2 <= found.t2_paper <= 1.1 * t2 + 2
        assert found.delay == found.t2 - found.t1
    if l2 == 0 or N == 30:  # the kernel of X is slower than this loop is long
        assert found.test_floor == pytest.approx(test[-1], rel=1e-3, abs=1e-12)
    assert found.t2_proximal is None


def test_large_start_with_l2_drops_late_without_generalizing():
    problem = lb.SparseRecovery.code(n=30, s=2, N=15)
    experiment = figure_3(problem=problem, penalty=lb.L2(1e-2), method=lb.GradientDescent(0.1))
    found = predict(experiment.with_(init=10.0))
    assert not found.generalizes
    assert found.t2 is None
    Vt = problem.svd.Vt
    outside = np.full(30, 10.0) - Vt.T @ (Vt @ np.full(30, 10.0))
    ratio = np.linalg.norm(outside) / np.linalg.norm(problem.a_star)
    assert found.delay == pytest.approx(math.log(ratio) / 1e-3)
    # By then the test error has fallen from the ratio to the order of 1, as the law says.
    path = loop(problem, np.full(30, 10.0), 0.1, 0, 1e-2, math.ceil(found.delay))
    test = errors(problem, path)[1]
    assert test[200] > 0.5 * ratio
    assert test[-1] < 3
    assert any("without generalization" in note for note in found.notes)
    small = predict(experiment)
    assert small.delay is None
    assert any("no late drop" in note for note in small.notes)


def test_unpenalized_limit_keeps_the_start_in_the_kernel():
    problem = lb.SparseRecovery(n=20, s=2, N=8)
    end = limit(lb.Experiment(problem, None, lb.GradientDescent(0.5), init=1.0))
    path = loop(problem, np.ones(20), 0.5, 0, 0, 5000)
    np.testing.assert_allclose(end.a, path[-1], atol=1e-10)


# --- what the laws do not cover is None, with a reason ---------------------------------------


def test_methods_models_and_penalties_outside_the_laws():
    cases = {
        "momentum": figure_3(method=lb.FISTA(0.1)),
        "Hadamard": figure_3(model=lb.Hadamard(2), penalty=lb.L2(1e-3), init=0.1),
        "constant strength": figure_3(penalty=lb.L1(lb.SwitchOn(1e-5))),
        "constant step": figure_3(method=lb.Subgradient(lb.PowerDecay(0.1))),
        "Euclidean": figure_3(penalty=lb.Euclidean(1e-5)),
        "stable step size": figure_3(method=lb.Subgradient(0.3)),
    }
    for word, experiment in cases.items():
        found = predict(experiment, exact=False)
        assert any(word in note for note in found.notes), word
        assert (found.t1_paper, found.delay_paper, found.t2_paper) == (None, None, None), word
        assert found.recoverability.recoverable, word
        if word != "momentum":
            assert limit(experiment) is None, word
    assert predict(cases["stable step size"]).stable is False
    assert predict(cases["Euclidean"]).stable is True


def test_projected_method_fits_at_once_and_has_no_stability_limit():
    found = predict(figure_3(method=lb.ProjectedSubgradient(0.1)), exact=False)
    assert (found.alpha_max, found.stable, found.rho_2, found.t1_paper) == (None, True, 0.0, 1)
    assert found.delay_paper == pytest.approx(69546, rel=1e-4)
    assert found.train_plateau < 1e-12
    assert found.test_floor is None
    assert limit(figure_3(method=lb.ProjectedSubgradient(0.1))) is None
    ridge = figure_3(method=lb.ProjectedSubgradient(0.1), penalty=lb.L2(1e-2))
    np.testing.assert_allclose(limit(ridge).a, ridge.problem.a_hat)


def test_without_a_ground_truth_the_train_side_is_still_predicted():
    source = figure_3().problem
    problem = lb.SparseRecovery.from_arrays(source.X, source.y_star)
    found, whole = predict(figure_3(problem=problem)), predict(figure_3())
    assert (found.t1, found.rho_2) == (whole.t1, whole.rho_2)
    assert found.train_floor == pytest.approx(whole.train_floor, rel=1e-2)
    assert found.test_floor is found.delay is found.generalizes is found.recoverability is None
    assert any("a_star" in note for note in found.notes)


def test_unrecoverable_target_is_predicted_not_to_generalize():
    experiment = figure_3(problem=lb.SparseRecovery.code(s=5, N=15, seed=6), penalty=lb.L1(1e-4))
    found = predict(experiment)
    assert found.generalizes is False
    assert (found.t2, found.t2_paper, found.t2_proximal) == (None, None, None)
    assert found.delay_paper > 0
    assert len(found.notes) >= 2


def test_start_at_least_squares_needs_no_time():
    problem = figure_3().problem
    assert predict(figure_3(init=problem.a_hat)).t1 == 0


def test_document_is_strict_json():
    for experiment in (
        figure_3(),
        figure_3(method=lb.ProjectedSubgradient(0.1)),
        figure_3(method=lb.FISTA(0.1)),
        figure_3(penalty=lb.L2(1e-5), method=lb.GradientDescent(0.1), init=10.0),
    ):
        document = predict(experiment, exact=False).to_dict()
        assert json.loads(json.dumps(document, allow_nan=False)) == document
        assert document["recoverability"]["recoverable"] is True
