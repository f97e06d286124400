"""The teacher-student figures 10, 11 and 31 to 34: sizes, strengths, rows and claims, as data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from latebloom.experiment import Drawn, Experiment, LogSpaced
from latebloom.methods import Adam
from latebloom.models import MLP
from latebloom.penalties import L1, Frobenius, Nuclear, Sobolev, Term
from latebloom.problems import TeacherStudent
from latebloom.runs import Run
from latebloom.sweeps import Sweep
from latebloom_paper.book.claim import CORRECTED, Claim, Criterion
from latebloom_paper.book.delays import exponent_rows, law_of
from latebloom_paper.book.readings import Reading, reading_rows
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic, median
from latebloom_paper.book.workspace import Workspace

from .families import (
    Family,
    Timed,
    family,
    over_seeds,
    pairs,
    present,
    products,
    shares,
    sweep_of,
    until_t2,
)
from .modular import seeds_of

# The public code's, none of them squared; that of the Jacobians over the whole batch.
PENALTIES: Mapping[str, Callable[[float], Term]] = {
    "l1": L1,
    "l2": Frobenius,
    "nuclear": Nuclear,
    "Sobolev": lambda beta: Sobolev(beta, order=1, norm="batch"),
}
BETAS = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
ALPHAS = (1e-4, 5.5e-4, 1e-3, 5.5e-3, 1e-2, 5.5e-2)
# Memorized: a training error of a tenth. Generalized: a test error of 1, which is what predicting 0
# has. That is little to ask, and more than some published curves reach.
THRESHOLDS = (0.1, 1.0)


@dataclass(frozen=True)
class Setting:
    """All numbers of a family of teachers and students.

    **Fields:**

    - `d`, `hidden`, `N`, `N_test`: of the problem; the student is as wide as the teacher.
    - `alphas`, `betas`, `steps`: learning rates, strengths and horizon.
    - `seeds`: each is the seed of teacher, inputs and start.
    - `together`: whether runs advance at once.
    """

    d: int
    hidden: int
    N: int
    N_test: int
    alphas: tuple[float, ...]
    betas: tuple[float, ...] = BETAS
    steps: int = 100_000  # the pictures'; the notebooks' are 10^6 without derivatives
    seeds: tuple[int, ...] = (0, 1, 2)
    together: bool = False


FULL = Setting(d=100, hidden=500, N=100, N_test=1000, alphas=(1e-4, 1e-3, 5.5e-3))
FULL_ALL = Setting(d=100, hidden=500, N=100, N_test=1000, alphas=ALPHAS)
SMALL = Setting(
    d=20,
    hidden=60,
    N=20,
    N_test=300,
    alphas=(1e-3, 5.5e-3),
    betas=(1e-5, 1e-4, 1e-3, 1e-2, 1e-1),
    steps=10_000,
    together=True,
)


def student(setting: Setting, kind: str, alpha: float, beta: float, seed: int) -> Experiment:
    """Return one run."""
    s = setting
    return Experiment(
        TeacherStudent(d=s.d, hidden=s.hidden, C=2, N=s.N, N_test=s.N_test, seed=seed),
        PENALTIES[kind](beta),
        Adam(alpha),
        MLP(widths=(s.hidden,), law="fan_out"),
        Drawn(seed),
        steps=s.steps,
        thresholds=THRESHOLDS,
        record=LogSpaced(),
        name=f"{kind} alpha={alpha:g} beta={beta:g} seed={seed}",
    )


def sweep(setting: Setting, kind: str, alpha: float) -> Sweep:
    """Return the runs with one penalty and learning rate; figures that name the same share them."""
    base = student(setting, kind, alpha, setting.betas[0], setting.seeds[0])
    name = f"{kind}, alpha = {alpha:g}"
    return sweep_of(base, setting.betas, setting.seeds, name, together=setting.together)


def least(run: Run) -> tuple[int, float]:
    """Return the step of the least test loss, the published t2, and the least test error."""
    error = run.trajectory["test_error"].to_numpy()
    best = int(np.nanargmin(error))
    return int(run.trajectory["step"][best]), float(error[best])


def until_least(strength: float, run: Run) -> Timed:
    """Return the published t2; a test loss that is least at the end of the run has none."""
    step, _ = least(run)
    return Timed(strength, step if step < run.last_step else None, run.last_step)


def delay_claim(name: str, kind: str, source: str) -> Claim:
    """Return the claim that generalization comes the later, the smaller alpha beta."""
    pairs_of = "share of pairs of runs, of one seed, of which the one with the smaller alpha beta "
    return Claim(
        f"{name}.delay",
        source,
        Criterion(
            f"the smaller alpha beta, the later the test loss is least under {WORDS[kind]}",
            f"{pairs_of}has the later published t2, the step of the least test loss (the pairs "
            "are not independent: the interval is too short)",
            low=0.8,
        ),
        corrected=Criterion(
            "the test error falls to that of predicting 0 the later, the smaller alpha beta",
            f"{pairs_of}gets there later",
            low=0.8,
        ),
    )


WORDS = {kind: f"the {kind} norm" for kind in PENALTIES} | {"Sobolev": "its teacher's Jacobians"}


def learns_claim(name: str, kind: str, source: str) -> Claim:
    """Return the question whether the student generalizes at all."""
    return Claim(
        f"{name}.generalizes",
        f"ours, on {source}",
        Criterion(
            f"the student generalizes under {WORDS[kind]}: a relative test error of 0.1",
            "median over seeds of the least relative test error of all its runs; predicting 0 "
            "has 1",
            high=0.1,
        ),
    )


def study(
    workspace: Workspace,
    name: str,
    kind: str,
    setting: Setting,
    published: Mapping[float, Mapping[float, float]],
    losses: Sequence[Reading],
    because: str,
) -> Reproduction:
    """Train students of one kind of penalty; compare the published t2, and count honestly.

    **Arguments:**

    - `name`: of the figure.
    - `kind`: which of `PENALTIES`.
    - `published`: t2 by learning rate and strength, of the published size.
    - `losses`: what was read off that all curves share, of the published size.
    - `because`: why it may differ.
    """
    from latebloom_paper.pictures.accuracies import Panel
    from latebloom_paper.pictures.losses import plot_losses

    found = {alpha: family(workspace, sweep(setting, kind, alpha)) for alpha in setting.alphas}
    if setting.d != FULL.d:
        published, losses = {}, ()
    every = [run for own in found.values() for runs in own.values() for run in runs]
    rows: list[Comparison] = reading_rows("all", every, losses, because)
    for alpha, own in found.items():
        rows += _rows(alpha, own, published.get(alpha, {}), because)
    rows += exponent_rows(kind, law_of(found))
    rows.append(_best(kind, found))
    width = 3 if len(setting.alphas) % 3 == 0 else len(setting.alphas)
    panels = [
        Panel(rf"$\alpha$ = {alpha:g}", [(beta, own[beta][0]) for beta in setting.betas])
        for alpha, own in found.items()
    ]
    base = student(setting, kind, setting.alphas[0], setting.betas[0], setting.seeds[0])
    zero = float(np.mean(base.supervised.test.targets.astype(float) ** 2))
    grid = [panels[i : i + width] for i in range(0, len(panels), width)]
    what = "Jacobians" if kind == "Sobolev" else f"{kind} norm"
    return Reproduction(
        name,
        f"Figure {name.removeprefix('fig')}: teacher and student, {what}",
        tuple(rows),
        plot_losses(grid, zero),
        _notes(setting, kind),
        evidence=evidence(name, found),
        settings=(base,),
        seeds=seeds_of(setting.seeds, "teacher, inputs and start"),
    )


def evidence(name: str, found: Mapping[float, Family]) -> dict[str, Statistic]:
    """Return what decides `delay_claim` and `learns_claim`."""
    cells = products(found)
    by_seed = zip(*(runs for _, runs in cells), strict=True)
    best = median([min(least(run)[1] for run in own) for own in by_seed])
    return present(
        {
            f"{name}.delay": shares(pairs(cells, until_least)),
            f"{name}.delay" + CORRECTED: shares(pairs(cells, until_t2)),
            f"{name}.generalizes": best,
        }
    )


def _rows(
    alpha: float, own: Family, published: Mapping[float, float], because: str
) -> list[Comparison]:
    """Return both kinds of t2, strongest penalty first."""
    rows = []
    for beta in sorted(own, reverse=True):
        at = f"alpha {alpha:g}, beta {beta:g}"
        steps, errors = zip(*map(least, own[beta]), strict=True)
        ours, why = over_seeds(steps)
        theirs = published.get(beta)
        if theirs is not None and theirs >= own[beta][0].last_step:
            why += "; published: at the end of the run"
        rows.append(Comparison(f"{at}: step of the least test loss", theirs, ours, why, because))
        ours, why = over_seeds([run.phases.t2.high for run in own[beta]])
        why += f"; least test error {np.median(errors):.2f}"
        rows.append(Comparison(f"{at}: t2, test error at most 1", None, ours, why))
    return rows


def _best(kind: str, found: Mapping[float, Mapping[float, Sequence[Run]]]) -> Comparison:
    """Return the least test error of the whole figure."""
    errors = {
        (alpha, beta): float(np.median([least(run)[1] for run in runs]))
        for alpha, own in found.items()
        for beta, runs in own.items()
    }
    alpha, beta = min(errors, key=lambda key: errors[key])
    why = f"alpha {alpha:g}, beta {beta:g}; predicting 0 has 1"
    return Comparison(
        f"{kind}: least relative test error of all runs", None, min(errors.values()), why
    )


def _notes(setting: Setting, kind: str) -> tuple[str, ...]:
    s = setting
    return (
        f"teacher and student: {s.d} inputs, {s.hidden} hidden units, 2 outputs, {s.N} examples; "
        f"full batch, {s.steps:,} steps",
        "the published t2 is the step of the least test loss: it says when the curve turns or the "
        "run ends, not whether anything was learnt; t2 here is the first record with a relative "
        "test error of at most 1, the error of predicting 0",
        "the published axis of the losses is linear, on which an error of 1 looks like 0",
        "norms without the square, summed over both matrices, as the public code has them"
        if kind != "Sobolev"
        else "beta ||J - J*||_F over the batch, without the square, as the public code has it; "
        "the paper writes its mean square, Sobolev(norm='mean_square'), whose pull fades as the "
        "derivatives come to agree",
    )
