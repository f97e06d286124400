"""Figure 1: addition mod 97 generalizes late under each of three norms."""

import math
from collections.abc import Mapping, Sequence

from latebloom.runs import Run
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.readings import published_t2, reading_rows, readings_of
from latebloom_paper.book.reproduction import over_seeds
from latebloom_paper.book.statistic import Statistic, median

from .families import (
    Family,
    after_t2,
    first_seed,
    fraction_of,
    lateness,
    pairs,
    present,
    strongest,
    until_t2,
    weakest,
)
from .modular import NAMES, STUDY, strongest_run, t2_rows, trained

BECAUSE = STUDY.settings["because"]


def published() -> dict[str, dict[float, float]]:
    """Return t2 that was read off, by norm and strength: that of Figure 2 is in its file."""
    alpha, betas = STUDY.settings["alpha"], STUDY.settings["betas"]
    found = published_t2(STUDY, betas) | published_t2(STUDIES["fig2"], betas)
    return {norm: t2 for (norm, rate), t2 in found.items() if rate == alpha}


def rows(runs: Mapping[str, Family], theirs: Mapping[str, dict[float, float]]) -> list[Comparison]:
    """Return t2 of every strength, how late it is, and what the l2 norm does after it.

    **Arguments:**

    - `runs`: by norm and strength.
    - `theirs`: the published t2, empty unless the runs are of the published size.
    """
    found = []
    for norm, family in runs.items():
        found += t2_rows(norm, family, theirs.get(norm, {}))
    for norm, family in runs.items():
        late = lateness(weakest(family))
        if late:
            ours, why = over_seeds([t if math.isfinite(t) else None for t in late])
            found.append(Comparison(f"{norm}, weakest that gets there: t2/t1", None, ours, why))
    read: dict[float, dict[object, float]] = {}
    for of, reading in readings_of(STUDY) if theirs else ():
        own, beta = runs[of["norm"]], of.get("beta")
        some = [run for cell in own.values() for run in cell] if beta is None else own[beta]
        label = of["norm"] if beta is None else f"{of['norm']}, beta {beta:g}"
        found += reading_rows(label, some, (reading,), BECAUSE)
        if beta is not None and reading.curve == "l2_norm":
            read.setdefault(beta, {})[reading.at] = reading.published
    rises = {beta: own[6000] / own["t2"] for beta, own in read.items()}
    for beta, own in sorted(runs["l1"].items(), reverse=True):
        found += _rise(f"l1, beta {beta:g}", own, rises.get(beta))
    for norm in ("l2", "nuclear"):
        every = [run for own in runs[norm].values() for run in own]
        found += _rise(f"{norm}, all strengths", every)
    return found


def _rise(of: str, runs: Sequence[Run], published: float | None = None) -> list[Comparison]:
    """Return what the l2 norm does after t2 in the runs that generalized; no row if none did."""
    seen = [end for end in map(after_t2, runs) if end is not None]
    if not seen:
        return []
    ours, why = over_seeds([end.rise for end in seen], "run")
    why = f"{why}; test accuracy at least {min(end.accuracy for end in seen):.3f} meanwhile"
    what = f"{of}: l2 norm at the end over its least value after t2"
    return [Comparison(what, published, ours, why, BECAUSE)]


def evidence(
    runs: Mapping[str, Family], theirs: Mapping[str, dict[float, float]]
) -> dict[str, Statistic]:
    """Return what decides the claims.

    **Arguments:**

    - `runs`: by norm and strength.
    - `theirs`: the published t2, empty unless the runs are of the published size.
    """
    found: dict[str, Statistic | None] = {}
    for norm, family in runs.items():
        late = lateness(weakest(family))
        found[f"fig1.{norm}"] = median(late) if late else None
    cells = [list(family.items()) for family in runs.values()]
    found["fig1.beta"] = fraction_of([hit for own in cells for hit in pairs(own, until_t2)])
    after = [end for end in map(after_t2, strongest(runs["l1"])) if end is not None]
    if after:
        found["fig1.fall"] = median([end.fall for end in after])
        found["fig1.rise"] = median([end.rise for end in after])
        found["fig1.accuracy"] = median([end.accuracy for end in after])
    if theirs:
        every = [run for family in runs.values() for own in family.values() for run in own]
        t1 = [run.phases.t1.high for run in every]
        found["fig1.t1"] = median([math.inf if t is None else t for t in t1])
        found["fig1.t2"] = median(
            [
                (run.phases.t2.high or run.last_step) / t2
                for norm, own in theirs.items()
                for beta, t2 in own.items()
                for run in runs[norm][beta]
            ]
        )
    return present(found)


def reproduce(workspace: Workspace) -> Reproduction:
    """Train with three norms and all strengths; compare t2 and what the norms do after it."""
    study = STUDY.at(workspace.quick)
    alpha, theirs = study.settings["alpha"], {} if workspace.quick else published()
    found = trained(workspace, study, (*NAMES,), (alpha,))
    runs = {norm: own[alpha] for norm, own in found.items()}
    panels = [
        pictures.Panel(f"{NAMES[norm]} penalty", first_seed(own)) for norm, own in runs.items()
    ]
    norms = pictures.Panel(f"{NAMES['l1']} penalty", first_seed(runs["l1"]))
    settings = [strongest_run(study, norm, alpha) for norm in NAMES]
    figure = pictures.plot_accuracies([panels], norms)
    return study.reproduction(rows(runs, theirs), figure, evidence(runs, theirs), settings)
