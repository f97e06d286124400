"""The modular additions of Figures 1, 2 and 30: sizes, strengths and horizons, as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from latebloom.experiment import Drawn, Every, Experiment
from latebloom.methods import Adam
from latebloom.models import TokenPair
from latebloom.penalties import L1, Frobenius, Nuclear, Term
from latebloom.problems import ModularArithmetic
from latebloom.sweeps import Sweep
from latebloom_paper.book.reproduction import Comparison
from latebloom_paper.book.workspace import Workspace

from .families import SEEDED, Family, family, over_seeds, sweep_of

# The public code's norms, none of them squared: of all entries, and per matrix for the other two.
PENALTIES: Mapping[str, type[Term]] = {"l1": L1, "l2": Frobenius, "nuclear": Nuclear}
NAMES = {"l1": "$\\ell_1$", "l2": "$\\ell_2$", "nuclear": "$\\ell_*$"}
# At most one percent of the examples wrong: the published rule, the best record of the run, moves
# with its length.
THRESHOLD = 0.01
# Why published values of t2 differ from ours.
BECAUSE = (
    "start and minibatches of the published runs were not seeded; with the settings of the public "
    "code t2 comes 3 to 6 times later than in the picture (measured at alpha = 1e-2), which seems "
    "to be of other settings"
)


@dataclass(frozen=True)
class Setting:
    """All numbers of a family of modular additions.

    **Fields:**

    - `p`, `train_fraction`, `width`, `hidden`, `scale`, `batch`: of problem, model and start.
    - `betas`: strengths by norm.
    - `steps`: horizon by learning rate.
    - `alpha`: the learning rate of Figure 1.
    - `seeds`: each is the seed of split, start and order of the minibatches.
    - `every`: steps between two records.
    - `together`: whether runs advance at once.
    """

    p: int
    train_fraction: float
    width: int
    hidden: int
    scale: float
    batch: int | None
    betas: Mapping[str, tuple[float, ...]]
    steps: Mapping[float, int]
    alpha: float
    seeds: tuple[int, ...] = (0, 1, 2)
    every: int = 10
    together: bool = True


FULL = Setting(
    p=97,
    train_fraction=0.4,
    width=64,
    hidden=64,
    scale=1.0,
    batch=2048,
    betas={
        "l1": (5e-9, 1e-8, 1e-7, 1e-6, 5e-6, 1e-5),
        "l2": (1e-7, 5e-7, 1e-6, 5e-6, 1e-5, 5e-5),
        "nuclear": (5e-8, 1e-7, 1e-6, 1e-5, 5e-5, 1e-4),
    },
    # The pictures stop at 20,002, 4,090 to 10,000, and 2,190 steps; we found the same settings to
    # generalize later than the pictures show.
    steps={1e-3: 20_000, 1e-2: 10_000, 1e-1: 10_000},
    alpha=1e-2,
    together=False,
)
# Strong penalties kill a network before it has learnt: at p = 31 less than a decade below that is
# left. Twice the published start widens it, and alpha = 3e-2 brings t2 within seconds.
SMALL = Setting(
    p=31,
    train_fraction=0.75,
    width=16,
    hidden=32,
    scale=2.0,
    batch=None,
    betas={
        "l1": (3e-4, 4.2e-4, 5.8e-4),
        "l2": (4e-3, 6e-3, 1e-2),
        "nuclear": (7e-4, 1.2e-3, 2e-3),
    },
    # Figure 1 is to show what comes after t2: at 3e-2 its window is four times the earliest, as
    # published.
    steps={1e-2: 2000, 3e-2: 1600, 1e-1: 500},
    alpha=3e-2,
    seeds=(0, 1, 2, 3, 4),
)


def addition(setting: Setting, norm: str, alpha: float, beta: float, seed: int) -> Experiment:
    """Return one run."""
    return Experiment(
        ModularArithmetic(p=setting.p, train_fraction=setting.train_fraction, seed=seed),
        PENALTIES[norm](beta),  # pyright: ignore - all of them take beta
        Adam(alpha, batch=setting.batch, batch_seed=seed),
        TokenPair(
            width=setting.width,
            tables=2,
            combine="matrix_product",
            hidden=(setting.hidden,),
            biases=False,
        ),
        Drawn(seed, setting.scale),
        steps=setting.steps[alpha],
        thresholds=(THRESHOLD, THRESHOLD),
        record=Every(setting.every),
        name=f"{norm} alpha={alpha:g} beta={beta:g} seed={seed}",
    )


def sweep(setting: Setting, norm: str, alpha: float) -> Sweep:
    """Return the runs with one norm and learning rate; Figures 1, 2 and 30 share them."""
    betas, seeds = setting.betas[norm], setting.seeds
    base = addition(setting, norm, alpha, betas[0], seeds[0])
    seeded = (*SEEDED, "method.batch_seed")
    name = f"{norm} norm, alpha = {alpha:g}"
    return sweep_of(base, betas, seeds, name, seeded, setting.together)


def trained(
    workspace: Workspace, setting: Setting, norms: Sequence[str], alphas: Sequence[float]
) -> dict[str, dict[float, Family]]:
    """Return the runs by norm, learning rate and strength."""
    return {
        norm: {alpha: family(workspace, sweep(setting, norm, alpha)) for alpha in alphas}
        for norm in norms
    }


def t2_rows(
    of: str, runs: Family, published: Mapping[float, float], because: str = BECAUSE
) -> list[Comparison]:
    """Return t2 of every strength, the strongest first.

    **Arguments:**

    - `of`: what the runs are.
    - `published`: t2 by strength.
    - `because`: why it may differ.
    """
    rows = []
    for beta, own in sorted(runs.items(), reverse=True):
        ours, why = over_seeds([run.phases.t2.high for run in own])
        theirs = published.get(beta)
        rows.append(Comparison(f"{of}, beta {beta:g}: t2", theirs, ours, why, because))
    return rows


def setting_notes(setting: Setting) -> tuple[str, ...]:
    """Return what a reader must know of the settings."""
    batch = "full batch" if setting.batch is None else f"batches of {setting.batch}"
    return (
        f"addition mod {setting.p}, {setting.train_fraction:.0%} of the pairs, {batch}; t1, t2: "
        f"first record, every {setting.every} steps, with at most {THRESHOLD:.0%} of errors",
    )


def seeds_of(seeds: Sequence[int], what: str = "split, start and minibatches") -> str:
    """Return the seeds in words."""
    return f"{seeds[0]} to {seeds[-1]}, each of {what}; the picture shows the first"


def small_notes(setting: Setting) -> tuple[str, ...]:
    """Return how the small size differs from the published one."""
    if setting.p == FULL.p:
        return ()
    k = round(setting.width**0.5)
    return (
        f"quick: {k} x {k} matrices, {setting.hidden} hidden units, start times "
        f"{setting.scale:g}, strengths rescaled to this size",
    )
