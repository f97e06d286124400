"""
The delay against alpha and beta
================================

Twelve runs, four strengths and three step sizes: the time of generalization depends on
the product alone. The line has slope -1, and its constant belongs to the instance.

**Next:** :doc:`/engines`
"""

import latebloom as lb
from latebloom.plots import plot_law

base = lb.Experiment(
    lb.SparseRecovery(n=60, s=3, N=24, seed=1), lb.L1(1e-5), lb.ProximalGradient(0.1), steps=1e10
)
rows = []
for beta in (1e-8, 1e-7, 1e-6, 1e-5):
    for alpha in (0.025, 0.05, 0.1):
        run = lb.simulate(base.with_(alpha=alpha, beta=beta))
        rows.append({"alpha": alpha, "beta": beta, "t2": run.phases.t2.step})
plot_law(rows)
