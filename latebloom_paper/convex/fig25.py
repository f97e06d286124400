"""Figure 25: every component of the run of Figure 3."""

import numpy as np

from latebloom.experiment import LogSpaced
from latebloom.problems import SparseRecovery
from latebloom.simulate import simulate
from latebloom_paper.book.claim import CORRECTED
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import median
from latebloom_paper.book.workspace import Workspace

from .fig3 import fig3, sweeps

# In two of three instances a component vanishes before 3 t1 already.
SEEDS = tuple(range(1, 81))
# Close enough records to find two between which no component vanishes.
RECORD = LogSpaced(1000)
# The published heat map sets smaller components to zero.
SHOWN = 1e-4


def rates(case: dict[str, int]) -> list[float] | None:
    """Return of the instance of a seed the typical rate off the support, and how far rates are from
    the law; None where the first component vanishes too soon after t1 to tell."""
    problem = SparseRecovery.code(n=100, s=5, N=30, seed=case["seed"])
    experiment = fig3().with_(problem=problem, steps=20_000, record=RECORD)
    data = experiment.vector_data
    assert data.a_star is not None
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
            return [float(np.median(np.abs(rate[data.a_star == 0]))), apart]
    return None


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the components as a heat map over time, and measure their rates."""
    from latebloom_paper.pictures.component_map import plot_component_map

    run = workspace.run(fig3().with_(name="fig3"), engine="step")
    truth = run.experiment.data.a_star
    assert truth is not None
    last = run.trajectory["a"].values[-1]
    end = float(np.abs(last - truth).max() / np.abs(truth).max())
    cases = [{"seed": seed} for seed in SEEDS]
    kept = [r for r in workspace.tables("rates of Figure 25", cases, rates) if r is not None]
    whole = workspace.results(sweeps()[0]).load()
    able = whole["recoverable"].values == 1
    evidence = {"fig25.all": median(whole["test_error"].values[able])}
    if kept:
        typical, apart = np.array(kept, float).T
        evidence["fig25.rate"] = median(typical)
        evidence["fig25.rate" + CORRECTED] = median(apart)
    rows = (Comparison("largest |a - a*| in the end over the largest |a*|", None, end),)
    notes = (
        f"components below {SHOWN:g} are white, as published",
        f"rates: {len(kept)} of {len(SEEDS)} instances have two records after 3 t1 between which "
        "no component vanishes",
    )
    return Reproduction(
        "fig25",
        "Figure 25: every component over time",
        rows,
        plot_component_map(run, SHOWN),
        notes,
        evidence,
        (fig3(),),
        f"picture: seed 1, as published; claims: seeds {SEEDS[0]} to {SEEDS[-1]}",
    )
