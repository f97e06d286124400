"""Penalties on the named parameters of a network."""

import fnmatch
import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from latebloom.core.arrays import Array, namespace
from latebloom.core.errors import InvalidInput, Unsupported
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register

from .base import Penalty, Strength, Sum, Term, no_prox, place

Params = dict[str, Array]
GROUPS = ("weights", "biases", "all")


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


class OfNetwork:
    r"""A penalty $\sum_i \beta_i h_i$ on the parameters of a network, with the interface of one.

    A term that acts on a vector, such as `Euclidean`, is applied to the selected parameters as one
    long vector. A term of matrices, such as `Nuclear`, adds up over them (a bias is a matrix of one
    column). Any other adds up over the arrays. Terms on the function are left out: the loss has
    them.

    **Arguments:**

    - `penalty`: the penalty, or None.
    - `axes`: the number of axes of each parameter, by name.

    **Raises:** `InvalidInput` for a term that selects no parameter.

    >>> import numpy as np
    >>> from latebloom.penalties import L1
    >>> whole = OfNetwork(L1(0.5), {"W": 2, "b": 1})
    >>> float(whole.value({"W": np.ones((2, 2)), "b": np.ones(2)}))
    2.0
    """

    def __init__(self, penalty: Penalty | None, axes: dict[str, int]) -> None:
        self.sum = isinstance(penalty, Sum)
        self.terms: tuple[tuple[Term, tuple[str, ...]] | None, ...] = tuple(
            None if term.of_function else (_bare(term), _names(term, axes))
            for term in (penalty.terms if penalty else ())
        )

    def _parts(self, beta: Strength) -> Iterable[tuple[Term, tuple[str, ...], Strength]]:
        betas = beta if self.sum and beta is not None else [beta] * len(self.terms)
        for part, strength in zip(self.terms, betas, strict=True):
            if part is not None:
                yield (*part, strength)

    def value(self, params: Params, beta: Strength = None) -> Array:
        r"""Return $\sum_i\beta_i h_i$, a scalar."""
        total = 0.0
        for term, names, strength in self._parts(beta):
            for x in _views(term, [params[n] for n in names]):
                total = total + term.value(x, strength)
        return total

    def subgradient(self, params: Params, beta: Strength = None) -> Params:
        """Return one subgradient, by name; 0 where no term acts."""
        out = {name: namespace(x).zeros_like(x) for name, x in params.items()}
        for term, names, strength in self._parts(beta):
            arrays = [params[n] for n in names]
            found = [term.subgradient(x, strength) for x in _views(term, arrays)]
            for name, part in zip(names, _back(term, found, arrays), strict=True):
                out[name] = out[name] + part.astype(params[name].dtype)
        return out

    def prox(self, params: Params, step: Array, beta: Strength = None) -> Params:
        """Return the proximal operator, by name.

        Terms on the same parameters, as of an elastic net, are applied one after the other, in the
        order in which that is exact; see `Sum`.

        **Raises:** `Unsupported` for terms of which that is not known.
        """
        reason = self.no_prox()
        if reason:
            raise Unsupported(reason)
        out = dict(params)
        for term, names, strength in sorted(self._parts(beta), key=lambda part: place(part[0])):
            arrays = [out[n] for n in names]
            found = [term.prox(x, step, strength) for x in _views(term, arrays)]
            for name, part in zip(names, _back(term, found, arrays), strict=True):
                out[name] = part.astype(params[name].dtype)
        return out

    def no_prox(self) -> str | None:
        """Return why there is no proximal operator in closed form, or None."""
        if any(part is None for part in self.terms):
            return "a penalty on the function has no proximal operator in closed form"
        parts = [(term, names) for term, names, _ in self._parts(None)]
        for term, _ in parts:
            if why := no_prox((term,)):
                return f"{why}; or use coupling = 'coupled' or 'decoupled'"
        for (one, ours), (two, theirs) in itertools.combinations(parts, 2):
            if set(ours).isdisjoint(theirs):
                continue
            why = no_prox((one, two))
            if ours != theirs:
                why = "terms on parameters that overlap have no proximal operator here"
            elif type(one) is type(two):
                why = f"{type(one).__name__} acts twice on the same parameters: write one term"
            if why:
                return f"{why}; or use coupling = 'coupled' or 'decoupled'"
        return None


def _bare(term: Term) -> Term:
    return term.term if isinstance(term, On) else term


def _names(term: Term, axes: dict[str, int]) -> tuple[str, ...]:
    chosen = term.params if isinstance(term, On) else "weights"
    found = tuple(
        name
        for name, ndim in axes.items()
        if chosen == "all"
        or (chosen == "weights" and ndim >= 2)
        or (chosen == "biases" and ndim < 2)
        or (chosen not in GROUPS and fnmatch.fnmatchcase(name, chosen))
    )
    if not found:
        raise InvalidInput(
            f"penalty {type(_bare(term)).__name__}: params = {chosen!r} selects no parameter; use "
            f"{', '.join(GROUPS)} or a pattern of these names: {', '.join(axes)}"
        )
    return found


def _views(term: Term, arrays: list[Array]) -> list[Array]:
    """Return what the term is applied to: matrices, one long vector, or the arrays."""
    if term.of_matrices:
        return [x if x.ndim >= 2 else x.reshape(-1, 1) for x in arrays]
    if term.of_vector:
        return [namespace(*arrays).concatenate([x.ravel() for x in arrays])]
    return arrays


def _back(term: Term, found: list[Array], arrays: list[Array]) -> list[Array]:
    """Return the views' results in the shapes of the arrays."""
    if term.of_vector:
        ends = np.cumsum([x.size for x in arrays])[:-1]
        found = namespace(found[0]).split(found[0], ends.tolist())
    return [part.reshape(x.shape) for part, x in zip(found, arrays, strict=True)]
