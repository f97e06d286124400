"""
An erratum in a picture
=======================

The paper says that after memorization the iterate stays near the least squares solution of
least norm, below a bound. Two unknowns are enough to refute it: the iterate recovers the
truth, which is another least squares solution, far from that one. Only the part of the
distance in the row space of X stays small.

**Next:** :doc:`/errata`
"""

import numpy as np

from latebloom.plots import plot_lines

X, y, alpha, beta, a = np.array([[2.0, 1.0]]), np.array([2.0]), 0.1, 0.01, np.zeros(2)
least_squares, onto_rows = np.array([0.8, 0.4]), X.T @ X / 5
whole, part = [], []
for step in range(1, 3000):
    a = a - alpha * (X.T @ (X @ a - y) + beta * np.sign(a))
    whole.append((step, np.linalg.norm(a - least_squares)))
    part.append((step, np.linalg.norm(onto_rows @ (a - least_squares))))
bound = 2 * alpha * beta * np.sqrt(2) / (1 - 1 / 2)
lines = {"distance to the solution of least norm": whole, "its part in the row space": part}
lines["bound of the paper"] = [(1, bound), (3000, bound)]
plot_lines(lines, "step", "norm", log="xy")
