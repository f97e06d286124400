"""Figure 35: images of digits under the l1 norm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from latebloom.experiment import Experiment
from latebloom.initialization import Drawn
from latebloom.methods import Adam
from latebloom.models import MLP
from latebloom.penalties import L1
from latebloom.problems import Images
from latebloom.progress import Progress
from latebloom.record import LogSpaced
from latebloom.run import Run

from .catalogue import Preset, register
from .families import inversions, over_seeds, run_groups, shared_out
from .reproduction import Comparison, Reproduction

# Memorized: at most one percent of errors. Generalized: at most 15 percent, between what a large
# start memorizes with (25) and what these images allow (7).
THRESHOLDS = (0.01, 0.15)


@dataclass(frozen=True)
class Setting:
    """All numbers of a family of classifiers of digits.

    **Fields:**

    - `n_train`, `n_test`, `width`: images, and hidden units.
    - `scales`: of the start; one row of panels each.
    - `alphas`, `betas`, `steps`: learning rates, strengths and horizon.
    - `seeds`: each is the seed of the images chosen and of the start.
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
    width=100,
    alphas=(1e-3, 3e-3),
    betas=(1e-3, 3e-3, 1e-2),
    steps=6000,
    seeds=(0, 1),
)


def classifier(
    setting: Setting, scale: float, alpha: float, beta: float, seed: int, problem: Images
) -> Experiment:
    """Return one run."""
    return Experiment(
        problem,
        L1(beta),
        Adam(alpha),
        MLP(widths=(setting.width,)),
        Drawn(seed, scale),
        steps=setting.steps,
        thresholds=THRESHOLDS,
        record=LogSpaced(),
        name=f"digits scale={scale:g} alpha={alpha:g} beta={beta:g} seed={seed}",
    )


def accuracies(run: Run) -> tuple[float | None, float]:
    """Return the test accuracy when the training images are first known, and the largest."""
    test = 1 - run.trajectory["test_error"].to_numpy()
    t1 = run.phases.t1.high
    if t1 is None:
        return None, float(test.max())
    return float(test[np.searchsorted(run.trajectory["step"].to_numpy(), t1)]), float(test.max())


def rows(scale: float, alpha: float, family: Mapping[float, Sequence[Run]]) -> list[Comparison]:
    """Return t1, t2 and the accuracies between which the network generalizes late."""
    found = []
    for beta, runs in sorted(family.items(), reverse=True):
        at = f"start x {scale:g}, alpha {alpha:g}, beta {beta:g}"
        first, best = zip(*map(accuracies, runs), strict=True)
        before, _ = over_seeds(first)
        ours, why = over_seeds([run.phases.t2.high for run in runs])
        t1, _ = over_seeds([run.phases.t1.high for run in runs])
        known = "never" if t1 is None else f"{t1:g}"
        least = "" if before is None else f" at {before:.3f} test accuracy"
        why += f"; t1 {known}{least}, largest {np.median(best):.3f}"
        found.append(Comparison(f"{at}: t2", None, ours, why))
    times = {beta: [run.phases.t2.high for run in runs] for beta, runs in family.items()}
    later, pairs = inversions(times)
    what = f"start x {scale:g}, alpha {alpha:g}: pairs of which the stronger has the later t2"
    found.append(Comparison(what, 0.0, float(later), f"of {pairs} pairs of one seed"))
    return found


def study(progress: Progress, setting: Setting = FULL) -> Reproduction:
    """Train with all learning rates and strengths, from the published and from a large start."""
    from latebloom.plots.accuracies import Panel, plot_accuracies

    s = setting
    problems = {q: Images(n_train=s.n_train, n_test=s.n_test, seed=q) for q in s.seeds}
    keys = [(scale, alpha) for scale in s.scales for alpha in s.alphas]
    groups = [
        [
            classifier(s, scale, alpha, beta, seed, problems[seed])
            for beta in s.betas
            for seed in s.seeds
        ]
        for scale, alpha in keys
    ]
    found, panels = [], []
    for (scale, alpha), runs in zip(keys, run_groups(groups, progress, s.together), strict=True):
        family = shared_out(s.betas, runs)
        found += rows(scale, alpha, family)
        title = rf"start $\times$ {scale:g}, $\alpha$ = {alpha:g}"
        panels.append(Panel(title, [(beta, own[0]) for beta, own in family.items()]))
    width = len(s.alphas)
    figure = plot_accuracies(
        [panels[i : i + width] for i in range(0, len(panels), width)], log=True
    )
    notes = (
        f"scikit-learn's digits, 8 x 8 pixels: {s.n_train} to train, {s.n_test} to test; "
        f"{s.width} hidden units, cross-entropy, full batch; t1: at most "
        f"{THRESHOLDS[0]:.0%} of errors, t2: at most {THRESHOLDS[1]:.0%}",
        "from the usual start these digits generalize while they are memorized, whatever the "
        "penalty: there is no delay to see; weights eight times as large memorize without "
        "generalizing, and the penalty undoes that at a rate set by alpha and beta",
        f"{len(s.seeds)} seeds, the picture shows the first",
    )
    title = "Figure 35: digits under the l1 norm"
    return Reproduction("fig35", title, tuple(found), figure, notes)


register(
    Preset(
        "fig35",
        "images of digits under the l1 norm",
        note=(
            "The paper trains on 1000 MNIST images and states neither width, loss, steps nor "
            "strengths; its code has no images. Ours are scikit-learn's digits, which need no "
            "download. For MNIST name the folder of its four files as source of the problem Images "
            "in an experiment's TOML file. 90 runs, about an hour on one core."
        ),
        reproduce=study,
        reproduce_small=partial(study, setting=SMALL),
    )
)
