"""Our own laws: the slow time and its correction, the lower bound, the floor, intervals, plans."""

import itertools

import numpy as np
import pytest

import latebloom as lb
from latebloom.core.errors import InvalidInput, NotCovered
from latebloom.experiment.presets import preset
from latebloom.laws.constants.cl_constant import sampled_cl_constant
from latebloom.laws.constants.incoherence import (
    coherence_between,
    cumulative_coherence,
    mutual_coherence,
    restricted_isometry,
    welch_bound,
)
from latebloom.laws.constants.null_space import null_space_constants, sign_constants
from latebloom.theory import limit, plan
from latebloom.theory.lower_bound import delay_lower_bound
from latebloom.theory.slow_path import slow_path
from latebloom.theory.two_term_floor import two_term_floor


def experiment(seed=0, beta=1e-5, method=None, share=0.4, **changes):
    problem = lb.SparseRecovery(n=12, s=2, N=8, seed=seed)
    method = lb.ProximalGradient(share * problem.alpha_max) if method is None else method
    settings = {"thresholds": (1e-3, 0.05), "steps": 10**15, "record": lb.At(()), **changes}
    return lb.Experiment(problem, lb.L1(beta), method, **settings)


def stepped(e, steps):
    """Return the iterates of proximal gradient with l1, by a plain loop."""
    X, y, alpha, beta = e.problem.X, e.problem.y_star, e.method.alpha, e.penalty.beta
    a, out = np.asarray(e.start), []
    for _ in range(steps):
        out.append(a)
        z = a - alpha * X.T @ (X @ a - y)
        a = np.sign(z) * np.maximum(np.abs(z) - alpha * beta, 0)
    return np.array(out)


# --- the slow time ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_slow_path_is_the_limit_of_a_plain_loop(seed):
    e = experiment(seed, beta=1e-4)
    path, alpha = slow_path(e), e.method.alpha
    rate = alpha * 1e-4
    iterates = stepped(e, 30_000)
    fitted = 2000  # steps: the row space has followed
    for t in range(fitted, 30_000, 4000):
        away = np.abs(iterates[t] - path.at(rate * t)).max()
        assert away < 1e-4 * (10 + 2 * np.abs(path.B).max())


@pytest.mark.parametrize(("seed", "share"), [*itertools.product(range(4), (0.1, 0.5))])
def test_first_correction_is_the_derivative_of_exact_runs(seed, share):
    e = experiment(seed, share=share)
    truth, alpha = e.data.a_star, e.method.alpha
    radius = 0.05 * np.linalg.norm(truth)
    found = slow_path(e).passage(truth, radius)
    measured = []
    for beta in (1e-7, 1e-6):
        t2 = lb.simulate(e.with_(penalty=lb.L1(beta))).phases.t2.step
        measured.append((t2 * alpha * beta - found.s) / beta)
    # t2 is the next whole step: in slow time over beta, up to alpha later; and the layers are those
    # of whole steps.
    for value in measured:
        assert -0.3 * alpha - 1e-3 < value - found.correction < 1.5 * alpha + 1e-3


def test_slow_path_stops_where_it_is_told_to():
    e = experiment(1)
    truth = e.data.a_star
    radius = 0.3 * np.linalg.norm(truth)
    whole, short = slow_path(e), slow_path(e, (truth, radius))
    assert len(short.s) < len(whole.s)
    assert short.passage(truth, radius) == whole.passage(truth, radius)


def test_slow_path_ends_at_the_least_norm_among_the_interpolators():
    e = experiment(0)
    path = slow_path(e)
    np.testing.assert_allclose(path.A @ e.problem.X.T, np.tile(e.problem.y_star, (len(path.s), 1)))
    norms = np.abs(path.A).sum(axis=1)
    assert (np.diff(norms) <= 1e-12).all()
    np.testing.assert_allclose(path.A[-1], e.problem.a_star, atol=1e-12)  # recoverable
    with pytest.raises(NotCovered, match="flow is that of the penalty L1, alone"):
        slow_path(e.with_(penalty=lb.L2(1e-3)))


