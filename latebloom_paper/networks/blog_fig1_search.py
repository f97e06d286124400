"""The search for the conventions behind the blog post's opening curve."""

from collections.abc import Sequence
from dataclasses import replace

from latebloom.experiment import Experiment
from latebloom.runs import Run
from latebloom.sweeps import Sweep
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Workspace

from .blog_fig1 import distance, features

STUDY = STUDIES["blog-fig1-search"]
CURVES = STUDIES["blog-fig1"].data["sweeps"]["nearest"]["trajectories"]


def variants() -> dict[str, Experiment]:
    """Return the conventions tried, by name."""
    return {name: STUDY.changed(own) for name, own in STUDY.data["variants"].items()}


def reproduce(workspace: Workspace) -> Reproduction:
    """Train every variant once and say how far each is from the published curve."""
    runs: list[Run] = []
    for name, experiment in variants().items():
        (run,) = workspace.runs(Sweep(experiment, trajectories=CURVES, name=name)).flat
        runs.append(replace(run, experiment=experiment.with_(name=name)))
    rows = [row for run in runs for row in table(run)]
    best = min(runs, key=lambda run: distance(features(run)))
    nearest = best.experiment.name
    return STUDY.reproduction(rows, pictures.plot_published([best]), {}, nearest=nearest)


def table(run: Run, shown: Sequence[str] = ("t1", "t2", "largest l2 norm")) -> list[Comparison]:
    """Return the rows of one variant."""
    found, name = features(run), run.experiment.name
    rows = [Comparison(f"{name}: {what}", STUDY.published[what], found[what]) for what in shown]
    return [*rows, Comparison(f"{name}: distance", None, distance(found))]
