"""Two predictors of t2 on matrices against stepping: the paper's norm and the slow time s2."""

from pathlib import Path

import numpy as np

import latebloom as lb
from latebloom.simulate import simulate
from latebloom.theory.lower_bound import delay_lower_bound

from .timing import Row

INSTANCES = 200
ALPHA, BETA = 0.5, 2e-4
GOALS = (1e-2, 1e-2)


def experiment(seed: int, rate: float, steps: int) -> lb.Experiment:
    """Return a certified completion of the random orthogonal model, by the proximal method."""
    problem = lb.MatrixCompletion(n1=10, n2=10, r=2, N=80, seed=seed, recoverable=True)
    penalty, method = lb.Nuclear(rate / ALPHA), lb.ProximalGradient(ALPHA)
    return lb.Experiment(problem, penalty, method, steps=steps, thresholds=GOALS)


def measure(out: Path) -> list[Row]:
    """Return the ratios t2 / predicted over the instances: median, least, largest.

    s2 and its first correction are taken from the flow at a hundredth and a tenth of alpha beta.
    """
    rate = ALPHA * BETA
    paper, slow, corrected, least, products = [], [], [], [], []
    for seed in range(INSTANCES):
        times = []
        for share in (100, 10):
            far = simulate(experiment(seed, rate / share, 10**11), engine="slow").phases.t2
            if far.low is not None and far.high is not None:
                times.append(0.5 * (far.low + far.high) * rate / share)
        if len(times) < 2:
            continue
        s2, slope = times[0], (times[1] - times[0]) / 0.09
        near = experiment(seed, rate, round(1.2 * s2 / rate) + 1000)
        t2 = simulate(near, engine="step").phases.t2.step
        if t2 is None:
            continue
        data = near.data
        assert data.a_star is not None
        norm = float(np.linalg.norm(data.a_hat - data.a_star, 2))
        paper.append(t2 * rate / norm)
        slow.append(t2 * rate / s2)
        corrected.append(t2 * rate / (s2 + slope))
        least.append(delay_lower_bound(near) / t2)
        products.append(t2 * rate)

    def row(what: str, ratios: list[float], met: bool) -> Row:
        low, median, high = np.quantile(ratios, [0, 0.5, 1])
        detail = f"from {low:.4g} to {high:.4g} over {len(ratios)} of {INSTANCES} instances"
        return Row(what, float(median), "x (median)", "", met, detail)

    worst = max(abs(ratio - 1) for ratio in slow)
    return [
        row("t2 / (||A_hat - A*|| / (alpha beta))", paper, True),
        row(f"t2 / (s2 / (alpha beta)), beta = {BETA:g}", slow, worst < 0.1),
        row("t2 / ((s2 + beta s2') / (alpha beta))", corrected, True),
        row("lower bound / t2", least, max(least) <= 1),
        row("t2 alpha beta", products, True),
    ]
