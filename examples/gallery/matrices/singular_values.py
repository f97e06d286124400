"""
Singular values vanish one by one
=================================

What components are to a sparse vector, singular values are to a matrix of low rank. All
ten are in use after the fit; eight of them vanish, and the matrix is found when the last
one has gone.

**Next:** :doc:`/matrices`
"""

from matplotlib.figure import Figure

import latebloom as lb

problem = lb.MatrixCompletion(n1=10, n2=10, r=2, N=80, seed=3)
experiment = lb.Experiment(problem, lb.Nuclear(1e-5), lb.ProximalGradient(0.1), steps=1e8)
run = lb.simulate(experiment, engine="slow")
values = run.trajectory.singular_values
figure = Figure(figsize=(6.4, 4), layout="constrained")
axes = figure.subplots()
for k in range(10):
    axes.plot(values.step + 1, values[:, k], color="C1" if k < problem.r else "0.5")
axes.set(xscale="log", yscale="log", ylim=(1e-4, 2), xlabel="step + 1", ylabel="singular value")
figure