def test_figure_4s_constant_is_the_slow_time_of_its_instance():
    from latebloom.experiment.presets import preset

    e = preset("fig4").experiment().with_(method=lb.ProximalGradient(0.1))
    truth = e.data.a_star
    found = slow_path(e).passage(truth, 1e-3 * np.linalg.norm(truth))
    assert found.s == pytest.approx(0.100, abs=5e-4)  # published: t2 alpha beta = 0.100


# --- the lower bound -------------------------------------------------------------------------


def test_lower_bound_by_hand():
    # The kernel of (1 1) is (1, -1): from (.5, .5) to (1, 0) takes .5/(alpha beta) steps at least.
    problem = lb.SparseRecovery.from_arrays(np.ones((1, 2)), np.ones(1), np.array([1.0, 0.0]))
    e = lb.Experiment(problem, lb.L1(1e-3), lb.Subgradient(0.1), init=0.5, thresholds=(1e-3, 1e-9))
    assert delay_lower_bound(e) == pytest.approx(0.5 / 1e-4, rel=1e-6)
    half = e.with_(thresholds=(1e-3, 0.25))  # to within .25 of it: as far as a point at distance
    assert delay_lower_bound(half) == pytest.approx((0.5 - 0.25 / np.sqrt(2)) / 1e-4, rel=1e-6)


@pytest.mark.parametrize("method", [lb.ProximalGradient, lb.Subgradient, lb.ProjectedSubgradient])
@pytest.mark.parametrize("seed", range(3))
def test_no_run_is_before_its_lower_bound(seed, method):
    e = experiment(seed, beta=1e-3, method=method(0.1), steps=20_000)
    bound = delay_lower_bound(e)
    t2 = lb.simulate(e, engine="step").phases.t2.step
    assert t2 is not None
    assert 0 < bound <= t2
    # The paper's predictor, as a bound, would not hold; ours is never above it.
    near = slow_path(e).A[0]
    assert bound <= np.abs(near - e.data.a_star).max() / (0.1 * 1e-3) * (1 + 1e-9)


def test_matrices_have_a_lower_bound_too():
    problem = lb.MatrixCompletion(n1=5, n2=5, r=1, N=19, seed=2)
    e = lb.Experiment(
        problem, lb.Nuclear(1e-3), lb.ProximalGradient(0.5), thresholds=(1e-2, 0.05), steps=40_000
    )
    t2 = lb.simulate(e, engine="step").phases.t2.step
    assert t2 is not None
    assert 0.1 * t2 < delay_lower_bound(e) <= t2
    with pytest.raises(NotCovered, match="momentum"):
        delay_lower_bound(e.with_(method=lb.FISTA(0.5)))


# --- the floor of two terms ------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_floor_in_closed_form_is_the_certified_limit(seed):
    e = experiment(seed, beta=1e-4)
    assert two_term_floor(e).total == pytest.approx(limit(e).test_error, rel=1e-8)
    gentle = e.with_(method=lb.Subgradient(0.03 * e.problem.alpha_max))
    floor = two_term_floor(gentle)
    assert floor.total == pytest.approx(limit(gentle).test_error, rel=0.02)
    assert floor.oscillation > 0


def test_the_two_terms_scale_as_they_should():
    base = experiment(0, beta=1e-5, method=lb.Subgradient(0.01))
    floor = two_term_floor(base)
    smaller = two_term_floor(base.with_(method=lb.Subgradient(0.001)))
    weaker = two_term_floor(base.with_(penalty=lb.L1(1e-6)))
    assert weaker.total == pytest.approx(floor.total / 10, rel=1e-6)
    assert smaller.oscillation == pytest.approx(floor.oscillation / 10, rel=0.05)
    assert smaller.bias == pytest.approx(floor.bias, rel=0.05)  # not a tenth: no law of alpha beta


