"""
A small network learns addition
===============================

Addition mod 23 from 80 % of its pairs, under AdamW. The network fits its pairs within
60 steps, and generalizes at step 1,680.

**Next:** :doc:`/networks`
"""

import latebloom as lb

experiment = lb.Experiment(
    lb.ModularArithmetic(p=23, operation="x+y", train_fraction=0.8, seed=0),
    penalty=lb.On(lb.L2(0.5), "all"),
    method=lb.Adam(0.01, coupling="decoupled"),
    model=lb.TokenPair(width=48, combine="sum", hidden=(48,)),
    init=lb.Drawn(seed=0),
    steps=3_000,
    record=lb.Every(20),
)
run = lb.simulate(experiment)
run.plot()
