"""Random small networks with a delay, stepped to the end, against which brackets are judged."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

import latebloom as lb
from latebloom.core.arrays import double_precision
from latebloom.engines import chebyshev
from latebloom.engines.network_following import Follower
from latebloom.experiment.initialization import Drawn
from latebloom.experiment.record import At, LogSpaced
from latebloom.models import Custom

# Slow time that training goes to: t2 alpha beta is 1 to 2 of a perceptron, 4 of a product, 7 of
# addition.
LENGTH = {"diagonal": 6.0, "modular": 8.0}
SHORT = 2.5
# Squared errors are means over outputs, which makes beta of addition mod 7 so many times stronger.
OUTPUTS = {"modular": 7}
# Shorter delays are stepped through in no time; longer ones take more than ten seconds.
LEAST_STEPS, MOST_STEPS = 1500, 600_000
# Parts of the largest stable alpha that are drawn. The curvature grows after step 0, up to twice.
OF_EDGE = 0.1, 0.5
# Records per decade of training, between which cubics interpolate test errors to 1e-6.
PER_DECADE = 150
# A problem groks if its test error falls by this after memorization, and after twice t1. A
# threshold lies at this part of the way from the lowest error to the plateau.
FALLS, BETWEEN = 0.25, (0.2, 0.8)


class Reference(NamedTuple):
    """One random problem, stepped to the end.

    - `seed`, `i`: from which it is drawn again.
    - `thresholds`: of the training and of the test error; the latter is drawn.
    - `t1`, `t2`: when the errors pass them, between two steps.
    """

    seed: int
    i: int
    family: str
    penalty: str
    momentum: float
    beta: float
    alpha: float
    steps: int
    thresholds: tuple[float, float]
    t1: float
    t2: float

    @property
    def kind(self) -> str:
        """What the problem belongs to."""
        return f"{self.family}, {self.penalty}, {'heavy ball' if self.momentum else 'GD'}"

    @classmethod
    def of(cls, found: dict[str, Any]) -> "Reference":
        """Return the reference that `_asdict` took apart."""
        fields: dict[str, Any] = {**found, "thresholds": tuple(found["thresholds"])}
        return cls(**fields)

    def experiment(self, draw: "Draw") -> lb.Experiment:
        """Return the experiment, with a horizon of 1.3 times t2."""
        e = draw(self.seed, self.i)[1]
        last = min(self.steps, int(1.3 * self.t2))
        return e.with_(steps=last, thresholds=self.thresholds, record=At(()))


def perceptron(activation: str, d: int, hidden: int, N: int, width: int) -> Callable[[int], Any]:
    """Return a maker of teachers and students with one hidden layer."""

    def make(seed: int) -> Any:
        problem = lb.TeacherStudent(
            d=d, hidden=hidden, C=1, N=N, N_test=300, activation=activation, seed=seed
        )
        return problem, lb.MLP(widths=(width,), activation=activation, law="fan_in")

    return make


def deep_linear(seed: int) -> Any:
    """Return a map of rank 1 in 8 x 8 matrices from 6 examples, learned by three factors."""
    rng = np.random.default_rng([seed, 1])
    A = np.outer(rng.standard_normal(8), rng.standard_normal(8)) / 3
    x = rng.standard_normal((306, 8))
    y = x @ A.T
    problem = lb.SupervisedData(x[:6], y[:6], x[6:], y[6:], loss="mse")
    return problem, lb.MLP(widths=(8, 8), activation="identity", law="fan_in")


@cache
def product() -> Custom:
    """Return the model u v of one vector; one object, so that it is compiled once."""
    rng = np.random.default_rng(0)
    start = {"u": 1 + 0.1 * rng.standard_normal(40), "v": 0.1 * rng.standard_normal(40)}
    return Custom("product", start, lambda p, x: (x @ (p["u"] * p["v"]))[:, None])


def diagonal(seed: int) -> Any:
    """Return a sparse vector from 20 examples, learned as a product."""
    rng = np.random.default_rng([seed, 2])
    x, truth = rng.standard_normal((320, 40)), np.zeros(40)
    truth[:3] = rng.choice([-1.0, 1.0], 3)
    y = (x @ truth)[:, None]
    return lb.SupervisedData(x[:20], y[:20], x[20:], y[20:], loss="mse"), product()


def modular(seed: int) -> Any:
    """Return addition mod 7 with one-hot outputs as real ones, whose error is continuous."""
    p, rng = 7, np.random.default_rng([seed, 3])
    x = np.stack(np.divmod(rng.permutation(p * p), p), axis=1)
    y, N = np.eye(p)[x.sum(axis=1) % p], 36
    problem = lb.SupervisedData(x[:N], y[:N], x[N:], y[N:], loss="mse", tokens=p)
    return problem, lb.TokenPair(width=24, hidden=(), law="fan_in", table_law="fan_in")


FAMILIES = {
    "tanh": perceptron("tanh", 4, 3, 30, 40),
    "relu": perceptron("relu", 6, 3, 40, 40),
    "quadratic": perceptron("square", 6, 2, 15, 20),
    "deep linear": deep_linear,
    "diagonal": diagonal,
    "modular": modular,
}
# (family, penalty, momentum); one program is compiled for each.
KINDS = [(name, "l2", m) for name in FAMILIES for m in (0.0, 0.9)] + [
    ("tanh", "l1", 0.0), ("tanh", "nuclear", 0.0), ("modular", "l1", 0.0),
    ("modular", "nuclear", 0.0), ("deep linear", "nuclear", 0.0), ("diagonal", "l1", 0.9),
    ("relu", "l1", 0.0), ("quadratic", "nuclear", 0.5), ("tanh", "l2", 0.5),
]  # fmt: skip


def radius(experiment: lb.Experiment) -> float:
    """Return the spectral radius of the loss and the penalty at step 0."""
    with double_precision():
        follower = Follower(experiment, None, None)
        of = follower.of._replace(nu=jnp.asarray(1e3))
        start = follower.flow.begin(follower.log.state.params, of)
        return chebyshev.start(follower.flow.field, of, start, 1.0).radius


def drawn(seed: int, i: int) -> tuple[tuple[str, str, float], lb.Experiment, float]:
    """Return the kind of the i-th random problem of a seed, its experiment without thresholds, and
    where between its plateau and its lowest test error the threshold is to be."""
    kind, rng = KINDS[i % len(KINDS)], np.random.default_rng([seed, i])
    name, penalty, m = kind
    instance, beta = int(rng.integers(2**31)), float(10 ** rng.uniform(-4, -2))
    beta /= OUTPUTS.get(name, 1)
    problem, model = FAMILIES[name](instance)
    term: Any = {"l1": lb.L1, "l2": lb.L2, "nuclear": lb.Nuclear}[penalty](beta)
    coupling = "coupled" if penalty == "l2" else "proximal"
    base = lb.Experiment(
        problem, lb.On(term, "all"), lb.SGD(1.0, momentum=m, coupling=coupling), model,
        init=Drawn(instance % 1000), steps=1, precision="float64", record=LogSpaced(PER_DECADE),
    )  # fmt: skip
    edge = 2 * (1 + m) / radius(base)
    alpha = float(rng.uniform(*OF_EDGE)) * edge * (1 - m) ** float(rng.uniform())
    share = 1 - m if coupling == "coupled" else 1.0
    steps = min(MOST_STEPS, int(LENGTH.get(name, SHORT) * share / (alpha * beta)))
    method = lb.SGD(alpha, momentum=m, coupling=coupling)
    return kind, base.with_(method=method, steps=steps), float(rng.uniform(*BETWEEN))


# Makes the i-th random problem of a seed, see `drawn`.
Draw = Callable[[int, int], tuple[tuple[str, str, float], lb.Experiment, float]]


def first_below(steps: np.ndarray, errors: np.ndarray, level: float) -> float | None:
    """Return when an error given at steps first falls to a level, between two by a cubic."""
    below = np.flatnonzero(errors <= level)
    if not below.size or below[0] == 0:
        return 0.0 if below.size else None
    j = int(below[0])
    near = slice(max(j - 2, 0), j + 2)
    cubic = np.polynomial.Polynomial.fit(steps[near], errors[near] - level, len(steps[near]) - 1)
    roots = cubic.roots()
    real = np.sort(roots.real[abs(roots.imag) < 1e-9 * steps[j]])
    inside = real[(real >= steps[j - 1]) & (real <= steps[j])]
    return float(inside[0]) if inside.size else float(steps[j])


def stepped(seed: int, i: int, draw: Draw, least: int) -> Reference | str:
    """Return the i-th problem of a seed stepped to the end, or why it has no delay.

    `least` is the earliest t2 that is taken.
    """
    kind, e, part = draw(seed, i)
    found = lb.simulate(e.with_(thresholds=(1e-9, 1e-9)), engine="step").trajectory
    k, train, test = (found[name].values for name in ("step", "train_error", "test_error"))
    if not (np.isfinite(test).all() and np.isfinite(train).all()):
        return "diverged"
    if train.min() > 0.3:
        return "not memorized"
    limit = max(0.05, 1.5 * float(train.min()))
    t1 = first_below(k, train, limit)
    assert t1 is not None
    later = k > max(2 * t1, 100)
    if not later.any():
        return "memorized at the end"
    plateau, lowest = float(test[later][0]), float(test[later].min())
    if lowest > (1 - FALLS) * plateau:
        return "no delay"
    level = lowest + part * (plateau - lowest)
    t2 = first_below(k, test, level)
    if t2 is None or t2 <= max(2 * t1, least):
        return "short"
    if e.counts:  # errors of classes jump, between records too
        exact = e.with_(thresholds=(limit, level), steps=int(k[k >= t2][0]), record=At(()))
        seen = lb.simulate(exact, engine="step", refine=True).phases
        t1, t2 = float(seen.t1.step or 0), float(seen.t2.step or 0)
    beta, alpha = float(e.terms[0].beta), float(e.method.alpha)  # pyright: ignore
    return Reference(seed, i, *kind, beta, alpha, e.steps, (limit, level), t1, t2)


def references(
    file: Path, seed: int, count: int, draw: Draw = drawn, least: int = LEAST_STEPS
) -> Iterator[Reference]:
    """Yield problems of a seed from a file, and further ones, which are added to it."""
    file.touch()
    lines: list[Any] = [json.loads(line) for line in file.read_text().splitlines()]
    for i in range(20 * count):
        if i < len(lines):
            found: str | dict[str, Any] = lines[i]
        else:
            one = stepped(seed, i, draw, least)
            found = one if isinstance(one, str) else one._asdict()
            with file.open("a") as out:
                out.write(json.dumps(found) + "\n")
        if isinstance(found, dict):
            yield Reference.of(found)
            count -= 1
        if not count:
            return
