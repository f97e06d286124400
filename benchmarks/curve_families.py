"""Shapes of test curves after t1: the families on which forecasts are tuned, and others.

Each family draws an error as a function of time, from 1 at its beginning. No family of `HELD_OUT`
has been used to choose a constant.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import erf, expit

Shape = Callable[[np.ndarray], np.ndarray]
Family = Callable[[np.random.Generator], Shape]

# The horizon of a shape: time runs from 0 to 1, and most shapes are over before.
FINE = np.concatenate([np.geomspace(1e-4, 1e-2, 400, endpoint=False), np.linspace(1e-2, 1, 8000)])


def logistic(rng: np.random.Generator) -> Shape:
    """Return a logistic fall in time."""
    middle = rng.uniform(0.2, 0.6)
    width = middle * rng.uniform(0.05, 0.3)
    return lambda t: expit(-(t - middle) / width)


def logistic_in_log(rng: np.random.Generator) -> Shape:
    """Return a logistic fall in the logarithm of time."""
    middle, width = math.log(rng.uniform(0.02, 0.4)), rng.uniform(0.1, 0.6)
    return lambda t: expit(-(np.log(t) - middle) / width)


def exponential(rng: np.random.Generator) -> Shape:
    """Return an exponential fall from the beginning."""
    tau = rng.uniform(0.03, 0.3)
    return lambda t: np.exp(-t / tau)


def power(rng: np.random.Generator) -> Shape:
    """Return a power of time."""
    start, p = 10 ** rng.uniform(-3, -1), rng.uniform(0.4, 2.0)
    return lambda t: (1 + t / start) ** -p


def stretched(rng: np.random.Generator) -> Shape:
    """Return a stretched exponential."""
    tau, p = 10 ** rng.uniform(-2.5, -0.8), rng.uniform(0.4, 0.9)
    return lambda t: np.exp(-((t / tau) ** p))


def pieces(rng: np.random.Generator) -> Shape:
    """Return a fall along straight pieces."""
    n = int(rng.integers(2, 7))
    at = np.concatenate([[0], np.sort(rng.uniform(0, 0.9, n - 1)), [0.9]])
    level = np.concatenate([[1], np.sort(rng.uniform(0, 1, n - 1))[::-1], [0]])
    return lambda t: np.interp(t, at, level)


def gompertz(rng: np.random.Generator) -> Shape:
    """Return one minus a Gompertz curve: a fast beginning and a slow end."""
    middle = rng.uniform(0.1, 0.5)
    width = middle * rng.uniform(0.1, 0.4)
    return lambda t: 1 - np.exp(-np.exp(-(t - middle) / width))


def stairs(rng: np.random.Generator) -> Shape:
    """Return a fall in several logistic steps."""
    n = int(rng.integers(2, 5))
    at, part = rng.uniform(0.05, 0.8, n), rng.dirichlet(np.full(n, 2.0))
    width = rng.uniform(0.005, 0.04, n)
    return lambda t: sum(p * expit(-(t - a) / w) for p, a, w in zip(part, at, width, strict=True))


def normal(rng: np.random.Generator) -> Shape:
    """Return the normal distribution function, as of thresholds that the examples pass."""
    middle = rng.uniform(0.2, 0.6)
    width = middle * rng.uniform(0.1, 0.4)
    return lambda t: (1 - erf((t - middle) / width)) / 2


def normal_in_log(rng: np.random.Generator) -> Shape:
    """Return the same over the logarithm of time."""
    middle, width = math.log(rng.uniform(0.02, 0.4)), rng.uniform(0.2, 0.9)
    return lambda t: (1 - erf((np.log(t) - middle) / width)) / 2


def late_exponential(rng: np.random.Generator) -> Shape:
    """Return a plateau, a corner, and an exponential fall."""
    begin, tau = rng.uniform(0.05, 0.5), rng.uniform(0.02, 0.2)
    return lambda t: np.exp(-np.maximum(t - begin, 0) / tau)


def decayed_rate(rng: np.random.Generator) -> Shape:
    """Return an exponential fall in the time of a learning rate that decays as a cosine."""
    tau = rng.uniform(0.03, 0.12)
    return lambda t: np.exp(-(t / 2 + np.sin(np.pi * t) / (2 * np.pi)) / tau)


def two_rates(rng: np.random.Generator) -> Shape:
    """Return the sum of a fast and a slow exponential."""
    fast, slow, part = rng.uniform(0.01, 0.05), rng.uniform(0.1, 0.35), rng.uniform(0.2, 0.8)
    return lambda t: part * np.exp(-t / fast) + (1 - part) * np.exp(-t / slow)


def finite_time(rng: np.random.Generator) -> Shape:
    """Return a power of the time that is left."""
    end, p = rng.uniform(0.3, 0.9), rng.uniform(0.3, 3.0)
    return lambda t: np.maximum(1 - t / end, 0) ** p


def irregular(rng: np.random.Generator) -> Shape:
    """Return a fall by random amounts, at a pace that changes."""
    n = int(rng.integers(20, 60))
    fall = np.concatenate([[0], np.cumsum(rng.gamma(0.5, 1, n))])
    at = np.linspace(0, 0.9, n + 1)
    return lambda t: 1 - np.interp(t, at, fall / fall[-1])


def richards(rng: np.random.Generator) -> Shape:
    """Return a logistic fall with two different ends."""
    middle, nu = rng.uniform(0.2, 0.5), 10 ** rng.uniform(-0.7, 0.7)
    width = middle * rng.uniform(0.05, 0.2)
    return lambda t: 1 - (1 + nu * np.exp(-(t - middle) / width)) ** (-1 / nu)


TUNING: tuple[Family, ...] = (
    *(logistic, logistic_in_log, exponential, power, stretched, pieces, gompertz, stairs),
)
HELD_OUT: tuple[Family, ...] = (
    *(normal, normal_in_log, late_exponential, decayed_rate, two_rates, finite_time, irregular),
    richards,
)


class Seen(NamedTuple):
    """What was seen of a curve, and when it will pass its threshold."""

    steps: np.ndarray
    errors: np.ndarray
    threshold: float
    t1: int
    t2: int


def cut_of(family: Family, rng: np.random.Generator) -> Seen | None:
    """Return the accuracies of a run of a family until a random moment, as errors; None if noise
    touches the threshold before, or the curve is over at once.

    The curve goes from chance to a limit near 1, with a threshold in between; the moment is drawn
    over time or over its logarithm; 30 to 400 records, evenly spaced or on a logarithmic grid, with
    autocorrelated noise and that of the test examples.
    """
    shape, threshold = family(rng), float(rng.choice([0.01, 0.03, 0.05, 0.1]))
    floor = threshold * rng.choice([0.0, rng.uniform(0, 0.6)])
    chance = rng.choice([0.99, 0.9, 0.5])
    clean = floor + (chance - floor) * shape(FINE)
    below = np.flatnonzero(clean <= threshold)
    if not len(below) or FINE[below[0]] < 0.02:
        return None
    # Memorized before the curve has moved by a third.
    t1 = FINE[max(int(np.argmax(clean < chance - (chance - floor) * rng.uniform(0.0, 0.3))), 1)]
    t2 = FINE[below[0]]
    if t1 >= 0.8 * t2:
        return None
    u = rng.uniform()
    cut = t1 * (t2 / t1) ** u if rng.uniform() < 0.5 else t1 + u * (t2 - t1)
    n = int(10 ** rng.uniform(1.5, 2.6))
    scale = 10 ** rng.uniform(4, 6)
    grid = np.linspace(0, cut, n) if rng.uniform() < 0.7 else np.geomspace(cut / 1e3, cut, n)
    steps = np.unique(np.round(grid * scale))[1:]
    errors = np.interp(steps / scale, FINE, clean)
    phi, sigma = rng.uniform(0, 0.8), rng.choice([0.0, 0.003, 0.01, 0.02])
    white = rng.standard_normal(len(steps))
    for i in range(1, len(steps)):
        white[i] = phi * white[i - 1] + math.sqrt(1 - phi**2) * white[i]
    examples = int(rng.choice([500, 5000]))
    errors = np.clip(errors + sigma * white * np.sqrt(errors), 0, 1)
    errors = rng.binomial(examples, errors) / examples
    if (errors <= threshold).any():
        return None
    return Seen(steps.astype(int), errors, threshold, round(t1 * scale), round(t2 * scale))
