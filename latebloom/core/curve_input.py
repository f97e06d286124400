"""Steps and error curves as they come from any trainer, checked."""

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import unmasked
from .errors import InvalidInput
from .foreign import is_foreign, numbers
from .passage import Curve, Steps

# An accuracy of training ends above this part of its unit; below, it may be a failing run.
NEARLY = 0.9
# Of fewer records only a climb to exactly 1 or 100 is taken for an accuracy.
FEW = 10


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
        array = numbers(name, values) if is_foreign(values) else np.asarray(values)
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
    """Raise `InvalidInput` for a training error that looks like an accuracy, and warn of one that
    may be one: training that gets worse and stays so.

    **Arguments:**

    - `e`: (T,) the training errors.
    """
    top, end = float(e.max()), e[-1 - len(e) // 10 :]
    unit = 1.0 if top <= 1.0 else 100.0
    if not 2 * e[0] < end.min() or top > unit:
        return
    advice = "100 - accuracy, as these are in percent" if unit == 100.0 else "1 - accuracy"
    climbs = f"train climbs from {e[0]:g} to {top:g} and stays"
    # A fit that is nearly perfect, read as an error that is nearly total. It rises from below half
    # and stays; an error that diverges goes on rising, beyond its unit.
    if end.min() == unit or (len(e) >= FEW and end.min() > NEARLY * unit):
        raise InvalidInput(
            f"{climbs}: it looks like an accuracy; pass errors ({advice}), or call "
            "latebloom.diagnose(steps, train, test), which takes accuracies; if it is an error, "
            "say so with floors=(0, None)"
        )
    if len(e) >= FEW and end.min() > max(0.5 * unit, end.max() / 1.5):
        what = f"{climbs}: is it an accuracy? Then pass errors ({advice})"
        warnings.warn(what, UserWarning, stacklevel=3)
