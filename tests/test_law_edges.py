"""Laws on experiments at the edges: no crash, and no law of ours violated."""

import numpy as np
import pytest

import latebloom as lb
from benchmarks.user_instances import DESIGNS, posed, vector_problem
from latebloom.laws import LAWS, check, law
from latebloom.laws.contraction import decrease
from latebloom.theory.facts import facts

# --- experiments at the edges: no crash, and no law of ours violated ------------------------------

RNG = np.random.default_rng(0)


WIDE = RNG.standard_normal((8, 20)) / np.sqrt(8)


TRUTH = np.eye(20)[2] - np.eye(20)[5]


PLAIN = lb.SparseRecovery(n=12, s=2, N=8, seed=1)


EDGES = {
    "no kernel": lambda: lb.Experiment(
        lb.SparseRecovery(n=10, s=2, N=30, seed=1), lb.L1(1e-6), lb.Subgradient(0.1), steps=2000
    ),
    "far from settled": lambda: lb.Experiment(
        lb.LinearData(X=WIDE, y_star=WIDE @ TRUTH, a_star=TRUTH),
        lb.L1(1e-3),
        lb.ProximalGradient(0.1),
        init=np.linalg.pinv(WIDE) @ (WIDE @ TRUTH),
        steps=20_000,
    ),
    "no truth": lambda: lb.Experiment(
        lb.LinearData(X=WIDE, y_star=WIDE @ TRUTH), lb.L1(1e-3), lb.ProximalGradient(0.1)
    ),
    "two minimizers": lambda: lb.Experiment(
        lb.LinearData(X=np.ones((1, 2)), y_star=np.ones(1), a_star=np.array([1.0, 0.0])),
        lb.L1(1e-3),
        lb.Subgradient(0.1),
        init=0.0,
        steps=5000,
    ),
    "elastic net": lambda: lb.Experiment(
        PLAIN, lb.L1(1e-4) + lb.L2(1e-4), lb.Subgradient(0.1), steps=2000
    ),
    "loose threshold": lambda: lb.Experiment(
        lb.SparseRecovery(n=30, s=15, N=8, seed=1),
        lb.L1(1e-4),
        lb.ProximalGradient(0.1),
        thresholds=(1e-2, 0.97),
    ),
    "starts at least squares": lambda: lb.Experiment(
        PLAIN, lb.L1(1e-4), lb.Subgradient(0.1), init=PLAIN.a_hat, steps=1000
    ),
    "starts at the truth": lambda: lb.Experiment(
        PLAIN, lb.L1(1e-3), lb.Subgradient(0.1), init=PLAIN.a_star, steps=1000
    ),
    "alpha below rounding": lambda: lb.Experiment(
        PLAIN, lb.L1(1e-5), lb.Subgradient(1e-17), steps=5
    ),
    "orthogonal columns": lambda: lb.Experiment(
        lb.LinearData(X=np.eye(5), y_star=np.eye(5)[0], a_star=np.eye(5)[0]),
        lb.L1(1e-3),
        lb.Subgradient(1.0),
        steps=500,
    ),
    "strength beyond use": lambda: lb.Experiment(
        PLAIN, lb.L1(5.0), lb.Subgradient(0.1), steps=2000
    ),
}


@pytest.mark.parametrize("edge", EDGES)
def test_edges_neither_crash_nor_violate_our_laws(edge):
    e = EDGES[edge]()
    report = check(lb.simulate(e))
    assert report.failures == ()
    said = lb.predict(e)
    t2 = lb.simulate(e).phases.t2
    if said.t2_least is not None and t2.high is not None:
        assert said.t2_least <= t2.high


