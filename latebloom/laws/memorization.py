r"""The main theorem's first phase: the gradient of g dominates, and g falls geometrically.

Printed with constants that are too small in two places (E-04, E-05, E-11) and far too large in a
third (the smoothness of g is bounded by the number of parameters times its largest second
derivative). For least squares all of them are known exactly: the smoothness is $\sigma_{\max}$, the
CL constant $2\sigma_{\min+}(X)^2$. The corrected law uses these.
"""

import math
from functools import partial
from itertools import pairwise

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.laws.constants.cl_constant import sampled_cl_constant
from latebloom.laws.constants.memorization_constants import Constants, constants
from latebloom.problems import LeastSquares
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, Point, facts

from .contraction import excess
from .finding import INEQUALITY, Assumption, Measurement, Promise
from .law import Hypotheses, Law, Measure, NotCovered, Undecided, no_promise
from .measures import first_updates, largest

STEPS = 2000  # updates followed at most


def _penalized(experiment: Experiment) -> Facts:
    f = facts(experiment)
    if not f.explicit or f.ridge > 0:
        raise NotCovered("it is about the subgradient method with L1, Nuclear or no penalty")
    size = float(np.linalg.norm(f.data.operator.adjoint(f.data.y_star)))
    if float(np.linalg.norm(f.gradient(f.start))) <= 1e-12 * size:
        raise NotCovered("the run starts at least squares: there is nothing to memorize")
    return f


def _fits(f: Facts) -> list[Assumption]:
    g = f.loss(f.fitted) / (0.5 * float((f.data.y_star**2).sum()))
    return [Assumption.of("g*/g(0)", g < 1e-20, g, "0: the data can be fitted")]


def _small_steps(printed: bool) -> Hypotheses:
    def hypotheses(f: Facts) -> list[Assumption]:
        c = constants(f, printed)
        return [
            *_fits(f),
            Assumption.of("alpha", f.alpha < c.alpha_max, f.alpha, f"< {c.alpha_max:.4g}"),
            Assumption.of("beta", f.beta < c.beta_max, f.beta, f"< {c.beta_max:.4g}"),
        ]

    return hypotheses


def _dominated(run: Run, f: Facts, c: Constants) -> np.ndarray:
    """Return the iterates up to the first at which the gradient does not dominate."""
    path = first_updates(run, f, STEPS)
    for t, a in enumerate(path):
        if f.beta * f.subgradient_bound > c.gamma * float(np.linalg.norm(f.gradient(a))):
            return path[: t + 1]
    return path


def _contracts(printed: bool) -> Measure:
    def measure(run: Run, f: Facts) -> Measurement:
        c = constants(f, printed)
        path = _dominated(run, f, c)
        first, worst = excess(f, f.start), (-math.inf, "")
        for t, a in enumerate(path):
            height = excess(f, a) / ((1 - c.delta) ** t * first)
            inside = float(np.linalg.norm(a - f.start)) / c.r
            worst = max(worst, (height, f"g at step {t}"), (inside, f"distance at step {t}"))
        last = path[-1]
        for j, a in enumerate(path[:-1]):
            far = float(np.linalg.norm(last - a)) / ((1 - c.delta) ** (j / 2) * c.r)
            worst = max(worst, (far, f"distance from step {j} to the last"))
        return Measurement(worst[0], f"{len(path) - 1} dominated steps; {worst[1]}")

    return measure


def _descends(run: Run, f: Facts) -> Measurement:
    """Lemmas C.19 to C.22: remainder, one-step descent and path length."""
    c = constants(f)
    path = _dominated(run, f, c)
    worst, walked = (-math.inf, ""), 0.0
    longest = 2 * (1 + c.gamma) / (1 - c.epsilon) * math.sqrt(excess(f, f.start) / c.chi)
    for t, (a, b) in enumerate(pairwise(path)):
        G = float((f.gradient(a) ** 2).sum())
        gained = excess(f, a) - excess(f, b)
        remainder = abs(-gained + f.alpha * G) / (c.epsilon * f.alpha * G)
        descent = (c.delta / c.chi) * G / gained if gained > 0 else math.inf
        walked += float(np.linalg.norm(b - a))
        worst = max(
            worst,
            (remainder, f"remainder at step {t}"),
            (descent, f"descent at step {t}"),
            (walked / longest, f"path length at step {t}"),
        )
    return Measurement(worst[0], worst[1])


def _window(f: Facts) -> Promise:
    c = constants(f)
    if math.isnan(c.C):
        raise NotCovered(f"alpha = {f.alpha:g} is too large for the theorem's constants")
    if f.beta == 0:
        raise NotCovered("without a penalty the gradient always dominates")
    return Promise("steps with beta ||H|| <= gamma ||G||", low=float(math.floor(c.window)))


def _dominance(run: Run, f: Facts) -> Measurement:
    steps = len(_dominated(run, f, constants(f))) - 1
    if steps == min(STEPS, run.experiment.steps):
        raise Undecided(f"all {steps} steps that were followed are dominated")
    return Measurement(float(steps))


