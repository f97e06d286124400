"""Networks along their flow: are the brackets right, how wide are they, and what do they cost."""

import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import latebloom as lb
from latebloom.engines import chebyshev
from latebloom.engines.network_following import Follower
from latebloom.experiment.initialization import Drawn
from latebloom.experiment.record import At, LogSpaced
from latebloom.models import Custom

from .timing import Row

PROBLEMS = 300
# Margins are chosen on the problems of one seed and reported on those of the other.
CALIBRATION, REPORT = 19, 29
# Slow time that training goes to; passages are drawn after this fraction of it.
LENGTH, AFTER = 2.0, 0.02
# Shorter delays are stepped through in no time.
LEAST_STEPS, MOST_STEPS = 3000, 100_000


class Case(NamedTuple):
    """One random problem, and what was found of it."""

    family: str
    penalty: str
    momentum: float
    beta: float
    alpha: float
    t2: int
    low: int | None
    high: int | None
    notes: tuple[str, ...]
    gradients: int
    seconds: tuple[float, float]

    @property
    def kind(self) -> str:
        """What the problem belongs to."""
        return f"{self.family}, {self.penalty}, {'heavy ball' if self.momentum else 'GD'}"

    @property
    def inside(self) -> bool:
        """Whether the step is in the bracket."""
        return self.low is not None and self.high is not None and self.low <= self.t2 <= self.high


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
    "quadratic": perceptron("square", 6, 2, 30, 20),
    "deep linear": deep_linear,
    "diagonal": diagonal,
    "modular": modular,
}
# (family, penalty, momentum); one program is compiled for each.
KINDS = [(name, "l2", m) for name in FAMILIES for m in (0.0, 0.9)] + [
    ("tanh", "l1", 0.0), ("tanh", "nuclear", 0.0), ("modular", "l1", 0.0),
    ("modular", "nuclear", 0.0), ("deep linear", "nuclear", 0.0), ("diagonal", "l1", 0.9),
]  # fmt: skip


def radius(experiment: lb.Experiment) -> float:
    """Return the spectral radius of the loss and the penalty at step 0."""
    with jax.enable_x64(True):
        follower = Follower(experiment, None, None)
        of = follower.of._replace(nu=jnp.asarray(1e3))
        start = follower.flow.begin(follower.log.state.params, of)
        return chebyshev.start(follower.flow.field, of, start, 1.0).radius


def drawn(rng: np.random.Generator, kind: tuple[str, str, float]) -> lb.Experiment:
    """Return a random experiment of a kind, with no threshold yet."""
    name, penalty, m = kind
    seed, beta = int(rng.integers(2**31)), float(10 ** rng.uniform(-4, -2))
    problem, model = FAMILIES[name](seed)
    term: Any = {"l1": lb.L1, "l2": lb.L2, "nuclear": lb.Nuclear}[penalty](beta)
    coupling = "coupled" if penalty == "l2" else "proximal"
    base = lb.Experiment(
        problem, lb.On(term, "all"), lb.SGD(1.0, momentum=m, coupling=coupling), model,
        init=Drawn(seed % 1000), steps=1, precision="float64", record=LogSpaced(100),
    )  # fmt: skip
    alpha = float(rng.uniform(0.1, 0.6)) / radius(base) * (1 - m) ** 0.5
    share = 1 - m if coupling == "coupled" else 1.0
    steps = min(MOST_STEPS, int(LENGTH * share / (alpha * beta)))
    method = lb.SGD(alpha, momentum=m, coupling=coupling)
    return base.with_(method=method, steps=steps)


def with_passage(rng: np.random.Generator, e: lb.Experiment) -> lb.Experiment | None:
    """Return the experiment with a threshold that it passes late, or None."""
    errors = lb.simulate(e, engine="step").trajectory
    k, test = errors.step.values, errors.test_error.values
    if not np.isfinite(test).all():
        return None
    lowest = np.minimum.accumulate(test)
    new = np.flatnonzero((test[1:] < 0.98 * lowest[:-1]) | (test[1:] < lowest[:-1])) + 1
    new = new[k[new] > max(LEAST_STEPS, AFTER * e.steps)]
    memorized = float(np.min(errors.train_error.values))
    if not new.size or memorized > 0.3:
        return None
    i = int(rng.choice(new))
    return e.with_(
        thresholds=(max(0.1, 1.2 * memorized), float(test[i])),
        steps=int(1.15 * k[i]),
        record=At(()),
    )


def cases(seed: int, count: int) -> Iterator[Case]:
    """Yield random problems with the step of their passage and its bracket."""
    rng = np.random.default_rng(seed)
    for i in range(10 * count):
        kind = KINDS[i % len(KINDS)]
        e = with_passage(rng, drawn(rng, kind))
        if e is None:
            continue
        began = time.perf_counter()
        true = lb.simulate(e.with_(record=LogSpaced(100)), engine="step", refine=True)
        middle = time.perf_counter()
        found = lb.simulate(e, engine="slow")
        spent = middle - began, time.perf_counter() - middle
        t2, step = found.phases.t2, true.phases.t2.step
        if step is None or t2.kind == "exact":
            continue  # the flow was not needed
        words = found.notes[0].split(" with ")[-1].split(" gradients")[0].replace(",", "")
        gradients = int(words) if words.isdigit() else 0
        beta, alpha = float(e.terms[0].beta), float(e.method.alpha)  # pyright: ignore
        yield Case(
            kind[0], kind[1], kind[2], beta, alpha, step, t2.low, t2.high, found.notes,
            gradients, spent,
        )  # fmt: skip
        count -= 1
        if not count:
            return


def coverage(what: str, found: list[Case]) -> list[Row]:
    """Return how many brackets hold the step, and their width."""
    known = [c for c in found if c.high is not None]
    if not known:
        return [Row(f"{what}: brackets", 0, "", "", True, f"of {len(found)}, all undecided")]
    inside = [c.inside for c in known]
    widths = [(c.high - c.low) / c.t2 for c in known if c.high and c.low]
    share, width = float(100 * np.mean(inside)), float(100 * np.median(widths))
    off = [abs(0.5 * (c.low + c.high) - c.t2) / c.t2 for c in known if c.high and c.low]
    detail = f"n = {len(known)}, {len(found) - len(known)} undecided; middle off by "
    detail += f"{np.median(off):.2%} (median), {max(off):.2%} (most)"
    return [
        Row(f"{what}: brackets with t2 inside", share, "%", ">= 95", share >= 95, detail),
        Row(f"{what}: median width of a bracket", width, "% of t2", "<= 1", width <= 1, ""),
    ]


def measure(out: Path, seed: int = REPORT, count: int = PROBLEMS) -> list[Row]:
    """Return coverage and width over random problems, and keep each as a line of JSON."""
    found = []
    with (out / f"network-flow-{seed}.jsonl").open("w") as file:
        for case in cases(seed, count):
            found.append(case)
            file.write(json.dumps(case._asdict()) + "\n")
            file.flush()
    rows = coverage("all", found)
    for kind in sorted({case.kind for case in found}):
        rows += coverage(kind, [case for case in found if case.kind == kind])[:1]
    return rows
