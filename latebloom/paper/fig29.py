"""Figure 29: the training curves behind Figure 6."""

import numpy as np

from .catalogue import Preset, register
from .claim import Claim, Criterion
from .completion_grid import fig6, own_truths, strengths
from .completions import instances, seeds
from .lab import Lab
from .passages import first_below, middles
from .reproduction import Comparison, Reproduction
from .statistic import Statistic, share

NAMES = {"alpha": r"$\alpha$", "beta": r"$\beta$"}
# The panels end here, beyond every t2.
SHOWN = 1e9

CLAIMS = (
    Claim(
        "fig29.trade",
        "Figure 29, sections 3.1 and H.2",
        Criterion(
            "a larger beta generalizes sooner, to a worse error",
            "share of certified instances with an earlier t2 (test error 1e-2) and a larger final "
            "test error at beta = 1e-3 than at 1e-5, alpha = 0.1",
            low=0.8,
        ),
    ),
    Claim(
        "fig29.large",
        "Figure 29, section H.2; lemma C.33",
        Criterion(
            "a very large beta does not memorize the data",
            "share of certified instances whose training error does not come down to 1e-3 at "
            "beta = 0.1, alpha = 0.1",
            low=0.8,
        ),
    ),
)


def evidence(lab: Lab) -> dict[str, Statistic]:
    """Return what decides the claims."""
    cells = lab.results(strengths(lab)).load().transpose("problem.seed", "beta", ...)
    strong = cells.sel(beta=1e-3)
    trade = []
    for k, run in enumerate(instances(lab)):
        step, error = (strong[f"trajectory_{name}"].values[k] for name in ("step", "test_error"))
        before, after = run.trajectory, (step, error)
        early = first_below(before["step"].values, before["test_error"].values, 1e-2)
        worse = float(strong["test_error"][k]) > float(before["test_error"][-1])
        trade.append(first_below(*after, 1e-2) < early and worse)
    never = ~np.isfinite(middles(cells, "t1").sel(beta=1e-1).values)
    return {"fig29.trade": share(trade), "fig29.large": share(never)}


def reproduce(lab: Lab) -> Reproduction:
    """Draw both errors of every run, a panel for each alpha."""
    from latebloom.plots.panels import plot_panels

    cells = own_truths(lab)
    steps = cells["trajectory_step"]
    cells["trajectory_step"] = steps.where(steps <= SHOWN)
    figure = plot_panels(cells, "beta", "alpha", NAMES, columns=lab.of(2, 3), marks="settled")
    rows = tuple(
        Comparison(
            f"t2 alpha beta, beta {beta:.0e}",
            None,
            float((cells["settled"] * cells["alpha"] * beta).sel(beta=beta).median()),
            "median over alpha",
        )
        for beta in cells["beta"].values
    )
    notes = (
        "the flow of proximal gradient, far beyond the published 10^7 steps: there the runs with "
        "the smallest alpha beta have not generalized",
        "the flow has no errors below 1e-5 at beta = 1e-6: after the first steps they are left out",
        "dots: the test error is within 5% of its end, or 1e-4 where that is more",
    )
    return Reproduction(
        "fig29",
        "Figure 29: training curves over alpha and beta, low rank",
        rows,
        figure,
        notes,
        evidence(lab),
        (fig6(),),
        f"picture: that of fig6; claims: seeds 0 to {seeds(lab)[-1]}",
    )


register(
    Preset(
        "fig29",
        "the curves of the 36 runs of Figure 6",
        fig6,
        note="The runs of fig6. No picture was published.",
        reproduce=reproduce,
        group="convex",
        claims=CLAIMS,
        official=11 * 3600,
    )
)
