"""
Late generalization in three lines
==================================

Figure 3 of the paper: proximal steps with a small l1 penalty fit the data at step 60 and
find the sparse vector at step 100,347. The last panel shows why: meanwhile the components
that the truth does not have vanish one by one.

**Next:** :doc:`/start`
"""

import latebloom as lb

run = lb.simulate("fig3")
run.plot()
