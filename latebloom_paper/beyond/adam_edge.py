"""Adam at the edge of stability: the preconditioned curvature of the loss during the delay."""

from typing import Any, NamedTuple

import numpy as np

from latebloom.engines import adam_sharpness
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.statistic import Statistic, median

STUDY = STUDIES["adam-edge"]
WORDS = {"decoupled": "AdamW", "coupled": "coupled Adam"}


class Delay(NamedTuple):
    """One run between twice t1 and t2.

    - `coupling`, `alpha`, `beta`, `seed`: which one.
    - `t2`: when it generalized, or None.
    - `steps`, `sharpness`: some of its steps, and alpha times the largest eigenvalue of the
      preconditioned Hessian there over its value at the edge.
    """

    coupling: str
    alpha: float
    beta: float
    seed: int
    t2: int | None
    steps: list[int]
    sharpness: list[float]


def watched(case: dict[str, Any]) -> dict[str, Any]:
    """Return what was seen of one run, as a `Delay` takes it.

    **Arguments:** `case`: `coupling`, `alpha`, `beta`, `seed`, `steps`, and `per_decade` of the
    records.
    """
    changes = {
        "method.coupling": case["coupling"], "method.alpha": case["alpha"],
        "penalty.beta": case["beta"], "problem.seed": case["seed"], "init.seed": case["seed"],
        "steps": case["steps"],
    }  # fmt: skip
    t2, steps, values = adam_sharpness(STUDY.at(False).changed(changes), case["per_decade"])
    known = {key: case[key] for key in ("coupling", "alpha", "beta", "seed")}
    return known | {"t2": t2, "steps": steps, "sharpness": values}


def cases(study: Study) -> list[dict[str, Any]]:
    """Return the settings of all runs."""
    s = study.settings
    return [
        {
            "coupling": coupling, "alpha": alpha, "beta": beta, "seed": seed,
            "steps": int(min(grid["slow"] / alpha / (beta if grid["decays"] else 1), s["most"])),
            "per_decade": s["per_decade"],
        }
        for coupling, grid in s["grids"].items()
        for alpha in grid["alphas"]
        for beta in grid["betas"]
        for seed in s["seeds"]
    ]  # fmt: skip


def typical(runs: list[Delay]) -> np.ndarray:
    """Return the median over the steps of the delay of the sharpness of each run that has one."""
    found = []
    for run in runs:
        if run.sharpness:
            steps = np.linspace(run.steps[0], run.steps[-1], 1000)
            found.append(np.median(np.interp(steps, run.steps, run.sharpness)))
    return np.array(found)


def final(runs: list[Delay]) -> np.ndarray:
    """Return the sharpness of each run just before it generalizes."""
    return np.array([run.sharpness[-1] for run in runs if run.sharpness and run.t2])


def evidence(runs: list[Delay]) -> dict[str, Statistic]:
    """Return what decides the claims."""
    groups = {"adamw": [run for run in runs if run.coupling == "decoupled"]}
    coupled = [run for run in runs if run.coupling == "coupled"]
    alphas = sorted({run.alpha for run in coupled})
    if len(alphas) > 1:
        groups["coupled-small"] = [run for run in coupled if run.alpha == alphas[0]]
    groups["coupled-large"] = [run for run in coupled if run.alpha == alphas[-1]]
    values = {name: typical(own) for name, own in groups.items()}
    values["adamw-end"] = final(groups["adamw"])
    return {f"adam-edge.{name}": median(own) for name, own in values.items() if own.size}


def reproduce(workspace: Workspace) -> Reproduction:
    """Train with Adam, and look at the curvature during the delay."""
    study = STUDY.at(workspace.quick)
    runs = [Delay(**found) for found in workspace.tables("runs", cases(study), watched)]
    rows, panels = [], {}
    for coupling, grid in study.settings["grids"].items():
        lines = {}
        for alpha in grid["alphas"]:
            for beta in grid["betas"]:
                own = [r for r in runs if r[:3] == (coupling, alpha, beta)]
                known = typical(own)
                what = f"{WORDS[coupling]}, alpha = {alpha:g}, beta = {beta:g}: sharpness/edge"
                if known.size:
                    why = f"{known.min():.3g} to {known.max():.3g}, {known.size} seeds; "
                    why += f"just before t2 {np.median(final(own) if own[0].t2 else np.nan):.3g}"
                    rows.append(Comparison(what, None, float(np.median(known)), why))
                if beta == grid["betas"][0] and own[0].steps and own[0].t2:
                    at = np.array(own[0].steps) / own[0].t2
                    lines[f"alpha = {alpha:g}, beta = {beta:g}"] = at, np.array(own[0].sharpness)
        panels[WORDS[coupling]] = pictures.Against(
            "step over $t_2$", r"$\alpha\lambda$ over its value at the edge", lines
        )
    figure = pictures.plot_against(panels)
    return study.reproduction(rows, figure, evidence(runs), [study.experiment])
