"""The run that the authors' second repository keeps: addition mod 97 under weight decay."""

from collections.abc import Sequence
from dataclasses import replace

from latebloom.runs import Run
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Reproduction, Workspace
from latebloom_paper.book.statistic import Statistic, median

from .blog_fig1 import compare, features
from .families import lateness, present

STUDY = STUDIES["stored-run"]


def evidence(runs: Sequence[Run], published: bool) -> dict[str, Statistic]:
    """Return what decides the claims.

    **Arguments:**

    - `runs`: one per seed.
    - `published`: whether they are of the published size; else only that t2 is late is decided.
    """
    late = lateness(runs)
    found = {"stored-run.late": median(late) if late else None}
    if published:
        seen = [features(run, STUDY) for run in runs]
        for key, name in STUDY.settings["claimed"].items():
            values = [own[name] for own in seen]
            found[f"stored-run.{key}"] = median([float("inf") if v is None else v for v in values])
    return present(found)


def reproduce(workspace: Workspace) -> Reproduction:
    """Train with several seeds, and compare with the stored run."""
    study, published = STUDY.at(workspace.quick), not workspace.quick
    runs = list(workspace.runs(study.sweep("runs")))
    name = f"addition mod {study.settings['p']} under weight decay"
    named = [replace(run, experiment=run.experiment.with_(name=name)) for run in runs]
    return study.reproduction(
        compare(named, published, study),
        pictures.plot_published(named),
        evidence(named, published),
        last=len(runs) - 1,
    )
