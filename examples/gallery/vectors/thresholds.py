"""
How much the threshold matters
==============================

The test error falls steeply once the last wrong component has gone, so thresholds over
two decades give nearly the same t2. A threshold below the floor is never reached, and
the verdict says so.

**Next:** :doc:`/verdicts`
"""

import latebloom as lb
from latebloom.plots import plot_lines

base = lb.Experiment(
    lb.SparseRecovery(n=60, s=3, N=24, seed=1), lb.L1(1e-5), lb.ProximalGradient(0.1), steps=1e8
)
points = []
for threshold in (0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5):
    t2 = lb.simulate(base.with_(thresholds=(1e-3, threshold))).phases.t2
    if t2.step is not None:
        points.append((threshold, t2.step))
plot_lines({"t2": points}, "threshold of the test error", "step", log="x")
