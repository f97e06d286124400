r"""The prefactor $t_2\alpha\beta$: does it stay O(1) as n, N and s vary?

The entries of a* have the size $1/\sqrt n$, and the flow of l1 scales with a: what can be O(1) is
$\sqrt n\,t_2\alpha\beta$, or its ratio to the paper's $\|\hat a - a^*\|_\infty$.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from latebloom.core.progress import Progress
from latebloom.experiment import At, Experiment
from latebloom.methods import ProximalGradient
from latebloom.penalties import L1
from latebloom.problems import SparseRecovery
from latebloom.sweeps import Sweep
from latebloom.theory import SlowPath, slow_path
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic, median, share, slopes
from latebloom_paper.book.workspace import Workspace

SEEDS = tuple(range(20))
ALPHA, BETA = 0.1, 1e-7
# The error at t2, far above the floor.
EPSILON = 1e-2
# The fixed shares where another one is swept; s needs more measurements where it is large.
N_SHARE, N_SHARE_OF_S, S_SHARE = 0.4, 0.6, 0.04
BY_N, BY_MEASUREMENTS, BY_SPARSITY = "n", "N/n", "s/n"


class Size(NamedTuple):
    """What is swept: n at fixed shares; the shares at a fixed n; where s2 is computed as well."""

    n: tuple[int, ...]
    fixed: int
    measurements: tuple[float, ...]
    sparsity: tuple[float, ...]


QUICK = Size((50, 100, 150), 50, (0.4, 0.6, 0.8), (0.04, 0.08, 0.16))
FULL = Size((50, 100, 200, 400), 100, (0.3, 0.4, 0.5, 0.6, 0.7, 0.8), (0.02, 0.04, 0.06, 0.1, 0.16))


def prefactor(n: int = 100, N: int = 40, s: int = 4) -> Experiment:
    """Return one run: no noise, a penalty so weak that only the slow flow is left."""
    return Experiment(
        SparseRecovery.text(n=n, s=s, N=N, snr=None),
        L1(BETA),
        ProximalGradient(ALPHA),
        init=1e-6,
        steps=10**12,
        record=At(()),
        thresholds=(EPSILON, EPSILON),
    )


def grids(size: Size) -> dict[str, list[tuple[int, int, int]]]:
    """Return the (n, N, s) of every sweep."""
    n = size.fixed
    return {
        BY_N: [(m, round(N_SHARE * m), round(S_SHARE * m)) for m in size.n],
        BY_MEASUREMENTS: [(n, round(x * n), round(S_SHARE * n)) for x in size.measurements],
        BY_SPARSITY: [(n, round(N_SHARE_OF_S * n), round(x * n)) for x in size.sparsity],
    }


def sweep(name: str, cells: list[tuple[int, int, int]]) -> Sweep:
    """Return the runs over some (n, N, s)."""
    n, N, s = (list(values) for values in zip(*cells, strict=True))
    return Sweep(
        prefactor(),
        {},
        [{"n": n, "N": N, "s": s}, {"problem.seed": SEEDS}],
        engine="jump",
        name=f"prefactor over {name}",
    )


def known_before(size: Size, progress: Progress) -> dict[str, list[list[list[float | None]]]]:
    """Return what is known before the runs: of every cell and instance the paper's constant
    (infinity norm of a_hat - a*) and, on sizes up to 100 of the first sweep, s2."""
    found: dict[str, list[list[list[float | None]]]] = {}
    total = sum(map(len, grids(size).values())) * len(SEEDS)
    done = 0
    for name, cells in grids(size).items():
        found[name] = []
        for n, N, s in cells:
            column: list[list[float | None]] = []
            for seed in SEEDS:
                problem = SparseRecovery.text(n=n, s=s, N=N, snr=None, seed=seed)
                experiment = prefactor().with_(problem=problem)
                data = experiment.vector_data
                gap = float(np.abs(data.a_hat - problem.a_star).max())
                s2 = slow_time(experiment) if name == BY_N and n <= 100 else None
                column.append([gap, s2])
                done += 1
                progress(done, total)
            found[name].append(column)
    return found


def slow_time(experiment: Experiment) -> float | None:
    """Return s2, None if the flow does not get there."""
    truth = experiment.vector_data.a_star
    assert truth is not None
    radius = EPSILON * float(np.linalg.norm(truth))
    path = slow_path(experiment, until=(truth, radius))
    passage = path.passage(truth, radius) if isinstance(path, SlowPath) else None
    return None if passage is None else passage.s


FLAT = {"low": -0.25, "high": 0.25}
SLOPE = "median over instances that generalize of the slope of the logarithm"
ENTRY = "the prefactor in units of an entry, sqrt(n) t2 alpha beta,"
RATIO = "its ratio to the paper's ||a_hat - a*||_inf"
AT_N = "n, with N/n = 0.4 and s/n = 0.04"
AT_SHARE = "N/n, with n and s/n = 0.04 fixed"
AT_SPARSE = "s/n, with n and N/n = 0.6 fixed"


class Swept(NamedTuple):
    """One sweep; NaN where an instance does not generalize.

    **Fields:**

    - `x`: the swept values.
    - `entry`, `ratio`: the prefactor over the size of an entry, and over the paper's constant,
      shape (values, instances).
    - `slow`: over s2, the same shape.
    """

    x: np.ndarray
    entry: np.ndarray
    ratio: np.ndarray
    slow: np.ndarray


def evidence(swept: Mapping[str, Swept]) -> dict[str, Statistic]:
    """Return what decides the claims."""
    found = {}
    for name, short in ((BY_N, "n"), (BY_MEASUREMENTS, "N"), (BY_SPARSITY, "s")):
        own = swept[name]
        for kind, values in (("", own.entry), ("ratio-", own.ratio)):
            lines = slopes(own.x, values.T)
            found[f"prefactor.{kind}{short}"] = median(lines[np.isfinite(lines)])
    ratios = np.concatenate([own.ratio.ravel() for own in swept.values()])
    ratios = np.unique(ratios[np.isfinite(ratios)])  # the sweeps share some of their instances
    slow = swept[BY_N].slow
    slow = slow[np.isfinite(slow)]
    found["prefactor.factor-2"] = share((ratios >= 0.5) & (ratios <= 2))
    found["prefactor.slow"] = share(np.abs(slow - 1) <= 0.01)
    return found


def measured(workspace: Workspace, size: Size) -> dict[str, Swept]:
    """Return the prefactors of all instances."""
    settings = {**size._asdict(), "seeds": SEEDS}
    before = workspace.table("prefactors known before", settings, lambda p: known_before(size, p))
    found = {}
    for name, cells in grids(size).items():
        results = workspace.results(sweep(name, cells)).load().transpose("n", "problem.seed")
        s2 = results["t2_high"].values * ALPHA * BETA
        gap, slow = np.moveaxis(np.array(before[name], dtype=float), -1, 0)
        n, N, s = np.array(cells, dtype=float).T
        x = {BY_N: n, BY_MEASUREMENTS: N / n, BY_SPARSITY: s / n}[name]
        found[name] = Swept(x, s2 * np.sqrt(n)[:, None], s2 / gap, s2 / slow)
    return found


def reproduce(workspace: Workspace) -> Reproduction:
    """Sweep n at fixed shares, and each share, and see what the prefactor does."""
    from latebloom_paper.pictures.beyond import plot_prefactor

    size = workspace.of(QUICK, FULL)
    swept = measured(workspace, size)
    found = evidence(swept)
    rows = []
    for name, own in swept.items():
        for x, entry, ratio in zip(own.x, own.entry, own.ratio, strict=True):
            able = np.isfinite(entry)
            middle = float(np.median(entry[able])) if able.any() else None
            over = float(np.median(ratio[able])) if able.any() else None
            why = f"{able.sum()} of {able.size} generalize; over the paper's constant {over:.2f}"
            what = f"median sqrt(n) t2 alpha beta, {name} = {x:g}"
            rows.append(Comparison(what, None, middle, why))
    exponents = {
        name: (found[f"prefactor.{short}"].value, found[f"prefactor.ratio-{short}"].value)
        for name, short in ((BY_N, "n"), (BY_MEASUREMENTS, "N"), (BY_SPARSITY, "s"))
    }
    notes = (
        f"ProximalGradient, event by event; alpha = {ALPHA:g}, beta = {BETA:g}, threshold "
        f"{EPSILON:g}, no noise",
        f"n swept with N/n = {N_SHARE:g}, s/n = {S_SHARE:g}; N/n and s/n at n = {size.fixed}",
    )
    return Reproduction(
        "prefactor",
        "The prefactor of the delay over n, N and s",
        tuple(rows),
        plot_prefactor({name: own[:3] for name, own in swept.items()}, exponents),
        notes,
        found,
        (prefactor(),),
        f"{SEEDS[0]} to {SEEDS[-1]}",
    )
