"""The step engine against the plain NumPy loop, and what detection costs."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import latebloom as lb
from latebloom.core.arrays import double_precision
from latebloom.engines.step import simulate_step

from .figure3 import ALPHA, BETA, PROBLEM, experiment, numpy_loop
from .timing import Row, in_turn, micro

LOOP_STEPS = 20_000
STEPS = 200_000
BATCH, BATCH_STEPS = 64, 20_000


def bare_steps() -> None:
    """Take the compiled update alone."""
    with double_precision():
        X, XT, y = (jnp.asarray(v) for v in (PROBLEM.X, PROBLEM.X.T.copy(), PROBLEM.y_star))
        jax.block_until_ready(_bare(X, XT, y, jnp.full(100, 1e-6)))


@jax.jit
def _bare(X, XT, y, a):
    def update(_, a):
        return a - ALPHA * (XT @ (X @ a - y) + BETA * jnp.sign(a))

    return lax.fori_loop(0, STEPS, update, a)


def measure(out: Path) -> list[Row]:
    """Return the ratios of the step engine."""
    one = [experiment(lb.Subgradient(ALPHA), steps=STEPS)]
    betas = BETA * np.geomspace(0.5, 2.0, BATCH)
    many = [experiment(lb.Subgradient(ALPHA), b, BATCH_STEPS) for b in betas]
    loop, bare, step, batch = in_turn(
        lambda: numpy_loop(LOOP_STEPS),
        bare_steps,
        lambda: simulate_step(one),
        lambda: simulate_step(many),
    )
    loop, bare, step = loop / LOOP_STEPS, bare / STEPS, step / STEPS
    batch /= BATCH_STEPS * BATCH

    versus = f"NumPy loop {micro(loop)}"
    return [
        Row("step, one run, detection on", loop / step, "x NumPy loop", ">= 12", loop / step >= 12,
            f"{micro(step)}; {versus}"),
        Row("step, batch of 64, per run", loop / batch, "x NumPy loop", ">= 30", loop / batch >= 30,
            f"{micro(batch)}; {versus}"),
        Row("batch of 64 / alone, per run", batch / step, "x", "<= 1", batch <= step),
        Row("detection at every step", step / bare, "x bare compiled step", "<= 1.2",
            step / bare <= 1.2, f"{micro(step)}; bare {micro(bare)}"),
    ]  # fmt: skip
