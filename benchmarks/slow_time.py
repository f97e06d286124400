"""The slow time s2, its first correction and the lower bound against exact runs."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

import latebloom as lb
from latebloom.experiment.experiment import MAX_STEPS
from latebloom.theory.lower_bound import delay_lower_bound
from latebloom.theory.slow_path import slow_path

from .timing import Row

INSTANCES = 1000
SEED = 7


def problem(rng: np.random.Generator) -> lb.SparseRecovery:
    """Return a random sparse recovery."""
    n = int(rng.integers(16, 61))
    N = int(rng.integers(n // 4, int(0.9 * n)))
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


def measure(out: Path) -> list[Row]:
    """Return the ratios over random instances of l1."""
    rng = np.random.default_rng(SEED)
    paper, plain, corrected, least = [], [], [], []
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
        if len(paper) == INSTANCES:
            break
    rows = [
        nearness("t2 / (||a_hat - a*|| / (alpha beta)), the paper's", paper),
        nearness("t2 / (s2 / (alpha beta))", plain),
        nearness("t2 / ((s2 + beta s2') / (alpha beta))", corrected),
        nearness("lower bound / t2", least, bool(max(least) <= 1)),
    ]
    np.savez(out / "slow-time.npz", paper=paper, plain=plain, corrected=corrected, least=least)
    return rows
