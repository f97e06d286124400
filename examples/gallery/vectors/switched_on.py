"""
A penalty that comes late
=========================

Here the penalty is off until the data are fitted. The run generalizes at nearly the same
step: what happens before the fit does not matter to the delay.

**Next:** :doc:`/start`
"""

import latebloom as lb
from latebloom.plots import plot_lines

always = lb.Experiment(
    lb.SparseRecovery(n=60, s=3, N=24, seed=1), lb.L1(1e-5), lb.ProximalGradient(0.1), steps=1e7
)
late = always.with_(penalty=lb.L1(lb.SwitchOn(1e-5)))
lines = {}
for name, experiment in {"from the start": always, "after the fit": late}.items():
    run = lb.simulate(experiment)
    curve = run.trajectory.test_error
    lines[f"{name}: t2 = {run.phases.t2.step:,}"] = list(zip(curve.step.values + 1, curve.values))
plot_lines(lines, "step + 1", "relative test error", log="xy")
