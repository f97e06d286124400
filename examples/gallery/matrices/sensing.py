"""
How many measurements does a matrix need?
=========================================

A 6 x 6 matrix of rank 1 has 11 degrees of freedom. About twice as many random
measurements are needed. The convex program decides it before any run, with a
certificate.

**Next:** :doc:`/tasks/will-it-generalize`
"""

import latebloom as lb
from latebloom.plots import plot_lines

points = []
for N in range(8, 37, 4):
    found = [
        lb.recoverability(lb.MatrixSensing(n1=6, n2=6, r=1, N=N, seed=k)).recoverable
        for k in range(6)
    ]
    points.append((N, sum(map(bool, found)) / len(found)))
plot_lines({"rank 1": points}, "measurements N", "fraction of instances that can be found")
