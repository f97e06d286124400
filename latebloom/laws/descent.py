r"""Regularization: how fast a sum of subgradient steps must bring f, or h, down.

All of it follows from one telescoping inequality. From $\|a_{t+1} - x\|^2 = \|a_t - x\|^2 - 2\alpha
\langle F_t, a_t - x\rangle + \alpha^2\|F_t\|^2$ and convexity,

$$\min_{t_1 \le t < t_1 + T} f(a_t) - f(x) \le \frac{\|a_{t_1} - x\|^2 + \alpha^2\sum\|F_t\|^2}
{2\alpha T}$$

for EVERY comparator x: an upper bound, from which no lower bound of a time follows.
"""

from collections.abc import Callable, Iterable
from itertools import product

import numpy as np

from latebloom.core.interrupts import check as check_signals
from latebloom.experiment.experiment import Experiment
from latebloom.methods import ProximalGradient
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, Point, facts, regularized_with_truth

from .contexts import explicit, small_steps
from .finding import INEQUALITY, Assumption, Measurement
from .hitting_times import hitting_time_laws
from .law import Law, NotCovered, Undecided
from .measures import first_updates, records

# Updates that are followed from the start, and again from t1 on.
WINDOW = 400
# Of a value of f, relative: at the minimizer nothing else is left of a difference.
ROUNDING = 64 * np.finfo(float).eps


def _two_stretches(run: Run, f: Facts) -> list[Point]:
    """Return the iterates of two stretches: from the start, and from t1 on."""
    stretches = [first_updates(run, f, WINDOW)]
    try:
        first = records(run, f.t1 if f.beta else 0)[1][0]
    except Undecided:
        return stretches
    return [*stretches, f.path(first, min(WINDOW, run.experiment.steps))]


def comparators(f: Facts) -> dict[str, Point]:
    """Return the points x for which the inequality is checked."""
    found = {"least squares": f.fitted, "0": np.zeros_like(f.start)}
    if f.a_star is not None:
        found["a*"] = f.a_star
    if f.end is not None:
        found["the minimizer"] = f.end.a
    return found


def squared_distance(a: Point, x: Point) -> float:
    r"""Return $\|a - x\|^2$."""
    return float(((a - x) ** 2).sum())


def _gained(values: list[float], of_x: float) -> np.ndarray:
    """Return the least value so far above that of the comparator, without what may be rounding."""
    return np.minimum.accumulate(values) - of_x - ROUNDING * abs(of_x)


def telescoped(f: Facts, path: Point, x: Point, h_only: bool = False) -> float:
    """Return the largest ratio of the two sides over all lengths T of a stretch.

    **Arguments:**

    - `f`: the facts of the experiment.
    - `path`: the iterates of a stretch.
    - `x`: the comparator; with `h_only` it must interpolate the data.
    - `h_only`: whether the left side is beta times the least h(a) - h(x).
    """
    steps = len(path) - 1
    value = (lambda a: f.beta * f.norm(a)) if h_only else f.objective
    gained = _gained([value(a) for a in path[:-1]], value(x))
    moved = np.diff(path, axis=0).reshape(steps, -1)  # -alpha F
    paid = squared_distance(path[0], x) + np.cumsum((moved**2).sum(axis=1))
    right = paid / (2 * f.alpha * np.arange(1, steps + 1))
    return float((gained / np.where(right > 0, right, 1.0)).max())


def _proximal_ratio(f: Facts, path: Point, x: Point) -> float:
    gained = _gained([f.objective(a) for a in path[1:]], f.objective(x))
    right = squared_distance(path[0], x) / (2 * f.alpha * np.arange(1, len(path)))
    return float((gained / np.where(right > 0, right, 1.0)).max())


def _for_every_comparator(ratio: Callable[[Facts, Point, Point], float]):
    """Return the measurement of the largest ratio over two stretches and all comparators."""

    def measure(run: Run, f: Facts) -> Measurement:
        stretches, points = _two_stretches(run, f), comparators(f)
        ratios = []
        for path, (name, x) in product(stretches, points.items()):
            check_signals()
            ratios.append((ratio(f, path, x), name))
        worst, name = max(ratios)
        return Measurement(worst, f"tightest for the comparator {name}")

    return measure


def _h_alone(f: Facts) -> Facts:
    """Return the facts if f - g is beta h alone and the truth interpolates."""
    if f.ridge > 0:
        raise NotCovered("it is about L1 or Nuclear alone, and there is L2 besides")
    if f.noise is None or f.noise.any():
        raise NotCovered(
            "the comparator must interpolate the data: it needs a ground truth without noise"
        )
    return f


def _explicit_h(experiment: Experiment) -> Facts:
    f = explicit(experiment)
    if f.h == "none":
        raise NotCovered("it needs the penalty L1 or Nuclear")
    return _h_alone(f)


def _h_telescoping(run: Run, f: Facts) -> Measurement:
    x = f.a_star
    assert x is not None
    return Measurement(max(telescoped(f, path, x, h_only=True) for path in _two_stretches(run, f)))


def _proximal(experiment: Experiment) -> Facts:
    f = facts(experiment)
    if not isinstance(experiment.method, ProximalGradient):
        raise NotCovered("it is about proximal gradient")
    return f


