"""Figure 24: the way of the iterates in the plane of what is on and off the support."""

import numpy as np

from latebloom.experiment import Experiment
from latebloom.methods import GradientDescent
from latebloom.penalties import L2
from latebloom.problems import SparseRecovery
from latebloom.simulate import simulate
from latebloom.sweeps import Sweep
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import median, share
from latebloom_paper.book.workspace import Workspace

from .fig3 import fig3

MEASUREMENTS = tuple(range(10, 101, 10))
SEEDS = tuple(range(1, 21))
ENOUGH = 60


def fig24(N: int = 30) -> Experiment:
    """Return one run of the figure: that of Figure 3 with N measurements."""
    problem = SparseRecovery.code(n=100, s=5, N=N, measurement_seed=N // 10, noise_seed=N // 10)
    return fig3().with_(problem=problem, name=f"fig24 N={N}")


def instance(seed: int) -> Experiment:
    """Return Figure 3 with 60 measurements."""
    return fig3().with_(problem=SparseRecovery.code(n=100, s=5, N=ENOUGH, seed=seed))


def way(case: dict[str, int]) -> list[float]:
    """Return of the instance of a seed the least distance to least squares, relative to it, and
    the distance to the truth in the end, on and off the support, over its norm."""
    experiment = instance(case["seed"])
    data = experiment.data
    assert data.a_star is not None
    a = simulate(experiment, engine="jump").trajectory["a"].values
    away = np.linalg.norm(a - data.a_hat, axis=1).min() / np.linalg.norm(data.a_hat)
    on, size = data.a_star != 0, float(np.linalg.norm(data.a_star))
    error = (a[-1] - data.a_star) / size
    return [float(away), *(float(np.linalg.norm(error[part])) for part in (on, ~on))]


def ridge() -> Sweep:
    """Return the same instances with an l2 penalty alone."""
    base = instance(1).with_(
        penalty=L2(1e-5), method=GradientDescent(0.1), steps=100_000_000, name="l2 alone"
    )
    return Sweep(base, {"problem.seed": SEEDS}, name="l2 alone")


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the ways for all N; decide where they lead."""
    from latebloom_paper.pictures.support_plane import Way, plot_support_plane

    shown, rows = [], []
    for N in MEASUREMENTS:
        experiment = fig24(N)
        run, data = workspace.run(experiment, engine="jump"), experiment.data
        assert data.a_star is not None
        a, on = run.trajectory["a"].values, data.a_star != 0
        u, v = (np.linalg.norm(a[:, part], axis=1) for part in (on, ~on))
        start = [float(np.linalg.norm(data.a_hat[part])) for part in (on, ~on)]
        shown.append(Way(N, u, v, (start[0], start[1])))
        rows.append(Comparison(f"||a off the support|| in the end, N = {N}", None, float(v[-1])))
    truth = fig24().data.a_star
    assert truth is not None
    kept = workspace.tables("ways of Figure 24", [{"seed": seed} for seed in SEEDS], way)
    away, on, off = np.array(kept, float).T
    there = (on <= 0.01) & (off <= 0.01)
    plain = workspace.results(ridge())["test_error"].values
    evidence = {
        "fig24.way": median(away),
        "fig24.end": share(there),
        "fig24.l2": share(plain > 0.1),
    }
    return Reproduction(
        "fig24",
        "Figure 24: to least squares, then to the truth",
        tuple(rows),
        plot_support_plane(shown, float(np.linalg.norm(truth))),
        ("crosses: least squares solutions; circle: the truth; engine jump",),
        evidence,
        (fig24(),),
        f"picture: signal with seed 1, X with seed N/10, as published; claims: seeds {SEEDS[0]} to "
        f"{SEEDS[-1]}",
    )
