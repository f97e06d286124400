"""The run: what simulating an experiment gives, and how it is kept."""

from dataclasses import dataclass, fields
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.folders import new_folder
from latebloom.core.html import drawn
from latebloom.core.json_text import dump_json, jsonable
from latebloom.core.phases import Phases
from latebloom.core.text import duration
from latebloom.engines.result import Records
from latebloom.experiment.experiment import Experiment
from latebloom.problems import LeastSquares

from .file import pack, to_bytes, unpack

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

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
    - `notes`: sentences that explain the result.
    - `records`: what the recorded parameters are: `iterates` of the method, the `average` that it
      chatters about, or the `flow` in continuous time that it follows.
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
    records: Records = "iterates"

    @property
    def has_truth(self) -> bool:
        """Whether there is a test error: networks have test examples, least squares a truth."""
        problem = self.experiment.problem
        return not isinstance(problem, LeastSquares) or problem.a_star is not None

    @property
    def last_step(self) -> int:
        """The last recorded step."""
        return int(self.trajectory["step"][-1])

    def __repr__(self) -> str:
        """Return experiment, engine, verdict, t1 and t2 in five lines."""
        name = f"{self.experiment.name}, " if self.experiment.name else ""
        state = ", interrupted" if self.interrupted else ""
        return (
            f"Run of {name}experiment {self.experiment.hash}\n"
            f"  engine: {self.engine}, to step {self.last_step:,}{state}, "
            f"{duration(self.seconds)}\n"
            f"  verdict: {self.phases.verdict}\n"
            f"  t1: {self.phases.t1.words}\n"
            f"  t2: {self.phases.t2.words}"
        )

    def _repr_html_(self) -> str:
        """Return the same and the picture, for notebooks; it is drawn only here."""
        from latebloom.plots import plot_run, render

        picture = drawn(render(plot_run(self), "png"), "errors over steps")
        return f"<pre>{escape(repr(self))}</pre>{picture}"

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

    def to_dataset(self) -> "xr.Dataset":
        """Return the whole run as a Dataset that netCDF can hold: what `run.nc` has.

        >>> import latebloom as lb
        >>> problem = lb.SparseRecovery.code(n=20, s=1, N=10, seed=1)
        >>> run = lb.simulate(lb.Experiment(problem, lb.L1(1e-3), steps=100))
        >>> lb.Run.from_dataset(run.to_dataset()).phases == run.phases
        True
        """
        result = {k: v for k, v in self.to_dict().items() if k not in ("experiment", "final")}
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return pack(named, {**self.trajectory.attrs, **result})

    @classmethod
    def from_dataset(cls, dataset: "xr.Dataset", experiment: Experiment | None = None) -> "Run":
        """Return the run that `to_dataset` gave, from memory or from the file `run.nc`.

        **Arguments:**

        - `dataset`: as `xarray.open_dataset("run.nc", engine="h5netcdf")` gives it.
        - `experiment`: of the run; needed if one of its parts is no data, such as a function.

        **Raises:** `InvalidInput` if the Dataset holds no run.
        """
        return cls(**unpack(dataset, experiment))

    def plot(self, path: str | Path | None = None) -> "Figure":
        """Return the picture of the run in the layout of the paper's Figure 3.

        **Arguments:**

        - `path`: where to write it as well; the suffix (.svg, .png, .pdf) chooses the format.

        **Raises:** `InvalidInput` if the file cannot be written.
        """
        from latebloom.plots import plot_run, require_picture, save_figure

        if path is not None:
            check.path("path", path)
            require_picture(Path(path))
        figure = plot_run(self)
        if path is not None:
            save_figure(figure, Path(path))
        return figure

    def save(self, folder: str | Path, overwrite: bool = False, pictures: bool = True) -> Path:
        """Write spec, data, pictures and result into a folder: all of it, or nothing.

        **Arguments:**

        - `folder`: a new or empty folder; `experiment.toml` (with arrays beside it), `run.nc`,
          `run.svg`, `run.png` and `result.json` go there.
        - `overwrite`: replace the folder if it holds an earlier result, and nothing else.
        - `pictures`: whether to draw the run, which takes seconds.

        **Returns:** the folder.

        **Raises:** `InvalidInput` if the folder holds something already or cannot be written.
        """
        check.boolean("overwrite", overwrite)
        check.boolean("pictures", pictures)
        with new_folder(folder, FILES, overwrite) as draft:
            (draft / "experiment.toml").write_text(self.experiment.to_toml(draft))
            (draft / "run.nc").write_bytes(to_bytes(self.to_dataset()))
            if isinstance(self.params, dict):
                from safetensors.numpy import save

                plain = {name: np.asarray(v, order="C") for name, v in self.params.items()}
                (draft / "params.safetensors").write_bytes(save(plain))
            if pictures:
                from latebloom.plots import plot_run, save_figure

                figure = plot_run(self)
                save_figure(figure, draft / "run.svg")
                figure.set_layout_engine("none")  # laid out; a second time would take as long
                save_figure(figure, draft / "run.png")
            (draft / "result.json").write_text(dump_json(self.to_dict()) + "\n")
        return Path(folder)
