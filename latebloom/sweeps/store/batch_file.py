"""Batch files: the outcomes of some cells in one immutable netCDF file with a checksum.

The SHA-256 of the content follows the last byte of HDF5, where readers of netCDF do not
look; a file is compared with it before anything in it is used.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from latebloom.core.lazy import Lazy

from .checksum import with_checksum, without_checksum
from .outcome import Outcome

if TYPE_CHECKING:
    import h5netcdf
    import h5py
else:
    h5netcdf, h5py = Lazy("h5netcdf"), Lazy("h5py")


def encode(outcomes: Sequence[Outcome], keys: Sequence[str], attrs: Mapping[str, Any]) -> bytes:
    """Return the bytes of a batch file.

    **Arguments:**

    - `outcomes`: one per cell.
    - `keys`: the hashes of their experiments.
    - `attrs`: provenance, as texts and numbers; `specs` goes in as a variable.
    """
    # In memory, in HDF5's own way: no file, and no calls back into Python.
    memory = h5py.File("batch", "w", driver="core", backing_store=False)
    with h5netcdf.File(memory, "w") as file:
        file.dimensions = {"cell": len(outcomes)}
        described = {k: v for outcome in outcomes for k, v in outcome.attrs.items()}
        _text(file, "hash", list(keys))
        names = dict.fromkeys(name for outcome in outcomes for name in outcome.values)
        for name in names:
            column = [outcome.values.get(name) for outcome in outcomes]
            if any(isinstance(value, str) for value in column):
                _text(file, name, [value or "" for value in column])
            else:
                values = np.array(column, dtype=np.float64)  # None becomes NaN
                variable = file.create_variable(name, ("cell",), values.dtype, data=values)
                for key, text in zip(("long_name", "units"), described.get(name, ()), strict=False):
                    variable.attrs[key] = text
        _curves(file, outcomes)
        specs = np.frombuffer(attrs.get("specs", "").encode(), dtype=np.uint8)
        if specs.size:  # a text as bytes, because only numbers are compressed
            file.dimensions["byte"] = specs.size
            packed = {"compression": "gzip", "chunks": specs.shape}
            variable = file.create_variable("specs", ("byte",), np.uint8, data=specs, **packed)
            variable.attrs["long_name"] = "the experiments as JSON, UTF-8"
        file.attrs.update({name: value for name, value in attrs.items() if name != "specs"})
        file.flush()
        memory.flush()
        content = memory.id.get_file_image()
    memory.close()
    return with_checksum(content)


def _text(file: Any, name: str, values: list[Any]) -> None:
    variable = file.create_variable(name, ("cell",), h5py.string_dtype())
    variable[...] = np.array(values, dtype=object)


def _curves(file: Any, outcomes: Sequence[Outcome]) -> None:
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.curves)
    length = max((len(c) for outcome in outcomes for c in outcome.curves.values()), default=0)
    if not length:
        return
    file.dimensions["record"] = length
    for name in names:
        block = np.full((len(outcomes), length), np.nan)
        for row, outcome in zip(block, outcomes, strict=True):
            curve = outcome.curves.get(name, ())
            row[: len(curve)] = curve
        # Curves are most of a file; shuffled bytes of floats compress to about half.
        packed = {"compression": "gzip", "shuffle": True, "chunks": block.shape}
        dims = ("cell", "record")
        file.create_variable(f"trajectory_{name}", dims, block.dtype, data=block, **packed)


class BatchFile:
    """A batch file that was read and found to be what was written.

    **Arguments:**

    - `data`: its bytes.

    **Raises:** `Damaged` if they are not those that were written.
    """

    def __init__(self, data: bytes) -> None:
        self._content = without_checksum(data)

    @cached_property
    def _file(self) -> Any:  # an h5py.File, whose items its own types leave open
        return h5py.File(h5py.h5f.open_file_image(self._content))

    @cached_property
    def attrs(self) -> dict[str, Any]:
        """The provenance."""
        return {
            key: value.item() if isinstance(value, np.generic | np.ndarray) else value
            for key, value in self._file.attrs.items()
            if not key.startswith("_")
        }

    @cached_property
    def columns(self) -> dict[str, str]:
        """Name -> `number`, `word` or `curve`, of all variables."""
        found = {}
        for name, variable in self._file.items():
            if name in ("cell", "record", "byte", "specs"):
                continue
            word = h5py.check_string_dtype(variable.dtype) is not None
            found[name] = "word" if word else "number" if variable.ndim == 1 else "curve"
        return found

    def describe(self, name: str) -> dict[str, str]:
        """Return the attributes of a variable: what it is, and its unit."""
        attrs = self._file[name].attrs
        return {key: str(attrs[key]) for key in ("long_name", "units") if attrs.get(key)}

    def column(self, name: str) -> np.ndarray:
        """Return the values of a variable, one row per cell."""
        variable = self._file[name]
        if self.columns[name] == "word":
            return np.asarray(variable.asstr()[...], dtype=object)
        return variable[...]

    @property
    def records(self) -> int:
        """The largest number of records of a trajectory, 0 without trajectories."""
        return max((v.shape[1] for v in self._file.values() if v.ndim == 2), default=0)

    @property
    def specs(self) -> list[Any]:
        """The experiments, as nested dictionaries."""
        return json.loads(self._file["specs"][...].tobytes().decode())
