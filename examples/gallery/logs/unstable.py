"""
Generalized, and unstable
=========================

This network generalizes, and then loses it again and again for a few records. That is a
verdict of its own: the level is high, and it does not hold.

**Next:** :doc:`/diagnosis`
"""

import numpy as np

import latebloom as lb

rng = np.random.default_rng(0)
step = np.arange(0, 10_001, 50)
train = 1 / (1 + np.exp(-(step - 400) / 50))
test = 0.995 / (1 + np.exp(-(step - 4_000) / 250))
test[step > 5_000] -= 0.4 * (rng.random((step > 5_000).sum()) < 0.35)
found = lb.diagnose(step, train, test, kind="accuracy")
print(found)
found.plot()
