"""How near Adam is to its edge of stability while a network waits to generalize."""

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from latebloom.core.arrays import double_precision
from latebloom.core.errors import Unsupported
from latebloom.experiment.experiment import Experiment
from latebloom.experiment.record import LogSpaced
from latebloom.methods import Adam

from .chebyshev import Field, spectral_radius
from .network import Program
from .training import Trainer
from .training_log import Log


class Sharpness(NamedTuple):
    """The preconditioned curvature of one run between twice t1 and t2.

    - `t2`: when it generalized, None: not by its end.
    - `steps`, `values`: some of its steps, and the sharpness there over that at the edge.
    """

    t2: int | None
    steps: list[int]
    values: list[float]


def adam_sharpness(experiment: Experiment, per_decade: int = 20) -> Sharpness:
    r"""Train with Adam until t2, and measure the preconditioned curvature of the loss.

    With its preconditioner $P = 1/(\sqrt{\hat v} + \epsilon)$ held fixed Adam is stable up to
    $\alpha\lambda = 2(1 + b_1)/(1 - b_1)$, with $\lambda$ the largest eigenvalue of
    $P^{1/2}HP^{1/2}$ and H the Hessian of the training loss.

    **Arguments:**

    - `experiment`: of a network with `Adam` on the full batch, constant alpha.
    - `per_decade`: measurements per decade of steps; 20 are an eighth apart.

    **Returns:** $\alpha\lambda(1 - b_1)/(2(1 + b_1))$ by step, from twice t1 on.

    **Raises:** `Unsupported` for another method, or minibatches.

    Source: Cohen et al., arXiv 2207.14484.
    """
    method = experiment.method
    if type(method) is not Adam or method.batch is not None or method.transforms:
        raise Unsupported(
            f"the sharpness of {method}: only that of Adam on the full batch is known; use "
            "lb.Adam(alpha) without batch and transforms"
        )
    with double_precision():
        return _Watcher(experiment, per_decade).run()


@cache
def _preconditioned(program: Program) -> Field:
    """Return the field whose Jacobian is P^(1/2) H P^(1/2)."""

    def product(params: Any, v: Any, of: Any) -> Any:
        data, numbers, half = of

        def gradient(x: Any) -> Any:
            return program.gradient(x, data, numbers, 0, -1)  # pyright: ignore - plain numbers

        scaled = jax.tree.map(jnp.multiply, half, v)
        return jax.tree.map(jnp.multiply, half, jax.jvp(gradient, (params,), (scaled,))[1])

    return Field(lambda y, of: y, product)


class _Watcher:
    """One run, and what was seen of it."""

    def __init__(self, experiment: Experiment, per_decade: int) -> None:
        self.method: Any = experiment.method
        due = LogSpaced(per_decade).steps(experiment.steps)
        self.trainer = Trainer([experiment], None, due, self._look, watching=True)
        params = self.trainer.start.params
        keys = jax.random.split(jax.random.key(0), len(params))
        self.direction = {
            name: jax.random.normal(key, x.shape)
            for (name, x), key in zip(params.items(), keys, strict=True)
        }
        self.seen: dict[int, float] = {}

    def run(self) -> Sharpness:
        """Train, and return what was seen."""
        self.trainer.run(None)
        t2 = int(self.trainer.log.state.first[1])
        return Sharpness(t2 if t2 >= 0 else None, list(self.seen), list(self.seen.values()))

    def _look(self, log: Log) -> bool:
        t1, t2 = np.asarray(log.state.first).tolist()
        if t1 >= 0 and log.t >= 2 * max(t1, 1) and t2 < 0:
            self.seen[log.t] = self._edge(log)
        return t2 >= 0

    def _edge(self, log: Log) -> float:
        method, trainer = self.method, self.trainer
        unbiased = 1 - method.b2**log.t

        def half(v: Any) -> Any:
            return (jnp.sqrt(v / unbiased) + method.eps) ** -0.5

        of = trainer.data, trainer.numbers, jax.tree.map(half, log.state.memory[1][0].nu)
        field = _preconditioned(trainer.program)
        # The direction of the last measurement is near that of the next.
        self.direction, value, _ = spectral_radius(field, log.state.params, self.direction, of)
        return float(value) * float(method.alpha) * (1 - method.b1) / (2 * (1 + method.b1))
