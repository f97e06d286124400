"""LU: training and test loss of networks whose weights are held at one norm."""

from collections.abc import Sequence

import numpy as np

from latebloom.runs import Run
from latebloom.sweeps import Sweep
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.reproduction import over_seeds
from latebloom_paper.book.statistic import Statistic, fraction

STUDY = STUDIES["lu"]
# A training loss below this fraction of the one at the smallest norm is fitted.
FITTED = 0.1


def sweep_of(study: Study, task: str) -> tuple[Sweep, np.ndarray]:
    """Return the runs of a task, radii times seeds, and the radii."""
    w = np.geomspace(*study.settings["radii"][task])
    return study.sweep(task, set={"sphere": float(w[0])}, axes={"method.sphere": w}), w


def curves(name: str, w: np.ndarray, runs: np.ndarray) -> "pictures.SphereLosses":
    """Return the losses at the end, from the runs by radius w and seed."""
    train, test = (
        np.array([[float(run.trajectory[name][-1]) for run in own] for own in runs.T])
        for name in ("train_loss", "test_loss")
    )
    return pictures.SphereLosses(name, w, train, test, w[np.argmin(test, axis=1)])


def shapes(c: "pictures.SphereLosses") -> tuple[list[bool], list[bool]]:
    """Return of each seed whether its training loss is an L, and whether its test loss is a U."""
    at = [int(np.argmin(own)) for own in c.test]
    flat = [
        bool(max(own[-1], own[k:].max()) < FITTED * own[0])
        for own, k in zip(c.train, at, strict=True)
    ]
    return flat, [0 < k < len(c.w) - 1 for k in at]


def rows(c: "pictures.SphereLosses", moved: float) -> list[Comparison]:
    """Return w_c and how steep both sides are.

    **Arguments:**

    - `c`: the losses.
    - `moved`: by what factor test losses changed over the last half of the training, median.
    """
    ends = {"smallest": 0, "largest": -1}
    found = []
    center, why = over_seeds([float(w) for w in c.best])
    step = float(c.w[1] / c.w[0] - 1)
    why = f"{why}; the radii have steps of {step:.0%}"
    found.append(Comparison(f"{c.title}: w_c, norm of the least test loss", None, center, why))
    at = [int(np.argmin(own)) for own in c.test]
    for name, losses in (("training", c.train), ("test", c.test)):
        best, why = over_seeds([float(own[k]) for own, k in zip(losses, at, strict=True)])
        found.append(Comparison(f"{c.title}: {name} loss at w_c", None, best, why))
        for end, k in ends.items():
            ours, why = over_seeds([float(v) for v in losses[:, k]])
            what = f"{c.title}: {name} loss at the {end} norm, {c.w[k]:g}"
            found.append(Comparison(what, None, ours, why))
    for hits, shape in zip(
        shapes(c), ("whose training loss is an L", "whose test loss is a U"), strict=True
    ):
        what = f"{c.title}: seeds {shape}"
        found.append(Comparison(what, None, float(sum(hits)), f"of {len(hits)}"))
    what = f"{c.title}: factor by which test losses still moved in the last half"
    return [*found, Comparison(what, None, moved, "median over all runs")]


def movement(runs: Sequence[Run]) -> float:
    """Return the median factor between the test losses at the end and halfway."""
    factors = []
    for run in runs:
        loss, steps = run.trajectory["test_loss"].to_numpy(), run.trajectory["step"].to_numpy()
        half = loss[np.searchsorted(steps, steps[-1] / 2)]
        factors.append(np.exp(abs(np.log(loss[-1] / half))))
    return float(np.median(factors))


def evidence(seen: Sequence[tuple[list[bool], list[bool]]]) -> dict[str, Statistic]:
    """Return what decides the claims, from the `shapes` of every task."""
    flat, valleys = ([hit for task in seen for hit in task[k]] for k in (0, 1))
    return {"lu.L": fraction(flat), "lu.U": fraction(valleys)}


def reproduce(workspace: Workspace) -> Reproduction:
    """Train on spheres of many radii; find where the test loss is least."""
    study = STUDY.at(workspace.quick)
    found, shown, settings = [], [], []
    for task in study.settings["radii"]:
        sweep, w = sweep_of(study, task)
        runs = workspace.runs(sweep)
        c = curves(sweep.name, w, runs)
        found += rows(c, movement(list(runs.flat)))
        shown.append(c)
        settings.append(sweep.base.with_(name=f"{sweep.name} w={w[0]:g} seed=0"))
    decided = evidence([shapes(c) for c in shown])
    return study.reproduction(found, pictures.plot_lu(shown), decided, settings)
