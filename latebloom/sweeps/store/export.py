"""Results of a sweep for other tools: netCDF, Zarr, Parquet, CSV."""

from pathlib import Path

import numpy as np
import xarray as xr

from latebloom.core.errors import InvalidInput, nearest
from latebloom.core.files import require_file, require_folder
from latebloom.core.folders import replacing

FORMATS = (".nc", ".zarr", ".parquet", ".csv")


def export(results: xr.Dataset, path: str | Path, overwrite: bool = False) -> Path:
    """Write a Dataset of results; the suffix chooses the format.

    **Arguments:**

    - `results`: as from `Store.open`.
    - `path`: `.nc` and `.zarr` keep the grid; `.parquet` and `.csv` are tables with one row per
      cell (trajectories stay out of them).
    - `overwrite`: replace an earlier file.

    **Returns:** the path.

    **Raises:** `InvalidInput` for an unknown suffix, a missing package, a path that is taken or
    cannot be written.
    """
    path = Path(path)
    require_export(path, overwrite)
    try:
        with replacing(path, overwrite) as draft:
            _write(plain(results), draft)
    except ImportError as error:
        package = "zarr" if path.suffix == ".zarr" else "pyarrow"
        raise InvalidInput(
            f"{path}: {path.suffix} needs {package}: pip install 'latebloom[export]' ({error})"
        ) from None
    return path


def require_export(path: Path, overwrite: bool = False) -> None:
    """Raise `InvalidInput` if the suffix is unknown, or the path is taken or cannot be written."""
    if path.suffix not in FORMATS:
        raise InvalidInput(
            f"{path}: no format {path.suffix or '(no suffix)'!r}"
            f"{nearest(path.suffix or '.', FORMATS)}; choose {', '.join(FORMATS)}"
        )
    if path.suffix == ".zarr" and path.is_dir():
        if not overwrite:
            raise InvalidInput(f"{path}: exists; choose another name, or --overwrite it")
        require_folder(path.parent, path)
    else:
        require_file(path, overwrite)


def plain(results: xr.Dataset) -> xr.Dataset:
    """Return the Dataset in memory, with attributes and words that every format has."""
    loaded = results.load().copy()
    for name, variable in loaded.variables.items():
        if variable.dtype == object:  # words of one length, which all formats know
            loaded[name] = (variable.dims, variable.values.astype(str), variable.attrs)
    return loaded


def table(results: xr.Dataset) -> xr.Dataset:
    """Return the part of a Dataset that has one value per cell."""
    return results.drop_vars([n for n, v in results.variables.items() if "record" in v.dims])


def _write(results: xr.Dataset, path: Path) -> None:
    if path.suffix == ".nc":
        packed = {"zlib": True, "shuffle": True}  # missing cells take no room
        numbers = {
            n: packed for n, v in results.data_vars.items() if v.dtype.kind == "f" and v.ndim
        }
        results.to_netcdf(path, engine="h5netcdf", encoding=numbers)
    elif path.suffix == ".zarr":
        results.to_zarr(path, mode="w", zarr_format=2, consolidated=True)
    else:
        cells = table(results)
        frame = (cells if cells.sizes else cells.expand_dims("cell")).to_dataframe().reset_index()
        words = frame.select_dtypes(exclude=[np.number, bool]).columns
        frame[words] = frame[words].astype(str)
        if path.suffix == ".parquet":
            frame.to_parquet(path, index=False)
        else:
            frame.to_csv(path, index=False)
