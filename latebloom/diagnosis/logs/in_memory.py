"""Logs that a Python session holds: tables, dictionaries of lists, histories of trainers.

Each is recognized by what it has, so that no library is imported for it.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from latebloom.core.errors import InvalidInput
from latebloom.core.foreign import numbers

from .binary import columns_of_arrays
from .cells import objects
from .documents import columns_of
from .log import Column, Log
from .names import is_step
from .read import read_log


def log_of(data: Any) -> Log | None:
    """Return the log that an object holds, or None for an array, a tensor or a list of numbers.

    **Arguments:**

    - `data`: a path; a DataFrame (pandas, polars), a table of pyarrow; an xarray Dataset; a mapping
      from names to lists, arrays or tensors, nested or not; Keras' `History`; Hugging Face's
      `Trainer`, its state or `log_history`; a list of records; a structured array.

    **Raises:** `InvalidInput` for a table that holds no curve.

    >>> log_of({"loss": [2.0, 1.0], "val_loss": [2.0, 1.5]}).names
    ['loss', 'val_loss']
    """
    if isinstance(data, Log):
        return data
    if isinstance(data, str | Path):
        return read_log(data)
    source = f"the {type(data).__name__}"
    history = getattr(getattr(data, "state", data), "log_history", None)  # Hugging Face
    if isinstance(history, list):
        data = history
    elif isinstance(getattr(data, "history", None), Mapping):  # Keras
        data = data.history
    notes: list[str] = []
    if hasattr(data, "data_vars"):
        columns = _of_dataset(data)
    elif hasattr(data, "column_names") and hasattr(data, "to_pydict"):
        columns = _of_mapping(data.to_pydict(), notes)
    elif hasattr(data, "columns") and hasattr(data, "__getitem__"):
        columns = _of_frame(data)
    elif getattr(getattr(data, "dtype", None), "names", None):
        columns = {name: _column(data[name]) for name in data.dtype.names}
    elif isinstance(data, Mapping):
        columns = _of_mapping(data, notes)
    elif isinstance(data, list | tuple) and data and all(isinstance(x, Mapping) for x in data):
        columns = columns_of(_document(list(data)))
    else:
        return None
    if not columns:
        raise InvalidInput(
            f"{source} holds no curve; give names and values, as in "
            '{"step": [...], "train_acc": [...], "val_acc": [...]}'
        )
    return Log(source, columns, tuple(notes))


def _of_mapping(data: Mapping[Any, Any], notes: list[str]) -> dict[str, Column]:
    """Columns as they are; matrices as runs below each other; else whatever is nested in it."""
    arrays, gaps = {}, set()
    for name, values in data.items():
        if isinstance(values, list | tuple) and values and not isinstance(values[0], Mapping):
            if any(x is None for x in values):
                gaps.add(str(name))
            values = _array(values)
        if not hasattr(values, "shape") and not hasattr(values, "__array__"):
            return columns_of(_document(dict(data)))
        arrays[str(name)] = values if isinstance(values, np.ndarray) else _array(values)
    if any(a.ndim > 1 for a in arrays.values()):
        return columns_of_arrays({k: v for k, v in arrays.items() if v.ndim and v.size > 1}, notes)
    columns = {name: _column(values) for name, values in arrays.items() if values.ndim}
    return {name: replace(c, blank=c.blank or name in gaps) for name, c in columns.items()}


def _array(values: Any) -> np.ndarray:
    """The values as numbers, or as they are where they are none."""
    try:
        return numbers("", values)
    except InvalidInput:
        return objects(list(values))


def _column(values: Any) -> Column:
    array = _array(values)
    if isinstance(array, np.ma.MaskedArray):  # a masked entry was not logged
        return Column(array.filled(np.nan), blank=True)
    return Column(array)


def _document(node: Any) -> Any:
    """The same object of dictionaries, lists and plain values only, as JSON has them."""
    if isinstance(node, Mapping):
        return {str(key): _document(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_document(x) for x in node]
    if hasattr(node, "__array__") or hasattr(node, "detach"):
        return _array(node).tolist() if getattr(node, "shape", ()) else float(numbers("", node))
    return node


def _of_frame(frame: Any) -> dict[str, Column]:
    """The columns of a DataFrame, and its index where that is named or counts something."""
    columns = {}
    for i, name in enumerate(frame.columns):
        words = name if isinstance(name, tuple) else (name,)
        values = frame.iloc[:, i] if hasattr(frame, "iloc") else frame[name]
        columns["/".join(str(word) for word in words if word != "")] = _column(values)
    index = getattr(frame, "index", None)
    for level, name in enumerate(getattr(index, "names", ())):
        values = index.get_level_values(level)  # pyright: ignore[reportOptionalMemberAccess]
        cells = _column(values)
        counts = cells.cells.dtype.kind == "f" and not any(map(is_step, columns))
        if name is None and counts and not np.array_equal(cells.cells, np.arange(len(values))):
            name = "step"
        if name is not None:
            columns.setdefault(str(name), cells)
    steps = [c.cells for name, c in columns.items() if is_step(name) and c.cells.dtype.kind == "f"]
    return {name: _blank(column, steps) for name, column in columns.items()}


def _blank(column: Column, steps: list[np.ndarray]) -> Column:
    """The column of a table in which NaN stands for "not logged here", unless it is lost: not
    finite at the end only, on steps that go on."""
    if column.cells.dtype.kind != "f":
        return column
    logged = np.flatnonzero(~np.isnan(column.cells))
    if len(logged) in (0, len(column.cells)):
        return column
    last = int(logged[-1])
    ends = len(logged) == last + 1 and last + 1 < len(column.cells)
    goes_on = all(np.nanmin(k[last + 1 :], initial=np.inf) > k[last] for k in steps)
    return Column(column.cells, blank=not (ends and goes_on))


def _of_dataset(data: Any) -> dict[str, Column]:
    """The variables of an xarray Dataset: on the coordinate of their axis, or as a long table."""
    if any(variable.ndim > 1 for variable in data.data_vars.values()):
        return _of_frame(data.to_dataframe().reset_index())
    columns = {}
    for name, variable in data.data_vars.items():
        if not variable.ndim:
            continue
        axis = variable.dims[0]
        own = _array(data.coords[axis].values) if axis in data.coords else None
        steps = own if own is not None and own.dtype.kind == "f" else None
        columns[str(name)] = Column(_column(variable.values).cells, steps=steps)
    return columns
