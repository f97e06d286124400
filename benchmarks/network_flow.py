"""The flow of networks beside their training: delays, gradients, time and memory."""

import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import latebloom as lb
from latebloom.core.arrays import double_precision
from latebloom.engines import chebyshev
from latebloom.engines.network_following import Follower
from latebloom.experiment.initialization import Drawn
from latebloom.experiment.record import LogSpaced

from .flow_problems import diagonal, first_below, perceptron
from .timing import Row

# Half of the test loss of addition mod 13 on its plateau.
LEVEL = 1.5
DECADES = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)


class Ran(NamedTuple):
    """What a run of an engine gave: t2 or the middle of its bracket, gradients, CPU seconds."""

    t2: float | None
    width: float
    gradients: int
    seconds: float


def addition(p: int, width: int, part: float, beta: float, alpha: float, **more: Any) -> Any:
    """Return addition mod p by products of embeddings, with one-hot outputs as real ones.

    `alpha` and `beta` are those of half the sum of squares over examples and outputs; the loss here
    is their mean.
    """
    x = np.stack(np.divmod(np.random.default_rng(p).permutation(p * p), p), axis=1)
    y, N = np.eye(p)[x.sum(axis=1) % p], round(part * p * p)
    problem = lb.SupervisedData(x[:N], y[:N], x[N:], y[N:], loss="mse", tokens=p)
    half = N * p / 2
    model = lb.TokenPair(width=width, hidden=(), law="fan_in", table_law="fan_in")
    return made(problem, model, beta / half, alpha * half, **more)


def made(problem: Any, model: Any, beta: float, alpha: float, slow: float, thresholds: Any) -> Any:
    """Return gradient descent with l2 on all parameters, to this slow time."""
    return lb.Experiment(
        problem, lb.On(lb.L2(beta), "all"), lb.SGD(alpha), model, init=Drawn(0),
        steps=int(slow / (alpha * beta)), thresholds=thresholds, precision="float64",
        record=LogSpaced(30),
    )  # fmt: skip


def product(beta: float) -> Any:
    """Return the product u v of a sparse vector."""
    problem, model = diagonal(0)
    return made(problem, model, beta, 0.05, 3.0, (0.05, 0.1))


def tanh(beta: float) -> Any:
    """Return a tanh teacher and student."""
    problem, model = perceptron("tanh", 4, 3, 30, 40)(1)
    return made(problem, model, beta, 0.05, 1.5, (0.1, 0.15))


def relu(beta: float) -> Any:
    """Return a ReLU teacher and student."""
    problem, model = perceptron("relu", 6, 3, 40, 40)(0)
    return made(problem, model, beta, 0.05, 1.0, (0.1, 0.1))


def eleven(beta: float) -> Any:
    """Return addition mod 11."""
    return addition(11, 48, 0.7, beta, 0.02, slow=5.0, thresholds=(0.05, 0.3))


def thirteen(beta: float) -> Any:
    """Return addition mod 13 with cross-entropy."""
    problem = lb.ModularArithmetic(p=13, train_fraction=0.7)
    model = lb.TokenPair(width=48, hidden=(), law="fan_in", table_law="fan_in")
    return made(problem, model, beta, 0.1, 3.0, (0.01, 0.5))


def ran(experiment: Any, engine: str) -> Ran:
    """Run an engine."""
    began = time.process_time()
    run = lb.simulate(experiment, engine=engine, refine=engine == "step")
    spent, t2 = time.process_time() - began, run.phases.t2
    words = run.notes[0].split(" with ")[-1].split(" gradients")[0] if run.notes else ""
    gradients = int(words.replace(",", "")) if words[:1].isdigit() else 0
    if t2.low is None or t2.high is None:
        return Ran(None, 0.0, gradients, spent)
    return Ran(0.5 * (t2.low + t2.high), (t2.high - t2.low) / t2.low, gradients, spent)


def beside(what: str, experiment: Any, published: str) -> list[Row]:
    """Return t2 alpha beta by stepping and along the flow, and their times to 1.15 times t2."""
    found, name = ran(experiment, "slow"), f"{what}: t2 alpha beta along the flow"
    if found.t2 is None:
        return [Row(name, np.nan, "", "as stepped", False, "undecided")]
    experiment = experiment.with_(steps=int(1.15 * found.t2))
    flow, true = ran(experiment, "slow"), ran(experiment, "step")
    if flow.t2 is None or true.t2 is None:
        return [Row(name, np.nan, "", "as stepped", False, "not reached by both")]
    rate = float(experiment.method.alpha) * float(experiment.terms[0].beta)
    off = flow.t2 / true.t2 - 1
    detail = f"stepped {rate * true.t2:.5g} at step {true.t2:,.0f}; off by {off:+.3%}, bracket "
    detail += f"{flow.width:.2%} wide; {flow.gradients:,} gradients; published {published}"
    inside = abs(off) <= 0.5 * flow.width + 1 / true.t2
    return [Row(name, rate * flow.t2, "", "as stepped", inside, detail), times(what, true, flow)]


