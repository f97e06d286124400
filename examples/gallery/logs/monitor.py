"""
A loop with a monitor
=====================

Three lines in a training loop: the monitor says when the data are memorized, when the
model generalizes, and whether the run may stop.

**Next:** :doc:`/tasks/watch-a-loop`
"""

import numpy as np

import latebloom as lb

problem = lb.SparseRecovery(n=60, s=3, N=30, seed=1)
X, y, truth = problem.X, problem.y_star, problem.a_star
a, alpha, beta = np.zeros(60), 0.1, 2e-4
monitor = lb.Monitor(kind="error", thresholds=(1e-1, 5e-2), alpha=alpha, beta=beta)
for step in range(20_001):
    if step % 20 == 0:
        errors = (np.linalg.norm(u - v) / np.linalg.norm(v) for u, v in ((X @ a, y), (a, truth)))
        for event in monitor.update(step, *errors):
            print(event)
    a -= alpha * X.T @ (X @ a - y)
    a = np.sign(a) * np.maximum(np.abs(a) - alpha * beta, 0)
print(monitor.may_stop())
monitor.diagnosis().plot()
