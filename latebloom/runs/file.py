"""The one form of a run on disk: a netCDF file with its trajectory, parameters, spec and phases."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from latebloom.core.errors import InvalidInput
from latebloom.core.lazy import xarray as xr
from latebloom.core.phases import Passage, Phases, Plateau, Verdict
from latebloom.experiment.experiment import Experiment

# The variable with everything that is no array, as JSON; it is a variable because HDF5 holds no
# attribute beyond 64 KiB.
STATE = "run"
# The prefixes of variables that hold the parameters and the arrays of the spec.
PARAMS, SPEC = "params", "experiment_array"
PLAIN = ("engine", "seconds", "interrupted", "events")


def pack(fields: Mapping[str, Any], attributes: Mapping[str, Any]) -> "xr.Dataset":
    """Return the fields of a `Run` as a Dataset that netCDF can hold.

    **Arguments:**

    - `fields`: all fields of the run, by name.
    - `attributes`: what to show as attributes, for people and other programs; values that are no
      texts or numbers are written as JSON. `unpack` does not read them.

    **Returns:** the trajectory with the variables `run` (JSON), `params*` and `experiment_array*`.
    """
    dataset, params = fields["trajectory"].copy(), fields["params"]
    names = list(params) if isinstance(params, dict) else None
    arrays = {PARAMS: np.asarray(params)}
    if names is not None:
        arrays = {f"{PARAMS}_{i}": np.asarray(params[name]) for i, name in enumerate(names)}
    state = {
        "params": names,
        "experiment": _without_arrays(fields["experiment"].to_dict(), arrays),
        "phases": fields["phases"].to_dict(),
        "attrs": dict(dataset.attrs),
        **{k: fields[k] for k in (*PLAIN, "notes", "records")},
    }
    for name, value in arrays.items():
        dataset[name] = ([f"{name}_axis{i}" for i in range(value.ndim)], value)
    dataset[STATE] = (
        (),
        json.dumps(state, default=lambda number: number.item()),
        {"long_name": "the run but for its arrays, as JSON"},
    )
    dataset.attrs = {
        k: v if isinstance(v, str | float) else json.dumps(v) for k, v in attributes.items()
    }
    return dataset


def unpack(dataset: "xr.Dataset", experiment: Experiment | None = None) -> dict[str, Any]:
    """Return the fields of a `Run` from a Dataset that `pack` made.

    **Arguments:**

    - `dataset`: from memory or from a file.
    - `experiment`: of the run; by default it is built from the spec in the Dataset, which a part
      that is no data, such as a function, makes impossible.

    **Raises:** `InvalidInput` if the Dataset holds no run.
    """
    if not isinstance(dataset, xr.Dataset):
        kind = type(dataset).__name__
        raise InvalidInput(f"dataset is of type {kind}: must be the Dataset of a run")
    if STATE not in dataset:
        raise InvalidInput(f"the dataset holds no run: it has no variable {STATE!r}")
    state = json.loads(str(dataset[STATE].values.item()))
    names, found = state["params"], state["phases"]
    own = [str(v) for v in dataset.variables if str(v).startswith((PARAMS, SPEC))]
    if experiment is None:
        experiment = Experiment.from_dict(_with_arrays(state["experiment"], dataset))
    trajectory = dataset.drop_vars([*own, STATE])
    for name, variable in trajectory.variables.items():
        if variable.dtype.kind == "O":  # how a file gives texts back
            trajectory = trajectory.assign_coords({name: variable.astype(str)})
    trajectory.attrs = state["attrs"]
    params = {name: dataset[f"{PARAMS}_{i}"].values for i, name in enumerate(names or ())}
    phases = Phases(
        Passage(**found["t1"]),
        Passage(**found["t2"]),
        Verdict(found["verdict"]),
        found["reason"],
        found["plateau"] and Plateau(**found["plateau"]),
        found["diverged_at"],
    )
    return {
        "experiment": experiment,
        "phases": phases,
        "trajectory": trajectory,
        "params": dataset[PARAMS].values if names is None else params,
        **{k: state[k] for k in (*PLAIN, "records")},
        "notes": tuple(state["notes"]),
    }


def to_bytes(dataset: "xr.Dataset") -> bytes:
    """Return the netCDF file of a Dataset; its arrays have checksums, the large ones are packed."""
    encoding: dict[str, dict[str, Any]] = {}
    for name, variable in dataset.variables.items():
        if variable.ndim and variable.size and variable.dtype.kind in "fiu":
            encoding[str(name)] = {"fletcher32": True}
            if name == "a" or str(name).startswith(PARAMS):
                # Components that rest at 0 take no room.
                encoding[str(name)] |= {"zlib": True, "shuffle": True}
    with tempfile.TemporaryDirectory(prefix="latebloom-") as folder:
        path = Path(folder) / "run.nc"
        dataset.to_netcdf(path, engine="h5netcdf", encoding=encoding)
        return path.read_bytes()


def prepare() -> None:
    """Load what writing a file needs, a second or more of the processor, before a long run: after
    Ctrl-C nobody waits for it."""
    to_bytes(xr.Dataset({"prepared": 0}))


def from_file(path: Path) -> "xr.Dataset":
    """Return the Dataset in a netCDF file, loaded; raises what xarray does for a damaged file."""
    with xr.open_dataset(path, engine="h5netcdf", decode_times=False) as dataset:
        return dataset.load()


def _without_arrays(spec: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return a spec with its arrays replaced by the names under which they are put in `arrays`."""
    if isinstance(spec, dict):
        return {k: _without_arrays(v, arrays) for k, v in spec.items()}
    if isinstance(spec, list):
        return [_without_arrays(v, arrays) for v in spec]
    if isinstance(spec, np.ndarray):
        name = f"{SPEC}_{len(arrays)}"
        arrays[name] = spec
        return {SPEC: name}
    return spec


def _with_arrays(spec: Any, dataset: "xr.Dataset") -> Any:
    """Return the spec that `_without_arrays` was given."""
    if isinstance(spec, dict):
        if set(spec) == {SPEC}:
            return dataset[spec[SPEC]].values
        return {k: _with_arrays(v, dataset) for k, v in spec.items()}
    return [_with_arrays(v, dataset) for v in spec] if isinstance(spec, list) else spec
