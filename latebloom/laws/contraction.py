"""Loss per step under the Polyak-Lojasiewicz inequality, with and without a penalty."""

import math
from itertools import pairwise

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, facts

from .common import records
from .law import Assumption, Law, Measurement, Promise, register

# Updates that are followed; domination by the gradient usually ends before.
STEPS = 400
SIDES = "largest left side / right side"


def excess(f: Facts, a: np.ndarray) -> float:
    r"""Return $g(a) - g^* = \frac12\|X(a - \hat a)\|^2$, without cancellation."""
    return 0.5 * float((np.asarray(f.data.operator.forward(a - f.fitted)) ** 2).sum())


def _one(f: Facts) -> Promise:
    return Promise(SIDES, high=1.0)


def _plain(experiment: Experiment) -> Facts | str:
    found = facts(experiment)
    if isinstance(found, str):
        return found
    if found.h != "none" or found.ridge > 0 or found.projected:
        return "it is about plain gradient descent, without a penalty"
    return found


def _stable(f: Facts) -> list[Assumption]:
    top = 2 / float(f.sigma[0])
    return [Assumption.of("alpha", f.alpha < top, f.alpha, f"< 2/L = {top:.4g}")]


def plain_rate(f: Facts) -> float:
    r"""Return $1 - \mu\alpha(2 - \alpha L)$ with $\mu$, L the extreme non-zero eigenvalues."""
    L, mu = float(f.sigma[0]), float(f.sigma[-1])
    return 1 - mu * f.alpha * (2 - f.alpha * L)


def _rate(run: Run, f: Facts) -> Measurement | str:
    found = records(run)
    if isinstance(found, str):
        return found
    first, rate = excess(f, f.start), plain_rate(f)
    if first == 0:
        return "the run starts at least squares"
    # What is left of g is rounding of the iterate once it is this small; a large start stays large
    # in the kernel of X.
    size = max(float((f.fitted**2).sum()), float((f.start**2).sum()))
    floor = 1e-28 * float(f.sigma[0]) * size
    worst = (-math.inf, 0)
    for step, a in zip(*found, strict=True):
        bound = first * rate ** float(step) + floor
        worst = max(worst, (excess(f, a) / bound, int(step)))
    return Measurement(worst[0], f"at step {worst[1]:,}")


def _penalized(experiment: Experiment) -> Facts | str:
    found = facts(experiment)
    if isinstance(found, str):
        return found
    if not found.explicit or found.h == "none" or found.ridge > 0:
        return "it is about the subgradient method with L1 or Nuclear"
    return found


def _fits(f: Facts) -> list[Assumption]:
    g = f.loss(f.fitted) / (0.5 * float((f.data.y_star**2).sum()))
    share = "g*/g(0), the share of the data that nothing fits"
    return [
        *_stable(f),
        # Noise below rounding of the data does not count.
        Assumption.of(share, g < 1e-20, g, "0"),
    ]


def decrease(f: Facts, gamma: float, printed: bool) -> float:
    r"""Return $\delta$ with $g(a_{t+1}) \le (1-\delta)g(a_t)$ while $\beta\|H\| \le \gamma\|G\|$.

    $g(a - \alpha(G + \beta H)) \le g - \alpha(1 - \frac{\alpha L}2)\|G\|^2 - \alpha(1 - \alpha
    L)\langle\beta H, G\rangle + \frac{\alpha^2L}2\|\beta H\|^2$, so that $\delta =
    \mu\alpha((2-\alpha L) - 2\gamma|1-\alpha L| - \alpha\gamma^2L)$. As printed (for $\|H\| \le
    \|G\|$, $\gamma = \beta$) the cross term has another factor and helps.
    """
    L, mu = float(f.sigma[0]), float(f.sigma[-1])
    x = f.alpha * L
    if printed:
        return mu * f.alpha * ((2 - x) * (1 + gamma) + x * gamma**2)
    return mu * f.alpha * ((2 - x) - 2 * gamma * abs(1 - x) - x * gamma**2)


def _decreases(printed: bool):
    def measure(run: Run, f: Facts) -> Measurement | str:
        path = f.path(f.start, min(STEPS, run.experiment.steps))
        worst, steps = (-math.inf, 0), 0
        for t, (a, b) in enumerate(pairwise(path)):
            G = float(np.linalg.norm(f.gradient(a)))
            gamma = f.beta * float(np.linalg.norm(f.subgradient(a))) / G if G else math.inf
            if not gamma < 1:
                break
            steps += 1
            factor = 1 - decrease(f, gamma, printed)
            share = excess(f, b) / excess(f, a)
            worst = max(worst, (share / factor if factor > 0 else math.inf, t))
        if not steps:
            return "the penalty dominates from the first step on"
        return Measurement(worst[0], f"over {steps} steps, worst at step {worst[1]}")

    return measure


register(
    Law(
        name="rate of plain gradient descent",
        statement="g(a(t)) - g* <= (1 - mu alpha (2 - alpha L))^t (g(a(0)) - g*)",
        source="arXiv 2506.05718, theorem C.25",
        symbols=("X", "y*", "alpha", "a(0)"),
        status="as printed",
        erratum="E-15",
        know=_plain,
        assume=_stable,
        foretell=_one,
        measure=_rate,
    ),
    Law(
        name="decrease against a penalty",
        statement="g(a(t+1)) <= (1 - delta) g(a(t)), delta = mu alpha ((2 - alpha L) - 2 gamma "
        "|1 - alpha L| - alpha gamma^2 L), while beta ||H|| <= gamma ||G||",
        source="the blog of arXiv 2506.05718, its theorem under PL, derived anew",
        symbols=("X", "y*", "alpha", "beta", "a(0)"),
        status="corrected",
        erratum="B-01",
        know=_penalized,
        assume=_fits,
        foretell=_one,
        measure=_decreases(printed=False),
    ),
    Law(
        name="decrease against a penalty, printed",
        statement="g(a(t+1)) <= (1 - delta) g(a(t)), delta = mu alpha ((2 - alpha L)(1 + beta) + "
        "alpha beta^2 L), while ||H|| <= ||G||",
        source="the blog of arXiv 2506.05718, its theorem under PL",
        symbols=("X", "y*", "alpha", "beta", "a(0)"),
        status="printed",
        erratum="B-01",
        know=_penalized,
        assume=_fits,
        foretell=_one,
        measure=_decreases(printed=True),
    ),
)
