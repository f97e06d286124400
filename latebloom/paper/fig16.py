"""Figure 16: the run of Figure 7 on a linear and on a logarithmic axis."""

import numpy as np

from .catalogue import Preset, register
from .claim import Claim, Criterion
from .fig7 import SEEDS, fig7, instances
from .lab import Lab
from .reproduction import Comparison, Reproduction
from .statistic import median

CLAIMS = (
    Claim(
        "fig16.linear",
        "Figure 16, appendix E",
        Criterion(
            "on a linear axis the end looks like generalization",
            "median over instances of the final test error over its plateau after memorization: "
            "at most a hundredth of the axis",
            high=0.01,
        ),
    ),
    Claim(
        "fig16.log",
        "Figure 16, appendix E",
        Criterion(
            "on a logarithmic axis it is seen that the error stops far above that of training",
            "median over instances of the final test error over the final training error",
            low=100.0,
        ),
    ),
)


def reproduce(lab: Lab) -> Reproduction:
    """Draw the errors twice, and say how far apart they end."""
    from latebloom.plots import plot_mirage

    run = lab.run(fig7().with_(name="fig7"))
    cells = lab.results(instances()).load().sel(N=30)
    steps, error = (cells[f"trajectory_{k}"].values for k in ("step", "test_error"))
    plateau = np.array(
        [np.median(e[(s >= 200) & (s <= 1e4)]) for s, e in zip(steps, error, strict=True)]
    )
    end, train = cells["test_error"].values, cells["train_error"].values
    rows = (Comparison("final test error over its plateau", None, float(end[0] / plateau[0])),)
    notes = (
        "the published panels draw ||a||_1, the left one beside the l2 norm of the truth; here it "
        "is the l2 norm of both, which the penalty sees",
    )
    return Reproduction(
        "fig16",
        "Figure 16: one run, two axes",
        rows,
        plot_mirage(run),
        notes,
        {"fig16.linear": median(end / plateau), "fig16.log": median(end / train)},
        (fig7(),),
        f"picture: seed 1, as published; claims: seeds {SEEDS[0]} to {SEEDS[-1]}",
    )


register(
    Preset(
        "fig16",
        "the mirage on a linear and on a logarithmic axis",
        fig7,
        note="The run of fig7.",
        reproduce=reproduce,
        group="convex",
        claims=CLAIMS,
        official=1100,
    )
)
