"""Steps and error curves as they come from any trainer, checked."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import unmasked
from .errors import InvalidInput
from .passage import Curve, Steps

# A training accuracy ends above this; a training error that rises this far and stays is none.
NEARLY = 0.95
# Of a curve with fewer records the shape tells little.
MANY = 20


def no_steps(k: Curve) -> NDArray[np.intp]:
    """Return the indices of what is no integer from 0 to 2^53.

    Beyond that a float no longer tells one step from the next.
    """
    return np.flatnonzero(~np.isfinite(k) | (k != np.round(k)) | (k < 0) | (k > 2.0**53))


def read_steps(steps: ArrayLike) -> Steps:
    """Return increasing steps as integers; raises `InvalidInput` for anything else."""
    k = _floats("steps", steps)
    if not len(k):
        raise InvalidInput("steps is empty; give at least one recorded step")
    for i in no_steps(k):
        raise InvalidInput(
            f"steps[{i}] is {k[i]:g}; steps must be integers from 0 (the initialization) "
            "to 2**53; if it is an epoch, multiply by the updates per epoch"
        )
    for i in np.flatnonzero(np.diff(k) <= 0):
        raise InvalidInput(
            f"steps[{i + 1}] is {k[i + 1]:.0f} after {k[i]:.0f}; steps must increase without "
            "duplicates; sort the records and keep one per step"
        )
    return k.astype(np.int64)


def _floats(name: str, values: ArrayLike) -> Curve:
    values = unmasked(name, values)
    try:
        array = np.asarray(values)
    except ValueError:  # nested lists of unequal lengths
        raise InvalidInput(f"{name} is no array of numbers; pass one number per step") from None
    if array.ndim != 1 or array.dtype.kind not in "iufO":
        raise InvalidInput(
            f"{name} has shape {array.shape} and dtype {array.dtype}; it must be a 1-D array of "
            "real numbers; pass one run at a time"
        )
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"{name} cannot be read as numbers ({error}); drop those records"
        ) from None


def read_curve(name: str, values: ArrayLike, k: Steps, nan_from: int) -> tuple[Curve, int]:
    """Return the curve with +inf where it is non-finite until the end, and where that starts.

    **Arguments:**

    - `name`: of the curve, for messages.
    - `values`, `k`: (T,) errors and their steps.
    - `nan_from`: NaN is a divergence from this index on only, before it a skipped evaluation.
    """
    e = _floats(name, values)
    if len(e) != len(k):
        raise InvalidInput(f"{name} has {len(e)} values for {len(k)} steps; give one per step")
    bad = np.flatnonzero(~np.isfinite(e))
    start = int(bad[0]) if len(bad) else len(e)
    # NaN in the test error of a healthy run is a skipped evaluation, not a divergence.
    skipped = bool(len(bad)) and bool(np.isnan(e[start])) and start < nan_from
    if len(bad) and (len(bad) < len(e) - start or skipped or start == 0):
        raise InvalidInput(
            f"{name} is {e[start]} at step {k[start]}; errors must be finite, or non-finite from "
            "the step of the divergence to the end; drop the records without a value"
        )
    e[start:] = np.inf
    # 1 - accuracy may be negative by the rounding of float32, no more.
    for i in np.flatnonzero(e < -1e-6):
        raise InvalidInput(
            f"{name} is {e[i]:g} at step {k[i]}; errors cannot be negative; pass relative errors "
            "or error rates (1 - accuracy, from accuracies in [0, 1] and not in percent)"
        )
    return np.maximum(e, 0.0), start


def refuse_accuracy(e: Curve) -> None:
    """Raise `InvalidInput` for a training error that looks like an accuracy: it climbs from below
    half to nearly 1 or 100, its largest value, and stays there."""
    top = float(e.max())
    unit = 100.0 if top > 1 else 1.0
    end = e[len(e) - 1 - len(e) // 10 :]
    # A short curve that ends near 1 may be anything; one that ends at exactly 1 is a perfect fit.
    least = NEARLY * unit if len(e) >= MANY else unit
    if least <= top <= unit and e[0] < top / 2 and end.min() >= min(least, top):
        raise InvalidInput(
            f"train climbs from {e[0]:g} to {top:g} and looks like an accuracy; pass errors "
            f"(1 - accuracy); if it is an error, say so with floors=({top:g}, None)"
        )
