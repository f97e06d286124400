"""Forecasts of t2: how often they are given, and how often t2 lies in the interval of 90 %.

Curves of sixteen families are drawn and cut once each at a random moment between t1 and t2: on half
of the families the constants of `latebloom.diagnosis.forecast` were chosen, with other seeds. Runs
of five kinds are simulated and cut at random shares of the logarithm of that time; 200 records of
what was seen are judged as a stranger's log would be, with and without noise of 3 %. Mirages, which
never generalize, are cut likewise: every forecast for them is a false one.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

import latebloom as lb
from latebloom.diagnosis.forecast import Forecast, forecast
from latebloom.experiment.presets import preset

from .curve_families import HELD_OUT, TUNING, Family, cut_of
from .timing import Row

# Curves of each family, and the seed of the measurement; the constants were chosen with seed 11.
CURVES, SEED = 400, 23
RUN_SEEDS = 90_000
# Runs of each kind, and how often each is cut.
RUNS, CUTS = 40, 4
RECORDS = 200
NOISE = 0.03
TEST_EXAMPLES = 2000
# Networks, and the shares of their t2 at which they are diagnosed.
NETWORKS = 8
MOMENTS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
# Words of the reasons for which a forecast is refused.
WHY = (
    *("moved too little", "misses its own past", "predicts its own past", "too far"),
    *("level off", "began to fall only", "predicting nothing", "records since t1"),
)


class Cut(NamedTuple):
    """What was seen of a run: steps, test errors, and what was still to come."""

    family: str
    kind: str
    steps: np.ndarray
    errors: np.ndarray
    threshold: float
    t1: int
    t2: int | None


def sparse(rng: np.random.Generator, seed: int) -> lb.Experiment:
    """Return sparse recovery with an l1 penalty: the error falls along straight pieces."""
    n, s = int(rng.integers(40, 101)), int(rng.integers(2, 7))
    N = int(rng.integers(4 * s + 6, max(n // 2, 4 * s + 8)))
    return lb.Experiment(
        lb.SparseRecovery(n=n, s=s, N=N, seed=seed),
        lb.L1(10 ** rng.uniform(-6, -4)),
        lb.ProximalGradient(0.1),
        init=10 ** rng.uniform(-4, -1),
        thresholds=(1e-2, 2e-2),
    )


def weight_decay(rng: np.random.Generator, seed: int) -> lb.Experiment:
    """Return an l2 penalty and a truth of least norm: the error falls exponentially."""
    n = int(rng.integers(20, 81))
    N = int(rng.integers(n // 4, n * 3 // 4))
    X = rng.standard_normal((N, n)) / np.sqrt(N)
    a = X.T @ rng.standard_normal(N)
    a /= np.linalg.norm(a)
    return lb.Experiment(
        lb.LinearData(X=X, y_star=X @ a, a_star=a),
        lb.L2(10 ** rng.uniform(-6, -3.5)),
        lb.GradientDescent(0.1),
        init=10 ** rng.uniform(-1.5, 0.0),
        thresholds=(1e-2, 2e-2),
    )


def slow_features(rng: np.random.Generator, seed: int) -> lb.Experiment:
    """Return least squares with small singular values: a sum of exponentials, without penalty."""
    n = int(rng.integers(20, 61))
    X = rng.standard_normal((n + int(rng.integers(0, 6)), n)) / np.sqrt(n)
    a = rng.standard_normal(n)
    a /= np.linalg.norm(a)
    return lb.Experiment(
        lb.LinearData(X=X, y_star=X @ a, a_star=a),
        None,
        lb.GradientDescent(0.1),
        init=10 ** rng.uniform(-3, 0),
        thresholds=(3e-2, 5e-2),
    )


def mirage(rng: np.random.Generator, seed: int) -> lb.Experiment:
    """Return Figure 7: a large start that decays, and a limit that does not generalize."""
    return lb.Experiment(
        lb.SparseRecovery.code(n=100, s=5, N=int(rng.integers(20, 41)), seed=seed),
        lb.L2(10 ** rng.uniform(-6, -4)),
        lb.GradientDescent(0.1),
        init=10 ** rng.uniform(-1.5, 1.0),
        thresholds=(1e-2, 2e-2),
    )


def moments(rng: np.random.Generator, t1: int, t2: int) -> np.ndarray:
    """Return steps up to a random share of log time between t1 and t2, evenly spaced or on a
    logarithmic grid."""
    cut = t1 * (t2 / t1) ** rng.uniform()
    even = np.linspace(0, cut, RECORDS)
    grid = np.geomspace(1, cut, RECORDS)
    return np.unique(np.round(even if rng.uniform() < 0.5 else grid).astype(int))


def cuts(
    make: Callable[[np.random.Generator, int], lb.Experiment], first: int
) -> Iterator[tuple[lb.Experiment, lb.Run, list[np.ndarray], int | None]]:
    """Yield runs with a delay: experiment, run, the records of each cut, and t2."""
    got, seed = 0, first
    while got < RUNS:
        seed += 1
        rng = np.random.default_rng(seed)
        e = make(rng, seed).with_(steps=10**9, record=lb.At(()))
        found = lb.simulate(e).phases
        t1, t2 = found.t1.step, found.t2.step
        if t1 is None or (make is not mirage and (t2 is None or t2 < 10 * max(t1, 10))):
            continue
        if make is mirage:  # up to ten times the time that the norm decays in
            strength = e.penalty.terms[0].beta if e.penalty is not None else 1.0
            end = round(10 / (0.1 * float(strength)))
        else:
            end = t2
        seen = [moments(rng, max(t1, 10), end) for _ in range(CUTS)]
        k = np.unique(np.concatenate(seen))
        run = lb.simulate(e.with_(steps=int(k[-1]), record=lb.At(tuple(k.tolist()))))
        got += 1
        yield e, run, seen, t2


def from_runs(first: int) -> Iterator[Cut]:
    """Yield the cut curves of least squares, and the accuracies of the sign of the predictor."""
    for make in (sparse, weight_decay, slow_features, mirage):
        name = make.__name__.replace("_", " ")
        for e, run, seen, t2 in cuts(make, first):
            t1 = run.phases.t1.high
            steps, errors = (run.trajectory[x].values for x in ("step", "test_error"))
            for k in seen:
                if t1 is not None:
                    kept = np.isin(steps, k)
                    yield Cut(name, "error", k, errors[kept], e.thresholds[1], t1, t2)
            if make is sparse and t2 is not None and t1 is not None:
                yield from accuracies(e, run, seen, t1, t2)


def accuracies(
    e: lb.Experiment, run: lb.Run, seen: list[np.ndarray], t1: int, t2: int
) -> Iterator[Cut]:
    """Yield the accuracy of sign(<a, x>) on 2000 examples, with the t2 of 97 %."""
    a_star = e.data.a_star
    assert a_star is not None
    x = np.random.default_rng(t2).standard_normal((TEST_EXAMPLES, len(a_star)))

    def wrong(found: lb.Run) -> np.ndarray:
        return np.mean((found.trajectory["a"].values @ x.T > 0) != (a_star @ x.T > 0), axis=1)

    fine = np.unique(np.round(np.linspace(0, 1.05 * t2, 1000)).astype(int))
    whole = lb.simulate(e.with_(steps=int(fine[-1]), record=lb.At(tuple(fine.tolist()))))
    below = np.flatnonzero(wrong(whole) <= 0.03)
    errors, steps = wrong(run), run.trajectory["step"].values
    for k in seen:
        part = errors[np.isin(steps, k)]
        if len(below) and (part > 0.03).all():
            passed = int(whole.trajectory["step"].values[below[0]])
            yield Cut("accuracy of sparse", "accuracy", k, part, 0.03, t1, passed)


def completions(first: int) -> Iterator[Cut]:
    """Yield the cut curves of matrix completions: the singular values fall one after the other."""
    experiments = [
        lb.Experiment(
            lb.MatrixCompletion(n1=10, n2=10, r=2, N=80, seed=seed, recoverable=True),
            lb.Nuclear(4e-4),
            lb.ProximalGradient(0.5),
            init=lb.Gaussian(0.1, seed),
            steps=20_000,
            record=lb.Every(5),
            thresholds=(1e-2, 1e-2),
        )
        for seed in range(first + 1, first + RUNS + 1)
    ]
    for seed, run in enumerate(lb.simulate_batch(experiments)):
        t1, t2 = run.phases.t1.step, run.phases.t2.step
        if t1 is None or t2 is None:
            continue
        rng = np.random.default_rng([first, seed])
        every, errors = (run.trajectory[name].values for name in ("step", "test_error"))
        for _ in range(CUTS):
            seen = np.unique(np.searchsorted(every, moments(rng, max(t1, 10), t2)))
            seen = seen[every[seen] < t2]
            yield Cut("completion", "error", every[seen], errors[seen], 1e-2, t1, t2)


class Score(NamedTuple):
    """The forecasts of one kind of run."""

    cut: int = 0
    given: int = 0
    within: int = 0
    factors: tuple[float, ...] = ()  # high / low of the time to go, square root


def judge(first: int) -> tuple[dict[str, Score], Counter[str]]:
    """Return the scores by kind of run, and why forecasts were refused."""
    scores: dict[str, Score] = {}
    why: Counter[str] = Counter()
    rng = np.random.default_rng(first)
    for cut in (*from_runs(first), *completions(first)):
        for noise in (0.0, NOISE):
            errors = cut.errors
            if noise and cut.kind == "accuracy":
                continue  # it has the noise of its examples
            errors = errors * np.exp(noise * rng.standard_normal(len(errors)))
            if (errors <= cut.threshold).any():
                continue  # noise was there first
            found = forecast(cut.steps, errors, cut.t1, cut.threshold, cut.kind)
            if found.low is None:
                why[next(word for word in WHY if word in found.reason)] += 1
            score = scores.get(cut.family, Score())
            scores[cut.family] = _counted(score, found, int(cut.steps[-1]), cut.t2)
    return scores, why


def networks() -> Score:
    """Return the forecasts for the network of the blog on addition mod 31, which groks, diagnosed
    from its accuracies as a stranger's log would be, at seven moments before t2."""
    base, seeds = preset("blog-fig1").experiment(small=True), range(1, NETWORKS + 1)
    cells = lb.Sweep(base, zip=[{"problem.seed": seeds, "init.seed": seeds}]).cells()
    runs = lb.simulate_batch([experiment for _, experiment in cells])
    score = Score()
    for run in runs:
        k, train, test = (run.trajectory[x].values for x in ("step", "train_error", "test_error"))
        t2 = lb.diagnose(k, 1 - train, 1 - test, kind="accuracy").phases.t2.high
        for share in MOMENTS if t2 is not None else ():
            early = k <= share * t2
            curves = (k[early], 1 - train[early], 1 - test[early])
            found = lb.diagnose(*curves, kind="accuracy").forecast
            score = _counted(score, found, int(k[early][-1]), t2)
    return score


