"""Figure 25: every component of the run of Figure 3."""

import numpy as np

from latebloom.experiment import LogSpaced
from latebloom.simulate import simulate
from latebloom_paper import pictures
from latebloom_paper.book import CORRECTED, STUDIES, Reproduction, Workspace
from latebloom_paper.book.statistic import median

STUDY, FIG3 = STUDIES["fig25"], STUDIES["fig3"]
# Close enough records to find two between which no component vanishes.
RECORD = LogSpaced(1000)


def rates(case: dict[str, int]) -> list[float] | None:
    """Return of the instance of a seed the typical rate off the support, and how far rates are from
    the law; None where the first component vanishes too soon after t1 to tell."""
    experiment = FIG3.changed({"problem.seed": case["seed"]}).with_(steps=20_000, record=RECORD)
    data = experiment.vector_data
    run = simulate(experiment, engine="jump")
    a, steps = run.trajectory["a"].values, run.trajectory["step"].values
    t1 = run.phases.t1.high
    if t1 is None:
        return None
    kernel = np.eye(data.X.shape[1]) - np.linalg.pinv(data.X) @ data.X
    for k in np.flatnonzero(steps >= 3 * t1)[:-1]:
        signs = np.sign(a[k])
        if (signs == np.sign(a[k + 1])).all() and (signs != 0).all():
            rate = (a[k + 1] - a[k]) / (steps[k + 1] - steps[k]) / 1e-6
            law = -kernel @ signs
            apart = float(np.abs(rate - law).max() / np.abs(law).max())
            return [float(np.median(np.abs(rate[data.truth == 0]))), apart]
    return None


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the components as a heat map over time, and measure their rates."""
    run = workspace.run(FIG3.changed({}, "fig3"), engine="step")
    truth = run.experiment.data.truth
    last = run.trajectory["a"].values[-1]
    end = float(np.abs(last - truth).max() / np.abs(truth).max())
    seeds, shown = STUDY.settings["seeds"], STUDY.settings["shown"]
    cases = [{"seed": seed} for seed in range(1, seeds + 1)]
    kept = [r for r in workspace.tables("rates of Figure 25", cases, rates) if r is not None]
    whole = workspace.results(FIG3.sweep("instances")).load()
    able = whole["recoverable"].values == 1
    evidence = {"fig25.all": median(whole["test_error"].values[able])}
    if kept:
        typical, apart = np.array(kept, float).T
        evidence["fig25.rate"] = median(typical)
        evidence["fig25.rate" + CORRECTED] = median(apart)
    rows = STUDY.compare({"largest |a - a*| in the end over the largest |a*|": end})
    figure = pictures.plot_component_map(run, shown)
    return STUDY.reproduction(rows, figure, evidence, shown=shown, kept=len(kept), seeds=seeds)
