"""The files of a sweep in a store: what it is, its arrays, and the hashes of its cells."""

import contextlib
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from latebloom.core.errors import InvalidInput, UnknownType
from latebloom.core.versions import __version__
from latebloom.sweeps.grid.grid import Grid

from .checksum import Damaged, with_checksum, without_checksum
from .files import Files

SWEEPS = "sweeps"


def sweep_files(sweep: Grid, keys: Sequence[str]) -> dict[str, bytes]:
    """Return name -> content of the files of a sweep whose cells have these hashes.

    The hashes are kept as 64-bit numbers, 0 for cells that are left out.
    """
    files: dict[str, bytes] = {}

    def plain(value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return {k: plain(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [plain(v, name) for v in value]
        if not isinstance(value, np.ndarray):
            return value
        file = f"{sweep.hash}.{name}-{len(files)}.npy"
        files[file] = _npy(value)
        return {"npy": file}

    spec = json.dumps(plain(sweep.to_dict(), "base"), indent=1)
    numbers = np.array([int(key or "0", 16) for key in keys], dtype=np.uint64)
    # Another version may give other hashes.
    hashes = with_checksum(_npy(numbers), __version__)
    return files | {f"{sweep.hash}.json": spec.encode(), f"{sweep.hash}.keys.npy": hashes}


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def read_sweep(files: Files, name: str) -> Grid:
    """Return the sweep of a file `HASH.json`.

    **Raises:** `InvalidInput` if it is not what was written.
    """

    def revive(value: Any) -> Any:
        if isinstance(value, dict) and value.keys() == {"npy"}:
            return np.load(io.BytesIO(files.read(f"{SWEEPS}/{value['npy']}")))
        if isinstance(value, dict):
            return {k: revive(v) for k, v in value.items()}
        return [revive(v) for v in value] if isinstance(value, list) else value

    try:
        data = json.loads(files.read(f"{SWEEPS}/{name}"))
        found = Grid.from_dict(revive(data))
    except UnknownType as error:
        raise UnknownType(
            f"{SWEEPS}/{name}: the {error.what} is of a plugin: load it, with --plugin MODULE "
            "before the command or with LATEBLOOM_PLUGINS=MODULE"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"{SWEEPS}/{name}: cannot be read ({error})") from None
    if f"{found.hash}.json" != name:
        raise InvalidInput(f"{SWEEPS}/{name}: is not the sweep that was written there")
    return found


def read_keys(files: Files, sweep: Grid) -> list[str] | None:
    """Return the hashes of a sweep's cells, None if they were not kept by this version."""
    with contextlib.suppress(OSError, ValueError, EOFError, Damaged):
        kept = files.read(f"{SWEEPS}/{sweep.hash}.keys.npy")
        numbers = np.load(io.BytesIO(without_checksum(kept, __version__)), allow_pickle=False)
        if numbers.shape == (sweep.size,) and numbers.dtype == np.uint64:
            return [f"{number:016x}" if number else "" for number in numbers.tolist()]
    return None
