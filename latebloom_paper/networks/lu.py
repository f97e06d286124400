"""LU: training and test loss of networks whose weights are held at one norm."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from latebloom.experiment import Drawn, Experiment, LogSpaced
from latebloom.methods import Adam
from latebloom.models import MLP, Network, TokenPair
from latebloom.problems import Images, ModularArithmetic, Supervised, TeacherStudent
from latebloom.runs import Run
from latebloom.sweeps import Sweep
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic, share
from latebloom_paper.book.workspace import Workspace

from .families import ERRORS, SEEDED, over_seeds

if TYPE_CHECKING:
    from latebloom_paper.pictures.lu import Curves


@dataclass(frozen=True)
class Task:
    """A problem by seed, its model, and how it is trained.

    **Fields:**

    - `name`: what is learnt.
    - `problem`, `model`: the parts of the experiment.
    - `alpha`, `steps`: learning rate and horizon.
    - `radii`: least and largest norm, and how many.
    """

    name: str
    problem: Callable[[int], Supervised]
    model: Network
    alpha: float
    steps: int
    radii: tuple[float, float, int]


def _teacher(d: int, hidden: int, N: int) -> Callable[[int], Supervised]:
    return lambda seed: TeacherStudent(d=d, hidden=hidden, C=2, N=N, N_test=500, seed=seed)


def _addition(p: int, fraction: float) -> Callable[[int], Supervised]:
    return lambda seed: ModularArithmetic(p=p, train_fraction=fraction, seed=seed)


def _digits(n: int) -> Callable[[int], Supervised]:
    return lambda seed: Images(n_train=n, n_test=500, seed=seed)


def _pairs(width: int, hidden: int) -> TokenPair:
    return TokenPair(width=width, hidden=(hidden,), combine="matrix_product")


SMALL = (
    Task("teacher-student", _teacher(20, 60, 60), MLP(widths=(60,)), 3e-3, 5000, (0.6, 20.0, 9)),
    Task("addition mod 31", _addition(31, 0.75), _pairs(16, 32), 3e-2, 1200, (10.0, 60.0, 9)),
)
FULL = (
    Task(
        "teacher-student", _teacher(100, 100, 300), MLP(widths=(100,)), 3e-3, 20_000, (0.6, 30, 13)
    ),
    Task("addition mod 97", _addition(97, 0.4), _pairs(64, 64), 1e-2, 10_000, (12.0, 120.0, 11)),
    Task("digits", _digits(1000), MLP(widths=(200,)), 1e-3, 20_000, (2.0, 200.0, 11)),
)
SEEDS = (0, 1, 2)
# A training loss below this share of the one at the smallest norm is fitted.
FITTED = 0.1


def on_sphere(task: Task, w: float, seed: int) -> Experiment:
    """Return one run: no penalty, and weights scaled to norm w after every step."""
    return Experiment(
        task.problem(seed),
        None,
        Adam(task.alpha, sphere=w),
        task.model,
        Drawn(seed),
        steps=task.steps,
        record=LogSpaced(10),
        name=f"{task.name} w={w:g} seed={seed}",
    )


def sweep(task: Task, seeds: Sequence[int]) -> Sweep:
    """Return the runs of a task: radii times seeds."""
    w = [float(r) for r in np.geomspace(*task.radii)]
    return Sweep(
        on_sphere(task, w[0], seeds[0]),
        {"method.sphere": w},
        zip=[dict.fromkeys(SEEDED, seeds)],
        trajectories=ERRORS,
        name=task.name,
    )


def curves(task: Task, runs: np.ndarray) -> "Curves":
    """Return the losses at the end, from the runs by radius and seed."""
    from latebloom_paper.pictures.lu import Curves

    train, test = (
        np.array([[float(run.trajectory[name][-1]) for run in own] for own in runs.T])
        for name in ("train_loss", "test_loss")
    )
    w = np.geomspace(*task.radii)
    return Curves(task.name, w, train, test, w[np.argmin(test, axis=1)])


def shapes(c: "Curves") -> tuple[list[bool], list[bool]]:
    """Return of each seed whether its training loss is an L, and whether its test loss is a U."""
    at = [int(np.argmin(own)) for own in c.test]
    flat = [
        bool(max(own[-1], own[k:].max()) < FITTED * own[0])
        for own, k in zip(c.train, at, strict=True)
    ]
    return flat, [0 < k < len(c.w) - 1 for k in at]


def rows(c: "Curves", moved: float) -> list[Comparison]:
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
    names = ("lu.L", "lu.U")
    return {name: share([hit for task in seen for hit in task[k]]) for k, name in enumerate(names)}


def reproduce(
    workspace: Workspace, tasks: Sequence[Task] | None = None, seeds: Sequence[int] = SEEDS
) -> Reproduction:
    """Train on spheres of many radii; find where the test loss is least."""
    from latebloom_paper.pictures.lu import plot_lu

    tasks = workspace.of(SMALL, FULL) if tasks is None else tasks
    found, shown = [], []
    for task in tasks:
        runs = workspace.runs(sweep(task, seeds))
        c = curves(task, runs)
        found += rows(c, movement(list(runs.flat)))
        shown.append(c)
    notes = (
        "no penalty: Adam, then all weights scaled to norm w; losses at the last step; bands from "
        "the least to the largest",
        "below w_c the sphere is too small to fit the data (the L), above it the data are fitted "
        "by functions that do not generalize (the right side of the U)",
        "on addition, above w_c, the network memorizes in the time given: its test loss is that of "
        "confident errors, and its training loss, though small, is not at its least",
    )
    return Reproduction(
        "lu",
        "L and U: losses against the norm of the weights",
        tuple(found),
        plot_lu(shown),
        notes,
        evidence=evidence([shapes(c) for c in shown]),
        settings=tuple(on_sphere(task, task.radii[0], seeds[0]) for task in tasks),
        seeds=f"{seeds[0]} to {seeds[-1]}, each of data and start",
    )
