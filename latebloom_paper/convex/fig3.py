"""Figure 3: grokking in sparse recovery with a small l1 penalty."""

import numpy as np

from latebloom.runs import Run
from latebloom_paper.book import CORRECTED, STUDIES, Reproduction, Workspace
from latebloom_paper.book.reproduction import median_between
from latebloom_paper.book.statistic import Statistic, fraction, median

STUDY = STUDIES["fig3"]


def evidence(workspace: Workspace) -> dict[str, Statistic]:
    """Return what decides the claims."""
    whole, first = (workspace.results(STUDY.sweep(key)).load() for key in ("instances", "first"))
    able = whole["recoverable"].values == 1
    late = whole["verdict"].values[able] == "grokked"
    truth = [
        np.abs(STUDY.truth({"problem.seed": int(seed)})).sum()
        for seed in whole["problem.seed"].values
    ]
    norms = (whole["l1_norm"].values / truth)[able & (whole["recovered"].values == 1)]
    t1 = first["t1_high"].values
    steps, train, ratio = (
        first[f"trajectory_{name}"].values for name in ("step", "train_error", "gradient_ratio")
    )
    known = np.isfinite(t1)
    before = [(r[s <= t] < 1).all() for s, r, t in zip(steps, ratio, t1, strict=True)]
    after = [r[s >= 2 * t] for s, r, t in zip(steps[known], ratio[known], t1[known], strict=True)]
    plateau = [np.median(e[s >= 1000]) / 1e-5 for s, e in zip(steps, train, strict=True)]
    least = np.nanmin(train, axis=1)
    return {
        "fig3.delay": fraction(late),
        "fig3.before": fraction(np.array(before)[known]),
        "fig3.after": median([np.median(r) for r in after]),
        "fig3.after" + CORRECTED: median([np.median(r) for r in after]),
        "fig3.norm": median(norms),
        "fig3.floor": median(least),
        "fig3.floor" + CORRECTED: median(plateau),
        "fig3.thresholds": fraction(least <= 1e-4),
        "fig3.thresholds" + CORRECTED: fraction(least <= 1e-3),
    }


def published_ratio(run: Run) -> np.ndarray:
    """Return ||beta H||/||G|| at every record as published, entries below 1e-3 without a sign."""
    data = run.experiment.vector_data
    a = run.trajectory["a"].values
    signs = np.where(np.abs(a) < 1e-3, 0.0, np.sign(a))
    G = (a @ data.X.T - data.y_star) @ data.X
    return 1e-5 * np.linalg.norm(signs, axis=1) / np.linalg.norm(G, axis=1)


def reproduce(workspace: Workspace) -> Reproduction:
    """Run the figure step by step, compare what can be read off it, decide its claims."""
    from latebloom.plots import plot_run

    run = workspace.run(STUDY.changed({}, "fig3"), engine="step")
    t1, t2 = run.phases.t1.step, run.phases.t2.step
    assert t1 is not None  # a fixed instance
    assert t2 is not None
    last, data = run.last_step, run.trajectory
    steps, ratio = data["step"].values, published_ratio(run)
    until = (steps >= 0.5 * t2) & (steps < t2)
    rows = STUDY.compare(
        {
            "t1": t1,
            "t2": t2,
            "train error between": median_between(run, "train_error", 1e3, t2 / 2),
            "train error in the end": median_between(run, "train_error", 3e5, last),
            "test error between": median_between(run, "test_error", t1, 1e3),
            "test error in the end": median_between(run, "test_error", 3e5, last),
            "peak of the l1 norm": float(data["l1_norm"].max()),
            "l1 norm in the end": float(data["l1_norm"][-1]),
            "||beta H||/||G||, peak": float(ratio.max()),
            "the same before t2": float(np.median(ratio[until])),
            "the same at t2": float(ratio[steps >= t2][0]),
            "the same after t2": float(np.median(ratio[steps > 3 * t2])),
        }
    )
    return STUDY.reproduction(rows, plot_run(run), evidence(workspace))
