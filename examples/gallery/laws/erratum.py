"""
An erratum in a picture
=======================

The paper says that after memorization the iterate stays near least squares, below a
bound. Two unknowns are enough to refute it: the iterate recovers the truth, which is
far from least squares. Only the part in the row space of X stays near.

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
lines = {"distance to least squares": whole, "its part in the row space": part}
lines["bound of the paper"] = [(1, bound), (3000, bound)]
plot_lines(lines, "step", "norm", log="xy")
