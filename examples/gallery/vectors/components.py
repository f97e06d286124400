"""
Components vanish one by one
============================

A vector of 20 unknowns of which two are not zero. Within 100 steps all 20 components are
in use, because that fits the data. The penalty then removes the wrong ones, each at a
step of its own.

**Next:** :doc:`/engines`
"""

from matplotlib.figure import Figure

import latebloom as lb

problem = lb.SparseRecovery(n=20, s=2, N=12, seed=0)
run = lb.simulate(lb.Experiment(problem, lb.L1(1e-5), lb.ProximalGradient(0.1), steps=1e7))
figure = Figure(figsize=(6.4, 4), layout="constrained")
axes = figure.subplots()
a = run.trajectory.a
for k in range(problem.n):
    wanted = problem.a_star[k] != 0
    axes.plot(a.step + 1, a[:, k], color="C1" if wanted else "0.6", lw=2 if wanted else 1)
axes.axvline(run.phases.t2.step + 1, ls="--", color="k")
axes.set(xscale="log", xlabel="step + 1", ylabel="component", title="dashed: generalized")
figure
