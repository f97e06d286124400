"""Optimizers of networks: the rules of optax behind the interface of a method."""

import abc
import math
from dataclasses import dataclass
from typing import Any

from latebloom.core import checks as check
from latebloom.core import schedules
from latebloom.core.arrays import Array
from latebloom.core.errors import InvalidInput, shown
from latebloom.core.lazy import jax, optax
from latebloom.core.schedules import StepSize
from latebloom.core.spec import register
from latebloom.models import Linear, Model
from latebloom.penalties import Penalty
from latebloom.penalties.base import no_prox
from latebloom.problems import LeastSquares

from .base import Memory, Method, Step
from .transforms import Transform

COUPLINGS = ("coupled", "decoupled", "proximal")


@dataclass(frozen=True)
class Optimizer(Method):
    r"""A first-order optimizer; members say how a direction u is made of a gradient.

    With the gradient g of the training loss, H a subgradient of the penalty h and the direction
    $u = U(\cdot)$ of the rule, one update is

    - `coupled`: $\theta \leftarrow \theta - \alpha U(g + \beta H)$: the penalty is part of the
      loss, as in the paper;
    - `decoupled`: $\theta \leftarrow \theta - \alpha(U(g) + \beta H)$: with `L2`, AdamW;
    - `proximal`: $\theta \leftarrow \mathrm{prox}_{\alpha\beta h}(\theta - \alpha U(g))$.

    **Arguments:**

    - `alpha`: the learning rate.
    - `coupling`: how the penalty acts, see above.
    - `batch`: examples per update; None is the full batch. Each epoch goes through a fresh random
      order of all examples, its last batch being smaller if the sizes do not divide.
    - `batch_seed`: seeds these orders.
    - `transforms`: transforms of the gradient before the rule, in this order.
    - `sphere`: after each update the parameters are scaled to this l2 norm, all together; None
      leaves them free.
    """

    alpha: StepSize
    coupling: str = "coupled"  # the paper's
    batch: int | None = None
    batch_seed: int = 0
    transforms: tuple[Transform, ...] = ()
    sphere: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        name = type(self).__name__
        check.one_of(f"{name}.coupling", self.coupling, COUPLINGS)
        if self.batch is not None:
            check.integer(f"{name}.batch", self.batch, low=1)
        check.seeds(self, "batch_seed")
        if self.sphere is not None:
            check.real(f"{name}.sphere", self.sphere, low=0, strict=True)
        several = isinstance(self.transforms, tuple | list)
        for transform in self.transforms if several else (self.transforms,):
            if not several or not isinstance(transform, Transform):
                raise InvalidInput(
                    f"{name}.transforms contains {shown(transform)}: must be a list of "
                    "GrokfastEMA() and OrthogonalGradient()"
                )
        object.__setattr__(self, "transforms", tuple(self.transforms))

    @abc.abstractmethod
    def rule(self, alpha: Array) -> Any:
        """Return the optax transformation with learning rate alpha."""

    def start(self, params: Any) -> Memory:
        """Return the memories of the transforms and of the rule at step 0."""
        # Some rules begin with steps of the size of the learning rate.
        rule = self.rule(schedules.initial(self.alpha))
        return tuple(t.start(params) for t in self.transforms), rule.init(params)

    def update(self, params: Any, memory: Memory, step: Step) -> tuple[Any, Memory]:
        """Return parameters (any structure of arrays) and memory after one update."""
        memories, state = memory
        direction = step.oracle.gradient(params)
        if step.penalty is not None and self.coupling == "coupled":
            direction = jax.tree.map(_add, direction, step.penalty.subgradient(params, step.beta))
        kept = []
        for transform, own in zip(self.transforms, memories, strict=True):
            direction, own = transform.apply(direction, own, params)
            kept.append(own)
        change, state = self.rule(step.alpha).update(direction, state, params)
        new = jax.tree.map(_add, params, change)
        if step.penalty is not None and self.coupling == "decoupled":
            decay = step.penalty.subgradient(params, step.beta)
            new = jax.tree.map(lambda x, h: (x - step.alpha * h).astype(x.dtype), new, decay)
        if step.penalty is not None and self.coupling == "proximal":
            new = step.penalty.prox(new, step.alpha, step.beta)
        if self.sphere is not None:
            new = step.oracle.project(new)
        return new, (tuple(kept), state)

    def why_not(self, penalty: Penalty | None, model: Model) -> str | None:
        """Return why the method does not apply to least squares, or None if it does."""
        if self.batch is not None or self.sphere is not None:
            return "minibatches and the sphere are for networks: leave batch and sphere out"
        if self.coupling == "proximal" and penalty is not None:
            if not isinstance(model, Linear):
                return "the proximal operator is known for the linear model only"
            return no_prox(penalty.terms)
        return None

    def alpha_limit(self, problem: LeastSquares, penalty: Penalty | None, model: Model) -> float:
        """Return infinity: the rule rescales gradients, no bound is known."""
        return math.inf


def _add(x: Array, y: Array) -> Array:
    return (x + y).astype(x.dtype)


@register("method")
@dataclass(frozen=True)
class Adam(Optimizer):
    r"""Adam: $U(g) = \hat m/(\sqrt{\hat v} + \epsilon)$ with bias-corrected moments of g.

    **Arguments:** those of `Optimizer`, and the moments' `b1`, `b2` and `eps`.

    Source: arXiv 1412.6980, algorithm 1; decoupled from L2 it is arXiv 1711.05101's AdamW.

    >>> import latebloom as lb
    >>> lb.Adam(alpha=1e-3).b2
    0.999
    """

    b1: float = 0.9  # this and the next two: the source's, which the paper keeps
    b2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("b1", "b2"):
            check.fraction(f"Adam.{name}", getattr(self, name), below_one=True)
        check.real("Adam.eps", self.eps, low=0, strict=True)

    def rule(self, alpha: Array) -> Any:
        """Return optax's Adam."""
        return optax.adam(alpha, self.b1, self.b2, self.eps)


@register("method")
@dataclass(frozen=True)
class SGD(Optimizer):
    r"""Gradient descent with momentum: $m \leftarrow \mu m + g$, $U = m$.

    **Arguments:** those of `Optimizer`, and `momentum` $\mu$ in [0, 1), `nesterov`.

    >>> import latebloom as lb
    >>> lb.SGD(alpha=0.1, momentum=0.9).momentum
    0.9
    """

    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check.boolean("SGD.nesterov", self.nesterov)
        check.fraction("SGD.momentum", self.momentum, below_one=True)

    def rule(self, alpha: Array) -> Any:
        """Return optax's SGD."""
        return optax.sgd(alpha, self.momentum or None, self.nesterov)
