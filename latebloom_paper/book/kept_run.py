"""A single run in one file: its trajectory, where it ends, and what was found in it."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from latebloom.core.files import replace
from latebloom.core.json_text import dump_json
from latebloom.core.phases import Passage, Phases, Plateau, Verdict
from latebloom.core.versions import __version__
from latebloom.experiment import Experiment
from latebloom.runs import Run

# The names of arrays that are no variables of the trajectory.
ABOUT, PARAMETERS = "about", "parameters"
VARIABLE = "variable:"


def save_run(run: Run, path: Path) -> None:
    """Write a run of a least squares problem into a file, whole or not at all."""
    trajectory = run.trajectory
    about = {
        "version": __version__,
        "dims": {str(name): list(v.dims) for name, v in trajectory.variables.items()},
        "attrs": {str(name): dict(v.attrs) for name, v in trajectory.variables.items()},
        "coords": [str(name) for name in trajectory.coords],
        "phases": run.phases.to_dict(),
        "engine": run.engine,
        "seconds": run.seconds,
        "events": run.events,
        "notes": list(run.notes),
    }
    arrays = {f"{VARIABLE}{name}": v.values for name, v in trajectory.variables.items()}
    arrays[PARAMETERS] = np.asarray(run.params)
    arrays[ABOUT] = np.frombuffer(dump_json(about).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # pyright: ignore - names are ours
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, buffer.getvalue())


def load_run(path: Path, experiment: Experiment) -> Run | None:
    """Return the run of `experiment` in a file; None without one that this version has written."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays = dict(file)
        about = json.loads(arrays.pop(ABOUT).tobytes())
        return _run(about, arrays, experiment) if about["version"] == __version__ else None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None  # not there, or damaged: it is computed anew


def _run(about: dict[str, Any], arrays: dict[str, np.ndarray], experiment: Experiment) -> Run:
    data = {
        name: (dims, arrays[f"{VARIABLE}{name}"], about["attrs"][name])
        for name, dims in about["dims"].items()
    }
    found = about["phases"]
    plateau = found["plateau"]
    phases = Phases(
        Passage(**found["t1"]),
        Passage(**found["t2"]),
        Verdict(found["verdict"]),
        found["reason"],
        None if plateau is None else Plateau(**plateau),
        found["diverged_at"],
    )
    return Run(
        experiment=experiment,
        engine=about["engine"],
        phases=phases,
        trajectory=xr.Dataset(data).set_coords(about["coords"]),
        params=arrays[PARAMETERS],
        seconds=about["seconds"],
        events=about["events"],
        notes=tuple(about["notes"]),
    )
