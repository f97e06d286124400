"""Figure 35: images of digits under the l1 norm."""

from collections.abc import Mapping

import numpy as np

from latebloom.runs import Run
from latebloom.sweeps import Sweep
from latebloom_paper import pictures
from latebloom_paper.book import CORRECTED, STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.reproduction import over_seeds
from latebloom_paper.book.statistic import Statistic

from .families import Family, family, first_seed, fraction_of, pairs, present, products, until_t2

STUDY = STUDIES["fig35"]


def sweep(study: Study, scale: float, alpha: float) -> Sweep:
    """Return the runs from one start and with one learning rate."""
    name = f"start x {scale:g}, alpha = {alpha:g}"
    return study.sweep("family", name=name, set={"init.scale": scale, "alpha": alpha})


def accuracies(run: Run) -> tuple[float | None, float]:
    """Return the test accuracy when the training images are first known, and the largest."""
    test = 1 - run.trajectory["test_error"].to_numpy()
    t1 = run.phases.t1.high
    if t1 is None:
        return None, float(test.max())
    return float(test[np.searchsorted(run.trajectory["step"].to_numpy(), t1)]), float(test.max())


def rows(scale: float, alpha: float, runs: Family) -> list[Comparison]:
    """Return t1, t2 and the accuracies between which the network generalizes late."""
    found = []
    for beta, own in sorted(runs.items(), reverse=True):
        at = f"start x {scale:g}, alpha {alpha:g}, beta {beta:g}"
        first, best = zip(*map(accuracies, own), strict=True)
        before, _ = over_seeds(first)
        ours, why = over_seeds([run.phases.t2.high for run in own])
        t1, _ = over_seeds([run.phases.t1.high for run in own])
        known = "never" if t1 is None else f"{t1:g}"
        least = "" if before is None else f" at {before:.3f} test accuracy"
        why += f"; t1 {known}{least}, largest {np.median(best):.3f}"
        found.append(Comparison(f"{at}: t2", None, ours, why))
    return found


def evidence(runs: Mapping[float, Mapping[float, Family]]) -> dict[str, Statistic]:
    """Return what decides the claims, from the runs by start, learning rate and strength."""
    usual, large = (fraction_of(pairs(products(runs[s]), until_t2)) for s in (min(runs), max(runs)))
    return present({"fig35.delay": usual, "fig35.delay" + CORRECTED: large})


def reproduce(workspace: Workspace) -> Reproduction:
    """Train with all learning rates and strengths, from the published and from a large start."""
    study = STUDY.at(workspace.quick)
    scales, alphas = study.settings["scales"], study.settings["alphas"]
    sweeps = {scale: {alpha: sweep(study, scale, alpha) for alpha in alphas} for scale in scales}
    runs = {
        scale: {alpha: family(workspace, one) for alpha, one in own.items()}
        for scale, own in sweeps.items()
    }
    found = [
        row
        for scale, own in runs.items()
        for alpha, of_alpha in own.items()
        for row in rows(scale, alpha, of_alpha)
    ]
    panels = [
        [
            pictures.Panel(rf"start $\times$ {scale:g}, $\alpha$ = {alpha:g}", first_seed(of_alpha))
            for alpha, of_alpha in own.items()
        ]
        for scale, own in runs.items()
    ]
    settings = []
    for scale, own in sweeps.items():
        base = own[alphas[0]].base
        beta = base.penalty.beta  # pyright: ignore - l1
        name = f"digits scale={scale:g} alpha={alphas[0]:g} beta={beta:g} seed=0"
        settings.append(base.with_(name=name))
    words = {"problem": settings[0].problem, "model": settings[0].model}
    last = len(next(iter(runs[scales[0]][alphas[0]].values()))) - 1
    figure = pictures.plot_accuracies(panels, log=True)
    return study.reproduction(found, figure, evidence(runs), settings, last=last, **words)
