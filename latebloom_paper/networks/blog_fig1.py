"""The blog post's opening curve: addition mod 97 under weight decay."""

import math
from collections.abc import Sequence
from dataclasses import replace

from latebloom.runs import Run
from latebloom_paper.book.reproduction import Reproduction
from latebloom_paper.book.statistic import Statistic, median
from latebloom_paper.book.workspace import Workspace

from .blog_curve import STUDY, compare, distance, features
from .families import lateness, present


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
    from latebloom_paper.pictures.published import plot_published

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
        plot_published(runs),
        evidence(runs, *stated),
        [sweep.base.with_(name=f"{sweep.name} seed={seeds[0]}") for sweep in sweeps],
        first=seeds[0],
        last=seeds[-1],
        distances=", ".join(f"{distance(features(run)):.2f}" for run in runs),
    )
