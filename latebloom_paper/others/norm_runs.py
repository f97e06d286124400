r"""Modular addition with AdamW from a large start: the runs that judge two laws about norms.

Both laws are about $V = \|\theta\|^2$ falling from memorization to generalization. A network that
starts small grows instead (see `GROWING`), so the start is four times the usual one: V then falls,
as it does in the transformers of the source, whose embedding starts as N(0, 1).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from latebloom.core.progress import Progress
from latebloom.core.schedules import SwitchOn
from latebloom.experiment import Drawn, Experiment
from latebloom.laws.constants.norm_passage import Passage
from latebloom.methods import Adam
from latebloom.models import Custom
from latebloom.penalties import L2
from latebloom.runs import Run
from latebloom_paper.book import STUDIES
from latebloom_paper.book.delays import fit_exponents
from latebloom_paper.book.reproduction import completed
from latebloom_paper.book.statistic import Statistic

STUDY = STUDIES["norm-separation"]
SCALE, GROWING = 4.0, 1.0
PERIODS = 6.0  # horizon in units of 1/(eta lambda): twice the longest delay met
RECORDS = 120  # per run: times are then known to a twentieth of 1/(eta lambda)
Cell = tuple[float, float]
Batch = tuple[Sequence[Cell], Sequence[int], Callable[[float, float, int], Experiment]]


def sizes(quick: bool) -> tuple[list[Cell], range]:
    """Return the learning rates and weight decays of AdamW, and the seeds."""
    s = STUDY.at(quick).settings
    return [(eta, decay) for eta in s["eta"] for decay in s["lambda"]], range(s["seeds"])


def experiment(
    eta: float,
    decay: float,
    seed: int,
    scale: float = SCALE,
    method: str = "Adam",
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
    coupling = {"coupling": "decoupled"} if method == "Adam" else {}
    changes: dict[str, Any] = {
        "problem.seed": seed,
        "init": {"type": "Drawn", "seed": seed, "scale": scale},
        "penalty.beta": decay,
        "method": {"type": method, "alpha": eta, **coupling},
        "steps": steps,
        "record": {"type": "Every", "k": max(1, steps // RECORDS)},
    }
    name = f"AdamW eta={eta:g} lambda={decay:g} seed={seed} scale={scale:g}"
    return STUDY.changed(changes, name, "run")


def sgd(eta: float, decay: float, seed: int) -> Experiment:
    """Return the run of plain gradient descent with the same numbers."""
    return experiment(eta, decay, seed, method="SGD")


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
    """Return what the laws need of a run.

    **Arguments:**

    - `run`: the run.
    - `eta`, `decay`: learning rate and weight decay.
    - `seed`: of the run.
    """
    trajectory = run.trajectory
    V = trajectory["l2_norm"].to_numpy() ** 2
    times = (run.phases.t1.high, run.phases.t2.high)
    return Passage(eta, decay, seed, *times, trajectory["step"].to_numpy().astype(float), V)


def passages(batches: Sequence[Batch], progress: Progress, more: int = 0) -> list[list[Passage]]:
    """Return the runs of every batch; those of a cell are trained together.

    **Arguments:**

    - `batches`: cells, seeds, and what makes the run of a cell and a seed.
    - `progress`: sees the steps done of all runs.
    - `more`: steps of what follows, which count as well.

    **Raises:** `KeyboardInterrupt` after Ctrl-C: half a family compares with nothing.
    """
    from latebloom.simulate import simulate_batch

    groups = [
        (k, cell, seeds, [make(*cell, seed) for seed in seeds])
        for k, (cells, seeds, make) in enumerate(batches)
        for cell in cells
    ]
    total = more + sum(run.steps for *_, runs in groups for run in runs)
    found: list[list[Passage]] = [[] for _ in batches]
    done = 0
    for k, cell, seeds, experiments in groups:
        begun, count = done, len(experiments)

        def moved(step: int, last: int, note: str = "", begun: int = begun, n: int = count) -> None:
            progress(begun + step * n, total, note)

        runs = [completed(run) for run in simulate_batch(experiments, progress=moved)]
        done += sum(run.steps for run in experiments)
        progress(done, total)
        found[k] += [passage(run, *cell, seed) for run, seed in zip(runs, seeds, strict=True)]
    return found


def exponents(runs: Sequence[Passage]) -> dict[str, Statistic]:
    r"""Return the exponents of the delay in $1/\eta$ and in $1/\lambda$."""
    columns = [p.eta for p in runs], [p.decay for p in runs], [p.delay for p in runs]
    fit = fit_exponents(*columns)
    assert fit is not None  # the cells differ in both
    return {"1/eta": fit[0], "1/lambda": fit[1]}
