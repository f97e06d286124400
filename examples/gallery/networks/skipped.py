"""
A network whose delay is skipped
================================

A student of a small teacher, trained by gradient descent. The first updates are made one by
one; the engine ``slow`` then follows their flow, with 281 gradients in place of 11,720
steps. With a smaller beta it saves far more.

**Next:** :doc:`/network_delay`
"""

import latebloom as lb

experiment = lb.Experiment(
    lb.TeacherStudent(d=3, hidden=2, C=1, N=12, N_test=100, activation="tanh", seed=1),
    penalty=lb.L2(1e-3),
    method=lb.SGD(0.05),
    model=lb.MLP(widths=(8,), activation="tanh", law="fan_in"),
    init=lb.Drawn(seed=0),
    steps=20_000,
    precision="float64",
    thresholds=(0.1, 0.2),
)
run = lb.simulate(experiment, engine="slow")
print(run.notes)
run.plot()
