"""
Will it generalize at all?
==========================

For small beta the error at which a run ends is proportional to beta. It is computed without
a run, and certified. Where it lies above the threshold, no number of steps helps.

**Next:** :doc:`/tasks/will-it-generalize`
"""

import numpy as np

import latebloom as lb
from latebloom.plots import plot_lines

problem = lb.SparseRecovery(n=100, s=5, N=40, seed=1)
points = []
for beta in np.geomspace(1e-6, 1e-1, 6):
    end = lb.limit(lb.Experiment(problem, lb.L1(beta), lb.ProximalGradient(0.1)))
    points.append((beta, end.test_error))
lines = {"error in the end": points, "threshold": [(1e-6, 1e-3), (1e-1, 1e-3)]}
plot_lines(lines, "beta", "relative test error", log="xy")
