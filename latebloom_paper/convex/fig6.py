"""Figure 6: t2 of matrix completion scales as 1/(alpha beta), the final error as beta."""

from dataclasses import replace

import numpy as np

from latebloom_paper.book import CORRECTED, Comparison, Reproduction, Workspace
from latebloom_paper.book.passages import first_below, middle, middles
from latebloom_paper.book.reproduction import one_draw
from latebloom_paper.book.settled import both_rules
from latebloom_paper.book.statistic import Statistic, fraction, median, slopes

from .completion_grid import BETAS, ends, own_truths
from .completion_grid import FIG6 as STUDY
from .completions import UNSEEDED, instances, seeds

NORMALIZED = "as the post now writes it; the picture's values are those of the undivided norm"


def evidence(workspace: Workspace) -> dict[str, Statistic]:
    """Return what decides the claims."""
    runs, draws = instances(workspace), seeds(workspace)
    stepped, weaker, short = (
        workspace.results(STUDY.sweep(key, workspace.quick)).load()
        for key in ("stepped", "weaker", "short")
    )

    def passed(level: float) -> np.ndarray:
        curves = [run.trajectory for run in runs]
        return np.array(
            [first_below(c["step"].values, c["test_error"].values, level) for c in curves]
        )

    steps = stepped.transpose("problem.seed", "alpha", ...)
    t2 = middles(steps).values
    seen = np.isfinite(t2).all(axis=1)
    weak = middles(weaker).values
    both = np.column_stack([weak, t2[:, 1]])[seen & np.isfinite(weak)]
    late = steps["trajectory_step"] >= 0.5 * steps["trajectory_step"].max("record")
    final = steps["trajectory_test_error"].where(late).median("record").values
    end = ends(workspace, (1e-5, 1e-3), draws)
    proved = ends(workspace, BETAS, draws)["error"].sel(beta=1e-2).values
    return {
        "fig6.alpha": median(slopes(np.array([0.1, 1.0]), t2[seen])),
        "fig6.beta": median(slopes(np.array([1e-3, 1e-2]), both)),
        "fig6.prefactor": median(passed(1e-3) * 1e-6 / end["gap"].values[:, 0]),
        "fig6.prefactor" + CORRECTED: median((t2[:, 0] * 1e-3 / (passed(1e-2) * 1e-6))[seen]),
        "fig6.error": median(slopes(np.array([0.1, 1.0]), final[seen])),
        "fig6.error" + CORRECTED: median((final[:, 0] / proved)[seen]),
        "fig6.bias": median(slopes(end["beta"].values, end["error"].values)),
        "fig6.outlier": fraction(short["test_error"].values > 1e-3),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Follow the runs of the figure in slow time, and compare the law and the errors."""
    from latebloom.plots import plot_law

    cells = own_truths(workspace)
    points = []
    for alpha in cells["alpha"].values:
        for beta in cells["beta"].values:
            cell = cells.sel(alpha=alpha, beta=beta)
            point = {"alpha": alpha, "beta": beta, "t2": float(cell["settled"])}
            point["predicted"] = float(cell["gap"]) / (alpha * beta)
            points.append({**point, "error": float(cell["apart"])})
    draws = tuple(int(seed) for seed in np.unique(cells["problem.seed"].values))
    runs = instances(workspace)
    products = [middle(run) * 1e-6 for run in runs]
    gaps = [run.experiment.data.a_hat - run.experiment.data.a_star for run in runs]
    operator, nuclear = (
        float(np.median([np.linalg.norm(gap, order) for gap in gaps])) for order in (2, "nuc")
    )
    stars = f"the published stars are near the nuclear norm of A_hat - A*, here {nuclear:.3g}"
    of = f"of {len(runs)} truths"
    least, largest = map(float, STUDY.numbers("t2 alpha beta"))
    predicted = STUDY.published["delay predicted alpha beta"]
    rows = [
        Comparison("t2 alpha beta, least", least, min(products), of, UNSEEDED),
        Comparison("t2 alpha beta, median", None, float(np.median(products)), of),
        Comparison("t2 alpha beta, largest", largest, max(products), of, UNSEEDED),
        Comparison("delay predicted, times alpha beta", predicted, operator, "median", stars),
    ]
    apart = ends(workspace, BETAS, seeds(workspace))["apart"]
    errors = STUDY.numbers("error (beta 1e-6 ... 1e-2)")
    for beta, published in zip(BETAS, errors, strict=False):
        ours = apart.sel(beta=beta).values
        rows.append(one_draw(f"error, beta {beta:.0e}", published, ours, UNSEEDED))
    problem = STUDY.experiment.problem
    normal = float(np.median(apart.sel(beta=1e-5))) / np.sqrt(problem.n1 * problem.n2)  # pyright: ignore
    rows.append(Comparison("error / sqrt(n1 n2), beta 1e-05", None, normal, NORMALIZED))
    rows += both_rules(cells)
    early = float(cells["cut_short"].sel(alpha=0.1, beta=1e-6))
    short = "t2, alpha beta 1e-07, as ten million steps show it"
    rows.append(Comparison(short, STUDY.readings["artefact"], early, because=UNSEEDED))
    if not workspace.quick:  # a truth of its own for every run, as published
        near = (1e-6, *STUDY.numbers("t2 (alpha beta near 1e-6)"))
        for decade, low, high in (near, *STUDY.readings["t2"]):
            t2 = [p["t2"] for p in points if 0.5 < p["alpha"] * p["beta"] / decade < 2]
            row = one_draw(f"t2, alpha beta near {decade:.0e}", (low * high) ** 0.5, t2, UNSEEDED)
            rows.append(replace(row, why=f"published: {low:g} to {high:g}; {row.why}"))
    first, last = draws[0], draws[-1]
    seed = f"seed {first}" if first == last else f"seeds {first} to {last}"
    return STUDY.reproduction(
        rows,
        plot_law(points, error="final nuclear norm of $A - A^*$"),
        evidence(workspace),
        (STUDY.experiment, STUDY.changed(STUDY.settings["flow"], "fig6 flow")),
        picture=seed,
        last=seeds(workspace)[-1],
        truths=f"{len(draws)} certified truth{'s' * (len(draws) > 1)}",
    )
