"""Numbers out of the arrays of other libraries, none of which is imported."""

from typing import Any

import numpy as np

from .errors import InvalidInput

# What gives an array or a list where NumPy cannot read an object itself, as of bfloat16.
WAYS = ("double", "numpy", "tolist")


def numbers(name: str, values: Any) -> np.ndarray:
    """Return values as float64; a masked array stays one.

    Tensors are detached and brought to the processor, also in lists; None becomes NaN.

    **Arguments:**

    - `name`: of the values, for messages.
    - `values`: an array, a tensor, a column of a table, nested lists, a list of tensors.

    **Raises:** `InvalidInput` for what is no array of real numbers.

    >>> numbers("train", [1, None, np.float32(0.5)])
    array([1. , nan, 0.5])
    """
    if isinstance(values, np.ma.MaskedArray):
        return values.astype(np.float64)
    try:
        return _read(values)
    except Exception as error:  # whatever the object raises that is to become an array
        lines = str(error).splitlines() or [type(error).__name__]
        raise InvalidInput(
            f"{name} is no array of numbers ({lines[0]}); pass one run, as NumPy arrays: of a "
            "tensor x.detach().cpu().numpy(), of a list of tensors [x.item() for x in list]"
        ) from None


def is_foreign(values: Any) -> bool:
    """Whether NumPy may fail to read a tensor, or a list of tensors, that `numbers` can read."""
    if isinstance(values, list | tuple):
        return any(map(_is_foreign, values))
    return hasattr(values, "detach")


def _read(values: Any) -> np.ndarray:
    if isinstance(values, list | tuple) and any(map(_is_foreign, values)):
        return np.array([_read(x) for x in values], dtype=np.float64)
    for step in ("detach", "cpu", "get" if type(values).__module__[:4] == "cupy" else ""):
        if callable(found := getattr(values, step, None)):
            values = found()
    try:
        array = np.asarray(values)
        if array.dtype.kind in "cmM":
            raise TypeError(f"it is of type {array.dtype}")
        return array.astype(np.float64)
    except Exception:  # of whatever class the library of the tensor raises
        for way in WAYS:
            if callable(found := getattr(values, way, None)):
                try:
                    return np.asarray(found(), dtype=np.float64)
                except Exception:
                    continue
        if callable(found := getattr(values, "to_numpy", None)):  # pandas, with its own NA
            return np.asarray(found(dtype="float64", na_value=np.nan))
        raise


def _is_foreign(x: Any) -> bool:
    return not isinstance(x, int | float | np.generic | str) and (
        hasattr(x, "__array__") or hasattr(x, "detach")
    )
