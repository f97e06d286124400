"""Adam at the edge of stability: the preconditioned curvature of the loss during the delay."""

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from latebloom.core.arrays import double_precision
from latebloom.engines import chebyshev
from latebloom.engines.network import Program
from latebloom.engines.training import Trainer
from latebloom.engines.training_log import Log
from latebloom.experiment import Experiment
from latebloom.experiment.record import LogSpaced
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


@cache
def preconditioned(program: Program) -> chebyshev.Field:
    """Return the field whose Jacobian is P^(1/2) H P^(1/2), H the Hessian of the loss."""

    def product(params: Any, v: Any, of: Any) -> Any:
        data, numbers, half = of

        def gradient(x: Any) -> Any:
            return program.gradient(x, data, numbers, 0, -1)  # pyright: ignore

        scaled = jax.tree.map(jnp.multiply, half, v)
        return jax.tree.map(jnp.multiply, half, jax.jvp(gradient, (params,), (scaled,))[1])

    return chebyshev.Field(lambda y, of: y, product)


class Watcher:
    """Measures the curvature of one run at its records, from twice t1 on, until t2."""

    def __init__(self, experiment: Experiment, per_decade: int) -> None:
        self.experiment = experiment
        due = LogSpaced(per_decade).steps(experiment.steps)
        self.trainer = Trainer([experiment], None, due, self._look, watching=True)
        params = self.trainer.start.params
        keys = jax.random.split(jax.random.key(0), len(params))
        self.direction = {
            name: jax.random.normal(key, x.shape)
            for (name, x), key in zip(params.items(), keys, strict=True)
        }
        self.seen: dict[int, float] = {}

    def _look(self, log: Log) -> bool:
        t1, t2 = np.asarray(log.state.first).tolist()
        if t1 >= 0 and log.t >= 2 * max(t1, 1) and t2 < 0:
            self.seen[log.t] = self._edge(log)
        return t2 >= 0

    def _edge(self, log: Log) -> float:
        """Return alpha lambda over 2(1 + b1)/(1 - b1), at which Adam with a fixed P oscillates."""
        method: Any = self.experiment.method
        squares = log.state.memory[1][0].nu
        unbiased = 1 - method.b2**log.t

        def half(v: Any) -> Any:
            return (jnp.sqrt(v / unbiased) + method.eps) ** -0.5

        trainer = self.trainer
        of = trainer.data, trainer.numbers, jax.tree.map(half, squares)
        field = preconditioned(trainer.program)
        found = chebyshev.spectral_radius(field, log.state.params, self.direction, of)
        self.direction, value = found[:2]
        return float(value) * float(method.alpha) * (1 - method.b1) / (2 * (1 + method.b1))


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
    with double_precision():
        watcher = Watcher(STUDY.at(False).changed(changes), case["per_decade"])
        watcher.trainer.run(None)
    t2 = int(watcher.trainer.log.state.first[1])
    known = {key: case[key] for key in ("coupling", "alpha", "beta", "seed")}
    return known | {
        "t2": t2 if t2 >= 0 else None,
        "steps": list(watcher.seen),
        "sharpness": list(watcher.seen.values()),
    }


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
