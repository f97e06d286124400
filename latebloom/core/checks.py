"""Value checks shared by every spec: each raises `InvalidInput` with the value and the range."""

import math
import os
import sys
from typing import Any

import numpy as np

from .errors import InvalidInput, close, shown

# The largest integer of arrays and files.
MOST = 2**63 - 1
# Laws and engines square strengths and starts times sizes of the data; float64 ends at 1.8e308.
LARGEST = 1e100


def real(name: str, value: Any, *, low: float = -math.inf, strict: bool = False) -> None:
    """Require a finite number.

    **Arguments:**

    - `name`, `value`: of the setting.
    - `low`, `strict`: it must be >= `low`, or > `low`.
    """
    ok = isinstance(value, int | float | np.floating | np.integer) and not isinstance(value, bool)
    bound = f" {'>' if strict else '>='} {low:g}" if low > -math.inf else ""
    # Not math.isfinite, which fails for integers beyond the largest float.
    ok = ok and abs(value) <= sys.float_info.max
    if not ok or value < low or (strict and value == low):
        raise InvalidInput(f"{name} = {shown(value)}: must be a finite number{bound}")


def size(name: str, value: Any) -> None:
    """Require that no entry of a number or an array is beyond `LARGEST`."""
    largest = float(np.abs(value).max(initial=0.0))
    if largest > LARGEST:
        raise InvalidInput(
            f"{name} = {largest:g}: float64 has no squares of it; choose at most {LARGEST:g}"
        )


def integer(name: str, value: Any, *, low: int, high: int | None = None, why: str = "") -> None:
    """Require an integer.

    **Arguments:**

    - `name`, `value`: of the setting.
    - `low`, `high`: the least and the largest value; None for what 64 bits hold.
    - `why`: explains the bound to the user.
    """
    ok = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not ok or value < low or value > (MOST if high is None else high):
        allowed = f"in {low}..{high}"
        if high is None:
            allowed = f">= {low}" + (", below 2^63" if ok and value > MOST else "")
        raise InvalidInput(f"{name} = {shown(value)}: must be an integer {allowed}{why}")


def seeds(spec: Any, *names: str) -> None:
    """Require that these fields are seeds, 0..2^32 - 1, or None."""
    for name in names:
        value = getattr(spec, name)
        if value is not None:
            integer(name, value, low=0, high=2**32 - 1)


def fraction(name: str, value: Any, *, below_one: bool = False) -> None:
    """Require a number in [0, 1], or in [0, 1)."""
    real(name, value, low=0)
    if value > 1:
        raise InvalidInput(f"{name} = {shown(value)}: must be a fraction in [0, 1]")
    if below_one and value == 1:
        raise InvalidInput(f"{name} = 1: must be below 1")


def instance(name: str, value: Any, kind: type, advice: str = "") -> None:
    """Require an object of a class.

    **Arguments:**

    - `name`, `value`: of the argument.
    - `kind`: the class.
    - `advice`: how to get one.
    """
    if not isinstance(value, kind):
        plain = value is None or isinstance(value, str | int | float)
        what = shown(value) if plain else f"of type {type(value).__name__}"
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise InvalidInput(f"{name} is {what}: must be {article} {kind.__name__}{advice}")


def pair(name: str, value: Any) -> None:
    """Require two values, for the training and for the test curve."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise InvalidInput(f"{name} = {shown(value)}: must be a pair (train, test)")


def boolean(name: str, value: Any) -> None:
    """Require True or False."""
    if not isinstance(value, bool):
        raise InvalidInput(f"{name} = {shown(value)}: must be true or false")


def path(name: str, value: Any) -> None:
    """Require the path of a file or folder, which is not empty."""
    if not isinstance(value, str | os.PathLike) or not str(value):
        raise InvalidInput(f"{name} = {shown(value)}: must be a path")


def one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    """Require one of the `allowed` words."""
    if not isinstance(value, str) or value not in allowed:
        raise InvalidInput(
            f"{name} = {shown(value)}: must be one of {', '.join(allowed)}{close(value, allowed)}"
        )


# Why an array is one of objects, by the number of its axes.
HINTS = {
    0: "of a sparse matrix give X.toarray(), of a generator its list",
    1: "of a table give its numeric columns, without missing values",
}


def place_of(flags: np.ndarray) -> tuple[int, ...]:
    """Return the index of the first True."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(flags)), flags.shape))


def unmasked(name: str, value: Any) -> Any:
    """Return `value`, of a masked array its data; raises `InvalidInput` if an entry is masked.

    NumPy would take what is behind the mask for data, also of masked arrays in lists.
    """
    if isinstance(value, list | tuple):
        for i, one in enumerate(value):
            if isinstance(one, np.ma.MaskedArray | list | tuple):
                unmasked(f"{name}[{i}]", one)
        return value
    if value is np.ma.masked:
        raise InvalidInput(f"{name} is masked: leave it out, or give a number")
    if not isinstance(value, np.ma.MaskedArray):
        return value
    mask = np.ma.getmaskarray(value)
    if mask.any():
        raise InvalidInput(
            f"{name} is a masked array, masked at {list(place_of(mask))}: leave such rows out, or "
            "say what stands there with .filled(value)"
        )
    return value.data


def real_array(name: str, value: Any, ndim: int | None = None) -> np.ndarray:
    """Return `value` as a read-only float64 array of `ndim` dimensions with finite real entries.

    **Arguments:**

    - `name`: of the setting.
    - `value`: an array, nested lists, or what NumPy makes an array of (pandas, xarray, JAX).
    - `ndim`: the number of its dimensions; None for any.

    **Raises:** `InvalidInput` for complex, masked, missing and non-finite entries, and for what is
    no array of numbers.
    """
    value = unmasked(name, value)
    try:
        array = np.asarray(value)
    except ValueError:  # nested lists of unequal lengths
        raise InvalidInput(f"{name}: must be an array, its rows of equal length") from None
    except Exception as error:  # whatever the object raises that is to become an array
        why = str(error).partition("\n")[0]
        raise InvalidInput(f"{name}: {type(value).__name__} gives no array ({why})") from None
    if np.iscomplexobj(array):
        raise InvalidInput(
            f"{name} is complex: latebloom works with real data; stack the real and imaginary "
            "parts of the rows (np.vstack([X.real, X.imag])) to get the equivalent real problem"
        )
    if array.dtype.kind not in "fiub":
        hint = "" if array.dtype != object else f"; {HINTS.get(array.ndim, HINTS[1])}"
        raise InvalidInput(f"{name} has dtype {array.dtype}: must be real numbers{hint}")
    array = np.array(array, dtype=np.float64)
    if ndim is not None and array.ndim != ndim:
        raise InvalidInput(f"{name} has shape {array.shape}: must have {ndim} dimension(s)")
    if not np.isfinite(array).all():
        bad = place_of(~np.isfinite(array))
        raise InvalidInput(
            f"{name} contains a non-finite value ({array[bad]:g} at {list(bad)}): clean it first"
        )
    array.setflags(write=False)
    return array
