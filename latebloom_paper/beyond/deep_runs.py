"""Depth 1, 2 and 3 with and without a small l1: the runs, and what came out of each."""

from typing import NamedTuple

import numpy as np

from latebloom.core.schedules import SwitchOn
from latebloom.experiment import Experiment, LogSpaced
from latebloom.methods import ProximalGradient, Subgradient
from latebloom.models import HadamardDifference, Linear
from latebloom.penalties import L1, L2
from latebloom.problems import SparseRecovery
from latebloom.sweeps import Sweep
from latebloom_paper.book.workspace import Workspace

SEEDS = tuple(range(1, 21))
# Figure 9's start, one that leaves little of itself, and one near the limit of small starts.
START, SMALL, TINY = 1e-2, 1e-3, 1e-6
# Above the floors of the strengths used, far below the error at memorization.
TRAIN, TEST = 0.1, 0.03
# t2 beyond ten times t1 is a delay, as in the verdicts.
DELAYED = 10.0
SHALLOW = "depth 1, l1"
DEEP, DEEP_SMALL = "depth 2", "depth 2, small start"
DEEP_L1, DEEP_SMALL_L1 = "depth 2, l1 on a", "depth 2, l1 on a, small start"
DEEP_TINY = "depth 2, tiny start"
DEEP_LAYERS, DEEP_WAITING = "depth 2, l1 on layers", "depth 2, l1 on layers from t1"
DEEPER = "depth 3"
DEEPER_LAYERS, DEEPER_WAITING = "depth 3, l1 on layers", "depth 3, l1 on layers from t1"


class Size(NamedTuple):
    """The sizes of the instances, and how long and strongly they are trained."""

    n: int
    s: int
    measurements: tuple[int, ...]
    beta: float
    steps: int

    @property
    def enough(self) -> int:
        """A number of measurements at which l1 recovers nearly every instance."""
        return self.measurements[-1]


QUICK = Size(50, 3, (12, 18, 30), 5e-4, 20_000)
FULL = Size(100, 5, (15, 20, 25, 30, 40, 50), 2e-4, 50_000)


def depth_and_l1() -> Experiment:
    """Return one run: depth 2 from Figure 9's start, with l1 on a."""
    return experiments(FULL)[DEEP_L1]


def experiments(size: Size) -> dict[str, Experiment]:
    """Return one run of every kind, with enough measurements; quick: without l1 on the layers."""
    base = Experiment(
        SparseRecovery.code(n=size.n, s=size.s, N=size.enough, snr=None),
        penalty=None,
        method=Subgradient(0.1),
        model=HadamardDifference(2),
        init=START,
        steps=size.steps,
        thresholds=(TRAIN, TEST),
        record=LogSpaced(20),
    )
    beta = size.beta
    on_a = base.with_(penalty=L2(2 * beta))  # beta (|u|^2 + |v|^2)
    deeper = base.with_(model=HadamardDifference(3))
    waiting = L1(SwitchOn(beta))
    runs = {
        SHALLOW: base.with_(
            penalty=L1(beta), method=ProximalGradient(0.1), model=Linear(), init=1e-6
        ),
        DEEP: base,
        DEEP_SMALL: base.with_(init=SMALL),
        DEEP_TINY: base.with_(init=TINY),
        DEEP_L1: on_a,
        DEEP_SMALL_L1: on_a.with_(init=SMALL),
        DEEPER: deeper,
    }
    on_layers = {
        DEEP_LAYERS: base.with_(penalty=L1(beta)),
        DEEP_WAITING: base.with_(penalty=waiting),
        DEEPER_LAYERS: deeper.with_(penalty=L1(beta)),
        DEEPER_WAITING: deeper.with_(penalty=waiting),
    }
    return runs | on_layers if size == FULL else runs


def sweeps(size: Size) -> dict[str, Sweep]:
    """Return every kind of run on all instances and numbers of measurements."""
    axes = {"N": size.measurements, "problem.seed": SEEDS}
    return {name: Sweep(base, axes, name=name) for name, base in experiments(size).items()}


class Kind(NamedTuple):
    """What came out of one kind of run, each of shape (N, seed); infinite: not by the end."""

    error: np.ndarray
    t1: np.ndarray
    t2: np.ndarray


def measured(workspace: Workspace, size: Size) -> dict[str, Kind]:
    """Return the final errors and the times of all runs."""
    found = {}
    for name, sweep in sweeps(size).items():
        cells = workspace.results(sweep).load().transpose("N", "problem.seed")
        t1, t2 = (np.nan_to_num(cells[k].values, nan=np.inf) for k in ("t1_high", "t2_high"))
        found[name] = Kind(cells["test_error"].values, t1, t2)
    return found


def fewest(kind: Kind, measurements: tuple[int, ...]) -> np.ndarray:
    """Return the least N with a small final error, of every instance; infinite if none has."""
    hits = kind.error <= TEST
    first = np.asarray(measurements, dtype=float)[hits.argmax(axis=0)]
    return np.where(hits.any(axis=0), first, np.inf)
