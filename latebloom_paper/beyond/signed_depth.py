"""Why Figure 9 stops at 0.0127: products of equal layers cannot cross zero, differences can."""

from collections.abc import Mapping

import numpy as np

from latebloom.sweeps import Sweep
from latebloom_paper import pictures
from latebloom_paper.book import CORRECTED, STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.reproduction import negative_norm
from latebloom_paper.book.statistic import Statistic, median, slopes

STUDY = STUDIES["signed-depth"]
STARTS = STUDY.settings["starts"]
TIED, TIED_SMALL, PENALIZED = "equal layers", "equal layers, small start", "equal layers, l1"
SIGNED, SIGNED_SMALL = "$u^2-v^2$", "$u^2-v^2$, small start"


def sweeps(study: Study) -> dict[str, Sweep]:
    """Return the runs by what they are."""
    start, small = ({"init": value, "steps": study.settings["steps"]} for value in STARTS)
    l1 = {"penalty": {"type": "L1", "beta": 1e-5}, "method": {"type": "Subgradient", "alpha": 0.1}}
    chosen = {
        TIED: {**start, "model": "Hadamard"},
        TIED_SMALL: {**small, "model": "Hadamard"},
        PENALIZED: {**start, "model": "Hadamard", **l1},
        SIGNED: start,
        SIGNED_SMALL: small,
    }
    return {
        name: study.sweep("runs", base=study.changed(own), name=name.replace("$", ""))
        for name, own in chosen.items()
    }


def truths(sweep: Sweep) -> list[np.ndarray]:
    """Return a* of every instance, which does not depend on N."""
    (seeds,) = sweep.axes[-1].values.values()
    return [STUDY.truth({"problem.seed": seed}) for seed in seeds]


def least(workspace: Workspace, sweeps: Mapping[str, Sweep]) -> dict[str, np.ndarray]:
    """Return the least absolute error of every run by what it is, shape (N, seed)."""
    size = np.array([np.linalg.norm(truth) for truth in truths(sweeps[TIED])])
    found = {}
    for name, sweep in sweeps.items():
        errors = workspace.results(sweep).load()["trajectory_test_error"]
        errors = errors.transpose("N", "problem.seed", "record").values
        found[name] = np.nanmin(errors, axis=-1) * size
    return found


def evidence(errors: Mapping[str, np.ndarray], negative: np.ndarray) -> dict[str, Statistic]:
    """Return what decides the claims.

    **Arguments:**

    - `errors`: what the run is -> least absolute errors, shape (N, seed).
    - `negative`: the norm of the negative entries of every a*.
    """
    able = negative > 0
    few, many = (
        {name: values[i][able] / negative[able] for name, values in errors.items()} for i in (0, 1)
    )
    ends = np.stack([errors[SIGNED_SMALL][0], errors[SIGNED][0]], axis=1)
    return {
        "signed-depth.tied": median(many[TIED]),
        "signed-depth.tied-small": median(many[TIED_SMALL]),
        "signed-depth.l1": median(many[PENALIZED]),
        "signed-depth.difference": median(few[SIGNED_SMALL]),
        "signed-depth.start": median(few[SIGNED]),
        "signed-depth.start" + CORRECTED: median(slopes(np.array(STARTS[::-1]), ends)),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Run both models from both starts and compare what is left with the negative entries."""
    study = STUDY.at(workspace.quick)
    runs = sweeps(study)
    errors = least(workspace, runs)
    negative = np.array([negative_norm(truth) for truth in truths(runs[TIED])])
    published = {name: values[:, 0] for name, values in errors.items()}
    negative_read, least_read = study.numbers(
        "norm of the negative entries, least error at N = 100"
    )
    last = {name: float(values[1]) for name, values in published.items()}
    rows = (
        Comparison("norm of the negative entries of a*, seed 1", negative_read, float(negative[0])),
        Comparison("least error, equal layers, N = 100, seed 1", least_read, last[TIED]),
        Comparison("the same, start 1e-4", None, last[TIED_SMALL]),
        Comparison("least error, u^2 - v^2, N = 100, seed 1", None, last[SIGNED]),
        Comparison("the same, start 1e-4", None, last[SIGNED_SMALL]),
    )
    (measurements,) = runs[TIED].axes[0].values.values()
    figure = pictures.plot_signed_depth(errors, negative, measurements)
    left_out = int((negative == 0).sum())
    found = evidence(errors, negative)
    settings = (STUDY.experiment,)
    words = {"left_out": left_out, "count": negative.size}
    return study.reproduction(rows, figure, found, settings, **words)