def of_family(family: Family, curves: int, seed: int) -> Score:
    """Return the forecasts for curves of a family, cut once each.

    **Arguments:**

    - `family`: of `curve_families`.
    - `curves`: how many are drawn.
    - `seed`: of the generator, together with the name of the family.
    """
    rng = np.random.default_rng([seed, *family.__name__.encode()])
    score = Score()
    for _ in range(curves):
        cut = cut_of(family, rng)
        if cut is not None:
            found = forecast(cut.steps, cut.errors, cut.t1, cut.threshold, "accuracy")
            score = _counted(score, found, int(cut.steps[-1]), cut.t2)
    return score


def _counted(score: Score, found: Forecast | None, now: int, t2: int | None) -> Score:
    """The score with one cut more."""
    if found is None or found.low is None or found.high is None:
        return score._replace(cut=score.cut + 1)
    within = t2 is not None and found.low <= t2 <= found.high
    factor = ((found.high - now) / max(found.low - now, 1)) ** 0.5
    more = (score.cut + 1, score.given + 1, score.within + within)
    return Score(*more, (*score.factors, factor))


def measure(out: Path) -> list[Row]:
    """Return the coverage on the families that chose the constants, on others, and on runs."""
    families = {
        what: {f.__name__.replace("_", " "): of_family(f, CURVES, SEED) for f in of}
        for what, of in (("tuning families", TUNING), ("held-out families", HELD_OUT))
    }
    runs, why = judge(RUN_SEEDS)
    runs["networks"] = networks()
    false = runs.pop("mirage")
    rows, groups = [], {**families, "simulated runs": runs}
    for what, scores in groups.items():
        cut, given, within = (
            sum(getattr(s, x) for s in scores.values()) for x in Score._fields[:3]
        )
        rows.append(_row(f"coverage, {what}", cut, given, within, scores))
        for kind, s in scores.items():
            rows.append(_row(f"  {kind}", s.cut, s.given, s.within, {kind: s}, target=False))
    detail = f"{false.given} of {false.cut} cuts of runs that never generalize"
    rows.append(Row("  false forecasts", false.given / false.cut, "", "", True, detail))
    document = {
        what: {k: s._asdict() for k, s in scores.items()} for what, scores in groups.items()
    }
    document |= {"mirage": false._asdict(), "refusals": dict(why)}
    (out / "forecasts.json").write_text(json.dumps(document, indent=2) + "\n")
    return rows


def _row(
    what: str, cut: int, given: int, within: int, scores: dict[str, Score], target: bool = True
) -> Row:
    share = within / max(given, 1)
    factors = [x for s in scores.values() for x in s.factors]
    wide = f"; time to go within a factor of {np.median(factors):.2f} (median)" if factors else ""
    detail = f"{within} of {given} intervals; {1 - given / cut:.0%} of {cut} cuts refused{wide}"
    met = not target or share >= 0.9
    return Row(what, share, "", ">= 0.9" if target else "", met, detail)
