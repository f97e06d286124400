"""Depth with a thousand times the horizon of the figures: the flow of layers, and training."""

import itertools

import numpy as np

from latebloom.experiment import At, Experiment, LogSpaced
from latebloom.methods import GradientDescent
from latebloom.runs import Run
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.passages import middle
from latebloom_paper.book.reproduction import negative_norm
from latebloom_paper.book.statistic import exactly, median, slopes

STUDY = STUDIES["depth-horizon"]
LAYERS, L1 = STUDIES["fig9"], STUDIES["depth-and-l1"]
MIDDLE = 60  # measurements: depth 2 recovers what it can
PER_DECADE = 10


def layers(study: Study, depth: int, N: int, seed: int, steps: int) -> Experiment:
    """Return one run of equal layers.

    **Arguments:** `study`: at a size; `depth`, `N`, `seed`: of the figure; `steps`: the horizon.
    """
    changes = {"model.depth": depth, "N": N, "problem.seed": seed, "steps": steps}
    name = f"depth {depth}, N = {N}, seed {seed}"
    kept = {*LogSpaced(PER_DECADE).steps(steps).tolist()}
    kept |= {k for key in ("published", "stepped") if (k := study.settings[key]) <= steps}
    return LAYERS.changed(changes, name).with_(record=At(tuple(sorted(kept))))


def penalized(beta: float, steps: int) -> Experiment:
    """Return the first run of depth-and-l1 with another strength.

    **Arguments:** `beta`: the strength; `steps`: the horizon.
    """
    base = L1.changed({"penalty.beta": beta, "steps": steps}, f"beta = {beta:g}")
    return base.with_(method=GradientDescent(float(base.method.alpha)))  # pyright: ignore - constant


def error(run: Run, step: int) -> float:
    """Return the test error at a recorded step."""
    return float(run.trajectory["test_error"].sel(step=step))


def reproduce(workspace: Workspace) -> Reproduction:
    """Follow layers for a thousand times the figures' horizon, with and without a penalty."""
    study = STUDY.at(workspace.quick)
    s = study.settings
    seeds = range(1, s["seeds"] + 1)
    keys = list(itertools.product(s["depths"], s["measurements"], seeds))
    every = [layers(study, depth, N, seed, s["horizon"]) for depth, N, seed in keys]
    runs = dict(zip(keys, workspace.each("layers, flow", every, "slow"), strict=True))
    trained = workspace.each(
        "layers, every update",
        [layers(study, L, MIDDLE, 1, s["stepped"]) for L in s["depths"]],
        "step",
    )
    off = max(
        abs(error(runs[L, MIDDLE, 1], s["stepped"]) / error(run, s["stepped"]) - 1)
        for L, run in zip(s["depths"], trained, strict=True)
    )
    deepest, most = s["depths"][-1], s["measurements"][-1]

    def over(depth: int, N: int, step: int | None) -> np.ndarray:
        """Return the final error over that at a step, or over the least, over seeds."""
        own = [runs[depth, N, seed] for seed in seeds]
        return np.array(
            [
                error(run, s["horizon"])
                / (float(run.trajectory["test_error"].min()) if step is None else error(run, step))
                for run in own
            ]
        )

    rows = []
    for depth, N in itertools.product(s["depths"], s["measurements"]):
        own = [runs[depth, N, seed] for seed in seeds]
        early, late = (
            float(np.median([error(run, k) for run in own])) for k in (s["published"], s["horizon"])
        )
        truths = [LAYERS.truth({"N": N, "problem.seed": seed}) for seed in seeds]
        floor = np.median([negative_norm(a) / np.linalg.norm(a) for a in truths])
        why = f"after 10^6 steps {early:.4g}; floor {floor:.4g}"
        what = f"depth {depth}, N = {N}: test error after {s['horizon']:.0e} steps, median"
        rows.append(Comparison(what, None, late, why))
    found = _delays(workspace, study)
    rows += [
        Comparison(
            f"depth 2, l1 on a, beta = {beta:g}: t2 alpha beta", None, s2,
            f"every update made: {stepped:.5g}" if stepped else "",
        )
        for beta, (s2, stepped) in found.items()
    ]  # fmt: skip
    weak = sorted(found)[:2]
    times = np.array([[found[beta][0] / beta for beta in weak]])
    beside = [abs(s2 / stepped - 1) for s2, stepped in found.values() if stepped]
    evidence = {
        "depth-horizon.flow": exactly(off),
        "depth-horizon.undertrained": median(over(deepest, most, s["published"])),
        "depth-horizon.rises": median(over(2, MIDDLE, None)),
        "depth-horizon.l1": exactly(-float(slopes(np.array(weak), times)[0])),
        "depth-horizon.bracket": exactly(max(beside)),
    }
    figure = pictures.plot_against(
        {
            f"N = {N}, seed 1": pictures.Against(
                "step", "test error",
                {
                    f"depth {depth}": (
                        runs[depth, N, 1].trajectory["step"].values[1:],
                        runs[depth, N, 1].trajectory["test_error"].values[1:],
                    )
                    for depth in s["depths"]
                },
            )
            for N in s["measurements"]
        }
    )  # fmt: skip
    settings = [LAYERS.experiment, L1.experiment]
    return study.reproduction(rows, figure, evidence, settings)


def _delays(workspace: Workspace, study: Study) -> dict[float, tuple[float, float | None]]:
    """Return t2 alpha beta by strength: of the flow, and of training where that was done."""
    s, found = study.settings, {}
    alpha = float(L1.experiment.method.alpha)  # pyright: ignore - constant
    experiments = [penalized(beta, int(s["slow"] / (alpha * beta))) for beta in s["betas"]]
    flows = workspace.each("l1, flow", experiments, "slow")
    for beta, run in zip(s["betas"], flows, strict=True):
        stepped, t2 = None, run.phases.t2.high
        if beta in s["beside"] and t2 is not None:
            trained = workspace.run(penalized(beta, int(1.05 * t2)), "step")
            stepped = middle(trained) * alpha * beta
        found[beta] = middle(run) * alpha * beta, stepped
    return found
