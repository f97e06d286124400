"""The delay of networks against beta: along the flow, update by update, and under Adam."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from latebloom.experiment import Experiment
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.delays import exponent, exponent_rows, law_of
from latebloom_paper.book.passages import middle
from latebloom_paper.book.statistic import Statistic, exactly, median, slopes
from latebloom_paper.networks.families import Family, family, present

STUDY = STUDIES["networks-delay"]
L2, SLOWER, HEAVY = "l2", "l2, alpha/4", "l2, heavy ball 0.9"
WORDS = {"decoupled": "AdamW", "coupled": "coupled Adam"}


class Line(NamedTuple):
    """s2 = t2 alpha beta/(1 - m) by strength: of the flow, and of training where that was done."""

    flow: dict[float, float]
    stepped: dict[float, float]


def followed(study: Study, own: Mapping[str, Any], beta: float, steps: int = 0) -> Experiment:
    """Return one experiment of gradient descent.

    **Arguments:**

    - `study`: at a size; `own`: a table of `[settings.flows]`.
    - `beta`: the strength.
    - `steps`: the horizon, that of the table in slow time if 0.
    """
    changes = {**own.get("set", {}), "penalty.beta": beta}
    experiment = study.changed(changes, f"beta = {beta:g}", own["table"])
    return experiment.with_(steps=steps or int(own["slow"] / slow_time(experiment, beta)))


def slow_time(experiment: Experiment, beta: float) -> float:
    """Return slow time per step."""
    method: Any = experiment.method
    share = 1 - method.momentum if method.coupling == "coupled" else 1.0
    return float(method.alpha * beta / share)


def flows(workspace: Workspace, study: Study) -> dict[str, Line]:
    """Follow the flows, and train where that takes seconds."""
    found = {}
    for name, own in study.settings["flows"].items():
        experiments = [followed(study, own, beta) for beta in own["betas"]]
        runs = workspace.each(f"{name}, flow", experiments, "slow")
        rates = [slow_time(e, b) for e, b in zip(experiments, own["betas"], strict=True)]
        line = {b: middle(r) * rate for b, r, rate in zip(own["betas"], runs, rates, strict=True)}
        stepped = {}
        for beta, run, rate in zip(own["betas"], runs, rates, strict=True):
            t2 = run.phases.t2.high
            if beta in own["stepped"] and t2 is not None:
                finer = {"record.per_decade": study.settings["finer"]}
                trained = followed(study, own, beta, int(1.05 * t2)).with_(**finer)
                stepped[beta] = middle(workspace.run(trained, "step")) * rate
        found[name] = Line(line, stepped)
    return found


def adam(workspace: Workspace, study: Study, coupling: str, problem: str) -> dict[float, Family]:
    """Return the runs of Adam on one problem, by learning rate and strength, one per seed.

    **Arguments:**

    - `workspace`: where runs are kept; `study`: at a size.
    - `coupling`: of the penalty; `problem`: a table of the study's file.
    """
    grid = study.settings["grids"][coupling][problem]
    found = {}
    for alpha in grid["alphas"]:
        sweep = study.sweep(
            "adam",
            name=f"{problem}, {WORDS[coupling]}, alpha = {alpha:g}",
            base=problem,
            set={"method.coupling": coupling, "method.alpha": alpha},
            axes={"penalty.beta": grid["betas"]},
            derive={"steps": grid["steps"]},
        )
        found[alpha] = family(workspace, sweep)
    return found


def products(runs: Mapping[float, Family]) -> np.ndarray:
    """Return t2 alpha beta, shape (alphas, betas, seeds), infinite without t2."""
    return np.array(
        [
            [[middle(run) * alpha * beta for run in own] for beta, own in family.items()]
            for alpha, family in runs.items()
        ]
    )


def apart(one: Mapping[float, float], other: Mapping[float, float]) -> float | None:
    """Return the largest relative difference where both have a number, None where none do."""
    ratios = [abs(one[b] / other[b] - 1) for b in one if b in other and np.isfinite(other[b])]
    return max(ratios) if ratios else None


def flow_evidence(lines: Mapping[str, Line]) -> dict[str, Statistic]:
    """Return what decides the claims about gradient descent."""
    weak, spread = [], []
    for line in lines.values():
        known = {b: s2 for b, s2 in line.flow.items() if np.isfinite(s2)}
        if len(known) > 1:
            spread.append(max(known.values()) / min(known.values()))
            betas = np.array(sorted(known)[:2])
            weak.append(-float(slopes(betas, np.array([known[b] / b for b in betas]))[0]))
    trained = [apart(line.stepped, line.flow) for line in lines.values() if line.stepped]
    numbers = {
        "flow": max((x for x in trained if x is not None), default=None),
        "alpha": apart(lines[SLOWER].flow, lines[L2].flow),
        "momentum": apart(lines[HEAVY].flow, lines[L2].flow),
        "constant": max(spread),
    }
    found = {f"networks-delay.{k}": exactly(x) for k, x in numbers.items() if x is not None}
    return found | {"networks-delay.beta": median(weak)}


def adam_evidence(runs: Mapping[tuple[str, str], Mapping[float, Family]]) -> dict[str, Statistic]:
    """Return what decides the claims about Adam."""
    found: dict[str, Statistic | None] = {}
    for (problem, coupling), own in runs.items():
        law = law_of(own)
        for factor in ("alpha", "beta"):
            found[f"networks-delay.{problem}-{coupling}-{factor}"] = exponent(law, factor)
    s2 = products(runs["addition-11", "decoupled"])
    s2 = s2.reshape(-1, s2.shape[-1])
    s2 = np.log(s2[:, np.isfinite(s2).all(axis=0)])
    if s2.size:
        off = np.exp(np.abs(s2 - s2.mean(axis=0)).max(axis=0)) - 1
        found["networks-delay.addition-11-decoupled-constant"] = median(off)
    small = runs["addition-11", "coupled"]
    weakest = small[min(small)]
    betas = np.array(sorted(weakest)[:2])
    t2 = np.array([[middle(run) for run in weakest[b]] for b in betas]).T
    small_beta = -slopes(betas, t2)
    small_beta = small_beta[np.isfinite(small_beta)]
    if small_beta.size:
        found["networks-delay.addition-11-coupled-small"] = median(small_beta)
    ids = {claim.id for claim in STUDY.claims}
    return {key: one for key, one in present(found).items() if key in ids}


def reproduce(workspace: Workspace) -> Reproduction:
    """Follow the flows, train beside them, train under Adam, and fit exponents."""
    study = STUDY.at(workspace.quick)
    lines = flows(workspace, study)
    runs = {
        (problem, coupling): adam(workspace, study, coupling, problem)
        for problem in study.settings["adam"]
        for coupling in WORDS
    }
    rows = []
    for name, line in lines.items():
        for beta, s2 in line.flow.items():
            trained = line.stepped.get(beta)
            why = "" if trained is None else f"every update made: {trained:.5g}"
            rows.append(Comparison(f"{name}, beta = {beta:g}: t2 alpha beta", None, s2, why))
    for (problem, coupling), own in runs.items():
        name = f"{problem}, {WORDS[coupling]}"
        for (alpha, by_beta), values in zip(own.items(), products(own), strict=True):
            for beta, each in zip(by_beta, values, strict=True):
                what = f"{name}, alpha = {alpha:g}, beta = {beta:g}: t2 alpha beta, median"
                rows.append(Comparison(what, None, float(np.median(each))))
        rows += exponent_rows(name, law_of(own))
    drawn = {
        f"{problem}, {WORDS[coupling]}": {
            alpha: (list(by_beta), np.median(values, axis=-1))
            for (alpha, by_beta), values in zip(own.items(), products(own), strict=True)
        }
        for (problem, coupling), own in runs.items()
    }
    figure = pictures.plot_networks_delay(lines, drawn)
    evidence = flow_evidence(lines) | adam_evidence(runs)
    return study.reproduction(rows, figure, evidence, [study.experiment])
