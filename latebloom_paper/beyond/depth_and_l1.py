r"""Depth together with a penalty: what a small l1 adds to an implicit bias, and what it costs.

The penalty acts on the layers. Of a difference $a = u^{\odot L} - v^{\odot L}$ the cheapest layers
of a given a have $\sum|u|^p + |v|^p = \sum_i|a_i|^{p/L}$: squared l2 on the layers of depth 2 is l1
on a, and l1 on the layers is the quasi-norm with exponent 1/L, which is no longer convex. Its
subgradient on small layers, beta, is larger than the gradient of the loss, L zeta^(L-1) |G|: it may
have to wait for t1.
"""

from collections.abc import Mapping, Sequence

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
    RECOVERED,
    SHALLOW,
    STUDY,
    Kind,
    fewest,
    measured,
)


def evidence(found: Mapping[str, Kind], measurements: Sequence[int]) -> dict[str, Statistic]:
    """Return what decides the claims; some of them need the kinds of runs of the full size."""
    late = found[DEEP_L1].t2[-1] > DELAYED * found[DEEP_L1].t1[-1]
    late &= np.isfinite(found[DEEP_L1].t2[-1])
    small, with_l1 = found[DEEP_SMALL], found[DEEP_SMALL_L1]
    soon = np.isfinite(small.t2[-1]) & (small.t2[-1] <= DELAYED * small.t1[-1])
    both = np.isfinite(small.t2[-1])
    reference = fewest(found[SHALLOW], measurements)
    known = np.isfinite(reference)

    def ratio(name: str) -> Statistic:
        return median((fewest(found[name], measurements) / reference)[known])

    decided = {
        "depth-and-l1.restores": median(found[DEEP_L1].error[-1] / found[DEEP].error[-1]),
        "depth-and-l1.no-delay": share(soon),
        "depth-and-l1.harmless": median(with_l1.t2[-1][both] / small.t2[-1][both]),
        "depth-and-l1.measurements": ratio(DEEP_SMALL),
        "depth-and-l1.measurements" + CORRECTED: ratio(DEEP_TINY),
    }
    if DEEP_LAYERS not in found:
        return decided
    return {
        **decided,
        "depth-and-l1.late": share(late),
        "depth-and-l1.fewer-2": ratio(DEEP_LAYERS),
        "depth-and-l1.fewer-2" + CORRECTED: ratio(DEEP_WAITING),
        "depth-and-l1.fewer-3": ratio(DEEPER_LAYERS),
        "depth-and-l1.fewer-3" + CORRECTED: ratio(DEEPER_WAITING),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Run all kinds over the number of measurements, and compare who recovers, and when."""
    from latebloom_paper.pictures.beyond import plot_depth_and_l1

    study = STUDY.at(workspace.quick)
    measurements, base = study.settings["measurements"], study.experiment
    found = measured(workspace, study)
    rows = []
    for name, kind in found.items():
        last = np.median(kind.t2[-1])
        at = f"N = {measurements[-1]}; t1 {np.median(kind.t1[-1]):,.0f}"
        times = float(last) if np.isfinite(last) else None
        rows.append(Comparison(f"median t2, {name}", None, times, at))
        few = np.median(fewest(kind, measurements))
        needed = float(few) if np.isfinite(few) else None
        rows.append(Comparison(f"median of the fewest measurements, {name}", None, needed))
    fractions = {name: (kind.error <= RECOVERED).mean(axis=1) for name, kind in found.items()}
    times = {name: kind.t2[-1] for name, kind in found.items()}
    figure = plot_depth_and_l1(measurements, fractions, times)
    decided = evidence(found, measurements)
    words = {"problem": base.problem, "steps": base.steps}
    return study.reproduction(rows, figure, decided, [STUDY.experiment], **words)
