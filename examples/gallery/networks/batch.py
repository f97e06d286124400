"""
Seeds of a network, side by side
================================

Networks of one shape are trained together in one compiled program. Four starts of the
same student end at errors from 0.02 to 0.35: one seed says little.

**Next:** :doc:`/networks`
"""

import latebloom as lb
from latebloom.plots import plot_lines

first = lb.Experiment(
    lb.TeacherStudent(d=4, hidden=3, C=1, N=40, N_test=200, activation="tanh", seed=0),
    penalty=lb.L2(1e-3),
    method=lb.Adam(0.01, coupling="decoupled"),
    model=lb.MLP(widths=(20,), activation="tanh", law="fan_in"),
    steps=3_000,
    record=lb.Every(20),
)
runs = lb.simulate_batch([first.with_(init=lb.Drawn(seed=seed)) for seed in range(4)])
lines = {}
for seed, run in enumerate(runs):
    curve = run.trajectory.test_error
    lines[f"seed {seed}"] = list(zip(curve.step.values + 1, curve.values))
plot_lines(lines, "step + 1", "relative test error", log="xy")
