"""The matrix completions of Figure 5: certified instances, and how each was completed."""

from dataclasses import dataclass

import numpy as np

from latebloom.experiment import LogSpaced
from latebloom.methods import ProximalGradient
from latebloom.penalties import Nuclear
from latebloom.problems import MatrixCompletion, SparseRecovery
from latebloom.runs import Run
from latebloom_paper.book import STUDIES, Workspace
from latebloom_paper.book.passages import for_good, middle

from .singular_deaths import deaths

FIG5 = STUDIES["fig5"]
# The text's: 1e-5 is below the floor of some instances.
THRESHOLDS = (1e-4, 1e-4)
# Beyond every t2 of the instances.
HORIZON = 100_000_000
# Records 1% apart: what is read off a curve is known to that.
RECORD = LogSpaced(200)
# What published values that depend on the truth cannot be compared with.
UNSEEDED = "the published truth is unseeded and cannot be drawn again"


def seeds(workspace: Workspace) -> tuple[int, ...]:
    """Return the seeds of the certified instances that the claims are decided on."""
    return FIG5.sweep("first", workspace.quick).axes[0].values["problem.seed"]


def instances(workspace: Workspace) -> list[Run]:
    """Return Figure 5 on certified instances, each followed until it generalizes."""
    drawn = [
        FIG5.changed({"problem.seed": seed}).with_(
            thresholds=THRESHOLDS,
            steps=HORIZON,
            record=RECORD,
            name=f"instance {seed} of Figure 5",
        )
        for seed in seeds(workspace)
    ]
    return workspace.each("instances of Figure 5", drawn, engine="slow")


def with_l1(workspace: Workspace) -> list[Run]:
    """Return the same instances with the l1 norm of the entries, to the end.

    Entry by entry it is sparse recovery of a vector, in closed form between events.
    """
    base, drawn = STUDIES["fig5-l1"].experiment, []
    for seed in seeds(workspace):
        problem = FIG5.changed({"problem.seed": seed}).problem
        assert isinstance(problem, MatrixCompletion)
        X, a = np.eye(problem.mask.size)[problem.mask.ravel() != 0], problem.a_star.ravel()
        drawn.append(
            base.with_(
                problem=SparseRecovery.from_arrays(X, X @ a, a),
                method=ProximalGradient(0.1),
                thresholds=THRESHOLDS,
                steps=10**9,
                name=f"instance {seed} of Figure 5 with l1",
            )
        )
    return workspace.each("with l1 instead", drawn, engine="jump")


@dataclass(frozen=True)
class Completion:
    """How an instance was completed.

    **Fields:**

    - `late`: whether t2 > 10 t1.
    - `ordered`, `order`: whether the singular values that vanish do so smallest first, and
      Kendall's rank correlation of their sizes at t1 and their times.
    - `last`: when the last of them vanishes for good, over t2.
    - `arrival`: from when the nuclear norm is within 0.1% of the truth's, over t2.
    - `norm`: the final one, over that of the truth.
    """

    late: bool
    ordered: bool
    order: float
    last: float
    arrival: float
    norm: float


def completion(run: Run) -> Completion:
    """Return how an instance that was followed until it generalizes was completed."""
    from scipy.stats import kendalltau

    a_star, penalty = run.experiment.data.truth, run.experiment.penalty
    assert isinstance(penalty, Nuclear)
    beta = float(penalty.strength())  # constant
    truth = float(np.linalg.norm(a_star, "nuc"))
    steps, t2 = run.trajectory["step"].values, middle(run)
    late = steps >= (run.phases.t1.high or 0)
    # Values below beta are zero: the method resolves no smaller ones.
    fate = deaths(steps[late], run.trajectory["a"].values[late], beta)
    dies = np.isfinite(fate.died)
    size, died = fate.size[dies], fate.died[dies]
    norm = run.trajectory["nuclear_norm"].values[late] / truth
    return Completion(
        late=run.phases.verdict == "grokked",
        ordered=bool((np.diff(died) <= 0).all()),
        order=float(kendalltau(size, died)[0]),  # pyright: ignore
        last=float(died.max()) / t2,
        arrival=for_good(steps[late], np.abs(norm - 1) <= 1e-3) / t2,
        norm=float(norm[-1]),
    )
