"""
Three methods, one delay
========================

Projected subgradient steps fit the data at once; subgradient steps and proximal steps fit
them gradually. The steps at which the three generalize are within 1 % of each other, because
after the fit all of them follow the same flow.

**Next:** :doc:`/laws`
"""

import latebloom as lb
from latebloom.plots import plot_lines

problem = lb.SparseRecovery(n=60, s=3, N=24, seed=1)
lines = {}
for method in (lb.Subgradient(0.1), lb.ProjectedSubgradient(0.1), lb.ProximalGradient(0.1)):
    experiment = lb.Experiment(problem, lb.L1(1e-4), method, steps=1e5, thresholds=(1e-2, 1e-2))
    run = lb.simulate(experiment)
    curve = run.trajectory.test_error
    name = f"{type(method).__name__}: t2 = {run.phases.t2.step}"
    lines[name] = list(zip(curve.step.values + 1, curve.values))
plot_lines(lines, "step + 1", "relative test error", log="xy")
