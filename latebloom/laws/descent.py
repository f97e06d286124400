r"""Regularization: how fast a sum of subgradient steps must bring f, or h, down.

Everything here is one telescoped inequality. From $\|a_{t+1} - x\|^2 = \|a_t - x\|^2 - 2\alpha
\langle F_t, a_t - x\rangle + \alpha^2\|F_t\|^2$ and convexity,

$$\min_{t_1 \le t < t_1 + T} f(a_t) - f(x) \le \frac{\|a_{t_1} - x\|^2 + \alpha^2\sum\|F_t\|^2}
{2\alpha T}$$

for EVERY comparator x: an upper bound, from which no lower bound of a time follows.
"""

import math

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.methods import ProximalGradient
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, Point, facts, noise_constant, with_truth

from .common import assume_step_sizes, late
from .law import Assumption, Law, Measurement, Promise, register

# Steps of each stretch that is followed update by update: memorization and what comes after it.
WINDOW = 400
# The accuracies at which hitting times are compared, in units of the penalty's strength.
ETAS = (0.01, 0.1, 1.0, 10.0)
SYMBOLS = ("X", "y*", "alpha", "beta", "a(0)")
SIDES = "largest left side / right side"


def _one(f: Facts) -> Promise:
    return Promise(SIDES, high=1.0)


def _explicit(experiment: Experiment) -> Facts | str:
    found = facts(experiment)
    if not isinstance(found, str) and not found.explicit:
        return "it is about the explicit update (Subgradient, GradientDescent)"
    return found


def _stretches(run: Run, f: Facts) -> list[Point]:
    """Return the iterates of two stretches: from the start, and from t1 on."""
    starts = [f.start]
    after = late(run, f.t1 if f.beta else 0)
    if not isinstance(after, str):
        starts.append(after[1][0])
    return [f.path(a, min(WINDOW, run.experiment.steps)) for a in starts]


def comparators(f: Facts) -> dict[str, Point]:
    """Return the points that the inequality is asked for."""
    found = {"least squares": f.fitted, "0": np.zeros_like(f.start)}
    if f.a_star is not None:
        found["a*"] = f.a_star
    if f.end is not None:
        found["the minimizer"] = f.end.a
    return found


def telescoped(f: Facts, path: Point, x: Point, h_only: bool = False) -> float:
    """Return the largest ratio of the two sides over all lengths T of a stretch.

    With `h_only` the left side is beta times the least h(a) - h(x), for an interpolating x.
    """
    steps = len(path) - 1
    value = (lambda a: f.beta * f.norm(a)) if h_only else f.objective
    gained = np.minimum.accumulate([value(a) for a in path[:-1]]) - value(x)
    moved = np.diff(path, axis=0).reshape(steps, -1)  # -alpha F
    paid = float(((path[0] - x) ** 2).sum()) + np.cumsum((moved**2).sum(axis=1))
    right = paid / (2 * f.alpha * np.arange(1, steps + 1))
    return float((gained / np.where(right > 0, right, 1.0)).max())


def _telescoping(run: Run, f: Facts) -> Measurement:
    worst = (-math.inf, "")
    for path in _stretches(run, f):
        worst = max(worst, *((telescoped(f, path, x), name) for name, x in comparators(f).items()))
    return Measurement(worst[0], f"tightest for the comparator {worst[1]}")


def _feasible_truth(experiment: Experiment) -> Facts | str:
    found = _explicit(experiment)
    if isinstance(found, str):
        return found
    return _comparable(found) if found.h != "none" else "it needs the penalty L1 or Nuclear"


def _comparable(found: Facts) -> Facts | str:
    """Return the facts if f - g is beta h alone and the truth interpolates."""
    if found.ridge > 0:
        return "it is about L1 or Nuclear alone, and there is L2 besides"
    if found.noise is None or found.noise.any():
        return "the comparator must interpolate the data: it needs a ground truth without noise"
    return found


