"""Run-time checks of types at half the cost: shapes are checked where an annotation has one.

The import hook of jaxtyping wraps every function to keep track of shapes, which is most of the time
of a function of one line. Here a function without shapes in its annotations gets the plain checks.
"""

import inspect
import re
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import beartype
import jaxtyping
from beartype.roar import BeartypeCallHintViolation

SHAPED = re.compile(r"\[((np|numpy|jnp|jax)\.)?(ndarray|Array), ")  # as in Float[np.ndarray, "N n"]
with_shapes = jaxtyping.jaxtyped
# The numeric tower lets an int stand where a float is annotated, as Python's typing rules (and
# pyright) do.
check = beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))


def has_shapes(fn: Any) -> bool:
    """Return whether an annotation of a function has a shape."""
    return any(SHAPED.search(str(annotation)) for annotation in fn.__annotations__.values())


def jaxtyped(fn: Any = None, *, typechecker: Callable[[Any], Any]) -> Any:
    """Return the function or class with its run-time checks, as `jaxtyping.jaxtyped` does."""
    if fn is None:
        return partial(jaxtyped, typechecker=typechecker)
    if not inspect.isfunction(fn):
        return with_shapes(fn, typechecker=typechecker)
    return _lazy(fn, typechecker) if fn.__annotations__ else fn


def _lazy(fn: Any, typechecker: Callable[[Any], Any]) -> Any:
    """Return a function with its checks, made when it is first called: most functions never are."""
    checked: Any = None

    @wraps(fn)
    def either(*args: Any, **kwargs: Any) -> Any:
        nonlocal checked
        if jaxtyping.config.jaxtyping_disable:
            return fn(*args, **kwargs)
        if checked is None:
            make = with_shapes if has_shapes(fn) else _plain
            checked = make(fn, typechecker=typechecker)
        try:
            return checked(*args, **kwargs)
        except BeartypeCallHintViolation as error:
            raise jaxtyping.TypeCheckError(f"Type-check error: {error}") from None

    return either


def _plain(fn: Any, typechecker: Callable[[Any], Any]) -> Any:
    """Return a function with its plain checks, without names that only type checkers know."""
    own = fn.__annotations__
    fn.__annotations__ = {name: _known(annotation, fn) for name, annotation in own.items()}
    try:
        return typechecker(fn)
    finally:
        fn.__annotations__ = own


def _known(annotation: Any, fn: Any) -> Any:
    if not isinstance(annotation, str) or annotation in fn.__qualname__.split("."):
        return annotation
    try:
        return eval(annotation, fn.__globals__)
    except NameError:  # imported under TYPE_CHECKING
        return Any


def install() -> None:
    """Let the import hook use these checks; to be called before the package is imported."""
    jaxtyping.jaxtyped = jaxtyped
