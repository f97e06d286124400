"""The IDX format, in which MNIST and its relatives are distributed."""

import gzip
import math
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from latebloom.core.errors import InvalidInput

# Third byte of a file -> type of its numbers, big-endian.
DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
# MNIST's largest file takes 45 MiB. The bound keeps a corrupt or hostile file from filling memory.
MAX_BYTES = 2**31


def read_idx(path: Path | str, ndim: int | None = None) -> Shaped[np.ndarray, "..."]:
    """Return the array in an IDX file, compressed with gzip if the name ends in .gz.

    A file is two zero bytes, a byte for the type, a byte for the number of axes, their lengths as
    big-endian 32-bit integers, and the numbers, last axis fastest.

    **Arguments:**

    - `path`: the file.
    - `ndim`: the number of axes to expect: 3 of images, 1 of labels; None takes any.

    **Returns:** the array, of the file's shape and type, in native byte order.

    **Raises:** `InvalidInput` if the file cannot be read, is not IDX, has other axes,
    is too short or too long.
    """
    path = Path(path)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return _read(path, file.read, ndim)
    except (EOFError, zlib.error) as error:  # gzip's words for what was cut or damaged
        raise InvalidInput(f"{path}: is cut short or damaged ({error}): fetch it again") from None
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror or error})") from None


def _read(path: Path, read: Callable[[int], bytes], expected: int | None) -> np.ndarray:
    magic = read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in DTYPES or not magic[3]:
        zipped = magic[:2] == b"\x1f\x8b"
        raise InvalidInput(
            f"{path}: begins with the bytes {magic.hex(' ') or '(none)'}, which is no IDX file; "
            "images begin with 00 00 08 03, labels with 00 00 08 01"
            + " (these bytes are gzip's: add .gz to the name)"
            * zipped
        )
    dtype, ndim = np.dtype(DTYPES[magic[2]]), magic[3]
    if expected is not None and ndim != expected:
        raise InvalidInput(
            f"{path}: begins with the bytes {magic.hex(' ')}, an array with {ndim} axes where "
            f"{expected} are needed; images begin with 00 00 08 03, labels with 00 00 08 01"
        )
    if ndim > 8:  # far above images in color; NumPy's own limit is 64
        raise InvalidInput(f"{path}: has {ndim} axes, at most 8 are read")
    lengths = read(4 * ndim)
    if len(lengths) < 4 * ndim:
        raise InvalidInput(f"{path}: is cut short within the lengths of its {ndim} axes")
    shape = tuple(int(n) for n in np.frombuffer(lengths, ">u4"))
    size = math.prod(shape) * dtype.itemsize
    if size > MAX_BYTES:
        raise InvalidInput(
            f"{path}: says that it holds {' x '.join(map(str, shape))} numbers, "
            f"{size / 2**30:.1f} GiB; at most {MAX_BYTES / 2**30:.0f} GiB are read"
        )
    data = read(size)
    if len(data) < size:
        raise InvalidInput(
            f"{path}: is cut short, {len(data)} of {size} bytes of data are there: fetch it again"
        )
    if read(1):
        raise InvalidInput(
            f"{path}: goes on after the {size} bytes of data that its {' x '.join(map(str, shape))}"
            " numbers take"
        )
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))
