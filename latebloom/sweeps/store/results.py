"""Results: a sweep in a store as one Dataset, whose values are read when they are used."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from latebloom.core.errors import InvalidInput
from latebloom.sweeps.grid.grid import Grid, tasks_of
from latebloom.sweeps.grid.task import Task

from .batch_file import BatchFile
from .checksum import Damaged
from .index import BATCHES, Index

MISSING = "missing"
# Parsed files kept in memory: all of a sweep of 10^5 cells.
OPEN_FILES = 4096
# Always there, whether they are swept, derived or the same for all cells: every law needs them.
ALWAYS = ("alpha", "beta")


class Cells:
    """Where the results of a task are, and the columns of their files.

    **Arguments:**

    - `index`, `label`: of the store, and what messages call it.
    - `sweep`, `task`, `keys`: what is looked for, and the hash of every cell.

    **Fields:**

    - `file`, `row`: of every cell, -1 where there is none, of the sweep's shape.
    - `names`: the files; each is checked when it is opened.
    """

    def __init__(
        self, index: Index, label: str, sweep: Grid, task: Task, keys: Sequence[str]
    ) -> None:
        self._files, self._label = index.files, label
        self._open = lru_cache(maxsize=OPEN_FILES)(self._read)
        places = index.places(task)
        found = [places.get(key, ("", -1, False)) for key in keys]
        self.names = list(dict.fromkeys(name for name, _, _ in found if name))
        numbers = {"": -1} | {name: i for i, name in enumerate(self.names)}
        self.file = np.array([numbers[name] for name, _, _ in found]).reshape(sweep.shape)
        self.row = np.array([row for _, row, _ in found]).reshape(sweep.shape)

    def _read(self, name: str) -> tuple[BatchFile, dict[str, np.ndarray]]:
        path = f"{BATCHES}/{name}"
        try:
            return BatchFile(self._files.read(path)), {}
        except Damaged as error:
            raise InvalidInput(
                f"{self._label}/{path} is damaged: {error}; run the sweep again to compute "
                "its cells anew"
            ) from None
        except OSError as error:
            raise InvalidInput(f"{self._label}/{path}: cannot be read ({error})") from None

    def describe(self, name: str, variable: str) -> dict[str, str]:
        """Return what a variable of a file is, and its unit."""
        return self._open(name)[0].describe(variable)

    def column(self, name: str, variable: str) -> np.ndarray | None:
        """Return a variable of a file, None if the file does not have it."""
        file, columns = self._open(name)
        kind = file.columns.get(variable)
        if kind is None or kind == "curve":  # curves are large, and not kept
            return None if kind is None else file.column(variable)
        if variable not in columns:
            columns[variable] = file.column(variable)
        return columns[variable]


class CellArray(BackendArray):
    """One variable of all cells, read file by file for the cells that are selected.

    **Arguments:**

    - `cells`: where they are.
    - `variable`: its name in the files.
    - `fill`: what missing cells have: NaN, "" or `missing`.
    - `records`: the length of the last dimension of a trajectory, 0 for others.
    """

    def __init__(self, cells: Cells, variable: str, fill: float | str, records: int = 0) -> None:
        self.cells, self.variable, self.fill = cells, variable, fill
        self.shape = (*cells.file.shape, records) if records else cells.file.shape
        self.records = records
        self.dtype = np.dtype(object if isinstance(fill, str) else np.float64)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.BASIC, self._take
        )

    def _take(self, key: tuple[Any, ...]) -> Any:
        cells = key[:-1] if self.records else key
        file, row = self.cells.file[cells], self.cells.row[cells]
        inner = (self.records,) if self.records else ()
        out = np.full((*np.shape(file), *inner), self.fill, dtype=self.dtype)
        flat, file, row = out.reshape((-1, *inner)), np.ravel(file), np.ravel(row)
        for number in np.unique(file[file >= 0]):
            here = np.flatnonzero(file == number)
            values = self.cells.column(self.cells.names[number], self.variable)
            if values is None:
                continue
            if self.records:
                flat[here, : values.shape[1]] = values[row[here]]
            else:
                flat[here] = values[row[here]]
        out = flat.reshape(out.shape)
        return out[..., key[-1]] if self.records else out


def dataset(index: Index, label: str, sweep: Grid, keys: Sequence[str]) -> xr.Dataset:
    """Return the results of a sweep, its axes as dimensions.

    **Arguments:**

    - `index`, `label`: of the store; cells that it does not have are missing: NaN, "" and status
      `missing`, never zero.
    - `sweep`, `keys`: what they are of, and the hash of every cell.

    **Returns:** a Dataset. Of simulated cells, among others:

    - `t1`, `t2`, `delay`: steps, NaN if not known to the step; `t1_low`, `t1_high`, ... bounds;
      `t1_kind`: exact, bracketed, censored or infeasible; `t1_floor`: what the error is at least;
    - `verdict`, `reason`; `status`: done, failed or missing; `message`: why a cell failed;
    - `recovered`: 1 if it generalized, 0 if it never can, NaN if the horizon was too short;
    - `train_error`, `test_error`, norms: at the last step; `trajectory_*` over `record`;
    - `alpha`, `beta` and all derived fields; `seconds`, `engine`, `events`, `hash`.

    `predicted_*` are of the task `predict`, `recoverable`, `dual_norm` and `program_error` of
    `recover`; their status has the name of the task in front.
    """
    dims = tuple(axis.name for axis in sweep.axes)
    variables: dict[str, xr.Variable] = {}
    for task in tasks_of(sweep):
        for name, variable in _variables(index, label, sweep, task, keys).items():
            variables.setdefault(name, variable)
    fields = _fields(sweep, {*variables, *sweep.coords})
    hashes = np.array(keys, dtype=object).reshape(sweep.shape)
    variables["hash"] = xr.Variable(dims, hashes, {"long_name": "of the experiment"})
    coords = {
        name: xr.Variable((dim,), np.array(values), {"long_name": name})
        for name, (dim, values) in sweep.coords.items()
    }
    words = {k: v if isinstance(v, str) else str(v) for k, v in sweep.to_dict().items()}
    del words["base"], words["grid"]
    attrs = {"sweep": sweep.hash, "store": label, **words}
    return xr.Dataset({**variables, **fields}, coords, attrs)


def _variables(
    index: Index, label: str, sweep: Grid, task: Task, keys: Sequence[str]
) -> dict[str, xr.Variable]:
    """Return what the files of a task hold."""
    cells = Cells(index, label, sweep, task, keys)
    dims = tuple(axis.name for axis in sweep.axes)
    records = max((index.known[name].records for name in cells.names), default=0)
    columns: dict[str, tuple[str, str]] = {}
    for file in cells.names:
        for name, kind in index.known[file].columns.items():
            columns.setdefault(name, (kind, file))
    # `status` is that of the simulation, or of the first task where there is none.
    owner = "simulate" if "simulate" in sweep.tasks else tasks_of(sweep)[0].kind
    front = "" if task.kind == owner else f"{task.kind}_"
    found = {}
    for name, (kind, file) in columns.items():
        if name == "hash" or (kind == "curve" and not records):
            continue
        fill = float("nan") if kind != "word" else MISSING if name == "status" else ""
        length = records if kind == "curve" else 0
        lazy = indexing.LazilyIndexedArray(CellArray(cells, name, fill, length))
        own = (*dims, "record") if length else dims
        title = f"{front}{name}" if name in ("status", "message") else name
        found[title] = xr.Variable(own, lazy, cells.describe(file, name))
    if "status" not in columns:  # nothing is done yet: even that is an answer
        none = np.full(sweep.shape, MISSING, dtype=object)
        found[f"{front}status"] = xr.Variable(dims, none)
    return found


def _fields(sweep: Grid, taken: set[str]) -> dict[str, xr.Variable]:
    """Return what was derived, and alpha and beta, of every cell."""
    shorts = [key.rpartition(".")[2] for key in sweep.derive]
    derived = {
        short if shorts.count(short) == 1 and short not in taken else key: key
        for short, key in zip(shorts, sweep.derive, strict=True)
    }
    always = {name: key for name in ALWAYS if (key := _only_key(sweep, name)) is not None}
    wanted = {name: key for name, key in (always | derived).items() if name not in taken}
    changing = {key for axis in sweep.axes for key in axis.values} | set(sweep.derive)
    varying = {
        name: key
        for name, key in wanted.items()
        # Its own axis or formula, or those of a spec that it is part of.
        if any(f"{key}.".startswith(f"{other}.") for other in changing)
    }
    found = {
        name: xr.Variable((), _number(sweep.value(key, {})))
        for name, key in wanted.items()
        if name not in varying
    }
    settings = [sweep.settings(i) for i in range(sweep.size)] if varying else []
    dims = tuple(axis.name for axis in sweep.axes)
    for name, key in varying.items():
        values = [_number(None if own is None else sweep.value(key, own)) for own in settings]
        found[name] = xr.Variable(dims, np.array(values).reshape(sweep.shape))
    return found


def _number(value: Any) -> Any:
    """Return a plain value, NaN for others: a schedule, a spec, nothing."""
    return value if isinstance(value, bool | int | float | str) else float("nan")


def _only_key(sweep: Grid, name: str) -> str | None:
    """Return the field that a name stands for, None if there is none or more than one."""
    try:
        return sweep.fields.key(name)
    except InvalidInput:
        return None
