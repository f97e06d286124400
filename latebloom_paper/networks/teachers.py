"""Figures 10, 11 and 31 to 34: teachers and students, under norms and with derivatives."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from latebloom.runs import Run
from latebloom.sweeps import Sweep
from latebloom_paper import pictures
from latebloom_paper.book import CORRECTED, STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.delays import exponent_rows, law_of
from latebloom_paper.book.readings import published_t2, reading_rows, readings_of
from latebloom_paper.book.reproduction import over_seeds
from latebloom_paper.book.statistic import Statistic, median

from .families import Family, Timed, family, fraction_of, pairs, present, products, until_t2

STUDY = STUDIES["fig10"]


def settings_of(name: str, quick: bool) -> dict[str, Any]:
    """Return the settings of a figure: its own, and else those of the figure that it is like."""
    own = STUDIES[name].at(quick).settings
    return settings_of(own["like"], quick) | own if "like" in own else own


def sweep(study: Study, settings: Mapping[str, Any], alpha: float) -> Sweep:
    """Return the runs with one penalty and learning rate; figures that name the same share them.

    **Arguments:**

    - `study`: Figure 10 at a size.
    - `settings`: of the figure.
    - `alpha`: the learning rate.
    """
    return study.sweep(
        "family",
        name=f"{settings['kind']}, alpha = {alpha:g}",
        set={**settings["set"], "alpha": alpha, "penalty.beta": settings["betas"][0]},
        axes={"penalty.beta": settings["betas"]},
    )


def least(run: Run) -> tuple[int, float]:
    """Return the step of the least test loss, the published t2, and the least test error."""
    error = run.trajectory["test_error"].to_numpy()
    best = int(np.nanargmin(error))
    return int(run.trajectory["step"][best]), float(error[best])


def until_least(strength: float, run: Run) -> Timed:
    """Return the published t2; a test loss that is least at the end of the run has none."""
    step, _ = least(run)
    return Timed(strength, step if step < run.last_step else None, run.last_step)


def reproduce(name: str, workspace: Workspace) -> Reproduction:
    """Train the students of one of the figures; compare the published t2, and count honestly."""
    study, s = STUDY.at(workspace.quick), settings_of(name, workspace.quick)
    kind, alphas, because = s["kind"], s["alphas"], s["because"]
    sweeps = {alpha: sweep(study, s, alpha) for alpha in alphas}
    found = {alpha: family(workspace, own) for alpha, own in sweeps.items()}
    base = sweeps[alphas[0]].base
    published, losses = {}, []
    if not workspace.quick:  # the end of a run: of the published pictures, 10^5 steps
        read = STUDIES[s["readings"]]
        published = published_t2(read, {"": s["betas"]}, end=base.steps)
        losses = [reading for _, reading in readings_of(read)]
    every = [run for own in found.values() for runs in own.values() for run in runs]
    rows: list[Comparison] = reading_rows("all", every, losses, because)
    for alpha, own in found.items():
        rows += _rows(alpha, own, published.get(("", alpha), {}), because)
    rows += exponent_rows(kind, law_of(found))
    rows.append(_best(kind, found))
    width = 3 if len(alphas) % 3 == 0 else len(alphas)
    panels = [
        pictures.Panel(rf"$\alpha$ = {alpha:g}", [(beta, own[beta][0]) for beta in s["betas"]])
        for alpha, own in found.items()
    ]
    zero = float(np.mean(base.supervised.test.targets.astype(float) ** 2))
    grid = [panels[i : i + width] for i in range(0, len(panels), width)]
    words = {**s, "problem": base.problem, "steps": base.steps, "number": name.removeprefix("fig")}
    label = f"{kind} alpha={alphas[0]:g} beta={s['betas'][0]:g} seed=0"
    return replace(study, name=name).reproduction(
        rows,
        pictures.plot_losses(grid, zero),
        evidence(name, found),
        [base.with_(name=label)],
        **words,
    )


def evidence(name: str, found: Mapping[float, Family]) -> dict[str, Statistic]:
    """Return whether the delay falls with alpha beta, and the least test error of every seed."""
    cells = products(found)
    by_seed = zip(*(runs for _, runs in cells), strict=True)
    best = median([min(least(run)[1] for run in own) for own in by_seed])
    return present(
        {
            f"{name}.delay": fraction_of(pairs(cells, until_least)),
            f"{name}.delay" + CORRECTED: fraction_of(pairs(cells, until_t2)),
            f"{name}.generalizes": best,
        }
    )


def _rows(
    alpha: float, own: Family, published: Mapping[float, float], because: str
) -> list[Comparison]:
    """Return both kinds of t2, strongest penalty first."""
    rows = []
    for beta in sorted(own, reverse=True):
        at = f"alpha {alpha:g}, beta {beta:g}"
        steps, errors = zip(*map(least, own[beta]), strict=True)
        ours, why = over_seeds(steps)
        theirs = published.get(beta)
        if theirs is not None and theirs >= own[beta][0].last_step:
            why += "; published: at the end of the run"
        rows.append(Comparison(f"{at}: step of the least test loss", theirs, ours, why, because))
        ours, why = over_seeds([run.phases.t2.high for run in own[beta]])
        why += f"; least test error {np.median(errors):.2f}"
        rows.append(Comparison(f"{at}: t2, test error at most 1", None, ours, why))
    return rows


def _best(kind: str, found: Mapping[float, Mapping[float, Sequence[Run]]]) -> Comparison:
    """Return the least test error of the whole figure."""
    errors = {
        (alpha, beta): float(np.median([least(run)[1] for run in runs]))
        for alpha, own in found.items()
        for beta, runs in own.items()
    }
    alpha, beta = min(errors, key=lambda key: errors[key])
    why = f"alpha {alpha:g}, beta {beta:g}; predicting 0 has 1"
    return Comparison(
        f"{kind}: least relative test error of all runs", None, min(errors.values()), why
    )


fig10, fig11, fig31, fig32, fig33, fig34 = (
    partial(reproduce, f"fig{number}") for number in (10, 11, 31, 32, 33, 34)
)
