"""
The least number of measurements
================================

Fewer measurements than unknowns are enough if few unknowns are not zero. For each
sparsity the picture has the fraction of ten instances that l1 can find, each decided by a
certificate.

**Next:** :doc:`/tasks/will-it-generalize`
"""

import latebloom as lb
from latebloom.plots import plot_lines

lines = {}
for s in (1, 3, 6):
    lines[f"{s} nonzero"] = points = []
    for N in range(4, 33, 4):
        found = [
            lb.recoverability(lb.SparseRecovery(n=40, s=s, N=N, seed=k)).recoverable
            for k in range(10)
        ]
        points.append((N, sum(map(bool, found)) / 10))
plot_lines(lines, "measurements N, of 40 unknowns", "fraction that can be found")
