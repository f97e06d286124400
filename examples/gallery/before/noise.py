"""
The best strength depends on the noise
======================================

Without noise the smallest beta ends nearest to the truth. Noise in the measurements gives
the error a minimum at a strength of its own, which grows with the noise.

**Next:** :doc:`/tasks/which-beta`
"""

import numpy as np

import latebloom as lb
from latebloom.plots import plot_lines

lines = {}
for snr in (1e8, 1e4, 1e2):
    problem = lb.SparseRecovery(n=60, s=3, N=30, seed=1, snr=snr)
    lines[f"signal to noise {snr:g}"] = points = []
    for beta in np.geomspace(1e-5, 1e-1, 9):
        end = lb.limit(lb.Experiment(problem, lb.L1(beta), lb.ProximalGradient(0.1)))
        points.append((beta, end.test_error))
plot_lines(lines, "beta", "relative test error in the end", log="xy")
