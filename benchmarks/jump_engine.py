"""The jump engine: seconds per run, whatever the delay."""

from pathlib import Path

import latebloom as lb
from latebloom.engines.jump import JUMP
from latebloom.experiment.presets import load

from .figure3 import ALPHA, experiment, numpy_loop
from .growth import sized
from .timing import Row, in_turn

LOOP_STEPS = 20_000


def measure(out: Path) -> list[Row]:
    """Return the times of the jump engine, and what the same runs cost step by step."""
    short = experiment(lb.ProximalGradient(ALPHA))
    long = experiment(lb.ProximalGradient(ALPHA), beta=1e-9, steps=10**10)
    short.data.svd  # noqa: B018 - cached; drawing the problem is not what is measured
    loop, near, far = in_turn(
        lambda: numpy_loop(LOOP_STEPS), lambda: JUMP.run(short), lambda: JUMP.run(long)
    )
    loop /= LOOP_STEPS
    wide = sized(400, s=20, N=120, beta=1e-9)["seconds"]
    alphas = [0.005, 0.01, 0.0275, 0.055, 0.0825, 0.1]
    betas = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
    runs = lb.sweep(load("fig4"), {"alpha": alphas, "beta": betas}).cells()
    grid = [e.with_(method=lb.ProximalGradient(e.method.alpha)) for _, e in runs]
    (whole,) = in_turn(lambda: [JUMP.run(e) for e in grid], rounds=1)
    t2 = JUMP.run(long).t2.step
    hours = 36e8 * loop / 3600
    return [
        Row("Figure 3 (10^6 steps)", near, "s", "<= 0.06", near <= 0.06,
            f"{1e6 * loop / near:.0f} x faster than the NumPy loop"),
        Row("beta = 1e-9 (10^10 steps)", far, "s", "", True,
            f"t2 = {t2}; {1e10 * loop / far:.2g} x faster than the NumPy loop"),
        Row("time at beta = 1e-9 / at 1e-5", far / near, "x", "<= 1.2", far / near <= 1.2),
        Row("n = 400, N = 120, beta = 1e-9", wide, "s of CPU", "<= 0.7", wide <= 0.7),
        Row("Figure 4, 36 runs of 10^8 steps", whole, "s", "<= 30", whole <= 30,
            f"the NumPy loop would take {hours:.1f} hours"),
    ]  # fmt: skip
