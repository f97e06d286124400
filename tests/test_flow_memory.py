"""What momentum adds to a flow: heavy ball on a quadratic, whose rates are known."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from latebloom.core.arrays import double_precision
from latebloom.engines.chebyshev import Field
from latebloom.engines.flow import Flow
from latebloom.engines.network_steps import begin, move

# Curvatures of a quadratic; the last decays within a hundredth of the time of the first.
CURVATURE = np.array([1e-3, 3e-3, 0.1])
ALPHA, STEPS = 0.2, 6000


class Arguments(NamedTuple):
    push: Any


def slope(y, of):
    return -jnp.asarray(CURVATURE) * y + of.push


FLOW = Flow(
    Field.of(slope),
    lambda y, of: jnp.asarray(CURVATURE) * y,
    lambda y, of: y,
    lambda y, of: y,
    None,
)


def followed(memory, time):
    with double_precision():
        of = Arguments(jnp.zeros(3))
        moved = begin(FLOW, of, jnp.ones(3), time)
        while moved.state.t < time:
            moved, _ = move(FLOW, of, memory, moved, time, 1e-8)
        return np.asarray(moved.state.y)


def heavy_ball(m):
    """Return where heavy ball is, from where the flow begins and with its velocity."""
    x, v = np.ones(3), -ALPHA / (1 - m) * CURVATURE
    for _ in range(STEPS):
        v = m * v - ALPHA * CURVATURE * x
        x = x + v
    return x


@pytest.mark.parametrize("m", [0.0, 0.5, 0.9])
def test_the_flow_with_memory_is_nearer_to_heavy_ball(m):
    a = ALPHA / (1 - m)
    memory = a * (0.5 + m / (1 - m))
    true = heavy_ball(m)
    without, with_it = (followed(c, STEPS * a) for c in (1e12, memory))
    # What is left of a slow motion is exp(-r t), and a rate r is r (1 + c r) with memory c.
    slow = np.log(np.abs(true[0])), np.log(without[0]), np.log(with_it[0])
    assert slow[1] == pytest.approx(-CURVATURE[0] * STEPS * a, rel=1e-4)
    small = memory * CURVATURE[0]
    assert slow[2] == pytest.approx(slow[1] * (1 + small), rel=1e-4 + 5 * small**2)
    assert abs(slow[2] - slow[0]) < 0.1 * abs(slow[1] - slow[0])
