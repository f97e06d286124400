r"""Modular addition with AdamW from a large start: the runs that judge two laws about norms.

Both laws are about $V = \|\theta\|^2$ falling from memorization to generalization. A network that
starts small grows instead (see `GROWING`), so the start is four times the usual one: V then falls,
as it does in the transformers of the source, whose embedding starts as N(0, 1).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from latebloom.core.progress import Progress
from latebloom.core.schedules import SwitchOn
from latebloom.experiment import Drawn, Every, Experiment
from latebloom.laws.constants.norm_passage import Passage
from latebloom.methods import SGD, Adam, Optimizer
from latebloom.models import Custom, TokenPair
from latebloom.penalties import L2
from latebloom.problems import ModularArithmetic
from latebloom.runs import Run
from latebloom_paper.book.reproduction import completed

MODEL = TokenPair(width=32, tables=1, combine="hadamard", hidden=(64,))
P, FRACTION = 31, 0.6  # the smallest sizes at which every seed memorizes long before it generalizes
SCALE, GROWING = 4.0, 1.0
# 19 of 384 test examples: at one percent a single hard pair decides the time of a small test set.
THRESHOLDS = (0.01, 0.05)
PERIODS = 6.0  # horizon in units of 1/(eta lambda): twice the longest delay met
RECORDS = 120  # per run: times are then known to a twentieth of 1/(eta lambda)
Cell = tuple[float, float]
FULL: tuple[Cell, ...] = tuple((eta, lam) for eta in (5e-3, 1e-2, 2e-2) for lam in (0.1, 0.3, 1.0))
SMALL: tuple[Cell, ...] = ((1e-2, 0.3), (1e-2, 1.0), (2e-2, 0.3), (2e-2, 1.0))
SEEDS, FEW = tuple(range(5)), (0, 1)


def experiment(
    eta: float,
    decay: float,
    seed: int,
    scale: float = SCALE,
    method: Optimizer | None = None,
    horizon: float = PERIODS,
) -> Experiment:
    r"""Return one run of AdamW, or of another method with the same penalty.

    **Arguments:**

    - `eta`, `decay`: learning rate and weight decay $\lambda$.
    - `seed`: of the split and the start.
    - `scale`: of the start.
    - `method`: in place of AdamW.
    - `horizon`: in units of $1/(\eta\lambda)$.
    """
    steps = round(horizon / (eta * decay))
    return Experiment(
        ModularArithmetic(p=P, train_fraction=FRACTION, seed=seed),
        L2(decay),
        method or Adam(eta, coupling="decoupled"),
        MODEL,
        Drawn(seed, scale),
        steps=steps,
        thresholds=THRESHOLDS,
        record=Every(max(1, steps // RECORDS)),
        name=f"AdamW eta={eta:g} lambda={decay:g} seed={seed} scale={scale:g}",
    )


def sgd(eta: float, decay: float, seed: int, horizon: float = PERIODS) -> Experiment:
    """Return the run of plain gradient descent with the same numbers."""
    return experiment(eta, decay, seed, method=SGD(eta), horizon=horizon)


def without_decay(base: Experiment, decay: float) -> Experiment:
    """Return a run whose weight decay is removed once it has memorized."""
    return replace(base, penalty=L2(SwitchOn(0.0, before=decay)), name=f"{base.name}, lambda = 0")


def frozen(base: Experiment, run: Run) -> Experiment:
    """Return a run from the end of another one on, its norm held, without weight decay."""
    assert isinstance(base.method, Adam)
    assert isinstance(run.params, dict)
    radius = float(run.trajectory["l2_norm"][-1])
    start = Custom("memorized", run.params, base.network.apply)
    return replace(
        base,
        model=start,
        init=Drawn(),
        penalty=None,
        method=replace(base.method, sphere=radius),
        name=f"{base.name}, norm held",
    )


def passage(run: Run, eta: float, decay: float, seed: int) -> Passage:
    """Return what the laws need of a run."""
    trajectory = run.trajectory
    V = trajectory["l2_norm"].to_numpy() ** 2
    times = (run.phases.t1.high, run.phases.t2.high)
    return Passage(eta, decay, seed, *times, trajectory["step"].to_numpy().astype(float), V)


def run_groups(groups: Sequence[Sequence[Experiment]], progress: Progress) -> list[list[Run]]:
    """Return the runs of groups of experiments; those of a group have one shape and advance at
    once.

    **Arguments:**

    - `groups`: the experiments.
    - `progress`: sees the steps done of all runs.

    **Raises:** `KeyboardInterrupt` after Ctrl-C: half a family compares with nothing.
    """
    from latebloom.simulate import simulate_batch

    total = sum(e.steps for group in groups for e in group)
    done = 0

    def train(batch: Sequence[Experiment]) -> list[Run]:
        nonlocal done

        def moved(step: int, last: int, note: str = "") -> None:
            progress(done + step * len(batch), total, note)

        runs = [completed(run) for run in simulate_batch(batch, progress=moved)]
        done += sum(e.steps for e in batch)
        progress(done, total)
        return runs

    return [train(group) for group in groups]


def passages(
    cells: Sequence[Cell],
    seeds: Sequence[int],
    progress: Progress,
    make: Callable[[float, float, int], Experiment] = experiment,
) -> list[Passage]:
    """Return the runs of all cells and seeds; those of a cell are trained together."""
    groups = [[make(eta, decay, seed) for seed in seeds] for eta, decay in cells]
    trained = run_groups(groups, progress)
    return [
        passage(run, eta, decay, seed)
        for (eta, decay), runs in zip(cells, trained, strict=True)
        for seed, run in zip(seeds, runs, strict=True)
    ]