def _short_step(f: Facts) -> Iterable[Assumption]:
    top = 1 / float(f.sigma[0])
    yield Assumption.of("alpha", f.alpha <= top, f.alpha, f"<= 1/sigma_max = {top:.4g}")


def _projected(experiment: Experiment) -> Facts:
    f = facts(experiment)
    if not f.projected or f.h == "none":
        raise NotCovered("it is about the projected subgradient method with L1 or Nuclear")
    return _h_alone(f)


def _projected_descent(run: Run, f: Facts) -> Measurement:
    first = f.path(f.start, 1)[1]  # only from there on the iterates interpolate
    path = f.path(first, min(WINDOW, run.experiment.steps))
    gained = np.minimum.accumulate([f.norm(a) for a in path[:-1]]) - f.norm(f.truth)
    T, step = np.arange(1, len(path)), f.alpha * f.beta
    right = (squared_distance(first, f.truth) + step**2 * T * f.subgradient_bound**2) / (
        2 * step * T
    )
    return Measurement(float((gained / right).max()))


def noise_constant(f: Facts) -> float:
    r"""Return $C = \|U^\top\xi\|^2/(\alpha\beta^2)$, from the condition $\|U^\top\xi\| \le
    \sqrt{C\alpha}\,\beta$ (equation 92 needs U, not X)."""
    if f.noise is None:
        return float("nan")
    inside = f.data.operator.forward(np.asarray(f.data.operator.correction(f.noise, f.inverse)))
    return float((np.asarray(inside) ** 2).sum()) / (f.alpha * f.beta**2)


def drift_constant(f: Facts) -> float:
    r"""Return $C' = \sup\|H\|^2\,(1 + 2\alpha\sigma_{\max}/(1 - \rho))^2$, rho over the range."""
    return f.subgradient_bound**2 * (1 + 2 * f.alpha * float(f.sigma[0]) / (1 - f.rho)) ** 2


def _errors_of_f(f: Facts, points: Point) -> tuple[np.ndarray, Callable[[float], float]]:
    values = np.array([f.objective(a) for a in points]) - f.objective(f.truth)
    drift = drift_constant(f) * (f.alpha * f.beta)
    return values, lambda eta: (eta + drift) * f.beta / 2


def _errors_of_h(f: Facts, points: Point) -> tuple[np.ndarray, Callable[[float], float]]:
    values = np.array([f.norm(a) for a in points]) - f.norm(f.truth)
    drift = (drift_constant(f) + noise_constant(f)) * (f.alpha * f.beta)
    return values, lambda eta: (eta + drift) / 2


SYMBOLS = ("X", "y*", "alpha", "beta", "a(0)")
LEVELS = {
    "symbols": ("X", "y*", "a*", "alpha", "beta", "a(0)"),
    "context": regularized_with_truth,
    "hypotheses": small_steps,
}
THEOREMS = "arXiv 2506.05718, theorems 3.1 (C.29) and 3.4 (C.40), "
DESCENT = (
    Law(
        name="telescoping",
        statement="min f(a(t)) - f(x) <= (||a(t1) - x||^2 + alpha^2 sum ||F||^2)/(2 alpha T) for "
        "every comparator x, convex f",
        source="arXiv 2506.05718, lemma C.12 with its sum kept and any comparator",
        symbols=SYMBOLS,
        status="corrected",
        erratum="E-14",
        context=explicit,
        promise=INEQUALITY,
        measure=_for_every_comparator(telescoped),
    ),
    Law(
        name="telescoping of h",
        statement="beta (min h(a(t)) - h(x)) <= (||a(t1) - x||^2 + alpha^2 sum ||F||^2)/"
        "(2 alpha T) for every interpolating x",
        source="arXiv 2506.05718, equation 15, without assumption C.5",
        symbols=(*SYMBOLS, "a*"),
        status="corrected",
        erratum="E-06",
        context=_explicit_h,
        promise=INEQUALITY,
        measure=_h_telescoping,
    ),
    *hitting_time_laws(
        ("level of f, reached in time", "level of f, not before"),
        "f(a) - f(a*) <= (eta + C' alpha beta) beta/2",
        _errors_of_f,
        THEOREMS + "(iii), C.13",
        **LEVELS,
    ),
    *hitting_time_laws(
        ("level of h, reached in time", "level of h, not before"),
        "h(a) - h(a*) <= (eta + (C + C') alpha beta)/2",
        _errors_of_h,
        THEOREMS + "(iv)",
        **LEVELS,
    ),
    Law(
        name="proximal descent",
        statement="min f(a(t)) - f(x) <= ||a(0) - x||^2/(2 alpha T) for every x",
        source="arXiv 2506.05718, appendix D (ISTA), with the square and any comparator",
        symbols=SYMBOLS,
        status="corrected",
        erratum="E-18",
        context=_proximal,
        hypotheses=_short_step,
        promise=INEQUALITY,
        measure=_for_every_comparator(_proximal_ratio),
    ),
    Law(
        name="projected descent",
        statement="min h(a(t)) - h(a*) <= (||a(t1) - a*||^2 + (alpha beta)^2 T sup||H||^2)/"
        "(2 alpha beta T)",
        source="arXiv 2506.05718, appendix D (projected subgradient); its limit is alpha beta n/2",
        symbols=(*SYMBOLS, "a*"),
        status="corrected",
        erratum="E-18",
        context=_projected,
        promise=INEQUALITY,
        measure=_projected_descent,
    ),
)
