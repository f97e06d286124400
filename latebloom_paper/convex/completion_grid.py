"""The matrix completions of Figures 6 and 29: settings, sweeps, and where the runs end."""

from typing import Any

import numpy as np
import xarray as xr

from latebloom.engines import FAST
from latebloom.experiment import Experiment
from latebloom.methods import ProximalGradient, Subgradient
from latebloom.penalties import Nuclear
from latebloom.problems import MatrixCompletion
from latebloom.sweeps import Sweep
from latebloom.theory import limit
from latebloom_paper.book.passages import first_below
from latebloom_paper.book.workspace import Workspace

from .completions import SEED, seeds

ALPHAS = (0.0825, 0.1, 0.75, 0.825, 1.0, 1.5)
BETAS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
# Instances of the grid at the full size; the published loop draws a truth for every run.
DRAWS = tuple(range(20))
# The published plateau rule, within 5% of the end, where the flow can tell: an error of 1e-4 is
# thirty times what its integration leaves open.
SETTLED, LEAST = 1.05, 1e-4
# In slow time: more than the slowest of the quick instances takes to a test error of 1e-2, 33.
PATIENCE = 40
CURVES = ("train_error", "test_error")


def fig6(alpha: float = 0.1, beta: float = 1e-5, seed: int = SEED) -> Experiment:
    """Return one run of the figure."""
    return Experiment(
        MatrixCompletion.code(seed=seed, recoverable=True),
        Nuclear(beta, null="full"),
        Subgradient(alpha),
        init=1e-6,
        steps=10_000_000,
        thresholds=(1e-3, 1e-3),
        name=f"fig6 alpha={alpha:g} beta={beta:g}",
    )


def fig6_grid() -> list[Experiment]:
    """Return the 36 runs of the figure, alpha by alpha, each on a truth of its own."""
    pairs = [(alpha, beta) for alpha in ALPHAS for beta in BETAS]
    # The published loop draws a new truth for every run.
    return [fig6(alpha, beta, seed) for seed, (alpha, beta) in enumerate(pairs)]


def flow() -> Experiment:
    """Return the run that the sweeps follow in slow time, until it has ended at every strength."""
    # Proximal gradient is the average of the chattering method and settles: its t2 is sharp at
    # every strength.
    base = fig6().with_(method=ProximalGradient(0.1), name="fig6 flow")
    return base.with_(steps=10**10)


def grid(workspace: Workspace) -> Sweep:
    """Return the runs of the picture, whatever time they take; quick: two alphas, one truth."""
    alphas, draws = workspace.of(((0.1, 1.0), (SEED,)), (ALPHAS, DRAWS))
    axes = {"alpha": alphas, "beta": BETAS, "problem.seed": draws}
    return Sweep(flow(), axes, engine="slow", trajectories=CURVES, name="grid of Figure 6")


def strengths(workspace: Workspace) -> Sweep:
    """Return instances at two more strengths; those of Figure 5 have beta = 1e-5."""
    axes = {"beta": (1e-3, 1e-1), "problem.seed": seeds(workspace)}
    return Sweep(flow(), axes, engine="slow", trajectories=CURVES, name="strengths of Figure 6")


def stepped(workspace: Workspace) -> Sweep:
    """Return instances stepped to the end, chatter included."""
    return Sweep(
        fig6(beta=1e-2).with_(thresholds=(1e-1, 1e-2)),
        {"alpha": (0.1, 1.0), "problem.seed": seeds(workspace)},
        derive={"steps": f"{PATIENCE} / (alpha * beta)"},
        engine="step",
        trajectories=("test_error",),
        name="stepped runs of Figure 6",
    )


def weaker(workspace: Workspace) -> Sweep:
    """Return the instances stepped at the larger of the two step sizes, with a weaker penalty."""
    base = stepped(workspace).base.with_(
        penalty=Nuclear(1e-3, null="full"), method=Subgradient(1.0)
    )
    return Sweep(
        base.with_(steps=int(PATIENCE / 1e-3)),
        {"problem.seed": seeds(workspace)},
        engine="step",
        name="Figure 6 with a weaker penalty",
    )


def short(workspace: Workspace) -> Sweep:
    """Return instances at the smallest alpha beta of the figure, up to its horizon."""
    axes = {"problem.seed": seeds(workspace)}
    return Sweep(fig6(beta=1e-6), axes, engine="slow", name="the outlier of Figure 6")


def ends(workspace: Workspace, betas: tuple[float, ...], draws: tuple[int, ...]) -> xr.Dataset:
    """Return where the runs end, proved: the relative `error`, the nuclear norm `apart` of A - A*
    and the operator norm `gap` of A_hat - A*, over beta and seed (alpha does not matter)."""
    cases = [{"seed": seed, "betas": list(betas), "run": fig6().hash} for seed in draws]
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
        experiment = fig6(beta=beta, seed=case["seed"]).with_(method=ProximalGradient(0.1))
        end, data = limit(experiment), experiment.data
        if end is None or end.test_error is None or data.a_star is None:
            raise RuntimeError(f"{experiment.name}, seed {case['seed']}: no proof of the end")
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
    cells = workspace.results(grid(workspace)).load()
    draws = tuple(int(seed) for seed in cells["problem.seed"].values)
    end = ends(workspace, BETAS, draws)
    cells["settled"] = settled(cells, end).rename({"seed": "problem.seed"})
    end = end.rename({"seed": "problem.seed"})
    cells["apart"], cells["gap"] = end["apart"], end["gap"]
    # The flow knows no beta below 1e-6 ||A_hat||: what its errors say there is that of another.
    known = (cells["trajectory_step"] <= FAST) | (cells["beta"] >= LEAST / 10)
    for name in CURVES:
        curve = cells[f"trajectory_{name}"]
        cells[f"trajectory_{name}"] = curve.where(known | (curve > LEAST / 10))
    number = np.arange(cells.sizes["alpha"] * cells.sizes["beta"]) % len(draws)
    mine = xr.DataArray(
        number.reshape(cells.sizes["alpha"], -1),
        dims=("alpha", "beta"),
        coords={"alpha": cells["alpha"], "beta": cells["beta"]},
    )
    return cells.isel({"problem.seed": mine})
