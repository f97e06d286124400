"""The matrix completions of Figure 5: settings, certified instances, and what each of them says."""

from dataclasses import dataclass

import numpy as np

from latebloom.experiment import Experiment, LogSpaced
from latebloom.methods import ProximalGradient, Subgradient
from latebloom.penalties import L1, Nuclear
from latebloom.problems import MatrixCompletion, SparseRecovery
from latebloom.runs import Run
from latebloom.sweeps import Sweep
from latebloom_paper.book.passages import for_good, middle
from latebloom_paper.book.workspace import Workspace

from .singular_deaths import deaths

# The first seed whose t2 (3.5e6) is near the published one; instances differ tenfold.
SEED = 3
# Beyond every t2 of the instances.
HORIZON = 100_000_000
# Records 1% apart: what is read off a curve is known to that.
RECORD = LogSpaced(200)
# Long enough for the plateau of the training error, far short of t2.
PLATEAU = 5000
# What published values that depend on the truth cannot be compared with.
UNSEEDED = "the published truth is unseeded and cannot be drawn again"


def fig5(seed: int = SEED) -> Experiment:
    """Return the run of the published picture, on a truth drawn from the same law."""
    return Experiment(
        MatrixCompletion.code(seed=seed, recoverable=True),
        Nuclear(1e-5, null="full"),
        Subgradient(0.1),
        init=1e-6,
        steps=10_000_000,
        thresholds=(1e-5, 1e-5),
        name="fig5" if seed == SEED else f"fig5 seed={seed}",
    )


def fig5_text() -> Experiment:
    """Return the same experiment with the conventions of the paper's text."""
    return fig5().with_(
        problem=MatrixCompletion.text(recoverable=True),
        penalty=Nuclear(1e-4),
        thresholds=(1e-3, 1e-3),
        steps=1_000_000,
        name="fig5-text",
    )


def fig5_notebook() -> Experiment:
    """Return the same experiment with the strength and thresholds of the notebook."""
    return fig5().with_(
        penalty=Nuclear(1e-4, null="full"), thresholds=(1e-4, 1e-4), name="fig5-notebook"
    )


def fig5_l1() -> Experiment:
    """Return Figure 5 with the l1 norm of the entries in place of the nuclear norm."""
    return fig5().with_(penalty=L1(1e-5), name="fig5-l1")


def seeds(workspace: Workspace) -> tuple[int, ...]:
    """Return the seeds of the certified instances that the claims are decided on."""
    return tuple(range(workspace.of(20, 50)))


def instances(workspace: Workspace) -> list[Run]:
    """Return Figure 5 on certified instances, each followed until it generalizes."""
    drawn = [
        fig5(seed).with_(
            thresholds=(1e-4, 1e-4),  # the text's: 1e-5 is below the floor of some instances
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
    drawn = []
    for seed in seeds(workspace):
        problem = fig5(seed).problem
        assert isinstance(problem, MatrixCompletion)
        X, a = np.eye(problem.mask.size)[problem.mask.ravel() != 0], problem.a_star.ravel()
        drawn.append(
            fig5_l1().with_(
                problem=SparseRecovery.from_arrays(X, X @ a, a),
                method=ProximalGradient(0.1),
                thresholds=(1e-4, 1e-4),
                steps=10**9,
                name=f"instance {seed} of Figure 5 with l1",
            )
        )
    return workspace.each("with l1 instead", drawn, engine="jump")


def first_steps(workspace: Workspace, experiment: Experiment, name: str) -> Sweep:
    """Return the first steps of an experiment on the same seeds, one by one."""
    return Sweep(
        experiment.with_(steps=PLATEAU),
        {"problem.seed": seeds(workspace)},
        engine="step",
        tasks=("simulate", "predict"),
        trajectories=("train_error", "test_error"),
        name=name,
    )


@dataclass(frozen=True)
class Facts:
    """What an instance says about the claims.

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


def facts(run: Run) -> Facts:
    """Return what an instance, followed until it generalizes, says about the claims."""
    from scipy.stats import kendalltau

    a_star, penalty = run.experiment.data.a_star, run.experiment.penalty
    assert a_star is not None
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
    return Facts(
        late=run.phases.verdict == "grokked",
        ordered=bool((np.diff(died) <= 0).all()),
        order=float(kendalltau(size, died)[0]),  # pyright: ignore
        last=float(died.max()) / t2,
        arrival=for_good(steps[late], np.abs(norm - 1) <= 1e-3) / t2,
        norm=float(norm[-1]),
    )
