"""Results: a sweep in a store as one Dataset, whose values are read when they are used."""

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Protocol, runtime_checkable

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from latebloom.core.errors import InvalidInput
from latebloom.sweeps.grid.grid import Grid, tasks_of
from latebloom.sweeps.grid.task import Task

from .batch_file import BatchFile
from .checksum import Damaged
from .files import Files
from .index import BATCHES, Index

MISSING = "missing"
# Parsed files kept in memory: all of a sweep of 10^5 cells.
OPEN_FILES = 4096
# Always there, whether they are swept, derived or the same for all cells: every law needs them.
ALWAYS = ("alpha", "beta")


@runtime_checkable
class Kept(Protocol):
    """What the results are read from: a store."""

    files: Files
    index: Index
    label: str

    def keys(self, sweep: Grid) -> list[str]:
        """Return the hashes of a sweep's experiments."""
        ...


class Places:
    """Where the cells of a sweep are, for one task.

    **Fields:**

    - `file`, `row`: of every cell, -1 where there is none, of the sweep's shape.
    - `names`: the files.
    """

    def __init__(self, store: Kept, sweep: Grid, task: Task, keys: Sequence[str]) -> None:
        found = store.index.places(task)
        numbers: dict[str, int] = {}
        file = np.full(len(keys), -1)
        row = np.full(len(keys), -1)
        for i, key in enumerate(keys):
            if key in found:
                name, at, _ = found[key]
                file[i], row[i] = numbers.setdefault(name, len(numbers)), at
        self.file, self.row = file.reshape(sweep.shape), row.reshape(sweep.shape)
        self.names = list(numbers)


class Reader:
    """Reads columns of batch files; every file is checked before it is believed."""

    def __init__(self, store: Kept) -> None:
        self.store = store
        self._open = lru_cache(maxsize=OPEN_FILES)(self._read)

    def _read(self, name: str) -> tuple[BatchFile, dict[str, np.ndarray]]:
        path = f"{BATCHES}/{name}"
        try:
            return BatchFile.read(self.store.files.read(path)), {}
        except Damaged as error:
            raise InvalidInput(
                f"{self.store.label}/{path} is damaged: {error}; run the sweep again to compute "
                "its cells anew"
            ) from None
        except OSError as error:
            raise InvalidInput(f"{self.store.label}/{path}: cannot be read ({error})") from None

    def column(self, name: str, variable: str) -> np.ndarray | None:
        """Return a variable of a file, None if the file does not have it."""
        file, columns = self._open(name)
        kind = file.columns.get(variable)
        if kind is None:
            return None
        if kind == "curve":
            return file.column(variable)  # large: not kept
        if variable not in columns:
            columns[variable] = file.column(variable)
        return columns[variable]


class CellArray(BackendArray):
    """One variable of all cells, read file by file for the cells that are selected.

    **Arguments:**

    - `places`, `reader`: where and how.
    - `variable`: its name in the files.
    - `fill`: what missing cells have: NaN, "" or `missing`.
    - `records`: the length of the last dimension of a trajectory, 0 for others.
    """

    def __init__(
        self, places: Places, reader: Reader, variable: str, fill: float | str, records: int = 0
    ) -> None:
        self.places, self.reader, self.variable, self.fill = places, reader, variable, fill
        own = places.file.shape
        self.shape = (*own, records) if records else own
        self.records = records
        self.dtype = np.dtype(object if isinstance(fill, str) else np.float64)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.BASIC, self._take
        )

    def _take(self, key: tuple[Any, ...]) -> Any:
        cells = key[:-1] if self.records else key
        file, row = self.places.file[cells], self.places.row[cells]
        inner = (self.records,) if self.records else ()
        out = np.full((*np.shape(file), *inner), self.fill, dtype=self.dtype)
        flat, file, row = out.reshape((-1, *inner)), np.ravel(file), np.ravel(row)
        for number in np.unique(file[file >= 0]):
            here = np.flatnonzero(file == number)
            values = self.reader.column(self.places.names[number], self.variable)
            if values is None:
                continue
            if self.records:
                flat[here, : values.shape[1]] = values[row[here]]
            else:
                flat[here] = values[row[here]]
        out = flat.reshape(out.shape)
        return out[..., key[-1]] if self.records else out


def dataset(store: Kept, sweep: Grid) -> xr.Dataset:
    """Return the results of a sweep, its axes as dimensions.

    **Arguments:**

    - `store`: where they are; cells that it does not have are missing: NaN, "" and status
      `missing`, never zero.
    - `sweep`: what they are of.

    **Returns:** a Dataset. Of simulated cells, among others:

    - `t1`, `t2`, `delay`: steps, NaN if not known to the step; `t1_low`, `t1_high`, ... bounds;
      `t1_kind`: exact, bracketed, censored or infeasible; `t1_floor`: what the error stays above;
    - `verdict`, `reason`; `status`: done, failed or missing; `message`: why a cell failed;
    - `recovered`: 1 if it generalized, 0 if it never can, NaN if the horizon was too short;
    - `train_error`, `test_error`, norms: at the last step; `trajectory_*` over `record`;
    - `alpha`, `beta` and all derived fields; `seconds`, `engine`, `events`, `hash`.

    `predicted_*` are of the task `predict`, `recoverable`, `dual_norm` and `program_error` of
    `recover`; their status has the name of the task in front.
    """
    return _Opened(store, sweep).dataset()


