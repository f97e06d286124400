"""Would flows gain from advancing together: what a batch saves, and what lockstep costs."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from latebloom.core.arrays import double_precision
from latebloom.engines import chebyshev
from latebloom.engines.network_following import Follower
from latebloom.experiment.initialization import Drawn

from .network_flow import eleven, tanh
from .timing import Row, in_turn

BATCH = 8
# Decades of strengths in a sweep of beta.
STRENGTHS = np.geomspace(1e-5, 1e-3, BATCH)


def path(experiment: Any) -> tuple[np.ndarray, int]:
    """Return slow times, step sizes in slow time and radii over slow time, and gradients."""
    follower = Follower(experiment, None, None)
    follower.trainer.run(None, refine=False)
    follower.log = follower.trainer.log
    going, beta, rows = follower._begin(), follower.rates.beta, []
    while going.goes_on():
        begin = going.state.t
        going.advance(lambda stretch: {})
        rows.append((beta * begin, beta * (going.state.t - begin), going.state.radius / beta))
    return np.array(rows), going.gradients


def lockstep(paths: list[np.ndarray]) -> float:
    """Return the gradients of each when all make the shortest step with the most stages."""
    end = min(rows[-1, 0] for rows in paths)
    s, total = max(rows[0, 0] for rows in paths) + 1e-12, 0
    while s < end:
        now = [rows[np.searchsorted(rows[:, 0], s, side="right") - 1] for rows in paths]
        h, radius = min(row[1] for row in now), max(row[2] for row in now)
        total += chebyshev.stages(h, chebyshev.SAFE_RADIUS * radius)
        s += h
    return total


def saved(experiment: Any) -> float:
    """Return the time of a batch of gradients over that of as many alone."""
    follower = Follower(experiment, None, None)
    y, of = follower.log.state.params, follower.of
    ys = jax.tree.map(lambda x: jnp.stack([x] * BATCH), y)

    def many(y: Any, count: int, of: Any) -> Any:
        def one(_: Any, y: Any) -> Any:
            F = follower.flow.field.slope(y, of)
            return jax.tree.map(lambda y, F: y + 1e-6 * F, y, F)

        return jax.lax.fori_loop(0, count, one, y)

    alone = jax.jit(many)
    together = jax.jit(jax.vmap(many, in_axes=(0, None, None)))
    single, batch = in_turn(
        lambda: jax.block_until_ready(alone(y, 500, of)),
        lambda: jax.block_until_ready(together(ys, 500, of)),
        rounds=3,
    )
    return batch / (BATCH * single)


def measure(out: Path) -> list[Row]:
    """Return for two networks what a batch of seeds, and one of strengths, would take."""
    rows = []
    with double_precision():
        for name, make in (("tanh", tanh), ("addition mod 11", eleven)):
            gain = saved(make(1e-4))
            sweeps = {
                "seeds": [make(1e-4).with_(init=Drawn(seed)) for seed in range(BATCH)],
                "strengths": [make(float(beta)) for beta in STRENGTHS],
            }
            for what, experiments in sweeps.items():
                paths, counts = zip(*map(path, experiments), strict=True)
                more = BATCH * lockstep(list(paths)) / sum(counts)
                detail = f"a batched gradient takes {gain:.2f} of the time, lockstep {more:.2f} "
                detail += f"times the gradients; alone {min(counts):,} to {max(counts):,}"
                what = f"{name}, {BATCH} {what}: time of a batch over that of one by one"
                rows.append(Row(what, gain * more, "", "", True, detail))
    return rows