def times(what: str, true: Ran, flow: Ran) -> Row:
    """Return how many times the CPU time of the flow stepping takes."""
    ratio, target = true.seconds / flow.seconds, what.startswith("addition mod 11")
    return Row(f"{what}: CPU of stepping over that of the flow", ratio, "times",
               ">= 50" if target else "", ratio >= 50 or not target,
               f"{true.seconds:.2f} s against {flow.seconds:.2f} s")  # fmt: skip


def by_loss(what: str, experiment: Any, level: float, published: str) -> list[Row]:
    """Return when the test loss passes a level, by records: errors of few classes jump."""
    found = []
    lb.simulate(experiment, engine="slow")  # compiles
    for engine in ("slow", "step"):
        began = time.process_time()
        seen = lb.simulate(experiment, engine=engine)
        k, loss = seen.trajectory.step.values, seen.trajectory.test_loss.values
        late = k > 3000  # it falls, rises with memorization, and falls
        t2 = first_below(k[late], loss[late], level)
        found.append(Ran(t2, 0.0, 0, time.process_time() - began))
    flow, true = found
    assert flow.t2 is not None
    assert true.t2 is not None
    rate = float(experiment.method.alpha) * float(experiment.terms[0].beta)
    off = flow.t2 / true.t2 - 1
    detail = f"stepped {rate * true.t2:.5g} at step {true.t2:,.0f}; off by {off:+.3%}; "
    detail += f"published, by mean 1 - p, {published}"
    name = f"{what}: alpha beta times the step of test loss {level}, along the flow"
    row = Row(name, rate * flow.t2, "", "as stepped", abs(off) < 0.002, detail)
    return [row, times(what, true, flow)]


def growth(what: str, make: Any) -> list[Row]:
    """Return gradients over five decades of beta, and the exponent of their growth."""
    found = {beta: ran(make(beta), "slow") for beta in DECADES}
    skipped = {beta: make(beta).steps for beta in DECADES}
    counts = np.array([one.gradients for one in found.values()])
    exponent = -np.polyfit(np.log(DECADES), np.log(counts), 1)[0]
    detail = "; ".join(
        f"{beta:.0e}: {one.gradients:,} for {skipped[beta]:,} steps, {one.seconds:.1f} s, "
        + (f"t2 {one.t2:,.0f}" if one.t2 else "t2 open")
        for beta, one in found.items()
    )
    what = f"{what}: gradients grow as beta to the minus"
    return [Row(what, float(exponent), "", "<= 0.6", bool(exponent <= 0.6), detail)]


def held(experiment: Any) -> list[Row]:
    """Return the memory of a step of the integrator over that of an update, as compiled."""
    with double_precision():
        follower = Follower(experiment, None, None)
        trainer, y = follower.trainer, follower.log.state.params
        update = trainer.advance.lower(trainer.data, trainer.numbers, follower.log.state, 0, -1, 1)
        numbers = (1.0, *chebyshev._weights(10), 1e-4)
        attempt = chebyshev._attempt.lower(follower.flow.field, y, y, *numbers, follower.of)

    def total(lowered: Any) -> int:
        m = lowered.compile().memory_analysis()
        return m.temp_size_in_bytes + m.argument_size_in_bytes + m.output_size_in_bytes

    one, many = total(update), total(attempt)
    detail = f"{many / 2**20:.2f} against {one / 2**20:.2f} MiB, data and parameters included"
    return [Row("memory of a step over that of an update", many / one, "", "<= 3", many <= 3 * one,
                detail)]  # fmt: skip


def measure(out: Path) -> list[Row]:
    """Return the table of first problems, the growth of gradients, times and memory."""
    first = [
        ("product u v, beta 1e-4", product(1e-4), "4.1860"),
        ("ReLU, beta 1e-3", relu(1e-3), "2.0256"),
        ("addition mod 11, beta 1e-4", eleven(1e-4), "6.881"),
    ]
    rows = [row for one in first for row in beside(*one)]
    rows += by_loss("addition mod 13, cross-entropy, beta 1e-4", thirteen(1e-4), LEVEL, "3.227")
    rows += growth("tanh", tanh) + growth("addition mod 11", eleven)
    large = addition(23, 200, 0.5, 1e-6, 0.006, slow=5.0, thresholds=(0.05, 0.3))
    found = ran(large, "slow")
    detail = f"{found.gradients:,} gradients for {large.steps:,} steps; t2 "
    detail += f"{found.t2:,.0f}, bracket {found.width:.2%} wide" if found.t2 else "undecided"
    rows.append(Row("addition mod 23, beta 1e-6: CPU", found.seconds, "s", "<= 120",
                    found.seconds <= 120, detail))  # fmt: skip
    return rows + held(large)