def test_a_strength_that_removes_entries_has_no_closed_form():
    with pytest.raises(NotCovered, match="too large"):
        two_term_floor(experiment(0, beta=0.05))


# --- null space constants --------------------------------------------------------------------


def test_null_space_constant_by_hand():
    # The kernel is spanned by (1, 1, -2): on {2} the ratio is 1, on {0} it is 1/3.
    X = np.array([[1.0, 1.0, 1.0], [1.0, -1.0, 0.0]])
    assert null_space_constants(X, np.array([0])).least_rho == pytest.approx(1 / 3)
    assert null_space_constants(X, np.array([2])) is None
    assert null_space_constants(X, np.array([], dtype=int)).rho == 0


@pytest.mark.parametrize("seed", range(5))
def test_null_space_constants_hold_for_random_vectors(seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((9, 12)) / 3
    support = rng.choice(12, 2, replace=False)
    found = null_space_constants(X, support)
    assert found is not None
    off = np.setdiff1d(np.arange(12), support)
    kernel = np.linalg.svd(X)[2][9:].T
    u = np.hstack([kernel @ rng.standard_normal((3, 2000)), rng.standard_normal((12, 2000))])
    u += 1e-3 * rng.standard_normal(u.shape)
    on, outside = np.abs(u[support]).sum(axis=0), np.abs(u[off]).sum(axis=0)
    seen = np.linalg.norm(X @ u, axis=0)
    assert (on <= found.rho * outside + found.tau * seen + 1e-9).all()
    exact = kernel @ rng.standard_normal((3, 20_000))
    ratio = np.abs(exact[support]).sum(axis=0) / np.abs(exact[off]).sum(axis=0)
    assert 0.7 * found.least_rho < ratio.max() <= found.least_rho * (1 + 1e-9)


def test_constants_of_signs_are_those_of_recoverability():
    problem = lb.SparseRecovery(n=20, s=3, N=12, seed=2)
    support = np.flatnonzero(problem.a_star)
    found = sign_constants(problem.X, support, np.sign(problem.a_star[support]))
    said = lb.recoverability(problem)
    assert found is not None
    assert found.rho >= found.least_rho
    assert (found.least_rho < 1) == said.recoverable


def test_large_supports_and_impossible_rho_are_refused():
    with pytest.raises(lb.Unsupported, match="2\\^\\(s-1\\) programs"):
        null_space_constants(np.eye(30), np.arange(13))
    X = np.array([[1.0, 1.0, 1.0], [1.0, -1.0, 0.0]])
    with pytest.raises(lb.InvalidInput, match=r"at least 0\.33"):
        null_space_constants(X, np.array([0]), rho=0.1)


# --- coherences ------------------------------------------------------------------------------


def test_coherences_by_enumeration():
    A = np.random.default_rng(0).standard_normal((5, 7))
    unit = A / np.linalg.norm(A, axis=0)
    pairs = list(itertools.combinations(range(7), 2))
    by_hand = max(abs(unit[:, i] @ unit[:, j]) for i, j in pairs)
    assert mutual_coherence(A) == pytest.approx(by_hand)
    delta = max(restricted_isometry(unit, np.array(pair)) for pair in pairs)
    assert delta == pytest.approx(by_hand)
    three = max(
        sum(abs(unit[:, i] @ unit[:, j]) for j in J)
        for i in range(7)
        for J in itertools.combinations([j for j in range(7) if j != i], 3)
    )
    assert cumulative_coherence(A, 3) == pytest.approx(three)
    assert coherence_between(3 * A, np.eye(5)) == pytest.approx(np.abs(unit).max())
    assert welch_bound(5, 7) <= by_hand
    with pytest.raises(lb.InvalidInput, match="column 1 is zero"):
        mutual_coherence(np.array([[1.0, 0.0]]))


def test_cl_constant_of_a_network_is_a_bound_from_samples():
    e = lb.Experiment(lb.ModularArithmetic(p=5), model=lb.TokenPair(width=4, hidden=(8,)))
    one, more = (sampled_cl_constant(e, 1.0, samples=k) for k in (2, 8))
    assert 0 < more <= one
    with pytest.raises(lb.InvalidInput, match="radius"):
        sampled_cl_constant(e, -1.0)


# --- plans -----------------------------------------------------------------------------------


def test_plan_keeps_what_it_promises():
    e = experiment(0)
    found = plan(e, 2e4, 0.01)
    assert found.possible
    at = experiment(0, method=lb.ProximalGradient(found.alpha), thresholds=(1e-3, 0.01))

    def outcome(beta):
        run = at.with_(penalty=lb.L1(beta))
        return lb.simulate(run).phases.t2.step, limit(run).test_error

    t2, end = outcome(found.beta)
    assert t2 == found.t2 <= 2e4
    assert end <= 0.01
    assert end == pytest.approx(found.final_error)
    late, _ = outcome(found.beta_low / 1.03)
    assert late > 2e4
    assert outcome(found.beta_high * 1.03)[1] > 0.01


def test_plan_says_what_would_be_possible_instead():
    hurry = plan(experiment(0), 5, 1e-3)
    assert not hurry.possible
    assert hurry.least_budget > 5
    assert "steps" in hurry.why
    lost = lb.SparseRecovery(n=12, s=5, N=6, seed=0)
    never = plan(lb.Experiment(lost, lb.L1(1e-5), lb.ProximalGradient(0.1)), 1e6, 1e-3)
    assert not never.possible
    assert never.why.startswith("no beta does")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: plan(experiment(0), 0, 0.1), "budget"),
        (lambda: plan(experiment(0), 10, 0.0), "error"),
        (lambda: plan(experiment(0), 10, 2.0), "below 1"),
        (lambda: plan(experiment(0), 10, 0.1, alpha=1e9), "not stable"),
        (lambda: plan(experiment(0).with_(penalty=lb.L2(1.0)), 10, 0.1), "L1 or Nuclear"),
        (lambda: plan(lb.Experiment(lb.ModularArithmetic(p=5)), 10, 0.1), "in coupled Adam"),
    ],
)
def test_plans_that_cannot_be_made_are_refused(make, words):
    with pytest.raises(lb.InvalidInput, match=words):
        make()


