"""
The curves of a sweep
=====================

A sweep keeps the curves that it is asked for. Here each colour is a strength, drawn as
the median of five instances, with a dot where it generalizes.

**Next:** :doc:`/sweeps`
"""

from concurrent.futures import ThreadPoolExecutor
from tempfile import mkdtemp

import latebloom as lb
from latebloom.sweeps import plot_curves

base = lb.Experiment(
    lb.SparseRecovery(n=40, s=2, N=20), lb.L1(1e-4), lb.ProximalGradient(0.1), steps=1e8
)
axes = {"beta": [1e-6, 1e-5, 1e-4, 1e-3]}
grid = lb.sweep(base, axes, seeds=5, trajectories=["test_error"])
folder = mkdtemp()
grid.run(folder, executor=ThreadPoolExecutor(1))
plot_curves(lb.open_store(folder).open(grid), by="beta")
