"""Matrices: `step` against a plain NumPy loop, `slow` against stepping, and a large completion."""

from pathlib import Path

import numpy as np

import latebloom as lb
from latebloom.engines.slow import SLOW
from latebloom.engines.step import simulate_step
from latebloom.experiment.presets import load
from latebloom.simulate import simulate

from .timing import Row, in_turn, micro

PROBLEM = lb.MatrixCompletion(n1=10, n2=10, r=2, N=80, seed=3)
ALPHA, BETA = 0.1, 1e-4
LOOP_STEPS, STEPS = 3_000, 10_000
BATCH, BATCH_STEPS = 64, 1_000


def numpy_loop(steps: int = LOOP_STEPS) -> np.ndarray:
    """Take subgradient steps one by one: the update and nothing else, entries by index."""
    rows, columns = np.nonzero(PROBLEM.mask)
    y = PROBLEM.a_star[rows, columns]
    A = 1e-6 * np.eye(10)
    for _ in range(steps):
        G = np.zeros_like(A)
        G[rows, columns] = A[rows, columns] - y
        U, _, Vt = np.linalg.svd(A)
        A = A - ALPHA * (G + BETA * U @ Vt)
    return A


def experiment(beta: float = BETA, steps: int = STEPS) -> lb.Experiment:
    """Return the completion by subgradient, as the public code takes it."""
    penalty = lb.Nuclear(beta, null="full")
    return lb.Experiment(PROBLEM, penalty, lb.Subgradient(ALPHA), steps=steps)


def slow_run(rate: float) -> lb.Experiment:
    """Return Figure 5 by the proximal method with this alpha beta and a horizon beyond t2."""
    goals = (1e-2, 1e-2)
    return load("fig5").with_(
        penalty=lb.Nuclear(rate / ALPHA),
        method=lb.ProximalGradient(ALPHA),
        steps=round(20 / rate),
        thresholds=goals,
    )


def measure(out: Path) -> list[Row]:
    """Return the ratios on 10 x 10 matrices and the time of 200 x 200."""
    one = [experiment()]
    many = [experiment(BETA * factor, BATCH_STEPS) for factor in np.geomspace(0.5, 2.0, BATCH)]
    short, middle, long = slow_run(1e-5), slow_run(1e-6), slow_run(1e-8)
    loop, step, batch, near, far = in_turn(
        numpy_loop,
        lambda: simulate_step(one),
        lambda: simulate_step(many),
        lambda: SLOW.run(short),
        lambda: SLOW.run(long),
    )
    loop, step, batch = loop / LOOP_STEPS, step / STEPS, batch / (BATCH_STEPS * BATCH)
    found = SLOW.run(middle)
    assert found.t2 is not None
    assert found.t2.low is not None
    assert found.events is not None
    fewer = found.t2.low / found.events
    large = simulate(load("completion200"), engine="step")

    versus = f"NumPy loop {micro(loop)}"
    return [
        Row("step, 10 x 10, one run", loop / step, "x NumPy loop", ">= 2", loop / step >= 2,
            f"{micro(step)}; {versus}"),
        Row("step, 10 x 10, batch of 64, per run", loop / batch, "x NumPy loop", ">= 3",
            loop / batch >= 3, f"{micro(batch)}; {versus}"),
        Row("slow, alpha beta = 1e-6: SVDs saved", fewer, "x fewer", ">= 200", fewer >= 200,
            f"{found.events} for t2 in [{found.t2.low}, {found.t2.high}]"),
        Row("slow, time at 1e-8 / at 1e-5", far / near, "x", "<= 1.5", far / near <= 1.5,
            f"{far:.2f} s and {near:.2f} s"),
        Row("200 x 200, r = 3, 20% of the entries", large.seconds, "s", "minutes",
            large.phases.t2.step is not None and large.seconds < 600,
            f"t1 = {large.phases.t1.step}, t2 = {large.phases.t2.step}, {large.last_step} steps"),
    ]  # fmt: skip
