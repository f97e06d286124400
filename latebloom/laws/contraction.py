"""Loss per step under the Polyak-Lojasiewicz inequality, with and without a penalty."""

import math
from functools import partial
from itertools import pairwise

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, Point, facts

from .finding import INEQUALITY, Assumption, Measurement
from .law import Law, Measure, NotCovered, Undecided
from .measures import first_updates, largest, ratio

# Updates that are followed; domination by the gradient usually ends before.
STEPS = 400


def excess(f: Facts, a: Point) -> float:
    r"""Return $g(a) - g^* = \frac12\|X(a - \hat a)\|^2$, without cancellation."""
    return 0.5 * float((np.asarray(f.data.operator.forward(a - f.fitted)) ** 2).sum())


def _plain(experiment: Experiment) -> Facts:
    f = facts(experiment)
    if f.h != "none" or f.ridge > 0 or f.projected:
        raise NotCovered("it is about plain gradient descent, without a penalty")
    return f


def _penalized(experiment: Experiment) -> Facts:
    f = facts(experiment)
    if not f.explicit or f.h == "none" or f.ridge > 0:
        raise NotCovered("it is about the subgradient method with L1 or Nuclear")
    return f


def _stable(f: Facts) -> list[Assumption]:
    top = 2 / float(f.sigma[0])
    return [Assumption.of("alpha", f.alpha < top, f.alpha, f"< 2/L = {top:.4g}")]


def _fits(f: Facts) -> list[Assumption]:
    g = f.loss(f.fitted) / (0.5 * float((f.data.y_star**2).sum()))
    # Noise below rounding of the data does not count.
    what = "g*/g(0), the share of the data that nothing fits"
    return [*_stable(f), Assumption.of(what, g < 1e-20, g, "0")]


def plain_rate(f: Facts) -> float:
    r"""Return $1 - \mu\alpha(2 - \alpha L)$ with $\mu$, L the extreme non-zero eigenvalues."""
    L, mu = float(f.sigma[0]), float(f.sigma[-1])
    return 1 - mu * f.alpha * (2 - f.alpha * L)


def _loss_over_bound(f: Facts, steps: np.ndarray, a: Point) -> list[float]:
    first, rate = excess(f, f.start), plain_rate(f)
    if first == 0:
        raise Undecided("the run starts at least squares")
    # Once g is this small it is the rounding of the iterate. A large start stays large in the
    # kernel of X.
    size = max(float((f.fitted**2).sum()), float((f.start**2).sum()))
    floor = 1e-28 * float(f.sigma[0]) * size
    bounds = (first * rate ** float(step) + floor for step in steps)
    return [excess(f, x) / bound for x, bound in zip(a, bounds, strict=True)]


def decrease(f: Facts, gamma: float, printed: bool) -> float:
    r"""Return $\delta$ with $g(a_{t+1}) \le (1-\delta)g(a_t)$ while $\beta\|H\| \le \gamma\|G\|$.

    $g(a - \alpha(G + \beta H)) \le g - \alpha(1 - \frac{\alpha L}2)\|G\|^2 - \alpha(1 - \alpha
    L)\langle\beta H, G\rangle + \frac{\alpha^2L}2\|\beta H\|^2$, so that $\delta =
    \mu\alpha((2-\alpha L) - 2\gamma|1-\alpha L| - \alpha\gamma^2L)$, with L in the place of $\mu$
    where the bracket is negative: then g may grow, and $\|G\|^2 \le 2Lg$ counts. As printed (for
    $\|H\| \le \|G\|$, $\gamma = \beta$) the terms in $\gamma$ have other factors and the opposite
    sign.
    """
    L, mu = float(f.sigma[0]), float(f.sigma[-1])
    x = f.alpha * L
    if printed:
        return mu * f.alpha * ((2 - x) * (1 + gamma) + x * gamma**2)
    bracket = (2 - x) - 2 * gamma * abs(1 - x) - x * gamma**2
    return (mu if bracket > 0 else L) * f.alpha * bracket


def _decreases(printed: bool) -> Measure:
    def measure(run: Run, f: Facts) -> Measurement:
        ratios = []
        for a, b in pairwise(first_updates(run, f, STEPS)):
            G = float(np.linalg.norm(f.gradient(a)))
            gamma = f.beta * float(np.linalg.norm(f.subgradient(a))) / G if G else math.inf
            if not gamma < 1:
                break
            ratios.append(ratio(excess(f, b) / excess(f, a), 1 - decrease(f, gamma, printed)))
        if not ratios:
            raise Undecided("the penalty dominates from the first step on")
        worst, step = max(zip(ratios, range(len(ratios)), strict=True))
        return Measurement(worst, f"over {len(ratios)} steps, worst at step {step}")

    return measure


_decrease_law = partial(
    Law,
    symbols=("X", "y*", "alpha", "beta", "a(0)"),
    erratum="B-01",
    context=_penalized,
    hypotheses=_fits,
    promise=INEQUALITY,
)
CONTRACTION = (
    Law(
        name="rate of plain gradient descent",
        statement="g(a(t)) - g* <= (1 - mu alpha (2 - alpha L))^t (g(a(0)) - g*)",
        source="arXiv 2506.05718, theorem C.25",
        symbols=("X", "y*", "alpha", "a(0)"),
        status="as printed",
        erratum="E-15",
        context=_plain,
        hypotheses=_stable,
        promise=INEQUALITY,
        measure=largest(_loss_over_bound),
    ),
    _decrease_law(
        name="decrease against a penalty",
        statement="g(a(t+1)) <= (1 - delta) g(a(t)), delta = mu alpha ((2 - alpha L) - 2 gamma "
        "|1 - alpha L| - alpha gamma^2 L) (L for mu where that is negative), while beta ||H|| <= "
        "gamma ||G||",
        source="the blog of arXiv 2506.05718, its theorem under PL, derived anew",
        status="corrected",
        measure=_decreases(printed=False),
    ),
    _decrease_law(
        name="decrease against a penalty, printed",
        statement="g(a(t+1)) <= (1 - delta) g(a(t)), delta = mu alpha ((2 - alpha L)(1 + beta) + "
        "alpha beta^2 L), while ||H|| <= ||G||",
        source="the blog of arXiv 2506.05718, its theorem under PL",
        status="printed",
        measure=_decreases(printed=True),
    ),
)
