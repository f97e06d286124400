"""
A mirage
========

With an l2 penalty and a large start the test error drops late, and looks like learning
on a linear axis. The logarithmic axis shows that it stops near 1, the error of the
zero vector: the norm has decayed, and nothing has been learned.

**Next:** :doc:`/verdicts`
"""

import latebloom as lb
from latebloom.plots import plot_mirage

plot_mirage(lb.simulate("fig7"))
