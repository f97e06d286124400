"""Figure 35: images of digits under the l1 norm."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from latebloom.experiment import Drawn, Experiment, LogSpaced
from latebloom.methods import Adam
from latebloom.models import MLP
from latebloom.penalties import L1
from latebloom.problems import Images
from latebloom.runs import Run
from latebloom.sweeps import Sweep
from latebloom_paper.book.claim import CORRECTED
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic
from latebloom_paper.book.workspace import Workspace

from .families import (
    Family,
    family,
    first_seed,
    over_seeds,
    pairs,
    present,
    products,
    shares,
    sweep_of,
    until_t2,
)
from .modular import seeds_of

# Memorized: at most one percent of errors. Generalized: at most 15 percent, between what a large
# start memorizes with (25) and what these images allow (7).
THRESHOLDS = (0.01, 0.15)


@dataclass(frozen=True)
class Setting:
    """All numbers of a family of classifiers of digits.

    **Fields:**

    - `n_train`, `n_test`, `width`: images, and hidden units.
    - `alphas`, `betas`, `steps`: learning rates, strengths and horizon.
    - `scales`: of the start, the usual one first; one row of panels each.
    - `seeds`: each is the seed of the images chosen and of the start.
    - `together`: whether runs advance at once.
    """

    n_train: int
    n_test: int
    width: int
    alphas: tuple[float, ...]
    betas: tuple[float, ...]
    steps: int
    scales: tuple[float, ...] = (1.0, 8.0)
    seeds: tuple[int, ...] = (0, 1, 2)
    together: bool = True


FULL = Setting(
    n_train=1000,  # the paper's number
    n_test=797,  # all others
    width=200,
    alphas=(3e-4, 1e-3, 3e-3),
    betas=(1e-5, 1e-4, 1e-3, 3e-3, 1e-2),
    steps=30_000,
    together=False,
)
SMALL = Setting(
    n_train=200,
    n_test=500,
    width=60,
    alphas=(2e-3, 1e-2),
    betas=(1e-3, 3e-3, 1e-2),
    steps=5000,
    seeds=(0, 1, 2, 3),
)


def classifier(setting: Setting, scale: float, alpha: float, beta: float, seed: int) -> Experiment:
    """Return one run."""
    s = setting
    return Experiment(
        Images(n_train=s.n_train, n_test=s.n_test, seed=seed),
        L1(beta),
        Adam(alpha),
        MLP(widths=(s.width,)),
        Drawn(seed, scale),
        steps=s.steps,
        thresholds=THRESHOLDS,
        record=LogSpaced(),
        name=f"digits scale={scale:g} alpha={alpha:g} beta={beta:g} seed={seed}",
    )


def sweep(setting: Setting, scale: float, alpha: float) -> Sweep:
    """Return the runs from one start and with one learning rate."""
    base = classifier(setting, scale, alpha, setting.betas[0], setting.seeds[0])
    name = f"start x {scale:g}, alpha = {alpha:g}"
    return sweep_of(base, setting.betas, setting.seeds, name, together=setting.together)


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
    usual, large = (shares(pairs(products(runs[s]), until_t2)) for s in (min(runs), max(runs)))
    return present({"fig35.delay": usual, "fig35.delay" + CORRECTED: large})


def reproduce(workspace: Workspace, setting: Setting | None = None) -> Reproduction:
    """Train with all learning rates and strengths, from the published and from a large start."""
    from latebloom_paper.pictures.accuracies import Panel, plot_accuracies

    s = workspace.of(SMALL, FULL) if setting is None else setting
    runs = {
        scale: {alpha: family(workspace, sweep(s, scale, alpha)) for alpha in s.alphas}
        for scale in s.scales
    }
    found = [
        row
        for scale, own in runs.items()
        for alpha, of_alpha in own.items()
        for row in rows(scale, alpha, of_alpha)
    ]
    panels = [
        [
            Panel(rf"start $\times$ {scale:g}, $\alpha$ = {alpha:g}", first_seed(of_alpha))
            for alpha, of_alpha in own.items()
        ]
        for scale, own in runs.items()
    ]
    notes = (
        f"scikit-learn's digits, 8 x 8 pixels: {s.n_train} to train, {s.n_test} to test; "
        f"{s.width} hidden units, cross-entropy, full batch; t1: at most "
        f"{THRESHOLDS[0]:.0%} of errors, t2: at most {THRESHOLDS[1]:.0%}",
        "from the usual start these digits generalize while they are memorized, whatever the "
        "penalty: there is no delay to see; weights eight times as large memorize without "
        "generalizing, and the penalty undoes that at a rate set by alpha and beta",
    )
    return Reproduction(
        "fig35",
        "Figure 35: digits under the l1 norm",
        tuple(found),
        plot_accuracies(panels, log=True),
        notes,
        evidence=evidence(runs),
        settings=tuple(
            classifier(s, scale, s.alphas[0], s.betas[0], s.seeds[0]) for scale in s.scales
        ),
        seeds=seeds_of(s.seeds, "images and start"),
    )
