"""Any model of the user's own: a function of parameters and inputs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from latebloom.core import checks as check
from latebloom.core.arrays import Array, double_precision
from latebloom.core.errors import InvalidInput
from latebloom.core.lazy import jax
from latebloom.core.spec import register
from latebloom.problems.supervised import Supervised

from .network import Network, Params, scaled


@register("model")
@dataclass(frozen=True, eq=False)
class Custom(Network):
    r"""A model given as a function, $f_\theta(x) = \mathtt{function}(\theta, x)$.

    `Custom.of` takes parameters of any structure. A function cannot be written to a file: the
    identity of the model is its name and its parameters at step 0.

    **Arguments:**

    - `name`: what to call it; change it when the function changes.
    - `params`: the parameters at step 0, name -> array.
    - `function`: from (params, inputs of shape (N, ...)) to outputs of shape (N, C), in JAX.

    **Raises:** `InvalidInput` for parameters that are not real arrays.

    >>> import numpy as np
    >>> from latebloom.models import Custom
    >>> model = Custom("affine", {"w": np.ones((2, 3))}, lambda p, x: x @ p["w"].T)
    >>> model.apply(model.params, np.ones((1, 3)))
    array([[3., 3.]])
    """

    name: str
    params: Mapping[str, np.ndarray]
    not_from_file = "a function cannot be kept in a file: make the model in Python"
    function: Callable[[Params, Array], Array] = field(repr=False, metadata={"identity": False})

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise InvalidInput("Custom.function: must be a function of (params, inputs)")
        if not isinstance(self.name, str):
            raise InvalidInput(f"Custom.name = {self.name!r}: must be a text")
        if not isinstance(self.params, Mapping):
            raise InvalidInput(
                f"Custom.params is a {type(self.params).__name__}: must be a dictionary name -> "
                "array; Custom.of takes any structure of arrays"
            )
        if not self.params:
            raise InvalidInput("Custom.params is empty: a model needs parameters")
        arrays = {}
        for name, value in self.params.items():
            array = arrays[name] = np.array(check.unmasked(f"Custom.params[{name!r}]", value))
            if array.dtype.kind != "f":
                raise InvalidInput(
                    f"Custom.params[{name!r}] is of type {array.dtype}: must be an array of "
                    "floating point numbers; keep functions and integers out of the parameters, "
                    "of an equinox module by eqx.partition(module, eqx.is_inexact_array)"
                )
            if not np.isfinite(array).all():
                raise InvalidInput(
                    f"Custom.params[{name!r}] must be finite: it has NaN or infinity"
                )
            array.setflags(write=False)
        object.__setattr__(self, "params", arrays)

    @classmethod
    def of(cls, name: str, function: Callable[[Any, Array], Array], params: Any) -> "Custom":
        """Return the model of a function on a pytree of arrays, such as a partitioned module.

        **Arguments:**

        - `name`: what to call it.
        - `function`: from (pytree, inputs) to outputs.
        - `params`: the pytree at step 0; its leaves get the names of their paths.
        """
        paths, tree = jax.tree_util.tree_flatten_with_path(params)
        names = [jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in paths]
        for twice in (name for name in names if names.count(name) > 1):
            raise InvalidInput(
                f"Custom.of: two parameters are called {twice!r}; rename a key with a point in it"
            )

        def flat(named: Params, inputs: Array) -> Array:
            return function(tree.unflatten([named[n] for n in names]), inputs)

        arrays = [np.asarray(leaf) for _, leaf in paths]
        return cls(name, dict(zip(names, arrays, strict=True)), flat)

    def start(self, problem: Supervised, seed: int, scale: float = 1.0) -> Params:
        """Return the given parameters times `scale`, whatever the seed."""
        return scaled({name: np.asarray(v) for name, v in self.params.items()}, scale)

    def apply(self, params: Params, inputs: Array) -> Array:
        """Return the function's value."""
        return self.function(params, inputs)

    def why_not(self, problem: Supervised) -> str | None:
        """Return the reason if the outputs have another shape than the targets need."""
        side = problem.train
        params = {k: jax.ShapeDtypeStruct(v.shape, np.float32) for k, v in self.params.items()}
        inputs = jax.ShapeDtypeStruct(side.inputs.shape, side.inputs.dtype)
        needed = (len(side.inputs), problem.outputs)
        try:
            with double_precision():  # as in training
                found = jax.eval_shape(self.function, params, inputs)
        except Exception as error:  # whatever the user's own function raises
            return f"{self.name} cannot take inputs of shape {inputs.shape} ({error})"
        shape = getattr(found, "shape", type(found).__name__)
        if shape != needed:
            return (
                f"{self.name} returns {shape} for inputs of shape {inputs.shape}, needed: {needed}"
            )
        if not np.issubdtype(np.dtype(found.dtype), np.floating):
            return f"{self.name} returns numbers of type {found.dtype}, needed: floating point"
        return None
