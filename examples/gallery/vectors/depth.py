"""
Depth in place of a penalty
===========================

A product of two vectors is trained without any penalty. From a small start gradient
descent prefers sparse vectors by itself: the smaller the start, the smaller the error,
and the later the fit.

**Next:** :doc:`/sharper_laws`
"""

import latebloom as lb
from latebloom.plots import plot_lines

problem = lb.SparseRecovery(n=60, s=3, N=30, seed=1)
lines = {}
for size in (1e-1, 1e-2, 1e-3):
    experiment = lb.Experiment(
        problem,
        method=lb.GradientDescent(0.05),
        model=lb.HadamardDifference(depth=2),
        init=size,
        steps=30_000,
    )
    curve = lb.simulate(experiment).trajectory.test_error
    lines[f"start {size:g}"] = list(zip(curve.step.values + 1, curve.values))
plot_lines(lines, "step + 1", "relative test error", log="xy")
