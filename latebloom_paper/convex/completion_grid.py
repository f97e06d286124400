"""The matrix completions of Figures 6 and 29: where they settle and end, proved."""

from typing import Any

import numpy as np
import xarray as xr

from latebloom.engines import FAST
from latebloom.methods import ProximalGradient
from latebloom.theory import limit
from latebloom_paper.book import STUDIES, Workspace
from latebloom_paper.book.settled import on_records, settled

FIG6 = STUDIES["fig6"]
BETAS = tuple(FIG6.data["sweeps"]["grid"]["axes"]["beta"])
# An error of 1e-4 is thirty times what the integration of the flow leaves open.
LEAST = 1e-4


def ends(workspace: Workspace, betas: tuple[float, ...], draws: tuple[int, ...]) -> xr.Dataset:
    """Return where the runs end, proved: the relative `error`, the nuclear norm `apart` of A - A*
    and the operator norm `gap` of A_hat - A*, over beta and seed (alpha does not matter)."""
    cases = [{"seed": seed, "betas": list(betas), "run": FIG6.experiment.hash} for seed in draws]
    values = np.array(workspace.tables("ends of Figure 6", cases, ends_of))
    return xr.Dataset(
        {
            name: (("seed", "beta"), values[..., k])
            for k, name in enumerate(("error", "apart", "gap"))
        },
        coords={"seed": list(draws), "beta": list(betas)},
    )


def ends_of(case: dict[str, Any]) -> list[list[float]]:
    """Return the three numbers of `ends` at every `beta` of one `seed`."""
    rows = []
    for beta in case["betas"]:
        experiment = FIG6.changed({"beta": beta, "problem.seed": case["seed"]})
        experiment = experiment.with_(method=ProximalGradient(0.1))
        end, data = limit(experiment), experiment.data
        if end is None or end.test_error is None or data.a_star is None:
            raise RuntimeError(f"fig6, beta {beta:g}, seed {case['seed']}: no proof of the end")
        apart = float(np.linalg.norm(end.a - data.a_star, "nuc"))
        gap = float(np.linalg.norm(data.a_hat - data.a_star, 2))
        rows.append([end.test_error, apart, gap])
    return rows


def settles(cells: xr.Dataset, end: xr.Dataset, stays: bool = False) -> xr.DataArray:
    """Return t2 of every cell by the published rule, with the proved end of the run as the level:
    within 5% of it, or within what the flow leaves open.

    **Arguments:**

    - `cells`: a sweep over `problem.seed`, `beta` and perhaps `alpha`.
    - `end`: the `error` in the end over `seed` and `beta`.
    - `stays`: take the stricter of the two rules of `settled`.
    """
    levels = end["error"].rename({"seed": "problem.seed"})
    return settled(cells, stays=stays, end=levels, least=LEAST)


def cut_short(cells: xr.Dataset) -> xr.DataArray:
    """Return t2 by the published rule from what the published runs have seen: ten million steps,
    with a record every 10,000."""
    return settled(on_records(cells, np.arange(0, FIG6.experiment.steps + 1, 10_000)))


def own_truths(workspace: Workspace) -> xr.Dataset:
    """Return the runs of the picture over alpha and beta, with `t2`, `apart` and `gap`, each on a
    truth of its own as far as there are."""
    cells = workspace.results(FIG6.sweep("grid", workspace.quick)).load()
    draws = tuple(int(seed) for seed in cells["problem.seed"].values)
    end = ends(workspace, BETAS, draws)
    cells["settled"], cells["stays"] = settles(cells, end), settles(cells, end, stays=True)
    cells["cut_short"] = cut_short(cells)
    end = end.rename({"seed": "problem.seed"})
    cells["apart"], cells["gap"] = end["apart"], end["gap"]
    # The flow has no beta below 1e-6 ||A_hat||: its errors there are those of another.
    known = (cells["trajectory_step"] <= FAST) | (cells["beta"] >= LEAST / 10)
    for name in ("train_error", "test_error"):
        curve = cells[f"trajectory_{name}"]
        cells[f"trajectory_{name}"] = curve.where(known | (curve > LEAST / 10))
    number = np.arange(cells.sizes["alpha"] * cells.sizes["beta"]) % len(draws)
    mine = xr.DataArray(
        number.reshape(cells.sizes["alpha"], -1),
        dims=("alpha", "beta"),
        coords={"alpha": cells["alpha"], "beta": cells["beta"]},
    )
    return cells.isel({"problem.seed": mine})
