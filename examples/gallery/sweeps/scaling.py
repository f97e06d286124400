"""
An exponent with its interval
=============================

The delay over a grid of alpha and beta, fitted by a power law with intervals from a
bootstrap over instances. Both exponents are 1 to within a thousandth.

**Next:** :doc:`/sweeps`
"""

from concurrent.futures import ThreadPoolExecutor
from tempfile import mkdtemp

import latebloom as lb
from latebloom.plots import plot_lines
from latebloom.sweeps import fit_scaling

base = lb.Experiment(
    lb.SparseRecovery(n=40, s=2, N=20), lb.L1(1e-5), lb.ProximalGradient(0.1), steps=1e10
)
grid = lb.sweep(base, {"alpha": [0.01, 0.03, 0.1], "beta": [1e-7, 1e-6, 1e-5]}, seeds=5)
folder = mkdtemp()
grid.run(folder, executor=ThreadPoolExecutor(1))
results = lb.open_store(folder).open(grid)
print(fit_scaling(results))
median = results.t2.median("seed")
lines = {f"beta = {b:g}": [(a, median.sel(alpha=a, beta=b)) for a in (0.01, 0.03, 0.1)]
         for b in (1e-7, 1e-6, 1e-5)}  # fmt: skip
plot_lines(lines, "alpha", "median t2", log="xy")
