"""What the analyses share: factors, axes and the draws of a bootstrap."""

from typing import TypeVar

import numpy as np
import xarray as xr

from latebloom.core.errors import InvalidInput, nearest


def factor(ds: xr.Dataset, name: str) -> xr.DataArray:
    """Return a coordinate or variable as floats.

    **Raises:** `InvalidInput` if the sweep does not have it, or it is not numeric.
    """
    if name not in ds:
        known = {*map(str, ds.coords), *({"alpha", "beta"} & set(map(str, ds)))}
        raise InvalidInput(f"the sweep has no factor '{name}'{nearest(name, known)}")
    if ds[name].dtype.kind not in "iuf":
        raise InvalidInput(f"the factor '{name}' is not a number: a power or a rate needs numbers")
    return ds[name].astype(float)


def resample(count: int, draws: int, seed: int) -> np.ndarray:
    """Return how often each of `count` things is in every draw of a bootstrap."""
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)


Data = TypeVar("Data", xr.Dataset, xr.DataArray)


def with_axis(data: Data, name: str, optional: str = "seed") -> Data:
    """Return the data with the axis `name`; a missing axis `optional` is added with one value.

    **Raises:** `InvalidInput` if there is no such axis.
    """
    if name in data.dims:
        return data
    if name != optional:
        known = [str(dim) for dim in data.dims if dim != "record"]
        raise InvalidInput(f"'{name}' is no axis of the sweep{nearest(name, known)}")
    return data.expand_dims(name, axis=-1)