def _gradient_over_bound(f: Facts, steps: np.ndarray, points: Point) -> list[float]:
    smallest = 1e-28 * f.loss(np.zeros_like(f.start))  # below, both sides are rounding
    ratios = []
    for a in points:
        squared, g = float((f.gradient(a) ** 2).sum()), f.loss(a)
        ratios.append(squared / (2 * float(f.sigma[0]) * g) if g > smallest else -math.inf)
    if max(ratios) == -math.inf:
        raise Undecided("every record fits the data to rounding: there is nothing to compare")
    return ratios


def _sampled(run: Run, f: Facts) -> Measurement:
    return Measurement(sampled_cl_constant(f.experiment, constants(f).r), "64 random points")


def _network(experiment: Experiment) -> Experiment:
    if isinstance(experiment.problem, LeastSquares):
        raise NotCovered("it is about networks; for least squares the constant is known exactly")
    return experiment


def _unproved(experiment: Experiment) -> list[Assumption]:
    """The inequality at the start with r = 1: samples can refute it, but not prove it."""
    chi = sampled_cl_constant(experiment, 1.0, samples=16)
    what = "sampled bound of the CL constant, r = 1"
    return [Assumption(what, "not computable", chi, "4 g(x0) < r^2 chi for some r")]


MAIN = "arXiv 2506.05718, theorems 2.1 (C.10), C.14 and C.16"
_phase_law = partial(Law, symbols=("X", "y*", "alpha", "beta", "a(0)"), context=_penalized)
MEMORIZATION = (
    _phase_law(
        name="memorization phase, printed",
        statement="while beta ||H|| <= gamma ||G||: g(a(j)) <= (1 - delta)^j g(a(0)) and a(j) in "
        "B(a(0), r), for alpha < alpha_max with L = sqrt(p) L_2",
        source=MAIN,
        status="printed",
        erratum="E-04",
        hypotheses=_small_steps(printed=True),
        promise=INEQUALITY,
        measure=_contracts(printed=True),
    ),
    _phase_law(
        name="memorization phase",
        statement="the same for alpha < min{r/(||G|| + r L + beta_max L_h), 2(epsilon - gamma)/"
        "((1 + gamma)^2 L), 1/((1 + gamma) L)}, L = sigma_max, L_h = sup||H||_2",
        source=f"{MAIN}, constants of least squares",
        status="corrected",
        erratum="E-11",
        hypotheses=_small_steps(printed=False),
        promise=INEQUALITY,
        measure=_contracts(printed=False),
    ),
    _phase_law(
        name="lemmas of the memorization phase",
        statement="|g(a(j+1)) - g(a(j)) + alpha ||G||^2| <= epsilon alpha ||G||^2; g(a(j)) - "
        "g(a(j+1)) >= (delta/chi) ||G||^2; path length <= sqrt(4 (1 + gamma)^2 g(a(0))/(chi "
        "(1 - epsilon)^2))",
        source="arXiv 2506.05718, lemmas C.19 to C.22, remainder of the whole step",
        status="corrected",
        erratum="E-11",
        hypotheses=_small_steps(printed=False),
        promise=INEQUALITY,
        measure=_descends,
    ),
    _phase_law(
        name="length of the memorization phase",
        statement="beta ||H|| <= gamma ||G|| for all t <= ln(beta L_h/(gamma ||G(a(0))||))/ln tau",
        source="arXiv 2506.05718, theorem C.14 (24), L_h of 2-norms",
        status="corrected",
        erratum="E-05",
        hypotheses=_small_steps(printed=False),
        promise=_window,
        measure=_dominance,
    ),
    Law(
        name="gradient of a smooth loss",
        statement="||grad g||^2 <= 2 L g, L = sigma_max",
        source="arXiv 2506.05718, lemma C.4",
        symbols=("X", "y*"),
        status="as printed",
        context=facts,
        promise=INEQUALITY,
        measure=largest(_gradient_over_bound),
    ),
    Law(
        name="CL constant of least squares",
        statement="||grad g||^2 >= 2 sigma_min+^2 g everywhere: CL follows from PL with r > "
        "sqrt(2 g/mu)",
        source="arXiv 2506.05718, theorem C.24, with r^2 > 2 g/mu",
        symbols=("X", "y*"),
        status="corrected",
        erratum="B-03",
        context=_penalized,
        hypotheses=_fits,
        promise=lambda f: Promise("least sampled ||grad g||^2/g", low=2 * float(f.sigma[-1])),
        measure=_sampled,
    ),
    Law(
        name="memorization of networks",
        statement="4 g(x0) < r^2 chi(g, x0, r) implies memorization within the ball",
        source="arXiv 2506.05718, theorem 2.1 (C.10)",
        symbols=("network", "start"),
        status="as printed",
        context=_network,
        hypotheses=_unproved,
        promise=no_promise("the CL constant of a network is only bounded from above by samples"),
    ),
)
