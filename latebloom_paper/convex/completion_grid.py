"""The matrix completions of Figures 6 and 29: where they settle and end, proved."""

from typing import Any

import numpy as np
import xarray as xr

from latebloom.engines import FAST
from latebloom.methods import ProximalGradient
from latebloom.theory import limit
from latebloom_paper.book import STUDIES, Workspace
from latebloom_paper.book.passages import first_below

FIG6 = STUDIES["fig6"]
BETAS = tuple(FIG6.data["sweeps"]["grid"]["axes"]["beta"])
# The published plateau rule, within 5% of the end, where the flow can tell: an error of 1e-4 is
# thirty times what its integration leaves open.
SETTLED, LEAST = 1.05, 1e-4


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


def settled(cells: xr.Dataset, end: xr.Dataset) -> xr.DataArray:
    """Return t2 of every cell as published: within 5% of the end, or 1e-4 if that is more.

    **Arguments:**

    - `cells`: a sweep over `problem.seed`, `beta` and perhaps `alpha`.
    - `end`: the `error` in the end over `seed` and `beta`.
    """
    cells = cells.rename({"problem.seed": "seed"}).transpose("seed", "beta", ..., "record")
    return xr.apply_ufunc(
        first_below,
        cells["trajectory_step"],
        cells["trajectory_test_error"],
        (SETTLED * end["error"]).clip(min=LEAST),
        input_core_dims=[["record"], ["record"], []],
        vectorize=True,
    )


def own_truths(workspace: Workspace) -> xr.Dataset:
    """Return the runs of the picture over alpha and beta, with `t2`, `apart` and `gap`, each on a
    truth of its own as far as there are."""
    cells = workspace.results(FIG6.sweep("grid", workspace.quick)).load()
    draws = tuple(int(seed) for seed in cells["problem.seed"].values)
    end = ends(workspace, BETAS, draws)
    cells["settled"] = settled(cells, end).rename({"seed": "problem.seed"})
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
