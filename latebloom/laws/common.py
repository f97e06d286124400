"""What many laws share: the hypotheses on the step sizes, and the records of a run."""

import numpy as np

from latebloom.methods import ProximalGradient
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, Point

from .law import Assumption


def assume_step_sizes(f: Facts) -> list[Assumption]:
    r"""Return the hypotheses on alpha and beta of theorems C.29 and C.40."""
    top = float(f.sigma[0])
    cap = top / f.pull
    return [
        Assumption.of("alpha", f.alpha < 2 / top, f.alpha, f"< 2/sigma_max = {2 / top:.4g}"),
        Assumption.of("beta", f.beta < cap, f.beta, f"< sigma_max(X^T X)/sup||H|| = {cap:.4g}"),
    ]


def records(run: Run) -> tuple[np.ndarray, Point] | str:
    """Return the recorded steps and iterates, or why they are not those of the method."""
    if run.records != "iterates":
        return f"engine {run.engine!r} gives averages, not the iterates of this method"
    sane = np.isfinite(run.trajectory["train_error"].values)
    a = run.trajectory["a"].values
    return run.trajectory["step"].values[sane], a[sane]


def chatter_missing(run: Run) -> str | None:
    """Return why the records lack the chatter of the method, or None if they have what there is.

    Proximal gradient does not chatter: its flow ends where it does.
    """
    if run.records == "iterates" or isinstance(run.experiment.method, ProximalGradient):
        return None
    return f"engine {run.engine!r} gives averages, without the chatter"


def late(run: Run, since: int) -> tuple[np.ndarray, Point] | str:
    """Return the records from step `since` on, or why there are none."""
    found = records(run)
    if isinstance(found, str):
        return found
    steps, a = found
    if steps[-1] < since:
        return f"the run ends at step {steps[-1]:,}, before t1 = {since:,} of the law"
    return steps[steps >= since], a[steps >= since]
