"""
Predicted beside measured
=========================

``predict`` computes the time of generalization before the run. On eight instances it
agrees with the run to the step; the paper's formula is right within a small factor.

**Next:** :doc:`/predictions`
"""

import latebloom as lb
from latebloom.plots import plot_lines

exact, paper = [], []
for seed in range(8):
    problem = lb.SparseRecovery(n=60, s=3, N=24, seed=seed)
    experiment = lb.Experiment(problem, lb.L1(1e-5), lb.ProximalGradient(0.1), steps=1e9)
    before, run = lb.predict(experiment), lb.simulate(experiment)
    exact.append((run.phases.t2.step, before.t2))
    paper.append((run.phases.t2.step, before.t2_paper))
lines = {"predict": sorted(exact), "formula of the paper": sorted(paper)}
plot_lines(lines, "t2 of the run", "t2 predicted")
