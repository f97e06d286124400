"""Optimizers of optax: one by its name, or any transformation of one's own."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from latebloom.core import checks as check
from latebloom.core.arrays import Array, double_precision
from latebloom.core.errors import InvalidInput, nearest
from latebloom.core.lazy import jax, optax
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register

from .optimizer import Optimizer


@runtime_checkable
class Transformation(Protocol):
    """What `optax.GradientTransformation` is."""

    def init(self, params: Any) -> Any:
        """Return the state at step 0."""

    def update(self, updates: Any, state: Any, params: Any = None) -> Any:
        """Return the updates made of gradients, and the next state."""


@register("method")
@dataclass(frozen=True)
class Optax(Optimizer):
    r"""An optimizer of optax by its name, or a transformation of one's own.

    By name: an optimizer's own weight decay, which some have by default, is 0 unless it is given;
    weight decay is the penalty `L2` with `coupling="decoupled"`.

    A transformation T makes the update $\theta \leftarrow \theta + \alpha T(g)$, alpha being 1 if
    it is left out: `lb.Optax(optax.chain(...), name="clipped")`. A function of the learning rate
    that returns a transformation is called with alpha: `lb.Optax(1e-3, name="mine",
    transformation=make)`. A function cannot be written to a file. The name stands for it in hashes,
    files and stores: change it when the transformation changes.

    **Arguments:** those of `Optimizer`, and

    - `alpha`: the learning rate; or the transformation, in its place.
    - `name`: of a function in optax or optax.contrib that takes `learning_rate`, such as `lion`,
      `nadam` or `muon`; with a transformation any other name.
    - `options`: (name, value) pairs or a dictionary of the named function's other arguments,
      numbers or booleans.
    - `transformation`: an `optax.GradientTransformation`, or a function from the learning rate to
      one.

    **Raises:** `InvalidInput` for an unknown optimizer or option, for a transformation without a
    name, and for one that needs more than gradients and parameters, such as a line search.

    >>> import latebloom as lb
    >>> lb.Optax(alpha=1e-4, name="lion", options={"b1": 0.95}).options
    (('b1', 0.95), ('weight_decay', 0.0))
    >>> import optax
    >>> lb.Optax(optax.chain(optax.clip(1.0), optax.adam(1e-3)), name="clipped").alpha
    1.0
    """

    alpha: float | Schedule | Transformation  # pyright: ignore - the last becomes `transformation`
    name: str = "adam"
    options: tuple[tuple[str, float | bool], ...] | Mapping[str, float | bool] = ()
    transformation: Any = field(default=None, repr=False, metadata={"identity": False})

    def __post_init__(self) -> None:
        if not isinstance(self.alpha, Schedule) and _makes_updates(self.alpha):
            if self.transformation is not None:
                raise InvalidInput("Optax: two transformations are given; use optax.chain")
            if self.coupling != "coupled" or not isinstance(self.alpha, Transformation):
                needs = "a function" if callable(self.alpha) else f"coupling = {self.coupling!r}"
                raise InvalidInput(
                    f"Optax: {needs} needs the learning rate, of which it makes its steps: "
                    "lb.Optax(alpha=1e-3, transformation=..., name=...)"
                )
            object.__setattr__(self, "transformation", self.alpha)
            object.__setattr__(self, "alpha", 1.0)
        super().__post_init__()
        if self.transformation is not None:
            self._require_own_name()
        object.__setattr__(self, "options", tuple(sorted(self._checked_options().items())))
        self._try()

    def _require_own_name(self) -> None:
        own = self.transformation
        made = own(0.1) if callable(own) and not isinstance(own, Transformation) else own
        if not isinstance(made, Transformation):
            raise InvalidInput(
                f"Optax.transformation = {own!r}: must be an optax transformation, "
                "or a function from the learning rate to one; optax.stateless_with_tree_map "
                "makes one of a function of gradient and parameter"
            )
        if not isinstance(self.name, str) or not self.name.strip() or self.name in _optimizers():
            raise InvalidInput(
                f"Optax.name = {self.name!r}: a transformation needs a name of its own, none of "
                "optax's, which stands for it in hashes and files: "
                'lb.Optax(transformation, name="...")'
            )

    def _checked_options(self) -> dict[str, float | bool]:
        """Return the options with the defaults that are changed here; raises if one is wrong."""
        try:
            pairs = dict(self.options)
        except (TypeError, ValueError):
            raise InvalidInput(
                f"Optax.options = {self.options!r}: must be pairs of name and value"
            ) from None
        for option, value in pairs.items():
            if not isinstance(value, bool):
                check.real(f"Optax.options {option!r}", value)
        if self.transformation is not None:
            if pairs:
                raise InvalidInput("Optax.options: are of optax's optimizers; leave them out here")
            return {}
        known = self._known()
        for option in pairs:
            if option not in known:
                raise InvalidInput(
                    f"Optax.options: optax.{self.name} has no {option!r}{nearest(option, known)}"
                )
        if "weight_decay" in known:
            pairs.setdefault("weight_decay", 0.0)
        return pairs

    def _known(self) -> list[str]:
        """Return the options that the optimizer has."""
        made = _optimizers()
        if not isinstance(self.name, str) or self.name not in made:
            near = nearest(str(self.name), list(made))
            raise InvalidInput(
                f"Optax.name = {self.name!r}: no such optimizer{near} (a transformation of one's "
                "own cannot be kept in a file: make the method in Python)"
            )
        names = inspect.signature(made[self.name]).parameters
        # Masks and types are neither numbers nor booleans.
        return [n for n in names if n != "learning_rate" and not n.endswith(("mask", "dtype"))]

    def _try(self) -> None:
        """Raise `InvalidInput` if optax refuses to make an update."""
        reason = _refusal(self.name, tuple(self.options), self.transformation)
        if reason and self.transformation is None:
            raise InvalidInput(
                f"Optax.name = {self.name!r}: optax.{self.name} cannot be used with these options "
                f"and nothing but gradients ({reason}); use another, such as 'adamw' or 'lion'"
            )
        if reason:
            raise InvalidInput(
                f"Optax {self.name!r}: the transformation must take gradients and parameters in "
                f"any tree of arrays, and nothing else such as a loss ({reason}); "
                "optax.stateless_with_tree_map makes one of a function of arrays"
            )

    def rule(self, alpha: Array) -> Any:
        """Return the optimizer of that name, or the transformation times alpha."""
        return _made(self.name, tuple(self.options), self.transformation, alpha)


def _made(name: str, options: tuple[Any, ...], own: Any, alpha: Array) -> Any:
    if own is None:
        return _optimizers()[name](learning_rate=alpha, **dict(options))
    if not isinstance(own, Transformation):
        return own(alpha)
    return optax.chain(own, optax.scale(alpha))  # pyright: ignore - of this protocol


@functools.lru_cache(maxsize=64)  # methods are made anew for every cell of a sweep
def _refusal(name: str, options: tuple[Any, ...], own: Any) -> str | None:
    """Make one update without computing it; return why it cannot be made, or None."""

    def update(params: Any) -> Any:
        rule = _made(name, options, own, 0.1)
        state = rule.init(params)
        return state, rule.update(params, state, params)

    def kinds(tree: Any) -> Any:
        return jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)

    try:
        with double_precision():
            for kind in (np.float32, np.float64):
                params = {"w": jax.ShapeDtypeStruct((2, 2), kind)}
                before, (change, after) = jax.eval_shape(update, params)
                if jax.tree.map(np.shape, change) != jax.tree.map(np.shape, params):
                    return "its updates have another shape than the parameters"
                if kinds(before) != kinds(after):
                    return "its state changes its type or shape in an update"
    except Exception as error:  # whatever that optimizer raises
        return [*str(error).splitlines(), type(error).__name__][0]
    return None


def _makes_updates(value: Any) -> bool:
    """Return whether a value is a transformation, or a function that may return one."""
    return isinstance(value, Transformation) or callable(value)


@functools.cache
def _optimizers() -> dict[str, Callable[..., Any]]:
    """Return everything in optax that makes an optimizer of a learning rate, by name."""
    import optax.contrib

    return {
        name: value
        for module in (optax.contrib, optax)
        for name, value in vars(module).items()
        if callable(value)
        and not inspect.isclass(value)
        and not name.startswith(("_", "scale_by_"))
        and _takes_rate(value)
    }


def _takes_rate(value: Any) -> bool:
    try:
        return "learning_rate" in inspect.signature(value).parameters
    except (TypeError, ValueError):  # not every callable has a signature
        return False
