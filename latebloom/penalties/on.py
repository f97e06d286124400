"""A penalty on some of a network's parameters."""

from dataclasses import dataclass

from latebloom.core.arrays import Array
from latebloom.core.errors import InvalidInput
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register

from .base import Penalty, Strength, Term


@register("penalty")
@dataclass(frozen=True)
class On(Term):
    r"""A penalty restricted to named parameters of a network, $\beta h(\theta_S)$.

    Without it a penalty acts on the weights: matrices and tables, no biases.

    **Arguments:**

    - `penalty`: one term, such as `L1(1e-7)`.
    - `params`: `weights`, `biases`, `all`, or a pattern of parameter names such as `layers.*`.

    >>> import latebloom as lb
    >>> lb.On(lb.L2(2e-6), "all").beta
    2e-06
    """

    penalty: Penalty
    params: str = "all"  # weights are penalized without `On` already

    def __post_init__(self) -> None:
        if not isinstance(self.params, str):
            raise InvalidInput(
                f"On.params = {self.params!r}: must be weights, biases, all or a pattern of names"
            )
        if not isinstance(self.penalty, Term) or isinstance(self.penalty, On):
            raise InvalidInput(
                f"On.penalty = {self.penalty!r}: must be a single term such as L1; write sums as "
                "On(...) + On(...)"
            )
        if self.penalty.of_function:
            raise InvalidInput(
                f"On.penalty = {self.penalty!r}: acts on the function, not on parameters"
            )

    @property
    def term(self) -> Term:
        """The restricted term."""
        assert isinstance(self.penalty, Term)
        return self.penalty

    @property
    def beta(self) -> float | Schedule:  # pyright: ignore
        """The strength of the restricted term."""
        return self.term.beta

    @property
    def differentiable(self) -> bool:  # pyright: ignore
        """Whether the restricted term is differentiable."""
        return self.term.differentiable

    @property
    def of_matrices(self) -> bool:  # pyright: ignore
        """Whether the restricted term acts on matrices."""
        return self.term.of_matrices

    def with_beta(self, beta: float) -> "On":
        """Return the penalty with another beta."""
        return On(self.term.with_beta(beta), self.params)

    def value(self, x: Array, beta: Strength = None) -> Array:
        r"""Return $\beta h(x)$ of one selected array."""
        return self.term.value(x, beta)

    def subgradient(self, x: Array, beta: Strength = None) -> Array:
        r"""Return one subgradient of $\beta h$ at one selected array."""
        return self.term.subgradient(x, beta)

    def prox(self, x: Array, step: Array, beta: Strength = None) -> Array:
        """Return the proximal operator at one selected array."""
        return self.term.prox(x, step, beta)

    def dual_norm(self, z: Array) -> Array:
        """Return the dual norm of one selected array."""
        return self.term.dual_norm(z)
