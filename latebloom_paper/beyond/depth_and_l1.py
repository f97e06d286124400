r"""Depth together with a penalty: what a small l1 adds to an implicit bias, and what it costs.

The penalty acts on the layers. Of a difference $a = u^{\odot L} - v^{\odot L}$ the cheapest layers
of a given a have $\sum|u|^p + |v|^p = \sum_i|a_i|^{p/L}$: squared l2 on the layers of depth 2 is l1
on a, and l1 on the layers is the quasi-norm with exponent 1/L, which is no longer convex. Its
pull on small layers, beta, beats that of the loss, L zeta^(L-1) |G|: it may have to wait for t1.
"""

from collections.abc import Mapping

import numpy as np

from latebloom_paper.book.claim import CORRECTED
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic, median, share
from latebloom_paper.book.workspace import Workspace

from .deep_runs import (
    DEEP,
    DEEP_L1,
    DEEP_LAYERS,
    DEEP_SMALL,
    DEEP_SMALL_L1,
    DEEP_TINY,
    DEEP_WAITING,
    DEEPER_LAYERS,
    DEEPER_WAITING,
    DELAYED,
    FULL,
    QUICK,
    SEEDS,
    SHALLOW,
    TEST,
    Kind,
    Size,
    depth_and_l1,
    fewest,
    measured,
)

FEWEST = "median over instances of the least N of the grid with a final error of at most 0.03"
BY_LAYERS = f"{FEWEST}, over that of depth 1 with l1; start 1e-2 (full size only)"


def evidence(found: Mapping[str, Kind], size: Size) -> dict[str, Statistic]:
    """Return what decides the claims."""
    late = found[DEEP_L1].t2[-1] > DELAYED * found[DEEP_L1].t1[-1]
    late &= np.isfinite(found[DEEP_L1].t2[-1])
    small, with_l1 = found[DEEP_SMALL], found[DEEP_SMALL_L1]
    soon = np.isfinite(small.t2[-1]) & (small.t2[-1] <= DELAYED * small.t1[-1])
    both = np.isfinite(small.t2[-1])
    reference = fewest(found[SHALLOW], size.measurements)
    known = np.isfinite(reference)

    def ratio(name: str) -> Statistic:
        return median((fewest(found[name], size.measurements) / reference)[known])

    told = {
        "depth-and-l1.restores": median(found[DEEP_L1].error[-1] / found[DEEP].error[-1]),
        "depth-and-l1.no-delay": share(soon),
        "depth-and-l1.harmless": median(with_l1.t2[-1][both] / small.t2[-1][both]),
        "depth-and-l1.measurements": ratio(DEEP_SMALL),
        "depth-and-l1.measurements" + CORRECTED: ratio(DEEP_TINY),
    }
    if size != FULL:
        return told
    return {
        **told,
        "depth-and-l1.late": share(late),
        "depth-and-l1.fewer-2": ratio(DEEP_LAYERS),
        "depth-and-l1.fewer-2" + CORRECTED: ratio(DEEP_WAITING),
        "depth-and-l1.fewer-3": ratio(DEEPER_LAYERS),
        "depth-and-l1.fewer-3" + CORRECTED: ratio(DEEPER_WAITING),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Run all kinds over the number of measurements, and compare who recovers, and when."""
    from latebloom_paper.pictures.beyond import plot_depth_and_l1

    size = workspace.of(QUICK, FULL)
    found = measured(workspace, size)
    rows = []
    for name, kind in found.items():
        last = np.median(kind.t2[-1])
        at = f"N = {size.enough}; t1 {np.median(kind.t1[-1]):,.0f}"
        times = float(last) if np.isfinite(last) else None
        rows.append(Comparison(f"median t2, {name}", None, times, at))
        few = np.median(fewest(kind, size.measurements))
        needed = float(few) if np.isfinite(few) else None
        rows.append(Comparison(f"median of the fewest measurements, {name}", None, needed))
    notes = (
        f"n = {size.n}, s = {size.s}, no noise, alpha = 0.1, beta = {size.beta:g}, "
        f"{size.steps:,} steps; depth 2 and 3: u^L - v^L, which signs do not hinder",
        "depth 1: ProximalGradient, event by event; the others step by step",
        "penalties act on the layers: l2 squared on those of depth 2 is l1 on a; l1 on the layers "
        "of depth L is the quasi-norm of a with exponent 1/L, which erases small entries of a*",
    )
    shares = {name: (kind.error <= TEST).mean(axis=1) for name, kind in found.items()}
    times = {name: kind.t2[-1] for name, kind in found.items()}
    return Reproduction(
        "depth-and-l1",
        "Depth and a small l1 together",
        tuple(rows),
        plot_depth_and_l1(size.measurements, shares, times),
        notes,
        evidence(found, size),
        (depth_and_l1(),),
        f"{SEEDS[0]} to {SEEDS[-1]}",
    )
