"""The interface of methods: update rules for f = g + beta h."""

import abc
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from latebloom.core import checks as check
from latebloom.core import schedules
from latebloom.core.arrays import Array
from latebloom.core.errors import InvalidInput, Unsupported
from latebloom.core.schedules import Schedule, StepSize
from latebloom.core.spec import FAMILIES, required_fields
from latebloom.models import Linear, Model
from latebloom.penalties import Penalty
from latebloom.problems import LeastSquares

# What a method carries from step to step besides the parameters (momentum...); any pytree.
Memory = Any


class Oracle(NamedTuple):
    """What a problem offers to a method."""

    gradient: Callable[[Array], Array]  # the gradient of the training loss g with respect to params
    # The projection on the interpolating set {a : X a = y*}; for networks, on the sphere.
    project: Callable[[Array], Array]


class Step(NamedTuple):
    """What a method has for the update from step t to t + 1.

    - `oracle`: the gradient of the training loss, and the projection.
    - `penalty`: with its functions of the parameters; None without one. Of a network it acts on
      dictionaries.
    - `alpha`, `beta`: the step size, and the regularization strength(s) as the penalty takes them.
    - `t`: the step.
    """

    oracle: Oracle
    penalty: Any
    alpha: Array
    beta: Array
    t: Array


class Method(abc.ABC):
    """An update rule; members are frozen dataclasses with the field `alpha`, the step size."""

    alpha: StepSize
    limit_formula = "2/sigma_max(X^T X)"  # of `alpha_limit` without a penalty, for messages
    # Whether the laws, limits and closed forms of this package hold for the method. A class says so
    # for itself alone: one that derives from it may make other updates.
    has_laws = False

    def __post_init__(self) -> None:
        is_auto = isinstance(self.alpha, str) and self.alpha == schedules.AUTO
        if not is_auto and not isinstance(self.alpha, Schedule):
            check.real(f"{type(self).__name__}.alpha", self.alpha, low=0, strict=True)

    def without_laws(self) -> str | None:
        """Return a sentence if no law covers this very class, else None."""
        if type(self).__dict__.get("has_laws", False):
            return None
        return f"no law covers {type(self).__name__}: a law needs a method that it was proved for"

    def start(self, params: Array) -> Memory:
        """Return the memory at step 0."""
        return ()

    @abc.abstractmethod
    def update(self, params: Array, memory: Memory, step: Step) -> tuple[Array, Memory]:
        """Return parameters and memory after one update.

        **Arguments:**

        - `params`: the parameters at step t, an array; of a network a dictionary of arrays.
        - `memory`: what `start` or the last update returned.
        - `step`: gradient, penalty, step size and strength of this update.
        """

    @abc.abstractmethod
    def why_not(self, penalty: Penalty | None, model: Model) -> str | None:
        """Return why the method does not apply, or None if it does."""

    def alpha_limit(self, problem: LeastSquares, penalty: Penalty | None, model: Model) -> float:
        r"""Return the step size from which on it is not stable, $2/\sigma_{\max}$, or inf."""
        return problem.alpha_max if isinstance(model, Linear) else math.inf

    def require(self, penalty: Penalty | None, model: Model) -> None:
        """Raise `Unsupported` if the method does not apply, naming those that do."""
        reason = self.why_not(penalty, model)
        if reason is None:
            return
        others = [
            name
            for name, cls in sorted(FAMILIES["method"].items())
            if required_fields(cls) <= {"alpha"} and cls(alpha=0.1).why_not(penalty, model) is None
        ]
        raise Unsupported(
            f"{type(self).__name__}: {reason}; methods that work: {', '.join(others)}"
        )

    def require_stable(self, problem: LeastSquares, penalty: Penalty | None, model: Model) -> None:
        """Raise `InvalidInput` if alpha is at or beyond `alpha_limit`, with both numbers."""
        limit = self.alpha_limit(problem, penalty, model)
        alpha = schedules.largest(self.alpha)
        if alpha >= limit:
            curved = limit < self.alpha_limit(problem, None, model)
            raise InvalidInput(
                f"alpha = {alpha:g} is not below {limit:.6g} ({self.limit_formula}"
                f"{' with the curvature of the penalty' if curved else ''}): the "
                "iteration is not stable; alpha = 'auto' takes 0.9 of the limit, and force=True "
                "(option --force) runs it to see where it diverges"
            )
