"""Steps of the integrator along a network's flow, with what momentum and steps add to it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from . import chebyshev
from .chebyshev import Stretch, Tree
from .flow import Flow

# The derivative of the remembered gradient is taken over so many times the memory: shorter
# differences feel what decays faster than the memory lasts, for which its expansion does not hold.
WINDOW = 3.0


class Moved(NamedTuple):
    """Where an integration of a flow stands.

    - `state`: of the integrator.
    - `since`, `carried`: a time, and the gradient that the momentum remembered then.
    - `push`: what the memory adds to the derivative from here on.
    """

    state: chebyshev.State
    since: float
    carried: Tree
    push: Tree


def begin(flow: Flow, of: Any, y: Tree, length: float) -> Moved:
    """Return an integration at its start.

    **Arguments:**

    - `flow`, `of`: the flow, and its arguments with the push of the start.
    - `y`, `length`: as for `chebyshev.start`.

    **Raises:** `Collapsed` if the flow is not finite at y.
    """
    state = chebyshev.start(flow.field, of, y, length)
    return Moved(state, 0.0, flow.carried(y, of), of.push)


def move(
    flow: Flow, of: Any, memory: float, moved: Moved, end: float, rtol: float
) -> tuple[Moved, Stretch]:
    """Make one step.

    **Arguments:**

    - `flow`, `of`: the flow, and its arguments, of which the push is not used.
    - `memory`: c of `Rates`.
    - `moved`: before the step.
    - `end`, `rtol`: as for `chebyshev.advance`.

    **Returns:** what comes after it, and the step.

    **Raises:** `Collapsed` if no step is small enough.
    """
    of = of._replace(push=moved.push)
    state, stretch = chebyshev.advance(flow.field, of, moved.state, end, rtol)
    span = state.t - moved.since
    if span < WINDOW * memory:
        return moved._replace(state=state), stretch
    carried = flow.carried(state.y, of)
    push, F = _pushed(carried, moved.carried, memory / span, moved.push, state.F)
    state = state._replace(F=F, evaluations=state.evaluations + 1)
    return Moved(state, state.t, carried, push), stretch


def skip(moved: Moved, end: float) -> tuple[Moved, Stretch]:
    """Return what comes after a step to the end in which nothing moves, and the step."""
    state = moved.state
    at_rest = state.y, jax.tree.map(jnp.zeros_like, state.F)
    return moved._replace(state=state._replace(t=end, F=at_rest[1])), Stretch(
        state.t, end, at_rest, at_rest
    )


@jax.jit
def _pushed(new: Tree, old: Tree, factor: Any, push: Tree, F: Tree) -> tuple[Tree, Tree]:
    """Return the new push, and the derivative with it in place of the old one."""
    after = jax.tree.map(lambda a, b: factor * (a - b), new, old)
    return after, jax.tree.map(lambda F, p, q: F + p - q, F, after, push)
