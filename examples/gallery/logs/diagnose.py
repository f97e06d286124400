"""
What does my log show?
======================

A table with the columns of a trainer goes in; out come the times of memorization and
generalization, as intervals between two records, and a verdict with its reasons.

**Next:** :doc:`/tasks/i-have-a-log`
"""

import numpy as np
import pandas as pd

import latebloom as lb

step = np.arange(0, 20_001, 100)
log = pd.DataFrame(
    {
        "step": step,
        "train_acc": 1 / (1 + np.exp(-(step - 500) / 60)),
        "val_acc": 0.99 / (1 + np.exp(-(step - 12_000) / 800)),
    }
)
found = lb.diagnose(log, train="train_acc", test="val_acc")
print(found)
found.plot()