def test_plan_says_so_where_t2_does_not_depend_on_beta():
    problem = lb.SparseRecovery(n=10, s=2, N=30, seed=1)
    found = plan(lb.Experiment(problem, lb.L1(1e-6), lb.ProximalGradient(0.1)), 1e5, 1e-2)
    assert found.possible
    assert found.beta_low is None
    assert found.beta == pytest.approx(found.beta_high / 10)
    assert "does not depend on beta" in found.why


def test_least_error_in_a_budget_is_told_where_the_target_is_out_of_reach():
    found = plan(experiment(0), 2e4, 1e-9)
    assert not found.possible
    reached = plan(experiment(0), 2e4, found.least_error)
    assert reached.possible


@pytest.mark.slow
def test_a_plan_that_is_possible_has_a_t2_in_the_budget():
    # Figure 5: the largest beta that ends below the error gets there late, or not at all.
    found = plan(preset("fig5").experiment(), 1e6, 1e-5)
    assert found.possible == (found.t2 is not None)
    assert found.t2 is None or found.t2 <= 1e6
    e = preset("fig5").experiment()
    method, penalty = lb.ProximalGradient(found.alpha), lb.Nuclear(found.beta_high)
    largest = e.with_(penalty=penalty, method=method, steps=10**6)
    run = lb.simulate(largest, engine="slow")
    assert run.phases.t2.high is not None


def test_a_budget_beyond_reach_is_refused():
    with pytest.raises(InvalidInput, match="at most 1e\\+12"):
        plan(preset("fig3").experiment(), 1e17, 1e-3)
