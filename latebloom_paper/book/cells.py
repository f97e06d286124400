"""Runs out of the results of a sweep."""

import numpy as np
import xarray as xr

from latebloom.core.phases import Passage, Phases, Verdict
from latebloom.engines import records_of
from latebloom.experiment import Experiment
from latebloom.runs import Run


def run_of(experiment: Experiment, cell: xr.Dataset) -> Run:
    """Return the run that a cell of a sweep's results describes.

    **Arguments:**

    - `experiment`: of the cell.
    - `cell`: its variables, loaded; trajectories over `record`.

    **Returns:** a `Run` without parameters, its trajectory holding what the sweep kept.
    """
    curves = {
        str(name).removeprefix("trajectory_"): values.values
        for name, values in cell.data_vars.items()
        if str(name).startswith("trajectory_")
    }
    steps = curves.pop("step", np.array([]))
    seen = np.isfinite(steps)
    trajectory = xr.Dataset(
        {name: ("step", values[seen]) for name, values in curves.items()},
        coords={"step": steps[seen].astype(np.int64)},
    )
    verdict, reason, engine = (str(cell[name].item()) for name in ("verdict", "reason", "engine"))
    times = _passage_of(cell, "t1"), _passage_of(cell, "t2")
    phases = Phases(*times, Verdict(verdict), reason, None, _whole(cell, "diverged_at"))
    records = records_of(engine, experiment)
    seconds = float(cell["seconds"])
    return Run(experiment, engine, phases, trajectory, {}, seconds, records=records)


def _passage_of(cell: xr.Dataset, name: str) -> Passage:
    """Return t1 or t2 of a cell."""
    sustained, floor = float(cell[f"{name}_sustained"]), float(cell[f"{name}_floor"])
    return Passage(
        step=_whole(cell, name),
        kind=str(cell[f"{name}_kind"].item()),  # pyright: ignore - checked by the class
        low=_whole(cell, f"{name}_low"),
        high=_whole(cell, f"{name}_high"),
        sustained=bool(sustained) if np.isfinite(sustained) else None,
        sustained_from=_whole(cell, f"{name}_sustained_from"),
        floor=floor if np.isfinite(floor) else None,
    )


def _whole(cell: xr.Dataset, name: str) -> int | None:
    value = float(cell[name])
    return int(value) if np.isfinite(value) else None
