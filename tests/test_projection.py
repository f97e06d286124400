"""The projected subgradient method: its iterates interpolate, and keep their bound."""

import numpy as np
import pytest
from helpers import (
    linear_data,
)
from method_helpers import run

import latebloom as lb

# --- Projection -----------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", [lb.L1(0.3), lb.L2(0.3), lb.Euclidean(0.3)])
def test_projected_iterates_interpolate_from_the_first_step(penalty, rng):
    problem = linear_data()
    a = run(lb.ProjectedSubgradient(0.1), penalty, problem, rng.standard_normal(9), 50)
    residual = np.abs(a @ problem.X.T - problem.y_star).max(axis=1)
    assert residual[0] > 0.1
    assert residual[1:].max() < 1e-12
    assert np.abs(np.diff(a[1:], axis=0)).max() > 1e-3  # and keep moving


@pytest.mark.parametrize("contradiction", [0.0, 1.0])
def test_projection_survives_a_rank_deficient_X(contradiction, rng):
    """Repeated rows, with equal or contradicting measurements: least squares solutions."""
    full = linear_data(N=4)
    y = np.concatenate([full.y_star, full.y_star + contradiction])
    problem = lb.LinearData(np.vstack([full.X, full.X]), y)
    a = run(lb.ProjectedSubgradient(0.1), lb.L1(0.3), problem, rng.standard_normal(9), 300)
    normal = (a[1:] @ problem.X.T - y) @ problem.X
    assert np.abs(normal).max() < 1e-10
    assert np.abs(a).max() < 100
    # A least squares solution meets the mean of the two measurements.
    np.testing.assert_allclose(a[-1] @ full.X.T, full.y_star + contradiction / 2, atol=1e-10)


def test_projected_subgradient_keeps_its_bound():
    """min ||a||_1 - ||a*||_1 <= (||a_1 - a*||^2 + (alpha beta)^2 T n) / (2 alpha beta T).

    Source: arXiv 2506.05718, appendix D.
    """
    problem = lb.SparseRecovery(n=20, s=2, N=12, seed=1)
    rate, T = 1e-3, 400
    a = run(lb.ProjectedSubgradient(0.1), lb.L1(rate / 0.1), problem, np.zeros(20), T + 1)[1:]
    excess = np.abs(a).sum(axis=1).min() - np.abs(problem.a_star).sum()
    far = np.sum((a[0] - problem.a_star) ** 2)
    assert excess <= (far + rate**2 * T * 20) / (2 * rate * T)
    assert excess < np.abs(a[0]).sum() - np.abs(problem.a_star).sum()  # the walk made progress
