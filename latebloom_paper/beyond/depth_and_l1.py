r"""Depth together with a penalty: what a small l1 adds to an implicit bias, and what it costs.

The penalty acts on the layers. Of a difference $a = u^{\odot L} - v^{\odot L}$ the cheapest layers
of a given a have $\sum|u|^p + |v|^p = \sum_i|a_i|^{p/L}$: squared l2 on the layers of depth 2 is l1
on a, and l1 on the layers is the quasi-norm with exponent 1/L, which is no longer convex. Its
subgradient on small layers, beta, is larger than the gradient of the loss, L zeta^(L-1) |G|: it may
have to wait for t1.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from latebloom.experiment import Experiment
from latebloom.sweeps import Sweep
from latebloom_paper import pictures
from latebloom_paper.book import CORRECTED, STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.statistic import Statistic, fraction, median

STUDY = STUDIES["depth-and-l1"]
RECOVERED = STUDY.settings["recovered"]
# Starts that leave little of themselves, and near the limit of small starts.
SMALL, TINY = 1e-3, 1e-6
# t2 beyond ten times t1 is a delay, as in the verdicts.
DELAYED = 10.0
SHALLOW = "depth 1, l1"
DEEP, DEEP_SMALL = "depth 2", "depth 2, small start"
DEEP_L1, DEEP_SMALL_L1 = "depth 2, l1 on a", "depth 2, l1 on a, small start"
DEEP_TINY = "depth 2, tiny start"
DEEP_LAYERS, DEEP_WAITING = "depth 2, l1 on layers", "depth 2, l1 on layers from t1"
DEEPER = "depth 3"
DEEPER_LAYERS, DEEPER_WAITING = "depth 3, l1 on layers", "depth 3, l1 on layers from t1"


def experiments(study: Study) -> dict[str, Experiment]:
    """Return one run of every kind, with enough measurements; quick: without l1 on the layers."""
    beta = study.settings["beta"]
    shallow = {"model": "Linear", "method": {"type": "ProximalGradient", "alpha": 0.1}}
    l1, none = {"penalty": {"type": "L1", "beta": beta}}, {"penalty": "none"}
    waiting = {"penalty": {"type": "L1", "beta": {"type": "SwitchOn", "value": beta}}}
    deeper = {"model": {"type": "HadamardDifference", "depth": 3}}
    changes: dict[str, dict[str, Any]] = {
        SHALLOW: {**shallow, **l1, "init": TINY},
        DEEP: none,
        DEEP_SMALL: {**none, "init": SMALL},
        DEEP_TINY: {**none, "init": TINY},
        DEEP_L1: {},
        DEEP_SMALL_L1: {"init": SMALL},
        DEEPER: {**none, **deeper},
    }
    if not study.quick:
        changes |= {
            DEEP_LAYERS: l1,
            DEEP_WAITING: waiting,
            DEEPER_LAYERS: {**deeper, **l1},
            DEEPER_WAITING: {**deeper, **waiting},
        }
    return {name: study.changed(own) for name, own in changes.items()}


def sweeps(study: Study) -> dict[str, Sweep]:
    """Return every kind of run on all instances and numbers of measurements."""
    axes = {"N": study.settings["measurements"]}
    return {
        name: study.sweep("runs", base=base, axes=axes, name=name)
        for name, base in experiments(study).items()
    }


class Kind(NamedTuple):
    """What came out of one kind of run, each of shape (N, seed); infinite: not by the end."""

    error: np.ndarray
    t1: np.ndarray
    t2: np.ndarray


def measured(workspace: Workspace, study: Study) -> dict[str, Kind]:
    """Return the final errors and the times of all runs."""
    found = {}
    for name, sweep in sweeps(study).items():
        cells = workspace.results(sweep).load().transpose("N", "problem.seed")
        t1, t2 = (np.nan_to_num(cells[k].values, nan=np.inf) for k in ("t1_high", "t2_high"))
        found[name] = Kind(cells["test_error"].values, t1, t2)
    return found


def fewest(kind: Kind, measurements: Sequence[int]) -> np.ndarray:
    """Return the least N with a small final error, of every instance; infinite if none has."""
    hits = kind.error <= RECOVERED
    first = np.asarray(measurements, dtype=float)[hits.argmax(axis=0)]
    return np.where(hits.any(axis=0), first, np.inf)


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
        "depth-and-l1.no-delay": fraction(soon),
        "depth-and-l1.harmless": median(with_l1.t2[-1][both] / small.t2[-1][both]),
        "depth-and-l1.measurements": ratio(DEEP_SMALL),
        "depth-and-l1.measurements" + CORRECTED: ratio(DEEP_TINY),
    }
    if DEEP_LAYERS not in found:
        return decided
    return {
        **decided,
        "depth-and-l1.late": fraction(late),
        "depth-and-l1.fewer-2": ratio(DEEP_LAYERS),
        "depth-and-l1.fewer-2" + CORRECTED: ratio(DEEP_WAITING),
        "depth-and-l1.fewer-3": ratio(DEEPER_LAYERS),
        "depth-and-l1.fewer-3" + CORRECTED: ratio(DEEPER_WAITING),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Run all kinds over the number of measurements, and compare who recovers, and when."""
    study = STUDY.at(workspace.quick)
    measurements, base = study.settings["measurements"], study.experiment
    found = measured(workspace, study)
    rows = []
    for name, kind in found.items():
        at = f"N = {measurements[-1]}; t1 {np.median(kind.t1[-1]):,.0f}"
        rows.append(Comparison(f"median t2, {name}", None, float(np.median(kind.t2[-1])), at))
        needed = float(np.median(fewest(kind, measurements)))
        rows.append(Comparison(f"median of the fewest measurements, {name}", None, needed))
    fractions = {name: (kind.error <= RECOVERED).mean(axis=1) for name, kind in found.items()}
    times = {name: kind.t2[-1] for name, kind in found.items()}
    figure = pictures.plot_depth_and_l1(measurements, fractions, times)
    decided = evidence(found, measurements)
    words = {"problem": base.problem, "steps": base.steps}
    return study.reproduction(rows, figure, decided, [STUDY.experiment], **words)
