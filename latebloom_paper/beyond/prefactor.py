r"""The prefactor $t_2\alpha\beta$: does it stay O(1) as n, N and s vary?

The entries of a* have the size $1/\sqrt n$, and the flow of l1 scales with a: what can be O(1) is
$\sqrt n\,t_2\alpha\beta$, or its ratio to the paper's $\|\hat a - a^*\|_\infty$.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from latebloom.core.errors import NotCovered
from latebloom.core.progress import Progress
from latebloom.experiment import Experiment
from latebloom.sweeps import Sweep
from latebloom.theory import slow_path
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.statistic import Statistic, fraction, median, slopes

STUDY = STUDIES["prefactor"]
BY_N, BY_MEASUREMENTS, BY_SPARSITY = "n", "N/n", "s/n"
# Of the largest n for which s2 is computed as well.
SLOW = 100


def grids(study: Study) -> dict[str, list[tuple[int, int, int]]]:
    """Return the (n, N, s) of every sweep."""
    x = study.settings
    n, few, some, sparse = x["fixed"], x["N_fraction"], x["N_fraction_of_s"], x["s_fraction"]
    return {
        BY_N: [(m, round(few * m), round(sparse * m)) for m in x["n"]],
        BY_MEASUREMENTS: [(n, round(N * n), round(sparse * n)) for N in x["measurements"]],
        BY_SPARSITY: [(n, round(some * n), round(s * n)) for s in x["sparsity"]],
    }


def sweep(study: Study, name: str) -> Sweep:
    """Return the runs over the (n, N, s) of a grid."""
    n, N, s = (list(values) for values in zip(*grids(study)[name], strict=True))
    (seeds,) = study.data["sweeps"]["prefactor"]["zip"]
    zipped = [{"n": n, "N": N, "s": s}, seeds]
    return study.sweep("prefactor", name=f"prefactor over {name}", zip=zipped)


def known_before(study: Study, progress: Progress) -> dict[str, list[list[list[float | None]]]]:
    """Return what is known before the runs: of every cell and instance the paper's constant
    (infinity norm of a_hat - a*) and, on sizes up to 100 of the first sweep, s2."""
    found: dict[str, list[list[list[float | None]]]] = {}
    runs = {name: sweep(study, name) for name in grids(study)}
    total = sum(own.size for own in runs.values())
    done = 0
    for name, own in runs.items():
        column: list[list[float | None]] = []
        for i in range(own.size):
            experiment = own.experiment(i)
            assert experiment is not None
            data = experiment.vector_data
            gap = float(np.abs(data.a_hat - data.truth).max())
            known = name == BY_N and data.truth.size <= SLOW
            column.append([gap, slow_time(experiment) if known else None])
            done += 1
            progress(done, total)
        count = own.shape[-1]
        found[name] = [column[k : k + count] for k in range(0, own.size, count)]
    return found


def slow_time(experiment: Experiment) -> float | None:
    """Return s2, None if the flow does not get there."""
    truth = experiment.data.truth
    radius = STUDY.settings["epsilon"] * float(np.linalg.norm(truth))
    try:
        passage = slow_path(experiment, until=(truth, radius)).passage(truth, radius)
    except NotCovered:
        return None
    return None if passage is None else passage.s


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
    found["prefactor.factor-2"] = fraction((ratios >= 0.5) & (ratios <= 2))
    found["prefactor.slow"] = fraction(np.abs(slow - 1) <= 0.01)
    return found


def measured(workspace: Workspace, study: Study) -> dict[str, Swept]:
    """Return the prefactors of all instances."""
    x = study.settings
    before = workspace.table("prefactors known before", x, lambda p: known_before(study, p))
    found = {}
    for name, cells in grids(study).items():
        results = workspace.results(sweep(study, name)).load().transpose("n", "problem.seed")
        s2 = results["t2_high"].values * x["alpha"] * x["beta"]
        gap, slow = np.moveaxis(np.array(before[name], dtype=float), -1, 0)
        n, N, s = np.array(cells, dtype=float).T
        at = {BY_N: n, BY_MEASUREMENTS: N / n, BY_SPARSITY: s / n}[name]
        found[name] = Swept(at, s2 * np.sqrt(n)[:, None], s2 / gap, s2 / slow)
    return found


def reproduce(workspace: Workspace) -> Reproduction:
    """Sweep n at fixed fractions, and each fraction, and see what the prefactor does."""
    study = STUDY.at(workspace.quick)
    swept = measured(workspace, study)
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
    figure = pictures.plot_prefactor({name: own[:3] for name, own in swept.items()}, exponents)
    return study.reproduction(rows, figure, found)
