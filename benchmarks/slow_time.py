"""The slow time s2, its first correction, the lower bound and the intervals against exact runs."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

import latebloom as lb
from latebloom.core.errors import NotCovered
from latebloom.experiment.experiment import MAX_STEPS
from latebloom.theory.intervals import t2_interval
from latebloom.theory.lower_bound import delay_lower_bound
from latebloom.theory.slow_path import slow_path

from .timing import Row

INSTANCES = 1000
# Runs of subgradient methods, which have to be stepped: batches of one shape.
STEPPED, SHAPES, STEPS = 48, ((20, 12), (30, 15), (40, 24)), 40_000
SEED = 7  # the intervals were fitted on others


def problem(rng: np.random.Generator, n: int | None = None, N: int | None = None):
    """Return a random sparse recovery."""
    n = int(rng.integers(16, 61)) if n is None else n
    N = int(rng.integers(n // 4, int(0.9 * n))) if N is None else N
    s, seed = int(rng.integers(1, max(2, N // 4))), int(rng.integers(2**31))
    return lb.SparseRecovery(n=n, s=s, N=N, seed=seed, row_variance=str(rng.choice(["1/n", "1/N"])))


def experiments(rng: np.random.Generator) -> Iterator[tuple[lb.Experiment, int]]:
    """Yield random experiments that generalize, with their exact t2."""
    while True:
        drawn = problem(rng)
        alpha = float(rng.uniform(0.05, 0.95) * drawn.alpha_max)
        small = rng.random() < 0.6
        start = lb.Gaussian(float(10 ** rng.uniform(-3, 0)), int(rng.integers(1000)))
        experiment = lb.Experiment(
            drawn,
            lb.L1(float(10 ** rng.uniform(-6.5, -3))),
            lb.ProximalGradient(alpha),
            init=1e-6 if small else start,
            thresholds=(1e-3, float(10 ** rng.uniform(-2.5, -0.5))),
            steps=MAX_STEPS,
            record=lb.At(()),
        )
        t2 = lb.simulate(experiment).phases.t2.step
        if t2:
            yield experiment, t2


def law(experiment: lb.Experiment) -> tuple[float, float, float]:
    """Return s2, its correction, and the paper's norm."""
    data = experiment.vector_data
    truth = data.a_star
    assert truth is not None
    path = slow_path(experiment)
    assert not isinstance(path, str)
    found = path.passage(truth, experiment.thresholds[1] * float(np.linalg.norm(truth)))
    near = path.A[0]
    if found is None:
        return np.nan, np.nan, float(np.abs(near - truth).max())
    return found.s, found.correction, float(np.abs(near - truth).max())


def quantiles(what: str, values: list[float], met: bool = True) -> Row:
    """Return the row of a sample."""
    low, five, median, most, high = np.nanquantile(values, [0, 0.05, 0.5, 0.95, 1])
    detail = f"90 % in {five:.4g} to {most:.4g}, all in {low:.4g} to {high:.4g}, n = {len(values)}"
    return Row(what, float(median), "x (median)", "", met, detail)


def nearness(what: str, values: list[float], met: bool = True) -> Row:
    """Return the row of a ratio that should be 1, with how many are near."""
    away, row = np.abs(np.log(values)), quantiles(what, values, met)
    near = ", ".join(f"{np.mean(away <= np.log(x)):.1%} within {x:g} x" for x in (1.01, 2))
    return row._replace(detail=f"{row.detail}; {near}")


def coverage(what: str, cases: list[tuple[tuple[int, int], int]], refused: int) -> Row:
    """Return the share of runs inside their interval, and its median width."""
    inside = np.mean([low <= t2 <= high for (low, high), t2 in cases])
    width = np.median([(high - low) / t2 for (low, high), t2 in cases])
    detail = f"median width {width:.2%} of t2, n = {len(cases)}, {refused} without an interval"
    return Row(what, float(100 * inside), "%", "85 to 95 %", bool(0.85 <= inside <= 0.95), detail)


def stepped(method: type, rng: np.random.Generator) -> tuple[list, int]:
    """Return (interval, t2) of runs that were stepped, and how many had no interval."""
    cases, refused = [], 0
    for n, N in SHAPES:
        batch = []
        while len(batch) < STEPPED:
            drawn = problem(rng, n, N)
            alpha = float(rng.uniform(0.05, 0.6) * drawn.alpha_max)
            goal = float(10 ** rng.uniform(-2, -0.5))
            trial = lb.Experiment(
                drawn, lb.L1(1e-5), method(alpha), steps=STEPS, thresholds=(1e-3, goal)
            )
            s2 = law(trial)[0]
            if not s2 > 0:
                continue
            beta = s2 / (alpha * 10 ** rng.uniform(2.5, np.log10(STEPS / 1.3)))
            if beta < 3e-3 * goal:  # else the floor is too near
                batch.append(trial.with_(penalty=lb.L1(float(beta)), record=lb.At(())))
        for run in lb.simulate_batch(batch):
            t2 = run.phases.t2.step
            if t2 is None:
                continue
            try:
                cases.append((t2_interval(run.experiment)[1], t2))
            except NotCovered:
                refused += 1
    return cases, refused


def measure(out: Path) -> list[Row]:
    """Return the ratios over random instances of l1, and the coverage of the intervals."""
    rng = np.random.default_rng(SEED)
    paper, plain, corrected, least, cases, refused = [], [], [], [], [], 0
    for experiment, t2 in experiments(rng):
        assert experiment.penalty is not None
        beta = float(experiment.penalty.terms[0].beta)
        rate = float(experiment.method.alpha) * beta  # pyright: ignore
        s2, slope, norm = law(experiment)
        if s2 == 0:  # below the threshold as soon as the data are fitted
            continue
        paper.append(t2 * rate / norm)
        plain.append(t2 * rate / s2)
        corrected.append(t2 * rate / (s2 + beta * slope))
        least.append(delay_lower_bound(experiment) / t2)
        try:
            cases.append((t2_interval(experiment)[1], t2))
        except NotCovered:
            refused += 1
        if len(paper) == INSTANCES:
            break
    rows = [
        nearness("t2 / (||a_hat - a*|| / (alpha beta)), the paper's", paper),
        nearness("t2 / (s2 / (alpha beta))", plain),
        nearness("t2 / ((s2 + beta s2') / (alpha beta))", corrected),
        nearness("lower bound / t2", least, bool(max(least) <= 1)),
        coverage("90 % interval, proximal gradient", cases, refused),
    ]
    for method in (lb.Subgradient, lb.ProjectedSubgradient):
        cases, refused = stepped(method, rng)
        rows.append(coverage(f"90 % interval, {method.__name__}", cases, refused))
    np.savez(out / "slow-time.npz", paper=paper, plain=plain, corrected=corrected, least=least)
    return rows
