"""Depth in place of the nuclear norm: the matrix analogue of Figures 9, 17 and 18."""

import numpy as np
import xarray as xr

from latebloom.experiment import Experiment, Gaussian
from latebloom.methods import GradientDescent
from latebloom.models import Linear, MatrixProduct
from latebloom.problems import MatrixCompletion
from latebloom.sweeps import Sweep
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic, share
from latebloom_paper.book.workspace import Workspace

DEPTHS = (1, 2, 3)
MEASUREMENTS = tuple(range(30, 101, 10))
# Small enough to favour low rank, large enough to leave the origin within the horizon (L = 3).
ZETA = {1: 1e-6, 2: 1e-3, 3: 1e-1}
# A run that gets here has completed the matrix; one that keeps this much has not.
COMPLETED, FAR = 1e-2, 0.1
OURS = "ours, on section 3.5"


def depth_matrix(depth: int = 2, N: int = 60) -> Experiment:
    """Return one run: a product of `depth` matrices, no penalty."""
    return Experiment(
        MatrixCompletion(n1=10, n2=10, r=2, N=N, seed=1),
        penalty=None,
        method=GradientDescent(0.1),
        model=_model(depth),
        init=Gaussian(ZETA[depth]),
        steps=100_000,
        thresholds=(1e-3, COMPLETED),
        name=f"depth-matrix depth={depth} N={N}",
    )


def _model(depth: int) -> Linear | MatrixProduct:
    return Linear() if depth == 1 else MatrixProduct(depth)


def seeds(workspace: Workspace) -> tuple[int, ...]:
    """Return the seeds of the instances."""
    return tuple(range(workspace.of(20, 40)))


def grid(workspace: Workspace) -> Sweep:
    """Return the runs over depth, N and instance; quick: two N, a third of the steps."""
    return Sweep(
        depth_matrix().with_(steps=workspace.of(30_000, 100_000)),
        {"N": workspace.of((50, 80), MEASUREMENTS)},
        zip=[
            {
                "model": [_model(depth) for depth in DEPTHS],
                "init": [Gaussian(ZETA[depth]) for depth in DEPTHS],
            },
            {"problem.seed": seeds(workspace), "init.seed": seeds(workspace)},
        ],
        engine="step",
        trajectories=("test_error",),
        name="depth of the product",
    )


def least(workspace: Workspace) -> xr.DataArray:
    """Return the least test error of every run, over `model` (by depth), N and instance."""
    cells = workspace.results(grid(workspace))
    found = cells["trajectory_test_error"].load().min("record")
    return found.transpose("model", "N", "problem.seed")


def evidence(workspace: Workspace) -> dict[str, Statistic]:
    """Return what decides the claims."""
    error = least(workspace)
    many, few = error.sel(N=80).values, error.sel(N=50).values
    return {
        "depth-matrix.two": share(many[1] <= COMPLETED),
        "depth-matrix.one": share(many[0] > FAR),
        "depth-matrix.three": share(few[2] < few[1]),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Run depths 1 to 3 over N; there is no published picture to compare with."""
    from latebloom.plots import plot_lines

    error = least(workspace)
    rows, lines = [], {}
    for k, depth in enumerate(DEPTHS):
        for N in error["N"].values:
            middle = float(np.median(error.isel(model=k).sel(N=N)))
            lines.setdefault(f"L = {depth}", []).append((N, middle))
            rows.append(Comparison(f"least test error, L = {depth}, N = {N}", None, middle))
    label = "least relative test error, median"
    return Reproduction(
        "depth-matrix",
        "Depth in place of a penalty",
        tuple(rows),
        plot_lines(lines, "number of entries N (of 100)", label),
        ("a 10 x 10 truth of rank 2 has 36 degrees of freedom; no penalty",),
        evidence(workspace),
        tuple(depth_matrix(depth) for depth in DEPTHS),
        f"seeds 0 to {seeds(workspace)[-1]}, any instance",
    )
