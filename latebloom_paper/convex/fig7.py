"""Figure 7: a large initialization with l2 only, grokking without understanding."""

import numpy as np

from latebloom_paper.book import STUDIES, Reproduction, Workspace
from latebloom_paper.book.reproduction import median_between
from latebloom_paper.book.statistic import Statistic, fraction, median, slopes

STUDY = STUDIES["fig7"]
# An entry below this fraction of the largest one counts as zero, as it would for a reader.
ZERO = 1e-3


def evidence(workspace: Workspace) -> dict[str, Statistic]:
    """Return what decides the claims."""
    sweep = STUDY.sweep("instances")
    cells = workspace.results(sweep).load()
    at = cells.sel(N=30)
    dense = []
    errors, norms = (at[f"trajectory_{k}"].values for k in ("test_error", "l2_norm"))
    ends = np.array([[error[np.isfinite(error)][-1]] for error in errors])
    falling = (errors < 0.9 * np.nanmax(errors, axis=1, keepdims=True)) & (errors > 10 * ends)
    for seed in at["problem.seed"].values[:20]:
        # The limit of gradient descent from a start that l2 forgets: ridge regression.
        data = STUDY.changed({"problem.seed": int(seed)}).vector_data
        a = np.linalg.solve(data.X.T @ data.X + 1e-5 * np.eye(100), data.X.T @ data.y_star)
        dense.append(float(np.mean(np.abs(a) > ZERO * np.abs(a).max())))
    return {
        "fig7.drop": fraction(at["verdict"].values == "mirage"),
        "fig7.few": fraction(cells["verdict"].sel(N=10).values == "mirage"),
        "fig7.suboptimal": median(at["test_error"].values),
        "fig7.norm": median(slopes(norms, np.where(falling, errors, np.nan))),
        "fig7.dense": median(dense),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Evaluate the figure in closed form and compare what can be read off it."""
    from latebloom.plots import plot_run

    run = workspace.run(STUDY.changed({}, "fig7"))
    data = run.trajectory
    steps, norm = data["step"].values, data["l2_norm"].values
    plateau = median_between(run, "l2_norm", 200, 1e4)
    leaves = (steps > 200) & (norm < 0.9 * plateau)
    rows = STUDY.compare(
        {
            "t1": run.phases.t1.step,
            "t2": run.phases.t2.step,
            "test error at step 0": float(data["test_error"][0]),
            "test error on the plateau": median_between(run, "test_error", 200, 1e4),
            "test error in the end": float(data["test_error"][-1]),
            "train error in the end": float(data["train_error"][-1]),
            "l2 norm at step 0": float(norm[0]),
            "l2 norm on the plateau": plateau,
            "l2 norm in the end": float(norm[-1]),
            "the norm has left its plateau": float(steps[leaves][0]),
            "the norm has fallen": float(steps[norm < 2 * norm[-1]][0]),
        }
    )
    return STUDY.reproduction(rows, plot_run(run), evidence(workspace), verdict=run.phases.verdict)
