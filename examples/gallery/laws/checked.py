"""
Laws, checked on a run
======================

Every law that covers this run is compared with it. A bar to the right shows by how much
the measured value satisfies the law, relative to the law's bound. Bars to the left are
statements printed in the paper that do not hold.

**Next:** :doc:`/laws`
"""

from matplotlib.figure import Figure

import latebloom as lb

problem = lb.SparseRecovery(n=40, s=2, N=20, seed=1)
run = lb.simulate(lb.Experiment(problem, lb.L1(1e-5), lb.ProximalGradient(0.1), steps=1e7))
report = lb.check(run)
print(report)
known = [f for f in report.covered if f.slack is not None and f.verdict in ("holds", "violated")]
names = [f"{f.law} ({f.status})" for f in known]
slack = [max(-1, min(1, f.slack)) for f in known]
figure = Figure(figsize=(8, 0.27 * len(known)), layout="constrained")
axes = figure.subplots()
axes.barh(names, slack, color=["C0" if f.verdict == "holds" else "C1" for f in known])
axes.set(xlabel="distance to the bound, relative to it (cut at 1)")
axes.invert_yaxis()
figure
