"""Figure 4: t2 scales as 1/(alpha beta), the final error as beta."""

from itertools import chain, product

import numpy as np
import xarray as xr

from latebloom.experiment import Every
from latebloom.simulate import simulate
from latebloom.theory import predict
from latebloom_paper.book import CORRECTED, STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.settled import both_rules, on_record, settled
from latebloom_paper.book.statistic import Statistic, fraction, median, slopes

STUDY = STUDIES["fig4"]
AT_ZERO = "the limit is a = 0, where the run starts: within 5% of it from step 0 on"
COARSE = "published: read off a coarse record, and where the chattering error first settles"


def constants(case: dict[str, int]) -> list[float | None]:
    """Return the paper's constant of t2 and ours, of the instance of a seed."""
    experiment = STUDY.changed({"beta": 1e-6, "problem.seed": case["seed"]})
    data = experiment.data
    return [float(np.abs(data.a_hat - data.truth).max()), predict(experiment).s2]


def error_at(case: dict[str, float]) -> float:
    """Return the mean |a - a*| after `steps` steps of the published run with `alpha` and `beta`,
    chatter included."""
    steps = int(case["steps"])
    experiment = STUDY.changed({"alpha": case["alpha"], "beta": case["beta"]})
    experiment = experiment.with_(steps=max(steps, 1), record=Every(1000))
    run, a_star = simulate(experiment, engine="step"), experiment.data.truth
    return float(np.abs(run.trajectory["a"].sel(step=steps).values - a_star).mean())


def evidence(workspace: Workspace) -> dict[str, Statistic]:
    """Return what decides the claims."""
    instances = STUDY.sweep("instances", workspace.quick)
    cells = workspace.results(instances).load().sel(beta=STUDY.settings["small_betas"])
    t2 = settled(cells).rename({"problem.seed": "seed"})
    alphas, betas = t2["alpha"].values, t2["beta"].values
    errors = cells["test_error"].rename({"problem.seed": "seed"})

    def along(values: xr.DataArray, axis: str, x: np.ndarray) -> np.ndarray:
        """Return the mean slope of each instance."""
        stacked = values.transpose("seed", ..., axis).values
        lines = slopes(x, stacked.reshape(-1, x.size)).reshape(len(stacked), -1)
        return lines.mean(axis=1)

    recovered = workspace.results(STUDY.sweep("recovered")).load()
    able = recovered["recoverable"].values == 1
    middle = 0.5 * (recovered["t2_low"].values + recovered["t2_high"].values)
    able &= np.isfinite(middle)
    cases = [{"seed": int(seed)} for seed in recovered["problem.seed"].values]
    gap, s2 = np.array(workspace.tables("constants of Figure 4", cases, constants), float).T
    exact = workspace.results(STUDY.sweep("stepped", workspace.quick)).load()
    ends = exact["trajectory_test_error"].transpose("problem.seed", "beta", "alpha", "record")
    final = np.median(ends.values[..., -100:], axis=-1)
    return {
        "fig4.alpha": median(along(t2, "alpha", alphas)),
        "fig4.beta": median(along(t2, "beta", betas)),
        "fig4.prefactor": median((middle * 1e-7 / gap)[able]),
        "fig4.prefactor" + CORRECTED: median((middle * 1e-7 / s2)[able]),
        "fig4.error": median(slopes(exact["alpha"].values, final[:, 0])),
        "fig4.error" + CORRECTED: median(slopes(exact["alpha"].values, final[:, 0])),
        "fig4.bias": median(along(errors, "beta", betas)),
        "fig4.large": fraction(np.all(final[:, 1] > 0.5, axis=1)),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Run the 36 runs event by event, and compare where they settle and at which error."""
    from latebloom.plots import plot_law

    predicted = float(np.abs(STUDY.experiment.data.a_hat - STUDY.truth({})).max())
    cells = workspace.results(STUDY.sweep("published")).load()
    t2, theirs = settled(cells), published_t2(cells)
    cells["settled"], cells["stays"] = t2, settled(cells, stays=True)
    rows, points = [], []
    for alpha, beta in product(cells["alpha"].values, cells["beta"].values):
        at = float(t2.sel(alpha=alpha, beta=beta))
        label = f"t2, alpha {alpha:g}, beta {beta:.0e}"
        because = AT_ZERO if beta == cells["beta"].values[-1] else COARSE
        rows.append(
            Comparison(label, theirs[alpha, beta], on_record(at), f"to 2%: {at:,.0f}", because)
        )
        error = float(cells["test_error"].sel(alpha=alpha, beta=beta))
        point = {"alpha": alpha, "beta": beta, "t2": at, "error": error}
        points.append({**point, "predicted": predicted / (alpha * beta)})
    slow = [p["t2"] * p["alpha"] * p["beta"] for p in points if p["alpha"] * p["beta"] <= 1e-5]
    low = cells.where(cells["beta"] <= 1e-3, drop=True)
    floors = [float((low[name] / low["beta"]).median()) for name in ("test_error", "train_error")]
    rows += STUDY.compare(
        {
            "t2 alpha beta (alpha beta <= 1e-5)": float(np.median(slow)),
            "delay predicted, times alpha beta": predicted,
            "final test error / beta": floors[0],
            "final train error / beta": floors[1],
        }
    )
    rows += both_rules(cells)
    known = published_errors()
    cases = [
        {"alpha": alpha, "beta": beta, "steps": theirs[alpha, beta]} for alpha, beta, _ in known
    ]
    errors = workspace.tables("errors at t2 of Figure 4", cases, error_at)
    for case, ours, (alpha, beta, value) in zip(cases, errors, known, strict=True):
        label = f"mean |a - a*|, alpha {alpha:g}, beta {beta:.0e}"
        why = f"at the published t2, step {case['steps']:,.0f}"
        rows.append(Comparison(label, value, ours, why))
    return STUDY.reproduction(rows, plot_law(points), evidence(workspace))


def published_t2(cells: xr.Dataset) -> dict[tuple[float, float], float]:
    """Return the published t2 of every alpha and beta of the sweep `published`."""
    pairs = product(cells["alpha"].values.tolist(), cells["beta"].values.tolist())
    return dict(zip(pairs, chain(*map(STUDY.numbers, STUDY.readings["t2"])), strict=True))


def published_errors() -> list[tuple[float, float, float]]:
    """Return alpha, beta and the mean |a - a*| at t2 that was read off."""
    read = STUDY.readings
    over_beta = STUDY.numbers("mean |a(t2) - a*| / beta (beta <= 1e-2)")
    both = zip(read["between"], over_beta, strict=True)
    known = [(alpha, read["beta"], value * read["beta"]) for alpha, value in both]
    return [*known, *map(tuple, read["error"])]
