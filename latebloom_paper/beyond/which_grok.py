"""Which properties P grok, and how late: eight of them on small least squares problems.

The paper states its two phases for any P that a convex penalty asks for, and tries sparsity and
low rank. Each P here has a truth that has it, fewer measurements than unknowns, and its penalty.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from latebloom.core.errors import NotCovered
from latebloom.core.spec import from_dict
from latebloom.experiment import At, Experiment
from latebloom.methods import ProximalGradient
from latebloom.penalties import L1
from latebloom.problems import LinearData
from latebloom.simulate import simulate_batch
from latebloom.theory import slow_path
from latebloom_paper import properties
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.kept import text_of
from latebloom_paper.book.statistic import Statistic, fraction, median, slopes

STUDY = STUDIES["which-grok"]
TRUTHS = ("sparse", "grouped", "clustered", "steps", "positive", "simplex")


class Times(NamedTuple):
    """What the instances of one P came to; infinite for what was not seen.

    **Fields:**

    - `t1`, `t2`: shape (instances, strengths), the weakest strength last.
    - `s2`: the slow time of the limit beta to 0, shape (instances,); NaN where it is not known.
    """

    t1: np.ndarray
    t2: np.ndarray
    s2: np.ndarray


def drawn(kind: str, N: int, n: int, seed: int) -> LinearData:
    """Return measurements of a truth of norm 1 that has a property.

    **Arguments:**

    - `kind`: `sparse` (3 entries), `grouped` (one of the groups of 5), `clustered` (4 entries of
      one size), `steps` (3 pieces), `positive` (3 entries, none negative), or `simplex` (the
      same, and the sum of all entries is measured).
    - `N`, `n`: of measurements and unknowns.
    - `seed`: of truth and measurements.
    """
    rng = np.random.default_rng([seed, TRUTHS.index(kind)])
    X = rng.normal(size=(N, n)) / np.sqrt(N)
    a = np.zeros(n)
    if kind == "grouped":
        first = 5 * rng.integers(n // 5)
        a[first : first + 5] = rng.normal(size=5)
    elif kind == "steps":
        ends = np.sort(rng.choice(np.arange(1, n), size=2, replace=False))
        for piece, level in zip(np.split(np.arange(n), ends), rng.normal(size=3), strict=True):
            a[piece] = level
    else:
        on = rng.choice(n, size=4 if kind == "clustered" else 3, replace=False)
        size = np.ones(4) if kind == "clustered" else 0.5 + rng.random(3)
        sign = 1.0 if kind in ("positive", "simplex") else rng.choice([-1.0, 1.0], size=on.size)
        a[on] = sign * size
    if kind == "simplex":
        X[0] = 1 / np.sqrt(N)
    a /= np.linalg.norm(a)
    return LinearData(X, X @ a, a)


def experiments(case: Mapping[str, Any]) -> list[Experiment]:
    """Return the runs of a case, instance by instance from the strongest penalty on."""
    penalties = [from_dict("penalty", scaled(case["penalty"], beta)) for beta in case["betas"]]
    return [
        Experiment(
            drawn(case["truth"], case["N"], case["n"], seed),
            penalty,
            ProximalGradient(case["alpha"]),
            steps=round(case["horizon"] / (case["alpha"] * case["betas"][-1])),
            thresholds=tuple(case["thresholds"]),
            record=At(()),
        )
        for seed in case["seeds"]
        for penalty in penalties
    ]


def scaled(table: Mapping[str, Any], beta: float) -> dict[str, Any]:
    """Return a penalty's table with every strength in it times beta.

    >>> scaled({"type": "L1", "beta": 1.0}, 0.5)
    {'type': 'L1', 'beta': 0.5}
    """
    found = dict(table)
    if "parts" in found:
        found["parts"] = [scaled(part, beta) for part in found["parts"]]
    if "beta" in found:
        found["beta"] = found["beta"] * beta
    return found


def measure(case: Mapping[str, Any]) -> list[list[list[float | None]]]:
    """Return t1 and t2 of every strength, and s2 alone, of every instance of a case."""
    runs = simulate_batch(experiments(case))
    count = len(case["betas"])
    found = []
    for k in range(0, len(runs), count):
        own = runs[k : k + count]
        times = [[getattr(run.phases, name).high for run in own] for name in ("t1", "t2")]
        found.append([*times, [slow_time(own[-1].experiment)]])
    return found


def slow_time(experiment: Experiment) -> float | None:
    """Return s2 of the limit beta to 0, None where it is not known: for all but the l1 norm."""
    if not isinstance(experiment.penalty, L1):
        return None
    truth = experiment.data.truth
    radius = experiment.thresholds[1] * float(np.linalg.norm(truth))
    try:
        passage = slow_path(experiment, until=(truth, radius)).passage(truth, radius)
    except NotCovered:
        return None
    return None if passage is None else passage.s


def times_of(table: Sequence[Sequence[Sequence[float | None]]]) -> Times:
    """Return what `measure` found as arrays."""

    def column(k: int, missing: float) -> np.ndarray:
        return np.array([[missing if v is None else v for v in own[k]] for own in table], float)

    return Times(column(0, np.inf), column(1, np.inf), column(2, np.nan)[:, 0])


def measured(workspace: Workspace, study: Study) -> dict[str, Times]:
    """Return the times of every P."""
    kinds = study.data["properties"]
    code = [text_of(getattr(properties, name)) for name in properties.__all__]
    cases = [{**study.settings, "code": code, **own} for own in kinds.values()]
    return dict(
        zip(kinds, map(times_of, workspace.tables("which-grok", cases, measure)), strict=True)
    )


def evidence(study: Study, times: Mapping[str, Times]) -> dict[str, Statistic]:
    """Return what decides the claims."""
    found: dict[str, Statistic] = {}
    betas = np.array(study.settings["betas"])
    for name, own in times.items():
        seen = np.isfinite(own.t2[:, -1])
        if name == study.settings["control"]:
            found[f"which-grok.{name}"] = fraction(seen)
            continue
        late = own.t2[:, -1] >= study.settings["late"] * np.maximum(own.t1[:, -1], 1)
        found[f"which-grok.{name}"] = fraction(late & seen)
        lines = delay_slopes(betas, own)
        if lines.size:
            found[f"which-grok.{name}-law"] = median(lines)
    weakest = study.settings["alpha"] * betas[-1]
    ratio = times["l1"].t2[:, -1] * weakest / times["l1"].s2
    found["which-grok.l1-s2"] = median(ratio[np.isfinite(ratio)])
    return found


def delay_slopes(betas: np.ndarray, own: Times) -> np.ndarray:
    """Return the slope of log(t2 - t1) in log beta of the instances seen at every strength."""
    seen = np.isfinite(own.t2).all(axis=1) & (own.t2 > own.t1).all(axis=1)
    return slopes(betas, own.t2[seen] - own.t1[seen]) if seen.any() else np.array([])


def reproduce(workspace: Workspace) -> Reproduction:
    """Measure every P, and say which grok, how late, and with which power of beta."""
    from latebloom.plots import plot_lines

    study = STUDY.at(workspace.quick)
    times = measured(workspace, study)
    betas = np.array(study.settings["betas"])
    rows, lines = [], {}
    for name, own in times.items():
        words = study.data["properties"][name]["words"]
        products = own.t2 * study.settings["alpha"] * betas
        seen = np.isfinite(products[:, -1])
        if not seen.any():
            rows.append(Comparison(f"{words}: t2 alpha beta", None, None, f"0 of {seen.size}"))
            continue
        last = products[seen, -1]
        late = float(np.median(own.t2[seen, -1] / np.maximum(own.t1[seen, -1], 1)))
        power = delay_slopes(betas, own)
        why = f"{seen.sum()} of {seen.size}, {last.min():.3g} to {last.max():.3g}; t2/t1 {late:.3g}"
        why += f"; delay as beta^{np.median(power):.3f}" if power.size else ""
        if np.isfinite(own.s2).any():
            why += f"; s2 {np.median(own.s2[seen]):.3g}"
        rows.append(Comparison(f"{words}: t2 alpha beta", None, float(np.median(last)), why))
        lines[words] = [(b, float(np.median(own.t2[seen, k]))) for k, b in enumerate(betas)]
    figure = plot_lines(lines, "$\\beta$", "median $t_2$", log="xy")
    return study.reproduction(rows, figure, evidence(study, times), experiments_of(study))


def experiments_of(study: Study) -> list[Experiment]:
    """Return one experiment of each P: the first instance at the weakest strength."""
    cases = {name: {**study.settings, **own} for name, own in study.data["properties"].items()}
    return [
        experiments({**case, "seeds": case["seeds"][:1], "betas": case["betas"][-1:]})[0].with_(
            name=f"which-grok {name}"
        )
        for name, case in cases.items()
    ]