def _h_telescoping(run: Run, f: Facts) -> Measurement:
    assert f.a_star is not None
    x = f.a_star
    return Measurement(max(telescoped(f, path, x, h_only=True) for path in _stretches(run, f)))


def _proximal(experiment: Experiment) -> Facts | str:
    found = facts(experiment)
    if isinstance(found, str):
        return found
    if not isinstance(experiment.method, ProximalGradient):
        return "it is about proximal gradient"
    return found


def _short_step(f: Facts) -> list[Assumption]:
    top = 1 / float(f.sigma[0])
    return [Assumption.of("alpha", f.alpha <= top, f.alpha, f"<= 1/sigma_max = {top:.4g}")]


def _proximal_descent(run: Run, f: Facts) -> Measurement:
    worst = (-math.inf, "")
    for path in _stretches(run, f):
        best = np.minimum.accumulate([f.objective(a) for a in path[1:]])
        for name, x in comparators(f).items():
            far = float(((path[0] - x) ** 2).sum()) / (2 * f.alpha * np.arange(1, len(path)))
            ratio = (best - f.objective(x)) / np.where(far > 0, far, 1.0)
            worst = max(worst, (float(ratio.max()), name))
    return Measurement(worst[0], f"tightest for the comparator {worst[1]}")


def _projected(experiment: Experiment) -> Facts | str:
    found = facts(experiment)
    if isinstance(found, str):
        return found
    if not found.projected or found.h == "none":
        return "it is about the projected subgradient method with L1 or Nuclear"
    return _comparable(found)


def _projected_descent(run: Run, f: Facts) -> Measurement:
    assert f.a_star is not None
    first = f.path(f.start, 1)[1]  # only from there on the iterates interpolate
    path = f.path(first, min(WINDOW, run.experiment.steps))
    gained = np.minimum.accumulate([f.norm(a) for a in path[:-1]]) - f.norm(f.a_star)
    T, step = np.arange(1, len(path)), f.alpha * f.beta
    right = (float(((first - f.a_star) ** 2).sum()) + step**2 * T * f.pull**2) / (2 * step * T)
    return Measurement(float((gained / right).max()))


def drift_constant(f: Facts) -> float:
    r"""Return $C' = \sup\|H\|^2\,(1 + 2\alpha\sigma_{\max}/(1 - \rho))^2$, rho over the range."""
    return f.pull**2 * (1 + 2 * f.alpha * float(f.sigma[0]) / (1 - f.rho)) ** 2


def _hits(run: Run, f: Facts, of_norm: bool) -> list[tuple[float, float]] | str:
    """Return (hitting time, t1 + Delta t) of the levels that the records decide."""
    found = late(run, f.t1)
    if isinstance(found, str):
        return found
    assert f.a_star is not None
    steps, points = found
    t1, rate = int(steps[0]), f.alpha * f.beta
    far = float(((points[0] - f.a_star) ** 2).sum())
    constant = drift_constant(f)
    if of_norm:
        values = np.array([f.norm(a) for a in points]) - f.norm(f.a_star)
        constant, unit = constant + noise_constant(f), 1.0
    else:
        values = np.array([f.objective(a) for a in points]) - f.objective(f.a_star)
        unit = f.beta
    out = []
    for eta in ETAS:
        reached = np.flatnonzero(values <= (eta + constant * rate) * unit / 2)
        bound = t1 + far / (rate * eta)
        if reached.size:
            out.append((float(steps[reached[0]]), bound))
        elif steps[-1] >= bound:
            out.append((math.inf, bound))
    if t1 == far == 0:
        return "the run starts at the truth: every level is reached at step 0, as promised"
    return out or "the run ends before the time by which a level must be reached"


def _latest(of_norm: bool):
    def measure(run: Run, f: Facts) -> Measurement | str:
        found = _hits(run, f, of_norm)
        if isinstance(found, str):
            return found
        return Measurement(max(hit / bound for hit, bound in found), f"{len(found)} levels eta")

    return measure


