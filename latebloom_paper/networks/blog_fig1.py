"""The blog post's opening curve: addition mod 97 under weight decay."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from latebloom.runs import Run
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.readings import readings_of
from latebloom_paper.book.reproduction import over_seeds
from latebloom_paper.book.statistic import Statistic, median

from .families import lateness, present

STUDY = STUDIES["blog-fig1"]


def features(run: Run, study: Study = STUDY) -> dict[str, float | None]:
    """Return what is known of a study's published curve, from a run; None for what did not
    happen."""
    top = int(run.trajectory["l2_norm"].values.argmax())
    return {
        "t1": run.phases.t1.high,
        "t2": run.phases.t2.high,
        **{reading.words: reading.of(run) for _, reading in readings_of(study)},
        "step of the largest l2 norm": float(run.trajectory["step"][top]),
    }


def distance(found: dict[str, float | None]) -> float:
    """Return how far a run is from the published curve: the mean |log(ours/published)|.

    What did not happen counts as a factor of e.
    """
    logs = [
        1.0 if found[name] is None else min(1.0, abs(float(np.log(found[name] / value))))  # pyright: ignore
        for name, value in STUDY.published.items()
    ]
    return float(np.mean(logs))


def compare(runs: Sequence[Run], published: bool = True, study: Study = STUDY) -> list[Comparison]:
    """Return the published values beside the medians over runs, with their ranges.

    **Arguments:**

    - `published`: whether the runs are of the published size; else there is nothing beside them.
    - `study`: whose published values.
    """
    rows, because = [], study.readings["because"]
    found = [features(run, study) for run in runs]
    for name, theirs in study.published.items():
        ours, why = over_seeds([values[name] for values in found])
        rows.append(Comparison(name, theirs if published else None, ours, why, because))
    return rows


def evidence(runs: Sequence[Run], as_stated: Sequence[Run] = ()) -> dict[str, Statistic]:
    """Return what decides the claims.

    **Arguments:**

    - `runs`: of any size.
    - `as_stated`: of the published size, with the post's settings.
    """
    found: dict[str, Statistic | None] = {}
    late = lateness(runs)
    found["blog-fig1.late"] = median(late) if late else None
    falls = [fall for fall in map(_fall, runs) if fall is not None]
    found["blog-fig1.falls"] = median(falls) if falls else None
    if as_stated:
        seen = [features(run) for run in as_stated]
        for what in ("t1", "t2"):
            times = [own[what] for own in seen]
            found[f"blog-fig1.{what}"] = median([math.inf if t is None else t for t in times])
        norms = [run.trajectory["l2_norm"].values for run in as_stated]
        found["blog-fig1.rises"] = median([float(norm.max() / norm[0]) for norm in norms])
    return present(found)


def _fall(run: Run) -> float | None:
    """Return the largest norm up to t2 over that at t2, None without t2."""
    t2 = run.phases.t2.high
    if t2 is None:
        return None
    norm = run.trajectory["l2_norm"].values[run.trajectory["step"].values <= t2]
    return float(norm.max() / norm[-1])


def reproduce(workspace: Workspace) -> Reproduction:
    """Train with several seeds, compare with what is read off the picture, and draw the runs."""
    study = STUDY.at(workspace.quick)
    sweeps = [study.sweep("nearest")] + ([] if workspace.quick else [study.sweep("stated")])
    (seeds, *_) = sweeps[0].axes[0].values.values()
    name = f"addition mod {study.settings['p']} under weight decay"
    nearest, *stated = (list(workspace.runs(sweep)) for sweep in sweeps)
    runs = [
        replace(run, experiment=run.experiment.with_(name=f"{name}, seed {seed}"))
        for run, seed in zip(nearest, seeds, strict=True)
    ]
    return study.reproduction(
        compare(runs, published=not workspace.quick),
        pictures.plot_published(runs),
        evidence(runs, *stated),
        [sweep.base.with_(name=f"{sweep.name} seed={seeds[0]}") for sweep in sweeps],
        first=seeds[0],
        last=seeds[-1],
        distances=", ".join(f"{distance(features(run)):.2f}" for run in runs),
    )
