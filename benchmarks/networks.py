"""Networks: a step of modular addition against bare matrix products, what penalties and records
add, and the rates of teacher-student and Sobolev against the paper's public code."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import latebloom as lb
from latebloom.core.arrays import double_precision
from latebloom.engines.losses import measured
from latebloom.engines.network import compiled, setup
from latebloom.engines.threads import blas_threads

from .timing import Row, in_turn

STEPS = 20
# Steps per second of the public code, with its record every 10 steps, on two cores.
TEACHER_STUDENT, SOBOLEV = 205.0, 36.0


def p97(penalty: lb.L1 | lb.Nuclear | None) -> lb.Experiment:
    """Return the full-batch addition mod 97 of the blog post."""
    model = lb.TokenPair(width=64, hidden=(64,))
    return lb.Experiment(lb.ModularArithmetic(p=97), penalty, lb.Adam(1e-3), model)


def steps_of(experiment: lb.Experiment, count: int = STEPS) -> tuple[Callable[[], Any], Any]:
    """Return functions that make `count` updates, and one record."""
    program, data, numbers, state = setup([experiment])
    advance, evaluate = compiled(program)

    def step() -> Any:
        return jax.block_until_ready(advance(data, numbers, state, 0, -1, count))

    def record() -> Any:
        return jax.block_until_ready(evaluate(data, numbers, state.params, 0, -1))

    return step, record


def evaluation_of(experiment: lb.Experiment) -> Callable[[], Any]:
    """Return a function that evaluates losses and errors of both sides, without norms."""
    program, data, _, state = setup([experiment])

    @jax.jit
    def both(params: Any, data: Any) -> Any:
        sides = (data.train, data.test)
        return [measured(program.loss, program.model.apply(params, x), y) for x, y in sides]

    return lambda: jax.block_until_ready(both(state.params, data))


def products() -> tuple[Callable[[], Any], float]:
    """Return a function that makes the matrix products of one p = 97 step, and their number of
    operations."""
    N, rng = 3763, np.random.default_rng(0)

    def draw(*shape: int) -> Any:
        return jnp.asarray(rng.standard_normal(shape), jnp.float32)

    x, W, V, gh, gz = draw(N, 64), draw(64, 64), draw(97, 64), draw(N, 64), draw(N, 97)

    @jax.jit
    def run(x: Any, W: Any, V: Any, gh: Any, gz: Any) -> Any:
        # Forward, then for each layer the gradients in its weight and in its input.
        return x @ W.T, x @ V.T, gz.T @ x, gz @ V, gh.T @ x, gh @ W

    def six() -> Any:
        return jax.block_until_ready(run(x, W, V, gh, gz))

    return six, 3 * 2 * N * 64 * (64 + 97)


def measure(out: Path) -> list[Row]:
    """Return shares and ratios."""
    l1, nuclear = p97(lb.L1(1e-6)), p97(lb.Nuclear(1e-6))
    teacher = lb.TeacherStudent()
    student = lb.Experiment(teacher, lb.L1(1e-6), lb.Adam(1e-3), lb.MLP())
    smooth = student.with_(penalty=lb.Sobolev(1e-6, norm="batch"))
    with double_precision(), blas_threads(l1.problem):
        bare, operations = products()
        step, record = steps_of(l1)
        evaluation = evaluation_of(l1)
        low_rank, _ = steps_of(nuclear)
        fit, seen = steps_of(student, 200)
        match, watched = steps_of(smooth, 200)
        times = in_turn(bare, step, evaluation, record, low_rank, fit, seen, match, watched)
    product, one, both, look, nuc, ts, ts_look, sob, sob_look = times
    one, nuc, ts, sob = one / STEPS, nuc / STEPS, ts / 200, sob / 200
    share = (operations / one) / (operations / product)
    rates = {"ts": 10 / (10 * ts + ts_look), "sob": 10 / (10 * sob + sob_look)}
    gain = {"ts": rates["ts"] / TEACHER_STUDENT, "sob": rates["sob"] / SOBOLEV}
    return [
        Row("p = 97, full batch: share of the rate of its own products", share, "", ">= 0.4",
            share >= 0.4, f"step {one * 1e3:.2f} ms, products {product * 1e3:.2f} ms"),
        Row("nuclear penalty in place of l1", nuc / one - 1, "more", "<= 0.6", nuc / one <= 1.6,
            f"step {nuc * 1e3:.2f} ms"),
        Row("evaluation of both sets every 10 steps", both / (10 * one), "more", "<= 0.1",
            both <= one, f"evaluation {both * 1e3:.2f} ms"),
        Row("record of both sets and all norms every 10 steps", look / (10 * one), "more",
            "", True, f"record {look * 1e3:.2f} ms"),
        Row("teacher-student with records", gain["ts"], "x public code", ">= 4", gain["ts"] >= 4,
            f"{rates['ts']:.0f} against {TEACHER_STUDENT:.0f} steps/s (measured elsewhere)"),
        Row("Sobolev with records", gain["sob"], "x public code", ">= 8", gain["sob"] >= 8,
            f"{rates['sob']:.0f} against {SOBOLEV:.0f} steps/s (measured elsewhere)"),
    ]  # fmt: skip
