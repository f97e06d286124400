"""The published instance and the plain NumPy loop that everything is compared with."""

import numpy as np

import latebloom as lb

PROBLEM = lb.SparseRecovery.code(n=100, s=5, N=30, seed=1)
ALPHA, BETA = 0.1, 1e-5


def numpy_loop(steps: int) -> np.ndarray:
    """Take subgradient steps one by one: the update and nothing else, no detection, no records."""
    X, y = PROBLEM.X, PROBLEM.y_star
    a = np.full(100, 1e-6)
    for _ in range(steps):
        a = a - ALPHA * (X.T @ (X @ a - y) + BETA * np.sign(a))
    return a


def experiment(method: lb.methods.Method, beta: float = BETA, steps: int = 10**6) -> lb.Experiment:
    """Return Figure 3 with another method, strength or horizon."""
    return lb.Experiment(PROBLEM, lb.L1(beta), method, steps=steps)
