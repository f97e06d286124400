"""Figure 24: the way of the iterates in the plane of what is on and off the support."""

import numpy as np

from latebloom.simulate import simulate
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.statistic import fraction, median

STUDY = STUDIES["fig24"]


def way(case: dict[str, int]) -> list[float]:
    """Return of the instance of a seed the least distance to least squares, relative to it, and
    the distance to the truth in the end, on and off the support, over its norm."""
    experiment = STUDIES["fig3"].changed({"N": 60, "problem.seed": case["seed"]})
    data = experiment.data
    a = simulate(experiment, engine="jump").trajectory["a"].values
    away = np.linalg.norm(a - data.a_hat, axis=1).min() / np.linalg.norm(data.a_hat)
    on, size = data.truth != 0, float(np.linalg.norm(data.truth))
    error = (a[-1] - data.truth) / size
    return [float(away), *(float(np.linalg.norm(error[part])) for part in (on, ~on))]


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the ways for all N; decide where they lead."""
    shown, rows = [], []
    for N in STUDY.settings["N"]:
        seeds = {"measurement_seed": N // 10, "noise_seed": N // 10}
        experiment = STUDY.changed({"N": N, **seeds}, f"fig24 N={N}")
        run, data = workspace.run(experiment, engine="jump"), experiment.data
        a, on = run.trajectory["a"].values, data.truth != 0
        u, v = (np.linalg.norm(a[:, part], axis=1) for part in (on, ~on))
        start = [float(np.linalg.norm(data.a_hat[part])) for part in (on, ~on)]
        shown.append(pictures.Way(N, u, v, (start[0], start[1])))
        rows.append(Comparison(f"||a off the support|| in the end, N = {N}", None, float(v[-1])))
    plain = workspace.results(STUDY.sweep("l2")).load()
    cases = [{"seed": int(seed)} for seed in plain["problem.seed"].values]
    kept = workspace.tables("ways of Figure 24", cases, way)
    away, on, off = np.array(kept, float).T
    there = (on <= 0.01) & (off <= 0.01)
    evidence = {
        "fig24.way": median(away),
        "fig24.end": fraction(there),
        "fig24.l2": fraction(plain["test_error"].values > 0.1),
    }
    figure = pictures.plot_support_plane(shown, float(np.linalg.norm(STUDY.truth({}))))
    return STUDY.reproduction(rows, figure, evidence)
