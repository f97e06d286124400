r"""The flow of gradient descent on products of parameters, on least squares.

With $a = a(x)$ the product of the layers x, gradient descent is the Euler method of size $\alpha$
of

$$\frac{dx}{d\tau} = -\nabla_x g(a(x)) - \beta H(x), \qquad \tau = \alpha t.$$

Its delay is that of a small penalty, or of a small start: a product of L layers of size z begins to
move after a time of about $z^{2-L}$.
"""

from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from latebloom.core.arrays import Array, double_precision, one_by_one
from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.experiment.record import At

from . import chebyshev
from .chebyshev import Field, Tree
from .flow import Flow, Rates
from .following import Following
from .network_passages import NOTE, REST, UNPENALIZED, Watch
from .result import EngineResult
from .step import consts_of, simulate_step
from .step_program import Consts, Program
from .structure import on_device

# The updates that are made one by one; they take a twentieth of a second.
FIRST = 20_000
# The tolerance of a step, relative to all parameters; those that have yet to grow from a small
# start are far smaller. Kernels are small, so that it costs little.
RTOL = 1e-6


class Arguments(NamedTuple):
    """What the flow of one experiment depends on, beside its structure."""

    consts: Consts
    push: Tree


@cache
def flow_of(program: Program) -> Flow:
    """Return the flow of all experiments of this structure."""
    model, penalty = program.model, program.penalty

    def downhill(x: Array, of: Arguments) -> Array:
        X, y, unknown = of.consts.operator, of.consts.y, of.consts.a_star.shape
        a, pullback = jax.vjp(lambda x: model.predictor(x, unknown), x)
        g = pullback(X.adjoint(X.forward(a) - y))[0]
        if penalty is None:
            return -g
        return -(g + penalty.subgradient(x, program.strength(of.consts, 0, -1)))  # pyright: ignore

    def errors(x: Array, of: Arguments) -> Array:
        consts = of.consts
        a = model.predictor(x, consts.a_star.shape)
        r = consts.operator.forward(a) - consts.y
        pairs = (r, consts.y), (a - consts.a_star, consts.a_star)
        return jnp.stack([jnp.sqrt((d * d).sum() / (s * s).sum()) for d, s in pairs])

    def field(x: Array, of: Arguments) -> Array:
        with one_by_one():
            return downhill(x, of) + of.push

    keep: Any = jax.jit(lambda x, of: x)
    carried = jax.jit(lambda x, of: -downhill(x, of))
    return Flow(Field.of(field), carried, keep, keep, jax.jit(errors))


def follow(experiment: Experiment, progress: Progress | None = None) -> EngineResult:
    """Make the first updates of gradient descent, and follow its flow to the horizon.

    **Arguments:** as for `simulate`.

    **Returns:** an `EngineResult`, whose events are gradients. Ctrl-C ends the run early with what
    was done.
    """
    last = min(FIRST, experiment.steps)
    due = experiment.record_steps
    early = At(tuple(due[due <= last].tolist()))
    first = simulate_step([experiment.with_(steps=last, record=early)], progress)[0]
    if first.interrupted or first.diverged_at is not None or last == experiment.steps:
        return first
    with double_precision():
        return _Deep(experiment, first).run(progress)


class _Deep:
    """One run: its first updates, and what its flow showed so far."""

    def __init__(self, experiment: Experiment, first: EngineResult) -> None:
        self.experiment, self.first = experiment, first
        self.records = dict(zip(first.steps.tolist(), first.params, strict=True))
        self.passages = [first.t1] + ([] if first.t2 is None else [first.t2])
        due = experiment.record_steps
        if first.done not in due and first.done not in (p.step for p in self.passages):
            del self.records[first.done]
        self.due = due[due > first.done].tolist()
        self.taken = 0

    def run(self, progress: Progress | None) -> EngineResult:
        """Follow the flow and return the result."""
        e, origin = self.experiment, self.first.done
        alpha = float(e.method.alpha)  # pyright: ignore - constant
        betas = [float(term.beta) for term in e.terms] or [0.0]  # pyright: ignore
        rates = Rates(alpha, alpha, 2.0, 0.5 * alpha, max(betas), min(betas))
        x = jnp.asarray(self.first.params[-1])
        of = Arguments(on_device(consts_of(e)), jnp.zeros_like(x))
        watches = {
            i: Watch.of(e.thresholds[i], None)
            for i, passage in enumerate(self.passages)
            if passage.step is None
        }
        flow = flow_of(Program.of(e, batched=False, shared=False))
        self.flow, self.of = flow, of
        self.going = going = Following(flow, of, rates, origin, e.steps, x, watches, RTOL)

        def after() -> None:
            if progress is not None:
                progress(going.step, e.steps)

        interrupted = going.run(self._recorded, after)
        return self._result(interrupted)

    def _recorded(self, stretch: chebyshev.Stretch) -> dict[float, Any]:
        """Keep the parameters that are due in a step of the integrator."""
        while self.taken < len(self.due):
            k = self.due[self.taken]
            t = self.going.time(k)
            if t > stretch.end:
                break
            self.records[k] = np.asarray(stretch.at(t))
            self.taken += 1
        return {}

    def _result(self, interrupted: bool) -> EngineResult:
        going, e = self.going, self.experiment
        done, origin = going.step, going.clock.origin
        self.records[done] = np.asarray(going.state.y)
        what = UNPENALIZED if not e.terms else NOTE
        s = going.rates.beta * going.state.t
        notes = [what.format(k=f"{origin:,}", s=s, n=going.gradients, m=done - origin)]
        found, more = going.passages(done)
        # What the updates saw of the end is not the end.
        passages = [replace(p, sustained=None, sustained_from=None) for p in self.passages]
        for i, passage in found.items():
            passages[i] = passage
        notes += more
        if going.rests():
            error = float(self.flow.errors(going.state.y, self.of)[1])
            notes.append(REST.format(k=f"{done:,}", error=error, threshold=e.thresholds[1]))
        return EngineResult.of(
            self.records, passages, done, interrupted=interrupted, events=going.gradients,
            notes=tuple(notes),
        )  # fmt: skip
