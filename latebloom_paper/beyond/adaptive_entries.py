"""Which entries to observe when the matrix is not known: two stages instead of an oracle.

Figure 8 chooses entries by the coherence mu_i + nu_j of the truth, which nobody has. Here a first
part is drawn uniformly, completed, and its estimate of the coherence chooses the rest.
"""

import warnings
from typing import Any

import numpy as np
from jaxtyping import Float

from latebloom.experiment import Experiment
from latebloom.problems import (
    Entries,
    MatrixCompletion,
    local_coherence,
    nuclear_recovery,
    solve_nuclear,
)
from latebloom.simulate import simulate
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.passages import middle
from latebloom_paper.book.statistic import Statistic, fraction, median

STUDY = STUDIES["adaptive-entries"]
RANK, FIRST, ENTRIES = (STUDY.settings[key] for key in ("rank", "first", "entries"))
UNIFORM, TWO_STAGES, ORACLE = CHOICES = ("uniform", "two stages", "oracle")

Matrix = Float[np.ndarray, "n1 n2"]


def truth(seed: int) -> Matrix:
    """Return a matrix of Figure 8's law."""
    return MatrixCompletion.code(seed=seed).a_star


def mask_of(choice: str, N: int, seed: int) -> Matrix:
    """Return which N entries are observed: ones, zeros elsewhere.

    All choices of a seed share their first entries.

    **Arguments:**

    - `choice`: `uniform`; `two stages`: the second half where mu_i + nu_j of the completed first
      half is largest; or `oracle`: where that of the truth is.
    - `N`, `seed`: the number of entries, and which truth and draw.
    """
    A = truth(seed)
    order = np.random.default_rng([seed, 1]).permutation(A.size)
    if choice == UNIFORM:
        return _mask(order[:N], A.shape)
    known = _mask(order[: round(FIRST * N)], A.shape)
    guess = A
    if choice == TWO_STAGES:
        completed = solve_nuclear(Entries(known), known * A, A.shape)[0]
        U, s, Vt = np.linalg.svd(completed)
        guess = (U[:, :RANK] * s[:RANK]) @ Vt[:RANK]
    mu, nu = local_coherence(guess)
    score = np.where(known > 0, -np.inf, mu[:, None] + nu[None, :]).ravel()
    rest = np.argsort(-score, kind="stable")[: N - int(known.sum())]
    return known + _mask(rest, A.shape)


def _mask(entries: np.ndarray, shape: tuple[int, ...]) -> Matrix:
    mask = np.zeros(shape)
    mask.flat[entries] = 1.0
    return mask


def adaptive_entries(choice: str = TWO_STAGES, N: int = ENTRIES, seed: int = 0) -> Experiment:
    """Return one run: Figure 8 on a chosen mask.

    **Arguments:**

    - `choice`, `N`, `seed`: as for `mask_of`.
    """
    problem = MatrixCompletion.from_arrays(mask_of(choice, N, seed), truth(seed))
    name = f"adaptive-entries {choice} N={N} seed={seed}"
    return STUDY.experiment.with_(problem=problem, name=name)


def recovery(case: dict[str, Any]) -> list[float | None]:
    """Return whether the nuclear norm recovers the matrix, and t2 if it is to be timed.

    **Arguments:**

    - `case`: `choice`, `N`, `seed`, and whether to run it: `timed`.
    """
    choice, N, seed = case["choice"], case["N"], case["seed"]
    able = nuclear_recovery(Entries(mask_of(choice, N, seed)), truth(seed)).recoverable is True
    if not able or not case["timed"]:
        return [float(able), None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = simulate(adaptive_entries(choice, N, seed), engine="slow")
    return [1.0, middle(run)]


def recoveries(workspace: Workspace) -> dict[tuple[str, int], np.ndarray]:
    """Return (choice, N) -> recovered and t2 of every matrix; NaN where it is not timed."""
    s = STUDY.at(workspace.quick).settings
    keys, seeds = [(choice, N) for choice in CHOICES for N in s["numbers"]], range(s["seeds"])

    def timed(choice: str, N: int) -> bool:
        return N == ENTRIES and not (workspace.quick and choice == UNIFORM)

    cases = [
        {"choice": choice, "N": N, "seed": seed, "timed": timed(choice, N)}
        for choice, N in keys
        for seed in seeds
    ]
    found = np.array(workspace.tables("adaptive entries", cases, recovery), dtype=float)
    return dict(zip(keys, found.reshape(len(keys), len(seeds), 2), strict=True))


Fractions = dict[str, list[tuple[float, float]]]
Times = dict[str, list[tuple[float, np.ndarray]]]


def recovered(
    found: dict[tuple[str, int], np.ndarray], name: str
) -> tuple[list[Comparison], Fractions, Times]:
    """Return the rows of how many instances every choice recovers, and when; and the points (x,
    fraction) and (x, t2) of its picture.

    **Arguments:**

    - `found`: (choice, x) -> of every instance whether it is recovered, first, and t2, last.
    - `name`: of x.
    """
    rows, fractions, times = [], {}, {}
    for (choice, x), values in found.items():
        fraction, t2 = float(values[:, 0].mean()), values[np.isfinite(values[:, -1]), -1]
        fractions.setdefault(choice, []).append((x, fraction))
        rows.append(Comparison(f"recovered, {choice}, {name} = {x}", None, fraction))
        if t2.size:
            times.setdefault(choice, []).append((x, t2))
            label = f"t2, {choice}, {name} = {x}"
            rows.append(Comparison(label, None, float(np.median(t2)), f"median of {t2.size}"))
    return rows, fractions, times


def evidence(found: dict[tuple[str, int], np.ndarray]) -> dict[str, Statistic]:
    """Return what decides the claims."""
    uniform, two, oracle = (found[choice, ENTRIES] for choice in CHOICES)
    only = two[:, 0] != uniform[:, 0]
    ratio = two[:, 1] / oracle[:, 1]
    return {
        "adaptive-entries.uniform": fraction(two[only, 0] == 1),
        "adaptive-entries.oracle": median(ratio[np.isfinite(ratio)]),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Return how many matrices every choice recovers, and when."""
    found = recoveries(workspace)
    rows, fractions, times = recovered(found, "N")
    uniform, two, oracle = (found[choice, ENTRIES][:, 0].mean() for choice in CHOICES)
    decided = evidence(found)
    figure = pictures.plot_choices(fractions, times, "number of entries N (of 100)")
    return STUDY.reproduction(
        rows,
        figure,
        decided,
        [adaptive_entries(choice) for choice in CHOICES],
        last=len(next(iter(found.values()))) - 1,
        uniform=uniform,
        two=two,
        oracle=oracle,
        ratio=decided["adaptive-entries.oracle"].value,
    )
