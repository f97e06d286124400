"""
A strength for a budget
=======================

A small beta is accurate and slow, a large one fast and biased. For a number of steps
``plan`` says which strengths do both, or that none does.

**Next:** :doc:`/tasks/which-beta`
"""

import latebloom as lb
from latebloom.plots import plot_lines

problem = lb.SparseRecovery(n=100, s=5, N=40, seed=1)
experiment = lb.Experiment(problem, lb.L1(1e-5), lb.ProximalGradient("auto"))
low, high = [], []
for budget in (1e3, 1e4, 1e5, 1e6):
    found = lb.plan(experiment, budget=budget, error=1e-2)
    if found.possible:
        low.append((budget, found.beta_low))
        high.append((budget, found.beta_high))
lines = {"largest that is accurate": high, "smallest that is in time": low}
plot_lines(lines, "budget of steps", "beta", log="xy")
