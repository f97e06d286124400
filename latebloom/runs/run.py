"""The run: what simulating an experiment gives, and how it is kept."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from latebloom.core.folders import new_folder
from latebloom.core.json_text import dump_json, jsonable
from latebloom.core.lazy import Lazy
from latebloom.core.phases import Phases
from latebloom.experiment.experiment import Experiment
from latebloom.problems import LeastSquares

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure
else:
    xr = Lazy("xarray")

# What `Run.save` writes.
FILES = ("experiment.toml", "run.nc", "run.svg", "run.png", "result.json", "params.safetensors")


@dataclass(frozen=True, eq=False)
class Run:
    """The result of simulating an experiment.

    **Fields:**

    - `experiment`: the spec.
    - `engine`: the name of the engine that ran it.
    - `phases`: t1, t2 and the verdict.
    - `trajectory`: observables at the recorded steps (see `latebloom.runs.trajectory` and
      `latebloom.runs.network_trajectory`).
    - `params`: the parameters at the last recorded step; of a network by name.
    - `seconds`: wall time.
    - `interrupted`: whether the user stopped the run; the fields then hold what was done.
    - `events`: the number of events an event-driven engine handled.
    - `notes`: sentences a reader of the result must know.
    """

    experiment: Experiment
    engine: str
    phases: Phases
    trajectory: "xr.Dataset"
    params: Float[np.ndarray, "..."] | dict[str, np.ndarray]
    seconds: float
    interrupted: bool = False
    events: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def has_truth(self) -> bool:
        """Whether there is a test error: networks have test examples, least squares a truth."""
        problem = self.experiment.problem
        return not isinstance(problem, LeastSquares) or problem.a_star is not None

    @property
    def last_step(self) -> int:
        """The last recorded step."""
        return int(self.trajectory["step"][-1])

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready dictionary; numbers that are not finite become None."""
        phases, last = self.phases, self.trajectory.isel(step=-1)
        final = ("train_error", "test_error", "train_loss", "test_loss")
        final = [name for name in (*final, "l1_norm", "l2_norm", "nuclear_norm") if name in last]
        return {
            "experiment": self.experiment.hash,
            "name": self.experiment.name,
            "engine": self.engine,
            "t1": jsonable(phases.t1.to_dict()),
            "t2": jsonable(phases.t2.to_dict()),
            "verdict": str(phases.verdict),
            "reason": phases.reason,
            "diverged_at": phases.diverged_at,
            "interrupted": self.interrupted,
            "last_step": self.last_step,
            "seconds": self.seconds,
            "events": self.events,
            "final": {name: jsonable(float(last[name])) for name in final},
            "notes": list(self.notes),
        }

    def plot(self, path: str | Path | None = None) -> "Figure":
        """Return the picture of the run in the layout of the paper's Figure 3.

        **Arguments:**

        - `path`: where to write it as well; the suffix (.svg, .png, .pdf) chooses the format.

        **Raises:** `InvalidInput` if the file cannot be written.
        """
        from latebloom.plots import plot_run, save_figure

        figure = plot_run(self)
        if path is not None:
            save_figure(figure, Path(path))
        return figure

    def save(self, folder: str | Path, overwrite: bool = False) -> Path:
        """Write spec, data, pictures and result into a folder: all of it, or nothing.

        **Arguments:**

        - `folder`: a new or empty folder; `experiment.toml` (with arrays beside it), `run.nc`,
          `run.svg`, `run.png` and `result.json` go there.
        - `overwrite`: replace the folder if it holds an earlier result, and nothing else.

        **Returns:** the folder.

        **Raises:** `InvalidInput` if the folder holds something already or cannot be written.
        """
        with new_folder(folder, FILES, overwrite) as draft:
            (draft / "experiment.toml").write_text(self.experiment.to_toml(draft))
            self._save_trajectory(draft / "run.nc")
            if isinstance(self.params, dict):
                from safetensors.numpy import save

                plain = {name: np.asarray(v, order="C") for name, v in self.params.items()}
                (draft / "params.safetensors").write_bytes(save(plain))
            from latebloom.plots import plot_run, save_figure

            figure = plot_run(self)
            save_figure(figure, draft / "run.svg")
            figure.set_layout_engine("none")  # laid out; a second time would take as long
            save_figure(figure, draft / "run.png")
            (draft / "result.json").write_text(dump_json(self.to_dict()) + "\n")
        return Path(folder)

    def _save_trajectory(self, path: Path) -> None:
        result = {k: v for k, v in self.to_dict().items() if k not in ("experiment", "final")}
        attrs = {**self.trajectory.attrs, **result}
        # netCDF attributes are texts and numbers; what has more structure goes in as JSON.
        plain = {k: v if isinstance(v, str | float) else json.dumps(v) for k, v in attrs.items()}
        dataset = self.trajectory.copy()
        dataset.attrs = plain
        packed = {"zlib": True, "shuffle": True}  # components that rest at 0 take no room
        large = {name: packed for name in ("a",) if name in dataset}
        dataset.to_netcdf(path, engine="h5netcdf", encoding=large)