def _earliest(of_norm: bool):
    def measure(run: Run, f: Facts) -> Measurement | str:
        found = _hits(run, f, of_norm)
        if isinstance(found, str):
            return found
        return Measurement(min(hit / bound for hit, bound in found), f"{len(found)} levels eta")

    return measure


def _at_most(f: Facts) -> Promise:
    return Promise("hitting time / (t1 + Delta t)", high=1.0)


def _not_before(f: Facts) -> Promise:
    return Promise("hitting time / (t1 + Delta t)", low=1.0)


def _levels(of_norm: bool) -> tuple[Law, Law]:
    """Return the corrected and the printed law on the hitting times of the levels of f, or h."""
    what = (
        "h(a) - h(a*) <= (eta + (C + C') alpha beta)/2"
        if of_norm
        else "f(a) - f(a*) <= (eta + C' alpha beta) beta/2"
    )
    when = "by t1 + ||a(t1) - a*||^2/(alpha beta eta)"
    part, name = ("(iv)", "level of h") if of_norm else ("(iii), C.13", "level of f")
    common = {
        "source": f"arXiv 2506.05718, theorems 3.1 (C.29) and 3.4 (C.40), {part}",
        "symbols": ("X", "y*", "a*", "alpha", "beta", "a(0)"),
        "know": with_truth,
        "assume": assume_step_sizes,
        "erratum": "E-01",
    }
    return (
        Law(
            name=f"{name}, reached in time",
            statement=f"{what} {when}, for every eta > 0",
            status="corrected",
            foretell=_at_most,
            measure=_latest(of_norm),
            **common,
        ),
        Law(
            name=f"{name}, not before",
            statement=f"{what} not before t1 + Delta t ('if and only if')",
            status="printed",
            foretell=_not_before,
            measure=_earliest(of_norm),
            **common,
        ),
    )


def _nothing(f: Facts) -> list[Assumption]:
    return []


register(
    Law(
        name="telescoping",
        statement="min f(a(t)) - f(x) <= (||a(t1) - x||^2 + alpha^2 sum ||F||^2)/(2 alpha T) for "
        "every comparator x, convex f",
        source="arXiv 2506.05718, lemma C.12 with its sum kept and any comparator",
        symbols=SYMBOLS,
        status="corrected",
        erratum="E-14",
        know=_explicit,
        assume=_nothing,
        foretell=_one,
        measure=_telescoping,
    ),
    Law(
        name="telescoping of h",
        statement="beta (min h(a(t)) - h(x)) <= (||a(t1) - x||^2 + alpha^2 sum ||F||^2)/"
        "(2 alpha T) for every interpolating x",
        source="arXiv 2506.05718, equation 15, without assumption C.5",
        symbols=(*SYMBOLS, "a*"),
        status="corrected",
        erratum="E-06",
        know=_feasible_truth,
        assume=_nothing,
        foretell=_one,
        measure=_h_telescoping,
    ),
    *_levels(of_norm=False),
    *_levels(of_norm=True),
    Law(
        name="proximal descent",
        statement="min f(a(t)) - f(x) <= ||a(0) - x||^2/(2 alpha T) for every x",
        source="arXiv 2506.05718, appendix D (ISTA), with the square and any comparator",
        symbols=SYMBOLS,
        status="corrected",
        erratum="E-18",
        know=_proximal,
        assume=_short_step,
        foretell=_one,
        measure=_proximal_descent,
    ),
    Law(
        name="projected descent",
        statement="min h(a(t)) - h(a*) <= (||a(t1) - a*||^2 + (alpha beta)^2 T sup||H||^2)/"
        "(2 alpha beta T)",
        source="arXiv 2506.05718, appendix D (projected subgradient); its limit is alpha beta n/2",
        symbols=(*SYMBOLS, "a*"),
        status="corrected",
        erratum="E-18",
        know=_projected,
        assume=_nothing,
        foretell=_one,
        measure=_projected_descent,
    ),
)
