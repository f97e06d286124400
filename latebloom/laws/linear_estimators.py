r"""Grokking in linear estimators, after Levi, Beck and Bar-Sinai: loss under a random covariance.

Gradient descent on the mean square error of a linear student with a linear teacher, Gaussian
inputs: $D = S - T$ shrinks by $e^{-2\eta\Sigma t}$, $\Sigma$ the sample covariance, whose spectrum
is Marchenko and Pastur's. In this library's symbols $2\Sigma = X^\top X$ and $D = a - a^*$; below,
`unit` is the mean eigenvalue of $X^\top X$ (the source's 2), so that any scale of X will do.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from latebloom.core.lazy import special
from latebloom.experiment.experiment import Experiment
from latebloom.laws.constants.marchenko_pastur import distance, passage, scatter
from latebloom.methods import GradientDescent, Subgradient
from latebloom.runs.run import Run

from .contexts import linear_regression
from .finding import Assumption, Measurement, Promise
from .law import Law, NotCovered, Undecided

SOURCE = "arXiv 2310.16441"
DELAY = "t2 - t1"
SPREADS = 4.0  # standard deviations that random quantities may deviate by
NEAR = 5.0  # eigenvalues repel: their distance to the law was at most 3.6/d, for d up to 1000
LEFT = 3.0  # with fewer the fluctuations of the least eigenvalues show
SAME = 0.01  # the mean eigenvalue of a sample differs from the variance by less
NEGLECTED = 0.1  # the closed form may leave out a tenth of itself
NUMBERS = 2**21  # drawn at once: 16 MiB
DRAWS, CUTS = 20_000, (0.1, 1.0, 10.0)  # fresh examples; cuts in units of the loss
# Five standard deviations of a fraction of so many draws, at worst.
SAMPLING = 5 * 0.5 / math.sqrt(DRAWS)


@dataclass(frozen=True)
class Estimator:
    r"""A linear estimator, in the symbols of the source.

    **Fields:**

    - `d`, `N`: unknowns and examples; `ratio`: $\lambda = d/N$.
    - `rate`: the step size times twice the mean eigenvalue of $X^\top X$, the source's $4\eta_0$.
    - `train`, `test`: thresholds of both losses, in units of $\|D(0)\|^2$.
    - `spectrum`: distance of the spectrum to the law of Marchenko and Pastur.
    - `aligned`: training over test loss at the start, 1 for a random D(0).
    """

    d: int
    N: int
    rate: float
    train: float
    test: float
    spectrum: float
    aligned: float

    @property
    def ratio(self) -> float:
        """The number of unknowns per example."""
        return self.d / self.N

    @cached_property
    def passages(self) -> tuple[float, float] | None:
        """The steps at which training and test loss are at their thresholds, None if never."""
        times = []
        for level, test in ((self.train, False), (self.test, True)):
            tau = 0.0 if level >= 1 else passage(self.ratio, level, test)
            if tau is None:
                return None
            times.append(tau / self.rate)
        return times[0], times[1]

    def scatter(self, t1: float, t2: float) -> tuple[float, float]:
        """Return the standard deviation of the delay, in steps times `rate`, and the directions
        left at t2."""
        return scatter(self.ratio, (self.rate * t1, self.rate * t2), self.d)


def _estimator(experiment: Experiment) -> Estimator:
    data, truth, eta, beta = linear_regression(experiment)
    if not isinstance(experiment.method, GradientDescent | Subgradient):
        raise NotCovered("it is about gradient descent")
    if beta.l1 > 0 or beta.l2 > 0:
        raise NotCovered("it is about gradient descent without a penalty")
    N, d = data.X.shape
    values = np.concatenate([data.svd.s**2, np.zeros(d - data.svd.s.size)])
    unit = float(values.mean())
    away = experiment.start - truth
    size = float(away @ away)
    if size == 0:
        raise NotCovered("the start is the ground truth")
    train, test = experiment.thresholds
    goal = (train * float(np.linalg.norm(data.y_star))) ** 2
    return Estimator(
        d,
        N,
        2 * eta * unit,
        goal / (unit * size),
        (test * float(np.linalg.norm(truth))) ** 2 / size,
        distance(values / unit, d / N),
        float(np.sum((data.X @ away) ** 2)) / (unit * size),
    )


def _random_matrix(e: Estimator) -> Iterable[Assumption]:
    what = "lambda = unknowns per example"
    yield Assumption.of(what, e.ratio < 1, e.ratio, "below 1: else t2 is never reached")
    near = NEAR / e.d
    what = "distance of the spectrum to Marchenko and Pastur's law"
    yield Assumption.of(what, e.spectrum <= near, e.spectrum, f"at most {NEAR:g}/d = {near:.3g}")
    spread = SPREADS * math.sqrt(2 / e.d)
    what = "training over test loss at the start"
    fits = abs(e.aligned - 1) <= spread
    yield Assumption.of(what, fits, e.aligned, f"1 -+ {spread:.3g}: a random start and teacher")
    if e.passages is None:
        return
    _, left = e.scatter(*e.passages)
    what = "directions left at t2"
    yield Assumption.of(what, left >= LEFT, left, f"at least {LEFT:g}: else the last one decides")


def _small_cut(e: Estimator) -> Iterable[Assumption]:
    yield from _random_matrix(e)
    one = e.train / e.test
    what = "threshold of the training loss over that of the test loss"
    yield Assumption.of(what, abs(one - 1) <= SAME, one, "1: one cut for both")
    if e.ratio >= 1 or e.passages is None or not e.passages[0]:
        return
    # With equation (11) in both places, exp(-g tau) tau^(-3/2) falls to the threshold and to g
    # times the threshold, g = (1 - sqrt(lambda))^2; the power of tau is left out of (12).
    t1, t2 = e.passages
    left_out = 1.5 * math.log(t2 / t1) / (-2 * math.log(1 - math.sqrt(e.ratio)))
    what = "3/2 log(t2/t1)/(2 log(1/(1 - sqrt(lambda)))), what the closed form leaves out"
    yield Assumption.of(what, left_out <= NEGLECTED, left_out, f"at most {NEGLECTED}: a tiny cut")


def _delay(e: Estimator) -> Promise:
    if e.passages is None:
        raise NotCovered("a loss does not come down to its threshold")
    t1, t2 = e.passages
    value = t2 - t1
    spread, _ = e.scatter(t1, t2)
    wide = SPREADS * spread / e.rate / abs(value) if value else 0.0
    return Promise(DELAY, value, value, tolerance=wide)


def closed_form(ratio: float, rate: float) -> float:
    r"""Return equation (12), $\log(1/(1-\sqrt\lambda))/(2\eta_0(1-\sqrt\lambda)^2)$.

    **Arguments:**

    - `ratio`: $\lambda < 1$.
    - `rate`: $4\eta_0$.

    >>> round(closed_form(0.25, 4.0), 6)  # log(2) 2
    1.386294
    """
    gap = 1 - math.sqrt(ratio)
    return 2 * math.log(1 / gap) / (rate * gap**2)


def _asymptote(e: Estimator) -> Promise:
    if e.ratio >= 1:
        raise NotCovered("the closed form is for lambda < 1")
    value = closed_form(e.ratio, e.rate)
    wide = 0.0 if e.passages is None else _delay(e).tolerance
    return Promise(DELAY, value, value, tolerance=NEGLECTED + wide)


def _measured_delay(run: Run, e: Estimator) -> Measurement:
    t1, t2 = run.phases.t1, run.phases.t2
    if t1.step is None or t2.step is None:
        raise Undecided(f"t1 = {t1}, t2 = {t2}")
    return Measurement(float(t2.step - t1.step), f"t1 = {t1.step:,}, t2 = {t2.step:,}")


def accuracy(loss: np.ndarray | float, cut: float) -> np.ndarray:
    r"""Return the fraction of Gaussian errors of variance `loss` whose square is below `cut`.

    $\mathrm{erf}\sqrt{\epsilon/(2L)}$: the printed $2\Pr(|z|\leq\sqrt\epsilon)$ has a 2 too many.

    Source: arXiv 2310.16441, equation (10).

    >>> round(float(accuracy(0.25, 1.0)), 4)
    0.9545
    """
    loss = np.asarray(loss, dtype=float)
    with np.errstate(divide="ignore"):
        return np.asarray(special.erf(np.sqrt(cut / (2 * loss))))


def _gaussian_inputs(e: Estimator) -> Iterable[Assumption]:
    yield Assumption("the inputs are Gaussian", "not computable", None, "fresh ones are drawn so")


def _worst_accuracy(run: Run, e: Estimator) -> Measurement:
    data = run.experiment.vector_data
    away = np.asarray(run.params) - data.truth
    loss = float(away @ away)
    if loss == 0:
        raise Undecided("the student is the teacher: there is no error to cut")
    rng, block = np.random.default_rng(0), max(1, NUMBERS // away.size)
    sizes = [min(block, DRAWS - done) for done in range(0, DRAWS, block)]
    errors = [rng.standard_normal((size, away.size)) @ away for size in sizes]
    square = np.concatenate(errors) ** 2
    gaps = [abs(float(np.mean(square < k * loss)) - float(accuracy(1.0, k))) for k in CUTS]
    return Measurement(max(gaps), f"{DRAWS:,} fresh examples, cuts of {CUTS} times the loss")


_delay_law = partial(
    Law,
    symbols=("X", "y*", "a*", "alpha", "a(0)", "thresholds"),
    status="other group",
    context=_estimator,
    measure=_measured_delay,
)
LINEAR_ESTIMATORS = (
    _delay_law(
        name="linear estimator delay",
        statement="E_MP[nu e^(-4 eta t1 nu)] = E_MP[e^(-4 eta t2 nu)] = threshold",
        source=f"{SOURCE}, equation (8)",
        hypotheses=_random_matrix,
        promise=_delay,
    ),
    _delay_law(
        name="linear estimator delay, closed form",
        statement="t2 - t1 = log(1/(1 - sqrt(lambda)))/(2 eta (1 - sqrt(lambda))^2)",
        source=f"{SOURCE}, equation (12)",
        hypotheses=_small_cut,
        promise=_asymptote,
    ),
    Law(
        name="linear estimator accuracy",
        statement="share of examples with squared error below eps = erf(sqrt(eps/(2 L)))",
        source=f"{SOURCE}, equation (10)",
        symbols=("a*", "a(T)"),
        status="other group",
        context=_estimator,
        hypotheses=_gaussian_inputs,
        promise=Promise("largest |share below the cut - erf|", high=SAMPLING),
        measure=_worst_accuracy,
    ),
)
