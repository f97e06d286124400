"""Arrays of NumPy (.npy, .npz) and Parquet files."""

import io
import warnings
import zipfile
import zlib
from tokenize import TokenError
from typing import Any

import numpy as np

from latebloom.core.errors import InvalidInput

from .cells import objects
from .log import Column, Log
from .source import LIMIT, Source, too_large


def read_npz(source: Source) -> Log:
    """Return the arrays of an .npz file as columns; a matrix of runs x steps has a column `run`.

    **Raises:** `InvalidInput` for files without arrays of numbers; pickled objects are not opened.
    """
    notes = list(source.notes)
    arrays: dict[str, np.ndarray] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > LIMIT:
                raise too_large(source.name, "unpacks to")
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                try:
                    arrays[name] = _array(archive.read(member))
                except ValueError as error:
                    notes.append(f"'{name}' is left out ({error})")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError) as error:
        raise source.refuse(f"is a damaged .npz file ({error}); save it again") from None
    columns = columns_of_arrays({k: v for k, v in arrays.items() if v.ndim and v.size > 1}, notes)
    if not columns:
        why = notes[-1] if notes else "it holds no arrays of numbers"
        raise source.refuse(f"no curve could be read: {why}")
    return Log(source.name, columns, tuple(notes))


def read_npy(source: Source) -> Log:
    """Return the columns of one array: a curve, a matrix of records x columns, or named columns.

    **Raises:** `InvalidInput` for other arrays; pickled objects are not opened.
    """
    try:
        array = _array(source.data)
    except (ValueError, EOFError, OSError) as error:
        raise source.refuse(f"is no array of numbers ({error}); save the curves as .npz") from None
    notes = list(source.notes)
    if array.dtype.names:
        named = {name: np.ravel(array[name]) for name in array.dtype.names}
        return Log(source.name, columns_of_arrays(named, notes), tuple(notes))
    if array.ndim == 2 and array.shape[0] < array.shape[1]:
        notes.append(f"an array of shape {array.shape}: its rows are the curves")
        array = array.T
    if array.ndim == 1:
        return Log(source.name, {"value": _cells(array)}, tuple(notes))
    if array.ndim != 2:
        raise source.refuse(
            f"has shape {array.shape}; give a matrix of records x columns, or an .npz file with "
            "one array per curve"
        )
    columns = {str(i): _cells(array[:, i]) for i in range(array.shape[1])}
    return Log(source.name, columns, tuple(notes))


def _array(data: bytes) -> np.ndarray:
    """The array in the bytes of an .npy file; raises `ValueError` for objects and broken files."""
    file, form = io.BytesIO(data), np.lib.format
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # headers that Python 2 wrote are read as well
            old = form.read_magic(file) == (1, 0)
            header = form.read_array_header_1_0 if old else form.read_array_header_2_0
            shape, by_columns, dtype = header(file)
    except (SyntaxError, TokenError, TypeError, ValueError, KeyError) as error:
        raise ValueError(str(error).splitlines()[0]) from None
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are pickled and never opened")
    # A header may promise more than the file holds: the array is made of what is there.
    count = int(np.prod(shape, dtype=object))
    if count * dtype.itemsize > len(data) - file.tell():
        raise ValueError("it is not complete")
    if dtype.names is None and dtype.kind not in "fiubUS":
        raise ValueError(f"its type is {dtype}")
    array = np.frombuffer(data, dtype, count, file.tell())
    return array.reshape(shape, order="F" if by_columns else "C")


def columns_of_arrays(arrays: dict[str, np.ndarray], notes: list[str]) -> dict[str, Column]:
    """Columns of arrays; rows of matrices stand below each other, told apart by `run`."""
    flat = {k: v for k, v in arrays.items() if v.ndim == 1}
    wide = {k: v for k, v in arrays.items() if v.ndim == 2 and v.dtype.kind in "fiu"}
    pairs = {k: v for k, v in wide.items() if v.shape[1] == 2 and (np.diff(v[:, 0]) > 0).all()}
    if pairs and pairs.keys() == wide.keys():
        own = {
            k: Column(v[:, 1].astype(float), steps=v[:, 0].astype(float)) for k, v in pairs.items()
        }
        return own | {name: _cells(v) for name, v in flat.items()}
    odd = [k for k in arrays if k not in flat and k not in wide]
    if odd:
        notes.append(f"not one or two axes: left out: {', '.join(odd)}")
    if not wide:
        return {name: _cells(v) for name, v in flat.items()}
    lengths = [len(v) for v in flat.values()]
    shapes = {v.shape for v in wide.values()}
    shape = max(shapes, key=lambda s: sum(v.shape == s for v in wide.values()))
    # The axis of the steps is the one that is as long as a vector beside it, else the longer one.
    turn = shape[1] not in lengths and (shape[0] in lengths or shape[0] > shape[1])
    runs, steps = shape[::-1] if turn else shape
    columns = {"run": Column(np.repeat(np.arange(runs, dtype=float), steps))}
    for name, values in flat.items():
        if len(values) == steps:
            columns[name] = _cells(np.tile(values, runs))
    if not any(len(v) == steps for v in flat.values()):
        columns["step"] = Column(np.tile(np.arange(steps, dtype=float), runs))
        notes.append("the steps are the numbers of the records, from 0")
    for name, values in wide.items():
        if values.shape == shape:
            columns[name] = _cells((values.T if turn else values).ravel())
    notes.append(f"matrices of {runs} runs x {steps} steps: the column 'run' tells the runs apart")
    return columns


def _cells(values: np.ndarray) -> Column:
    if values.dtype.kind in "fiu":
        with np.errstate(invalid="ignore"):  # NaN of a kind that only a damaged file holds
            return Column(values.astype(np.float64))
    return Column(values.astype(object))


def read_parquet(source: Source) -> Log:
    """Return the columns of a Parquet file; structures become `a.b`.

    **Raises:** `InvalidInput` without pyarrow, for files that cannot be read or are too large.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise InvalidInput(
            f"{source.name}: Parquet needs pyarrow: pip install 'latebloom[export]' ({error})"
        ) from None
    try:
        file = parquet.ParquetFile(io.BytesIO(source.data))
        # Repeated values take no room in the file, and 8 bytes each in memory.
        if file.metadata.num_rows * max(1, file.metadata.num_columns) * 8 > LIMIT:
            raise too_large(source.name, "unpacks to")
        table = file.read().flatten()
        columns = {}
        for name, values in zip(table.column_names, table.columns, strict=True):
            columns[name] = _parquet_column(values)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        first = str(error).splitlines()[0]
        raise source.refuse(f"is no Parquet file that can be read ({first})") from None
    return Log(source.name, columns, source.notes)


def _parquet_column(values: Any) -> Column:
    if not values.null_count and str(values.type) in ("double", "float", "int64", "int32"):
        return Column(values.to_numpy().astype(np.float64))
    return Column(objects(values.to_pylist()))