@pytest.mark.parametrize(
    ("name", "penalty", "method"),
    [
        ("telescoping of h", lb.L1(0.03) + lb.L2(0.6), lb.Subgradient(0.1)),
        ("projected descent", lb.L1(0.01) + lb.L2(1.0), lb.ProjectedSubgradient(0.1)),
    ],
)
def test_laws_of_h_alone_are_not_asked_where_there_is_more(name, penalty, method):
    rng = np.random.default_rng(0)
    X, a_star = rng.standard_normal((20, 60)) / np.sqrt(20), np.eye(60)[0]
    problem = lb.SparseRecovery.from_arrays(X, X @ a_star, a_star)
    start = np.linalg.pinv(X) @ (X @ a_star)
    run = lb.simulate(lb.Experiment(problem, penalty, method, init=start, steps=200))
    found = lb.check(run)[name]
    assert str(found.verdict) == "vacuous"
    assert "L2 besides" in found.why
    alone = run.experiment.with_(penalty=lb.L1(0.01))
    assert str(lb.check(lb.simulate(alone))[name].verdict) == "holds"


def test_rounding_in_the_kernel_of_a_large_start_violates_nothing():
    problem = lb.SparseRecovery.code(n=40, s=2, N=15, snr=None, seed=1)
    experiment = lb.Experiment(problem, None, lb.GradientDescent(0.1), init=100.0, steps=10_000)
    found = law("rate of plain gradient descent").check(lb.simulate(experiment))
    assert found.verdict == "holds"


# Instances of users at which laws of ours were called violated.
USERS = {
    "rounding at the minimizer": ([31337, 35], "signs", lb.ProximalGradient),
    "a penalty as large as the gradient": ([31337, 48], "blurs", lb.Subgradient),
    "records far apart": ([31337, 67], "cosines", lb.ProximalGradient),
    "a row space that lags": ([31337, 130], "gaussian", lb.Subgradient),
    "a row space that lags, few steps": ([61337, 74], "heavy tailed", lb.Subgradient),
}


@pytest.mark.parametrize("why", USERS)
def test_instances_of_users_violate_no_law_of_ours(why):
    seed, design, method = USERS[why]
    rng = np.random.default_rng(seed)
    experiment = posed(rng, vector_problem(rng, DESIGNS[design], 20, 12), method, 3.5)
    assert check(lb.simulate(experiment.with_(steps=4000), engine="step")).failures == ()


def test_the_loss_may_grow_where_the_penalty_is_as_large_as_the_gradient(rng):
    # One step from a point where beta ||H|| is nearly ||G||, with alpha near 2/L: the law, by hand.
    X = np.diag([2.0, 0.01])
    problem = lb.LinearData(X=X, y_star=np.array([0.0, 0.0001]))
    experiment = lb.Experiment(problem, lb.L1(1e-3), lb.Subgradient(0.499), steps=10)
    f, L, mu = facts(experiment), 4.0, 1e-4
    for _ in range(100):
        a = f.fitted + rng.standard_normal(2)
        G, H = X.T @ (X @ a - problem.y_star), rng.standard_normal(2)
        gamma = rng.uniform(0, 1)
        b = a - 0.499 * (G + gamma * np.linalg.norm(G) / np.linalg.norm(H) * H)
        grown = f.loss(b) / f.loss(a)
        x = 0.499 * L
        bracket = (2 - x) - 2 * gamma * abs(1 - x) - x * gamma**2
        assert decrease(f, gamma, False) == pytest.approx(
            (mu if bracket > 0 else L) * 0.499 * bracket
        )
        assert grown <= 1 - decrease(f, gamma, False) + 1e-12


def test_the_train_plateau_follows_the_signs_of_the_slow_flow():
    # Three of 40 entries have changed their signs before the transient is gone, and the error with
    # them: by a tenth and more.
    problem = lb.SparseRecovery(n=40, s=2, N=20, seed=1)
    run = lb.simulate(lb.Experiment(problem, lb.L1(1e-4), lb.ProximalGradient(0.1), steps=10**6))
    found = LAWS["train plateau"].check(run)
    assert found.verdict == "holds"
    assert found.measured is not None
    assert found.measured > 1.09 * facts(run.experiment).plateau
