"""Figure 5: grokking in matrix completion with a small nuclear norm."""

import numpy as np

from latebloom.problems import MatrixCompletion
from latebloom.runs import Run
from latebloom_paper.book import CORRECTED, STUDIES, Reproduction, Workspace
from latebloom_paper.book.passages import middle
from latebloom_paper.book.reproduction import median_between, one_draw
from latebloom_paper.book.statistic import Statistic, fraction, median

from .completions import FIG5 as STUDY
from .completions import UNSEEDED, completion, instances, with_l1

TEXT = STUDIES["fig5-text"].experiment


def evidence(workspace: Workspace) -> dict[str, Statistic]:
    """Return what decides the claims."""
    runs = instances(workspace)
    found = [completion(run) for run in runs]
    first = STUDY.sweep("first", workspace.quick, base=TEXT, name="first steps, text")
    text = workspace.results(first).load()
    other = [run.phases.t2.high is None for run in with_l1(workspace)]
    nuclear = [run.phases.t2.high is not None for run in runs]
    train, steps = (text[f"trajectory_{k}"].values for k in ("train_error", "step"))
    plateau = np.array([np.median(e[s >= 1000]) for e, s in zip(train, steps, strict=True)])
    least = np.nanmin(train, axis=1)
    return {
        "fig5.delay": fraction([f.late for f in found]),
        "fig5.order": fraction([f.ordered for f in found]),
        "fig5.order" + CORRECTED: median([f.order for f in found]),
        "fig5.last": median([f.last for f in found]),
        "fig5.arrival": median([f.arrival for f in found]),
        "fig5.norm": median([f.norm for f in found]),
        "fig5.floor": fraction(least <= 1e-4),
        "fig5.floor" + CORRECTED: median(plateau / text["predicted_train_plateau"].values),
        "fig5.l1": fraction(np.logical_and(other, nuclear)),
    }


def memorized_values(run: Run) -> np.ndarray:
    """Return the singular values at the first record since t1, largest first."""
    data, t1 = run.trajectory, run.phases.t1.high
    assert t1 is not None  # a certified instance
    at = data["a"].values[data["step"].values >= t1][0]
    return np.linalg.svd(at.reshape(10, 10), compute_uv=False)


def reproduce(workspace: Workspace) -> Reproduction:
    """Run the figure, step by step at the full size, compare its values, decide its claims."""
    from latebloom.plots import plot_run

    run = workspace.run(STUDY.changed({}, "fig5"), engine=workspace.of("slow", "step"))
    t1, t2, data = run.phases.t1.high, middle(run), run.trajectory
    assert t1 is not None  # a fixed instance
    found = instances(workspace)
    times = np.array([middle(other) for other in found]) * 1e-6
    problems = [other.experiment.problem for other in found]
    rejected = sum(p.instance.rejected for p in problems if isinstance(p, MatrixCompletion))
    sweep = STUDY.sweep("first", workspace.quick)
    mine = workspace.results(sweep).load().sel({"problem.seed": 3})
    between = mine["trajectory_train_error"].values[mine["trajectory_step"].values >= 10 * t1]
    nuclear = data["nuclear_norm"].values
    ours = {
        "t1": t1,
        "t2": round(t2),
        "train error between": float(np.median(between)),
        "test error after t1": median_between(run, "test_error", t1, 10 * t1),
        "nuclear norm after t1": float(nuclear[data["step"].values >= t1][0]),
        "nuclear norm in the end": float(nuclear[-1]),
    }
    rows = STUDY.compare(ours)
    rows.insert(2, one_draw("t2 alpha beta", STUDY.published["t2"] * 1e-6, times, UNSEEDED))
    values = np.array([memorized_values(other) for other in found])
    third, ninth, _ = STUDY.numbers("singular values at memorization")
    for k, theirs in enumerate((third, *STUDY.readings["values"], ninth), 3):
        label = f"singular value {k} at memorization"
        rows.append(one_draw(label, theirs, values[:, k - 1], UNSEEDED))
    if not workspace.quick:  # the floors are those of the chatter, which engine slow averages out
        late = 1.2 * t2, run.last_step
        ends = {
            "train error in the end": median_between(run, "train_error", *late),
            "test error in the end": median_between(run, "test_error", *late),
            "gradient ratio between": median_between(run, "gradient_ratio", 10 * t1, t2 / 10),
            "gradient ratio in the end": median_between(run, "gradient_ratio", *late),
        }
        rows += STUDY.compare(ends)
    count = len(found)
    return STUDY.reproduction(
        rows,
        plot_run(run),
        evidence(workspace),
        tuple(STUDIES[name].changed({}, name) for name in ("fig5", "fig5-text", "fig5-l1")),
        count=count,
        last=count - 1,
        plateau=sweep.base.steps,
        rejected=rejected,
        draws=rejected + count,
    )
