"""The ball that a subgradient method does not leave, against long plain loops of its update."""

import numpy as np
import pytest

import latebloom as lb
from latebloom.penalties import Strengths
from latebloom.theory import limit
from latebloom.theory.trap import ball, matrix_ball, vector_ball


def updated(problem, a, alpha, beta: Strengths):
    """One step with l1 and squared l2."""
    gradient = problem.X.T @ (problem.X @ a - problem.y_star)
    return a - alpha * (gradient + beta.l1 * np.sign(a) + beta.l2 * a)


@pytest.mark.parametrize("seed", range(6))
def test_the_distance_falls_outside_of_the_ball_and_stays_inside(seed):
    rng = np.random.default_rng(seed)
    s, N, snr = int(rng.integers(1, 5)), int(rng.integers(8, 25)), (np.inf, 3.0)[seed % 2]
    problem = lb.SparseRecovery(n=20, s=s, N=N, snr=snr, seed=seed)
    beta = Strengths(10 ** rng.uniform(-4, -2), (0.0, 1e-2)[seed % 2])
    alpha = rng.uniform(0.05, 0.9) * 2 / (problem.sigma_max + beta.l2)
    penalty = lb.L1(beta.l1) + lb.L2(beta.l2) if beta.l2 else lb.L1(beta.l1)
    minimizer = limit(lb.Experiment(problem, penalty, lb.ProximalGradient(alpha))).a
    R = vector_ball(problem, alpha, beta, minimizer)
    assert np.isfinite(R)
    for far in (0.0, 0.9, 1.5, 10.0):
        a = rng.standard_normal(20)
        a = minimizer + far * R * a / np.linalg.norm(a)
        before = np.linalg.norm(a - minimizer)
        for _ in range(3000):
            a = updated(problem, a, alpha, beta)
            now = np.linalg.norm(a - minimizer)
            assert now <= max(before, R) * (1 + 1e-12)
            before = now


def test_the_ball_of_the_nuclear_norm_holds_too():
    problem = lb.MatrixCompletion(n1=6, n2=6, r=1, N=28, seed=3)
    alpha, beta = 0.3, 1e-3
    minimizer = limit(lb.Experiment(problem, lb.Nuclear(beta), lb.ProximalGradient(alpha))).a
    R = matrix_ball(problem, alpha, beta, minimizer)
    assert np.isfinite(R)
    A = minimizer + 2 * R * np.eye(6) / np.sqrt(6)
    before = 2 * R
    for _ in range(2000):
        U, _, Vt = np.linalg.svd(A)
        A = A - alpha * (problem.mask * (A - problem.a_star) + beta * U @ Vt)
        now = np.linalg.norm(A - minimizer)
        assert now <= max(before, R) * (1 + 1e-12)
        before = now


@pytest.mark.parametrize(
    ("rate", "slack", "least"),
    [((2.0, 1e-3), 0.5, 1.0), ((0.5, 1e-3), 0.0, 1.0), ((0.5, 1e-3), 0.5, 0.0)],
    ids=["not stable", "no slack outside", "not definite inside"],
)
def test_without_its_hypotheses_there_is_no_ball(rate, slack, least):
    assert ball((0.5, 1e-3), 1.0, 3.0, (0.5, 1.0)) < np.inf
    assert ball(rate, 1.0, 3.0, (slack, least)) == np.inf


def test_a_sample_of_the_chatter_is_no_floor():
    # In 25,000 steps the training error comes to 0.33 of the least of 512 steps.
    problem = lb.SparseRecovery(n=20, s=5, N=12, snr=3.0, seed=8)
    alpha, beta = 0.99 * problem.alpha_max, Strengths(5e-4, 0.0)
    experiment = lb.Experiment(problem, lb.L1(beta.l1), lb.Subgradient(alpha))
    end, a = limit(experiment), np.full(20, 1e-6)
    size, errors = np.linalg.norm(problem.y_star), []
    for _ in range(25_000):
        a = updated(problem, a, alpha, beta)
        errors.append(np.linalg.norm(problem.X @ a - problem.y_star) / size)
    low = min(errors[5000:])
    assert low < 0.5 * 4 * end.train_least  # half the least of the sample was said to be a floor
    assert end.train_least < low
    assert end.train_floor < low
    # So a threshold that the run may come to is not called out of reach.
    more = experiment.with_(init=a, thresholds=(0.9 * low, 1e-3), steps=2000)
    assert lb.simulate(more).phases.t1.kind == "censored"


def test_what_the_ball_proves_is_infeasible():
    # An instance without recovery, at a small beta: its test error ends at 1.04.
    problem = lb.SparseRecovery(n=20, s=6, N=8, seed=1)
    experiment = lb.Experiment(problem, lb.L1(1e-5), lb.Subgradient(0.1), steps=10**7)
    end = limit(experiment)
    assert 0.9 * end.test_error < end.test_floor < end.test_error
    assert lb.simulate(experiment, engine="jump").phases.t2.kind == "infeasible"
