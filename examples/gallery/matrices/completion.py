"""
A matrix from some of its entries
=================================

Eighty of the hundred entries of a matrix of rank 2 are known. The nuclear norm fills the
gaps, long after the known entries are fitted. The run has a hundred million steps; the
engine follows it in slow time.

**Next:** :doc:`/matrices`
"""

import latebloom as lb

problem = lb.MatrixCompletion(n1=10, n2=10, r=2, N=80, seed=3)
experiment = lb.Experiment(
    problem, lb.Nuclear(1e-5), lb.ProximalGradient(0.1), steps=1e8, thresholds=(1e-3, 1e-2)
)
run = lb.simulate(experiment, engine="slow")
run.plot()
