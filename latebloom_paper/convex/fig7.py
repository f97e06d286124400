"""Figure 7: a large initialization with l2 only, grokking without understanding."""

import numpy as np

from latebloom.experiment import Experiment
from latebloom.methods import GradientDescent
from latebloom.penalties import L2
from latebloom.problems import SparseRecovery
from latebloom.sweeps import Sweep
from latebloom_paper.book.reproduction import Comparison, Reproduction, median_between
from latebloom_paper.book.statistic import Statistic, median, share
from latebloom_paper.book.workspace import Workspace

SEEDS = tuple(range(1, 41))
# An entry below this share of the largest one counts as zero, as it would for a reader.
ZERO = 1e-3


def fig7() -> Experiment:
    """Return the run of the published picture."""
    return Experiment(
        SparseRecovery.code(n=100, s=5, N=30),
        L2(1e-5),
        GradientDescent(0.1),
        init=10.0,
        steps=100_000_000,
        thresholds=(1e-3, 1e-3),
    )


def instances() -> Sweep:
    """Return the run on other instances, and on some with far too few measurements."""
    axes = {"problem.seed": SEEDS, "N": (10, 30)}
    curves = ("train_error", "test_error", "l2_norm")
    return Sweep(fig7(), axes, trajectories=curves, name="instances of Figure 7")


def evidence(workspace: Workspace) -> dict[str, Statistic]:
    """Return what decides the claims."""
    cells = workspace.results(instances()).load()
    at = cells.sel(N=30)
    slopes, dense = [], []
    errors, norms = (at[f"trajectory_{k}"].values for k in ("test_error", "l2_norm"))
    for error, norm in zip(errors, norms, strict=True):
        falling = (error < 0.9 * np.nanmax(error)) & (error > 10 * error[np.isfinite(error)][-1])
        x, y = np.log(norm[falling]), np.log(error[falling])
        slopes.append(np.polyfit(x, y, 1)[0] if falling.sum() > 2 else np.nan)
    for seed in SEEDS[:20]:
        # The limit of gradient descent from a start that l2 forgets: ridge regression.
        data = fig7().with_(problem=SparseRecovery.code(N=30, seed=seed)).vector_data
        a = np.linalg.solve(data.X.T @ data.X + 1e-5 * np.eye(100), data.X.T @ data.y_star)
        dense.append(float(np.mean(np.abs(a) > ZERO * np.abs(a).max())))
    return {
        "fig7.drop": share(at["verdict"].values == "mirage"),
        "fig7.few": share(cells["verdict"].sel(N=10).values == "mirage"),
        "fig7.suboptimal": median(at["test_error"].values),
        "fig7.norm": median(slopes),
        "fig7.dense": median(dense),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Evaluate the figure in closed form and compare what can be read off it."""
    from latebloom.plots import plot_run

    run = workspace.run(fig7().with_(name="fig7"))
    data = run.trajectory
    steps, norm = data["step"].values, data["l2_norm"].values
    plateau = median_between(run, "l2_norm", 200, 1e4)
    leaves = float(steps[(steps > 200) & (norm < 0.9 * plateau)][0])
    fallen = float(steps[norm < 2 * norm[-1]][0])
    rows = (
        Comparison("t1", 118, run.phases.t1.step),
        Comparison("t2", None, run.phases.t2.step, "never: the limit of the error is above it"),
        Comparison("test error at step 0", 636, float(data["test_error"][0])),
        Comparison("test error on the plateau", 549, median_between(run, "test_error", 200, 1e4)),
        Comparison("test error in the end", 0.85, float(data["test_error"][-1])),
        Comparison("train error in the end", 4e-6, float(data["train_error"][-1])),
        Comparison("l2 norm at step 0", 100, float(data["l2_norm"][0])),
        Comparison("l2 norm on the plateau", 86, plateau),
        Comparison("l2 norm in the end", 0.084, float(data["l2_norm"][-1])),
        Comparison("the norm has left its plateau", 1e5, leaves, "by 10%"),
        Comparison("the norm has fallen", 7e6, fallen, "within a factor of 2 of its end"),
    )
    return Reproduction(
        "fig7",
        f"Figure 7: l2 only, large initialization ({run.phases.verdict})",
        rows,
        plot_run(run),
        evidence=evidence(workspace),
        settings=(fig7(),),
        seeds=f"picture: seed 1, as published; claims: seeds {SEEDS[0]} to {SEEDS[-1]}",
    )