class _Opened:
    def __init__(self, store: Kept, sweep: Grid) -> None:
        self.store, self.sweep = store, sweep
        self.keys = store.keys(sweep)
        self.reader = Reader(store)
        self.dims = tuple(axis.name for axis in sweep.axes)

    def dataset(self) -> xr.Dataset:
        """Return it."""
        variables: dict[str, xr.Variable] = {}
        for task in tasks_of(self.sweep):
            for name, variable in self._variables(task).items():
                variables.setdefault(name, variable)
        taken = {*variables, *self.sweep.coords}
        fields = {k: v for k, v in self._fields(taken).items() if k not in taken}
        hashes = np.array(self.keys, dtype=object).reshape(self.sweep.shape)
        variables["hash"] = xr.Variable(self.dims, hashes, {"long_name": "of the experiment"})
        coords = {
            name: xr.Variable((dim,), np.array(values), self._describe(name))
            for name, (dim, values) in self.sweep.coords.items()
        }
        found = xr.Dataset({**variables, **fields}, coords=coords)
        words = {k: v if isinstance(v, str) else str(v) for k, v in self.sweep.to_dict().items()}
        del words["base"], words["grid"]
        found.attrs = {"sweep": self.sweep.hash, "store": self.store.label, **words}
        return found

    def _describe(self, name: str) -> dict[str, str]:
        return {"long_name": name}

    def _variables(self, task: Task) -> Mapping[str, xr.Variable]:
        places = Places(self.store, self.sweep, task, self.keys)
        found = {}
        records = self._records(places)
        columns = self.store.index.columns(places.names)
        # `status` is that of the simulation, or of the first task where there is none.
        owner = "simulate" if "simulate" in self.sweep.tasks else tasks_of(self.sweep)[0].verb
        front = "" if task.verb == owner else f"{task.verb}_"
        for name, (kind, file) in columns.items():
            if name == "hash":
                continue
            fill = float("nan") if kind != "word" else MISSING if name == "status" else ""
            length = records if kind == "curve" else 0
            if kind == "curve" and not length:
                continue
            array = CellArray(places, self.reader, name, fill, length)
            dims = (*self.dims, "record") if length else self.dims
            label = f"{front}{name}" if name in ("status", "message") else name
            lazy = indexing.LazilyIndexedArray(array)
            described = self._attrs(name, file)
            found[label] = xr.Variable(dims, lazy, described)
        if "status" not in columns:
            # Nothing is done yet: even that is an answer.
            none = np.full(self.sweep.shape, MISSING, dtype=object)
            found[f"{front}status"] = xr.Variable(self.dims, none)
        return found

    def _records(self, places: Places) -> int:
        return max((self.store.index.known[name].records for name in places.names), default=0)

    def _attrs(self, name: str, file: str) -> dict[str, str]:
        return self._described(file).get(name, {})

    def _described(self, file: str) -> dict[str, dict[str, str]]:
        if file not in self._descriptions:
            batch, _ = self.reader._open(file)
            self._descriptions[file] = {name: batch.describe(name) for name in batch.columns}
        return self._descriptions[file]

    @cached_property
    def _descriptions(self) -> dict[str, dict[str, dict[str, str]]]:
        return {}

    def _fields(self, taken: set[str]) -> dict[str, xr.Variable]:
        """Return what was derived, and alpha and beta, of every cell."""
        sweep = self.sweep
        shorts = [key.rpartition(".")[2] for key in sweep.derive]
        derived = {
            short if shorts.count(short) == 1 and short not in taken else key: key
            for short, key in zip(shorts, sweep.derive, strict=True)
        }
        always = {name: key for name in ALWAYS if (key := _only_key(sweep, name)) is not None}
        wanted = always | derived
        swept = {key for axis in sweep.axes for key in axis.values}
        varying = {n: k for n, k in wanted.items() if k in sweep.derive or _depends(sweep, k)}
        found = {}
        for name, key in wanted.items():
            if name not in varying and key not in swept:
                value = sweep.value(key, {})
                found[name] = xr.Variable((), float("nan") if _odd(value) else value)
        if varying:
            columns: dict[str, list[Any]] = {name: [] for name in varying}
            for i in range(sweep.size):
                settings = sweep.settings(i)
                for name, key in varying.items():
                    value = None if settings is None else sweep.value(key, settings)
                    columns[name].append(float("nan") if _odd(value) else value)
            for name, values in columns.items():
                found[name] = xr.Variable(self.dims, np.array(values).reshape(sweep.shape))
        return found


def _odd(value: Any) -> bool:
    """Whether a value is no plain one: a schedule, a spec, nothing."""
    return not isinstance(value, bool | int | float | str)


def _only_key(sweep: Grid, name: str) -> str | None:
    """Return the field that a name stands for, None if there is none or more than one."""
    try:
        return sweep.fields.key(name)
    except InvalidInput:
        return None


def _depends(sweep: Grid, key: str) -> bool:
    """Whether the field changes with an axis: its own, or one of the spec that it is part of."""
    swept = {k for axis in sweep.axes for k in axis.values} | set(sweep.derive)
    parts = key.split(".")
    return any(".".join(parts[:n]) in swept for n in range(1, len(parts) + 1))
