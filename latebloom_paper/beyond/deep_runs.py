"""Depth 1, 2 and 3 with and without a small l1: the runs, and what came out of each."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from latebloom.experiment import Experiment
from latebloom.sweeps import Sweep
from latebloom_paper.book.catalogue import STUDIES, Study
from latebloom_paper.book.workspace import Workspace

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
