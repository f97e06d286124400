"""The penalty switched on late: is the delay spent before memorization or after it?"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from latebloom.core.schedules import Piecewise, SwitchOn
from latebloom.experiment import Experiment, LogSpaced
from latebloom.methods import Subgradient
from latebloom.penalties import L1
from latebloom.problems import SparseRecovery
from latebloom.sweeps import Sweep
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic, median, share
from latebloom_paper.book.workspace import Workspace

from .curves import median_curve

SEEDS = tuple(range(1, 21))
START, FROM_T1, SHORT, LONG, EARLY = "start", "from t1", "short", "long", "early"


class Size(NamedTuple):
    """Strength, horizon, and when the penalty is switched on or off."""

    beta: float
    steps: int
    short: int
    long: int

    @property
    def named(self) -> dict[str, str]:
        """What the runs are called in tables and pictures."""
        return {
            START: "from the start",
            FROM_T1: "from $t_1$ on",
            SHORT: f"from step {self.short:,} on",
            LONG: f"from step {self.long:,} on",
            EARLY: f"until step {OFF:,} only",
        }


# A tenth of the delay of a typical instance (at N = 40, 0.05 to 0.1 over alpha beta), and as long
# as all of it.
QUICK = Size(5e-5, 65_000, 1_500, 15_000)
FULL = Size(1e-5, 325_000, 7_500, 75_000)
# Beyond every t1, far short of every t2.
OFF = 500


def late_penalty(size: Size = FULL) -> Experiment:
    """Return one run: Figure 3 without noise, the penalty from t1 on."""
    return Experiment(
        SparseRecovery.code(n=100, s=5, N=40, snr=None),
        L1(SwitchOn(size.beta)),
        Subgradient(0.1),
        init=1e-6,
        steps=size.steps,
        record=LogSpaced(20),
        # Above the floors of both sizes.
        thresholds=(1e-2, 1e-2),
    )


def sweeps(size: Size) -> dict[str, Sweep]:
    """Return the runs by when the penalty acts."""
    base, beta = late_penalty(size), size.beta
    chosen = {
        START: beta,
        FROM_T1: SwitchOn(beta),
        SHORT: Piecewise((0, size.short), (0.0, beta)),
        LONG: Piecewise((0, size.long), (0.0, beta)),
        EARLY: Piecewise((0, OFF), (beta, 0.0)),
    }
    kept, axes = ("test_error",), {"problem.seed": SEEDS}
    return {
        name: Sweep(base.with_(penalty=L1(value)), axes, trajectories=kept, name=f"l1 {name}")
        for name, value in chosen.items()
    }


class Times(NamedTuple):
    """t1 and t2 of one kind of run, one each per instance; infinite: not by the end."""

    t1: np.ndarray
    t2: np.ndarray


def delays(times: Mapping[str, Times], size: Size) -> dict[str, np.ndarray]:
    """Return t2 less when the penalty began to act, over t2 - t1 with it from the start."""
    start = times[START]
    able = np.isfinite(start.t2)
    usual = (start.t2 - start.t1)[able]
    since = {FROM_T1: times[FROM_T1].t1, SHORT: size.short, LONG: size.long}
    return {name: (times[name].t2 - begun)[able] / usual for name, begun in since.items()}


def evidence(times: Mapping[str, Times], size: Size) -> dict[str, Statistic]:
    """Return what decides the claims."""
    ratios = delays(times, size)
    return {
        "late-penalty.head-start": median(ratios[FROM_T1]),
        "late-penalty.short": median(ratios[SHORT]),
        "late-penalty.long": median(ratios[LONG]),
        "late-penalty.early": share(np.isfinite(times[EARLY].t2)),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Run with the penalty from the start, from t1, from later on, and only at first."""
    from latebloom_paper.pictures.beyond import plot_late_penalty

    size = workspace.of(QUICK, FULL)
    steps = late_penalty(size).record_steps
    times, curves = {}, {}
    for name, sweep in sweeps(size).items():
        cells = workspace.results(sweep).load()
        t1, t2 = (np.nan_to_num(cells[k].values, nan=np.inf) for k in ("t1", "t2"))
        times[name] = Times(t1, t2)
        curves[size.named[name]] = median_curve(cells, steps)
    rows = []
    for name, label in size.named.items():
        for what, values in (("t1", times[name].t1), ("t2", times[name].t2)):
            middle = float(np.median(values))
            ours = middle if np.isfinite(middle) else None
            rows.append(Comparison(f"median {what}, penalty {label}".replace("$", ""), None, ours))
    notes = (
        f"n = 100, s = 5, N = 40, no noise, alpha = 0.1, beta = {size.beta:g}, {size.steps:,} "
        "steps, all of them computed",
        f"typical delay: {float(np.median(times[START].t2 - times[START].t1)):,.0f} steps",
    )
    ratios = {size.named[name]: values for name, values in delays(times, size).items()}
    return Reproduction(
        "late-penalty",
        "The penalty switched on late",
        tuple(rows),
        plot_late_penalty(steps, curves, ratios),
        notes,
        evidence(times, size),
        (late_penalty(size),),
        f"{SEEDS[0]} to {SEEDS[-1]}",
    )
