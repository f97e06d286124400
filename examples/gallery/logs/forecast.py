"""
When will it generalize?
========================

The log ends while the test accuracy rises. Laws that predicted the past of this curve
well enough give an interval for the step at which it will reach its threshold.

**Next:** :doc:`/diagnosis`
"""

import numpy as np

import latebloom as lb

step = np.arange(0, 12_501, 100)
train = 1 / (1 + np.exp(-(step - 500) / 60))
test = 1 / (1 + np.exp(-(step - 12_000) / 800))
found = lb.diagnose(step, train, test, kind="accuracy")
print(found.forecast.reason)
found.plot()
