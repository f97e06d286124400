"""What the compiled programs of least squares and of networks have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from latebloom.core import schedules
from latebloom.core.arrays import Array
from latebloom.experiment.experiment import Experiment
from latebloom.methods import Method
from latebloom.penalties import Penalty, Sum, Term


def structure(method: Method, penalty: Penalty | None) -> tuple[Method, Penalty | None]:
    """Return method and penalty with their constants alpha and beta replaced by 1."""

    def blank(term: Term) -> Term:
        return term if isinstance(term.beta, schedules.Schedule) else term.with_beta(1.0)

    if not isinstance(method.alpha, schedules.Schedule):
        method = replace(method, alpha=1.0)  # pyright: ignore - members are dataclasses
    if isinstance(penalty, Sum):
        return method, Sum(tuple(blank(term) for term in penalty.terms))
    return method, None if penalty is None else blank(penalty.terms[0])


@dataclass(frozen=True)
class Structure:
    """What is compiled: everything of an experiment that is structure rather than numbers."""

    method: Any
    penalty: Penalty | None
    model: Any
    batched: bool
    shared: bool  # whether the batch has one problem

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms of the penalty."""
        return self.penalty.terms if self.penalty else ()

    @property
    def needs_t1(self) -> bool:
        """Whether a schedule depends on t1."""
        return any(map(schedules.needs_t1, (self.method.alpha, *(t.beta for t in self.terms))))

    def alpha(self, numbers: Any, t: Array, t1: Array) -> Array:
        """Return the step size of update t, `numbers.alpha` if it is constant."""
        alpha = self.method.alpha
        return alpha(t, t1) if isinstance(alpha, schedules.Schedule) else numbers.alpha

    def strength(self, numbers: Any, t: Array, t1: Array) -> Any:
        """Return the regularization strength(s) of update t, `numbers.betas` if constant."""
        values = tuple(
            term.beta(t, t1) if isinstance(term.beta, schedules.Schedule) else numbers.betas[i]
            for i, term in enumerate(self.terms)
        )
        if isinstance(self.penalty, Sum):
            return values
        return values[0] if values else None


def one_problem(experiments: Sequence[Experiment]) -> bool:
    """Return whether the experiments have one problem."""
    first = experiments[0].problem
    return all(e.problem is first or e.problem == first for e in experiments)


def on_device(tree: Any) -> Any:
    """Return the tree with its arrays on the device."""
    return jax.device_put(tree)  # `jnp.asarray` would compile a program for every shape


def stack(trees: Sequence[Any]) -> Any:
    """Return the trees as one, with a first axis for the batch."""
    return jax.tree.map(lambda *leaves: jnp.array(np.stack(list(map(np.asarray, leaves)))), *trees)
