"""
One curve in slow time
======================

The test error of four runs, drawn against alpha beta t. After the data are fitted, all
of them follow one curve, until each reaches its own floor, which is proportional to beta.

**Next:** :doc:`/sharper_laws`
"""

import latebloom as lb
from latebloom.plots import plot_lines

base = lb.Experiment(
    lb.SparseRecovery(n=60, s=3, N=24, seed=1), lb.L1(1e-5), lb.ProximalGradient(0.1), steps=1e8
)
lines = {}
for alpha, beta in ((0.1, 1e-3), (0.1, 1e-4), (0.1, 1e-5), (0.01, 1e-4)):
    run = lb.simulate(base.with_(alpha=alpha, beta=beta))
    slow = alpha * beta * run.trajectory.step
    seen = (slow > 0.01) & (slow < 0.3)
    label = f"alpha = {alpha:g}, beta = {beta:g}"
    lines[label] = list(zip(slow[seen].values, run.trajectory.test_error[seen].values))
plot_lines(lines, "slow time: alpha beta (step)", "relative test error", log="y")
