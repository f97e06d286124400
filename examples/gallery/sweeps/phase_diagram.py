"""
A phase diagram
===============

A sweep over sparsity and number of measurements, five instances each, kept in a store.
The line is where half of the instances generalize.

**Next:** :doc:`/sweeps`
"""

from concurrent.futures import ThreadPoolExecutor
from tempfile import mkdtemp

import latebloom as lb
from latebloom.sweeps import plot_phase

base = lb.Experiment(
    lb.SparseRecovery(n=40, s=3, N=20), lb.L1(1e-6), lb.ProximalGradient("auto"), steps=1e10
)
grid = lb.sweep(base, {"s": [1, 2, 4, 6, 8], "N": [8, 14, 20, 26, 32]}, seeds=5)
folder = mkdtemp()
grid.run(folder, executor=ThreadPoolExecutor(1))
plot_phase(lb.open_store(folder).open(grid), x="N", y="s")
