"""Variables of MATLAB (.mat, up to version 7), structures and their fields among them."""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .binary import columns_of_arrays
from .log import Log
from .source import LIMIT, Source, too_large

# Where the variables begin, and the type of a packed one.
FIRST, PACKED = 128, 15


def read_matlab(source: Source) -> Log:
    """Return the vectors of a .mat file as columns; fields of structures become `info/Accuracy`.

    **Raises:** `InvalidInput` for files of version 7.3, damaged ones, and those without vectors.
    """
    from scipy.io import loadmat

    _bound(source)
    try:
        found = loadmat(io.BytesIO(source.data), simplify_cells=True)
    except NotImplementedError:
        raise source.refuse(
            "is a MATLAB file of version 7.3; save it with -v7, or the curves as .csv"
        ) from None
    except Exception as error:  # whatever a damaged file makes of the reader
        raise source.refuse(f"is a damaged MATLAB file ({error}); save it again") from None
    notes = list(source.notes)
    arrays = {name: v for name, v in _vectors(found, "") if v.size > 1}
    # MATLAB writes NaN where nothing was measured.
    columns = {
        name: replace(column, blank=True)
        for name, column in columns_of_arrays(arrays, notes).items()
    }
    if not columns:
        raise source.refuse("is a MATLAB file without vectors of numbers")
    return Log(source.name, columns, tuple(notes))


def _bound(source: Source) -> None:
    """Raise `InvalidInput` for variables that unpack to too much."""
    data, at, total = source.data, FIRST, 0
    order = ">" if data[126:128] == b"MI" else "<"
    while at + 8 <= len(data):
        kind, count = struct.unpack(f"{order}II", data[at : at + 8])
        if kind == PACKED:
            try:
                packed = zlib.decompressobj()
                total += len(packed.decompress(data[at + 8 : at + 8 + count], LIMIT + 1))
            except zlib.error:
                return  # said by the reader
            if total > LIMIT:
                raise too_large(source.name, "unpacks to")
        at += 8 + count


def _vectors(node: Any, path: str) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of numbers of one or two axes at any depth of structures."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _vectors(value, f"{path}/{name}" if path else name)
    elif isinstance(node, np.ndarray) and node.ndim in (1, 2) and node.dtype.kind in "fiu":
        yield path, node
