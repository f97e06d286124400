"""Figure 23 (a): the curves of Figure 8 on a logarithmic axis, and what depends on tau."""

import xarray as xr

from latebloom.experiment import Experiment
from latebloom.methods import ProximalGradient
from latebloom.penalties import L1
from latebloom.problems import SparseRecovery
from latebloom.sweeps import Sweep
from latebloom_paper.book.claim import CORRECTED
from latebloom_paper.book.passages import middles
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic, share
from latebloom_paper.book.workspace import Workspace

from .fig8 import certified, curves, fig8, seeds
from .fig28 import least_measurements

SEED = "problem.seed"


def sparse() -> Experiment:
    """Return the sparse recovery of Figure 21 with 60 measurements."""
    return Experiment(
        SparseRecovery.code(n=100, s=5, N=60, snr=None),
        L1(1e-5),
        ProximalGradient(0.1),
        init=1e-6,
        steps=10**9,
        thresholds=(1e-3, 1e-3),
        name="sparse recovery for Figure 23",
    )


def entries(workspace: Workspace) -> tuple[int, ...]:
    """Return the numbers of entries."""
    return workspace.of(tuple(range(50, 101, 10)), tuple(range(40, 101, 5)))


def draws(workspace: Workspace) -> tuple[int, ...]:
    """Return the seeds of the draws, certified or not: more than are run."""
    return tuple(range(workspace.of(20, 60)))


def drawn(workspace: Workspace) -> Sweep:
    """Return draws, certified or not, over tau and N: can the nuclear norm recover them?"""
    taus = tuple(certified(workspace).axes[0].values["problem.tau"])
    axes = {"tau": taus, "N": entries(workspace), SEED: draws(workspace)}
    return _asked(axes, "draws of Figure 23")


def ranks(workspace: Workspace) -> Sweep:
    """Return the same over the rank, without choice."""
    axes = {"r": workspace.of((1, 3), (1, 2, 3)), "N": entries(workspace), SEED: draws(workspace)}
    return _asked({"tau": (0.0,), **axes}, "ranks of Figure 23")


def _asked(axes: dict[str, tuple[float, ...]], name: str) -> Sweep:
    return Sweep(fig8(recoverable=False), axes, tasks=("recover",), name=name)


def needed(workspace: Workspace, sweep: Sweep) -> xr.DataArray:
    """Return the number of entries from which on a draw can be recovered."""
    return least_measurements(workspace.results(sweep)["recoverable"].load() == 1)


def evidence(workspace: Workspace) -> dict[str, Statistic]:
    """Return what decides the claims."""
    by_tau = needed(workspace, drawn(workspace)).transpose("tau", SEED)
    by_rank = needed(workspace, ranks(workspace)).isel(tau=0).transpose("r", SEED)
    fewer = by_tau.sel(tau=1.0).values < by_tau.sel(tau=0.0).values
    one, three = by_rank.sel(r=1).values, by_rank.sel(r=3).values
    matrix = middles(workspace.results(certified(workspace)).load())
    axes = {"tau": (0.0, 0.5), SEED: seeds(workspace)}
    vector = middles(
        workspace.results(
            Sweep(sparse(), axes, engine="jump", name="sparse recovery over tau")
        ).load()
    )
    later = vector.sel(tau=0.5).values > vector.sel(tau=0.0).values
    earlier = matrix.sel(tau=0.5).values < matrix.sel(tau=0.0).values
    return {
        "fig23.needed": share(fewer),
        "fig23.rank": share(three < one),
        "fig23.rank" + CORRECTED: share(three > one),
        "fig23.opposite": share(later & earlier),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the curves, times and errors against tau, and the entries that are needed."""
    from latebloom_paper.pictures.selection import plot_selection

    cells = workspace.results(certified(workspace)).load().transpose(SEED, "tau", ...)
    taus = cells["tau"].values
    between = (cells["trajectory_step"] >= 300) & (cells["trajectory_step"] <= 3000)
    plateau = cells["trajectory_test_error"].where(between).median("record").values
    by_tau = needed(workspace, drawn(workspace)).transpose(SEED, "tau")
    figure = plot_selection(
        workspace.results(curves()).load().isel({SEED: 0}),
        {"$t_1$": (taus, middles(cells, "t1").values), "$t_2$": (taus, middles(cells).values)},
        {
            "test, after $t_1$": (taus, plateau),
            "test, in the end": (taus, cells["test_error"].values),
            "training, in the end": (taus, cells["train_error"].values),
        },
        {"r = 2": (by_tau["tau"].values, by_tau.values)},
    )
    middle = by_tau.median(SEED)
    by_rank = needed(workspace, ranks(workspace)).isel(tau=0).median(SEED)
    rows = [
        *(
            Comparison(f"entries needed, tau = {tau:g}", None, float(middle.sel(tau=tau)), "median")
            for tau in taus
        ),
        *(
            Comparison(f"entries needed, r = {r}", None, float(by_rank.sel(r=r)), "tau = 0")
            for r in by_rank["r"].values
        ),
    ]
    recovered = workspace.results(drawn(workspace))["recoverable"].load().sel(N=70) == 1
    for tau in taus:
        share_of = float(recovered.sel(tau=tau).mean())
        rows.append(Comparison(f"share recovered from 70 entries, tau = {tau:g}", None, share_of))
    notes = (
        "entries needed: the smallest N of the grid from which on the nuclear norm recovers the "
        f"draw, certified; N = {', '.join(map(str, entries(workspace)))}",
        "bands: quartiles over instances; the published figure has one draw for each tau and one N",
    )
    return Reproduction(
        "fig23",
        "Figure 23: what depends on the choice of entries",
        tuple(rows),
        figure,
        notes,
        evidence(workspace),
        (fig8(), sparse()),
        f"runs: seeds 0 to {seeds(workspace)[-1]}; "
        f"draws: 0 to {draws(workspace)[-1]}; curves: that of fig8",
    )
