"""The Sobolev penalty: derivatives that match the teacher's."""

from collections.abc import Callable
from dataclasses import dataclass

from latebloom.core import checks as check
from latebloom.core.arrays import Array
from latebloom.core.errors import Unsupported
from latebloom.core.lazy import jax, jnp
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register

from .base import Strength, Term

NORMS = ("mean_square", "batch")


@register("penalty")
@dataclass(frozen=True)
class Sobolev(Term):
    r"""A penalty on derivatives of the function, not on its parameters.

    With the residuals $R^k_i = \partial^k_x f(x_i) - \partial^k_x f^*(x_i)$ at the N training
    inputs, order K sums over $k = 1 \dots K$ either

    - `mean_square`: $\frac{\beta}{N}\sum_i\|R^k_i\|_F^2$, the paper's formula; or
    - `batch`: $\beta(\sum_i\|R^k_i\|_F^2)^{1/2}$, unsquared and not averaged: the public code's.

    The gradient of `mean_square` vanishes with the residual, that of `batch` does not: at residual
    norm r over the batch, beta of `batch` acts as 2 r beta/N of `mean_square`.

    **Arguments:**

    - `beta`: the regularization strength.
    - `order`: 1 (Jacobians) or 2 (and Hessians: not for ReLU, whose Hessian is zero).
    - `norm`: `mean_square` or `batch`.

    Source: arXiv 2506.05718, equation 125 and appendix H.3.3.

    >>> import latebloom as lb
    >>> lb.Sobolev(beta=1e-3, order=1, norm="batch").of_function
    True
    """

    beta: float | Schedule
    order: int = 1  # the paper's
    norm: str = "mean_square"  # the paper's formula
    of_function = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check.integer("Sobolev.order", self.order, low=1, high=2)
        check.one_of("Sobolev.norm", self.norm, NORMS)

    @property
    def differentiable(self) -> bool:  # pyright: ignore - a field of other terms
        """Whether it is differentiable where the network is."""
        return self.norm == "mean_square"

    def of(
        self,
        function: Callable[[Array], Array],
        inputs: Array,
        teacher: tuple[Array, ...],
        beta: Strength = None,
        weights: Array | None = None,
    ) -> Array:
        r"""Return the penalty of a function, differentiable in its parameters (JAX).

        **Arguments:**

        - `function`: from inputs (N, d) to outputs (N, C), each row on its own.
        - `inputs`: shape (N, d).
        - `teacher`: its Jacobian (N, C, d) and, for order 2, Hessian (N, C, d, d).
        - `beta`: the regularization strength, if not the penalty's own.
        - `weights`: shape (N,), 1 for examples that count and 0 for padding; None if all count.
        """
        total = 0.0
        for own, true in zip(derivatives(function, inputs, self.order), teacher, strict=True):
            each = ((own - true) ** 2).reshape(len(inputs), -1).sum(axis=1)
            square = each.sum() if weights is None else (each * weights).sum()
            if self.norm == "batch":
                # The norm has no gradient at 0, where the student is the teacher: 0 is taken.
                safe = jnp.where(square > 0, square, 1.0)
                total = total + jnp.where(square > 0, jnp.sqrt(safe), 0.0)
            else:
                total = total + square / (len(inputs) if weights is None else weights.sum())
        return self._beta(beta) * total

    def value(self, x: Array, beta: Strength = None) -> Array:
        """Refuse: there is no value or subgradient without the function."""
        raise Unsupported(
            "Sobolev acts on the function, not on parameters: train a network on TeacherStudent "
            "with it"
        )

    subgradient = value

    def dual_norm(self, z: Array) -> Array:
        """Refuse, as `value` does."""
        return self.value(z)


def derivatives(function: Callable[[Array], Array], inputs: Array, order: int) -> tuple[Array, ...]:
    """Return the Jacobian (N, C, d) and, for order 2, the Hessian (N, C, d, d) at each input."""

    def jacobian(x: Array) -> Array:
        # One pullback per output for the whole batch: rows do not mix, so the columns of the
        # batch's Jacobian do not either, and the products stay large.
        outputs, pull = jax.vjp(function, x)
        one_hot = jnp.eye(outputs.shape[1], dtype=outputs.dtype)[:, None, :]
        rows = jax.vmap(lambda e: pull(jnp.broadcast_to(e, outputs.shape))[0])(one_hot)
        return jnp.swapaxes(rows, 0, 1)

    if order == 1:
        return (jacobian(inputs),)

    def along(direction: Array) -> Array:
        return jax.jvp(jacobian, (inputs,), (jnp.broadcast_to(direction, inputs.shape),))[1]

    basis = jnp.eye(inputs.shape[1], dtype=inputs.dtype)
    return jacobian(inputs), jnp.moveaxis(jax.vmap(along)(basis), 0, -1)
