"""Figure 25: every component of the run of Figure 3."""

import numpy as np

from latebloom.problems import SparseRecovery
from latebloom.record import LogSpaced
from latebloom.simulate import simulate

from .catalogue import Preset, register
from .claim import CORRECTED, Claim, Criterion
from .fig3 import fig3, sweeps
from .lab import Lab
from .reproduction import Comparison, Reproduction
from .statistic import median

# In two of three instances a component vanishes before 3 t1 already.
SEEDS = tuple(range(1, 81))
# Close enough records to find two between which no component vanishes.
RECORD = LogSpaced(1000)
# The published heat map sets smaller components to zero.
SHOWN = 1e-4
CLAIMS = (
    Claim(
        "fig25.rate",
        "Figure 25, section 3.1",
        Criterion(
            "off the support components shrink at the constant rate alpha beta",
            "median over instances of the median over these components of |da/dt|/(alpha beta), "
            "between two records after 3 t1 with no component vanishing, where there are two",
            low=0.9,
            high=1.1,
        ),
        corrected=Criterion(
            "component i moves at the rate alpha beta (P sign a)_i, P the projection on the kernel "
            "of X, until the next component vanishes",
            "median over instances of the largest distance of the rates from that, over the "
            "largest rate",
            high=0.01,
        ),
    ),
    Claim(
        "fig25.all",
        "Figure 25",
        Criterion(
            "every component converges to that of the truth",
            "median over the instances of fig3 that basis pursuit recovers of the relative error "
            "in the end",
            high=0.01,
        ),
    ),
)


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


def reproduce(lab: Lab) -> Reproduction:
    """Draw the components as a heat map over time, and measure their rates."""
    from latebloom.plots.component_map import plot_component_map

    run = lab.run(fig3().with_(name="fig3"), engine="step")
    truth = run.experiment.data.a_star
    assert truth is not None
    last = run.trajectory["a"].values[-1]
    end = float(np.abs(last - truth).max() / np.abs(truth).max())
    cases = [{"seed": seed} for seed in SEEDS]
    kept = [r for r in lab.tables("rates of Figure 25", cases, rates) if r is not None]
    whole = lab.results(sweeps()[0]).load()
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


register(
    Preset(
        "fig25",
        "every component of the run of Figure 3",
        fig3,
        note="The run of fig3. No picture was published.",
        reproduce=reproduce,
        group="convex",
        claims=CLAIMS,
        official=8,
    )
)
