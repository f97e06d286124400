"""How often `Monitor.may_stop` says that a run may stop before it has generalized.

Real runs of the library are given to a monitor record by record: sparse recovery, which generalizes
late; a network on addition mod 31, which does, and which without weight decay does not; figure 7,
whose limit does not generalize.
"""

from pathlib import Path

import numpy as np

import latebloom as lb
from latebloom.experiment.presets import preset

from .forecasts import mirage, sparse
from .timing import Row

RUNS, RECORDS = 12, 300
THRESHOLDS = (1e-2, 2e-2)


def answers(curves: tuple[np.ndarray, ...], **options: object) -> tuple[bool, float]:
    """Return whether a monitor said stop before t2, and its share of the records after t1.

    **Arguments:**

    - `curves`: steps, and what train and test have there.
    - `options`: of the monitor.
    """
    monitor = lb.Monitor(**options)  # pyright: ignore[reportArgumentType]
    stops = []
    for k, a, b in zip(*(x.tolist() for x in curves), strict=True):
        monitor.update(k, a, b)
        if monitor.train.reached is not None and monitor.test.reached is None:
            stops.append(bool(monitor.may_stop()))
    return any(stops), float(np.mean(stops)) if stops else 0.0


def runs_of(make: object, count: int) -> list[tuple[np.ndarray, ...]]:
    """Return the curves of runs of least squares, to a little after t2, or ten decay times."""
    found, seed = [], 0
    while len(found) < count:
        seed += 1
        rng = np.random.default_rng(seed)
        e = make(rng, seed).with_(steps=10**9, record=lb.At(()))  # pyright: ignore
        p = lb.simulate(e).phases
        if p.t1.step is None or (make is sparse and (p.t2.step is None or p.t2.step < 100)):
            continue
        strength = float(e.penalty.terms[0].beta)
        end = round(1.2 * p.t2.step) if make is sparse else round(10 / (0.1 * strength))
        k = np.unique(np.linspace(0, end, RECORDS).round().astype(int))
        run = lb.simulate(e.with_(steps=int(k[-1]), record=lb.At(tuple(k.tolist()))))
        names = ("step", "train_error", "test_error")
        curves = tuple(run.trajectory[name].values for name in names)
        found.append((*curves, strength))  # pyright: ignore
    return found


def networks(decay: bool) -> list[tuple[np.ndarray, ...]]:
    """Return the accuracies of the network of the blog, with its weight decay or without."""
    base, seeds = preset("blog-fig1").experiment(small=True), (1, 2, 3, 4)
    if not decay:
        base = base.with_(penalty=None)
    cells = lb.Sweep(base, zip=[{"problem.seed": seeds, "init.seed": seeds}]).cells()
    runs = lb.simulate_batch([experiment for _, experiment in cells])
    curves = []
    for run in runs:
        k, a, b = (run.trajectory[x].values for x in ("step", "train_error", "test_error"))
        curves.append((k, 1 - a, 1 - b))
    return curves


def measure(out: Path) -> list[Row]:
    """Return how many runs a monitor would have stopped before t2."""
    rows = []
    for name, make, generalizes in (("sparse recovery", sparse, True), ("figure 7", mirage, False)):
        found = runs_of(make, RUNS)
        for how in ("with alpha and beta", "without"):
            told = [
                answers(
                    run[:3],
                    kind="error",
                    thresholds=THRESHOLDS,
                    **({"alpha": 0.1, "beta": run[3]} if how != "without" else {}),
                )
                for run in found
            ]
            rows.append(_row(f"{name}, {how}", told, generalizes))
    for decay in (True, False):
        told = [answers(run) for run in networks(decay)]
        rows.append(_row(f"network, {'with' if decay else 'without'} weight decay", told, decay))
    return rows


def _row(what: str, told: list[tuple[bool, float]], generalizes: bool) -> Row:
    early = sum(stopped for stopped, _ in told)
    share = float(np.mean([s for _, s in told]))
    detail = f"stop in {early} of {len(told)} runs, at {share:.0%} of the records from t1 to t2"
    met = not generalizes or early == 0
    return Row(what, early / len(told), "of runs", "0" if generalizes else "", met, detail)
