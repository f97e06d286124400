"""Figure 15: matrix sensing by proximal gradient."""

import numpy as np

from latebloom.experiment import Experiment
from latebloom.methods import Method, ProximalGradient, Subgradient
from latebloom.penalties import Nuclear
from latebloom.sweeps import Sweep

from .catalogue import Preset, register
from .claim import Claim, Criterion
from .fig14 import NOTE, completion, instances, rows_of, seeds, sensing
from .lab import Lab
from .reproduction import Reproduction
from .statistic import Statistic, median, share

CLAIMS = (
    Claim(
        "fig15.delay",
        "appendix D.2, Figure 15",
        Criterion(
            "proximal gradient memorizes first and recovers far later",
            "share of certified instances with t2 > 10 t1",
            low=0.8,
        ),
    ),
    Claim(
        "fig15.same",
        "appendix D.2, Figure 15",
        Criterion(
            "it shows the same two phases as the subgradient method",
            "median over certified instances of its t2 over that of the subgradient method "
            "(stepped, alpha = 0.2, beta = 1e-3, errors 0.1), where both get there",
            low=0.9,
            high=1.1,
        ),
    ),
)


def fig15() -> Experiment:
    """Return matrix sensing by proximal gradient."""
    return sensing(ProximalGradient(0.1), "fig15")


def fig15_notebook() -> Experiment:
    """Return matrix completion by proximal gradient."""
    return completion(ProximalGradient(0.1), "fig15-notebook")


def stepped(lab: Lab, method: Method) -> Sweep:
    """Return instances stepped until they generalize: the flow is the same for both methods.

    `alpha` is twice the figure's, and half as many steps do.
    """
    base = sensing(method, "fig15 stepped")
    base = base.with_(penalty=Nuclear(1e-3), steps=15_000, thresholds=(0.1, 0.1))
    name = f"stepped, {type(method).__name__}"
    return Sweep(base, {"problem.seed": seeds(lab)[:20]}, engine="step", name=name)


def evidence(lab: Lab) -> dict[str, Statistic]:
    """Return what decides the claims."""
    proximal = lab.results(instances(lab, fig15())).load()
    ours, theirs = (
        lab.results(stepped(lab, method))["t2"].values.astype(float)
        for method in (ProximalGradient(0.2), Subgradient(0.2))
    )
    both = np.isfinite(ours) & np.isfinite(theirs)
    return {
        "fig15.delay": share(proximal["verdict"].values == "grokked"),
        "fig15.same": median(ours[both] / theirs[both]),
    }


def reproduce(lab: Lab) -> Reproduction:
    """Draw the run of the text, and give the numbers of both data sets."""
    from latebloom.plots import plot_run

    run, other = lab.each("picture", (fig15(), fig15_notebook()), engine="slow")
    return Reproduction(
        "fig15",
        "Figure 15: low-rank grokking by proximal gradient",
        rows_of((run, other)),
        plot_run(run),
        ("picture and claims: the matrix sensing of the text, engine slow",),
        evidence(lab),
        (fig15(), fig15_notebook()),
        f"picture: seed 0 (fig15-notebook: 3); claims: seeds 0 to {seeds(lab)[-1]}, certified",
    )


register(
    Preset(
        "fig15",
        "matrix sensing by proximal gradient",
        fig15,
        note=NOTE,
        reproduce=reproduce,
        group="convex",
        claims=CLAIMS,
        official=18 * 60,
    )
)

register(
    Preset(
        "fig15-notebook",
        "matrix completion by proximal gradient, as in the notebook",
        fig15_notebook,
        note="Figure 5 but for the method.",
    )
)
