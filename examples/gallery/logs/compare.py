"""
Which of my runs generalizes first?
===================================

A table with a column that tells the runs apart gets one answer for each of them. Here two
strengths of weight decay are compared.

**Next:** :doc:`/tasks/i-have-a-log`
"""

import numpy as np
import pandas as pd

import latebloom as lb
from latebloom.plots import plot_lines

step = np.arange(0, 20_001, 100)
rise = {"weak decay": 12_000, "strong decay": 5_000}
log = pd.concat(
    pd.DataFrame({"run": name, "step": step, "train_acc": 1 / (1 + np.exp(-(step - 500) / 60)),
                  "val_acc": 0.99 / (1 + np.exp(-(step - middle) / 600))})
    for name, middle in rise.items()
)  # fmt: skip
found = lb.diagnose(log, train="train_acc", test="val_acc", by="run")
print(found)
curves = {name: list(zip(rows.step, rows.val_acc)) for name, rows in log.groupby("run")}
plot_lines(curves, "step", "test accuracy")
