"""Figure 14: matrix sensing by projected subgradient."""

from collections.abc import Sequence

import xarray as xr

from latebloom.runs import Run
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.passages import middle
from latebloom_paper.book.statistic import Statistic, fraction

STUDY, NOTEBOOK = STUDIES["fig14"], STUDIES["fig14-notebook"]
# What the rounding of N products and sums leaves of an exact fit.
ROUNDING = 1e-12


def instances(workspace: Workspace, study: Study) -> xr.Dataset:
    """Return certified instances of the matrix sensing of Figure 14 or 15."""
    name = f"instances of {study.name}"
    sweep = STUDY.sweep("instances", workspace.quick, base=study.experiment, name=name)
    return workspace.results(sweep).load()


def evidence(workspace: Workspace) -> dict[str, Statistic]:
    """Return what decides the claims."""
    cells = instances(workspace, STUDY)
    train, steps = (cells[f"trajectory_{name}"].values for name in ("train_error", "step"))
    return {
        "fig14.fit": fraction(train[steps == 1] <= ROUNDING),
        "fig14.delay": fraction(cells["verdict"].values == "grokked"),
    }


def rows_of(runs: Sequence[Run]) -> tuple[Comparison, ...]:
    """Return t1, t2 and the test error at the end of single runs; nothing was published."""
    rows = []
    for run in runs:
        t1, name = run.phases.t1.high, run.experiment.name
        found = {
            "t1": None if t1 is None else float(t1),
            "t2": middle(run),
            "test error in the end": float(run.trajectory["test_error"][-1]),
        }
        rows += [Comparison(f"{name}: {what}", None, value) for what, value in found.items()]
    return tuple(rows)


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the run of the text, and give the numbers of both data sets."""
    from latebloom.plots import plot_run

    # Step by step: engine slow knows the fit of this method only to the error of its flow.
    steps = workspace.of(STUDY.settings["short"], STUDY.experiment.steps)
    run = workspace.run(STUDY.changed({"steps": steps}, "fig14"), engine="step")
    other = workspace.run(NOTEBOOK.changed({}, "fig14-notebook"), engine="slow")
    return STUDY.reproduction(
        rows_of((run, other)),
        plot_run(run),
        evidence(workspace),
        (STUDY.changed({}, "fig14"), other.experiment),
        last=instances(workspace, STUDY)["problem.seed"].values[-1],
    )
