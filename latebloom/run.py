"""The run: what simulating an experiment gives, and how it is kept."""

import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ._errors import InvalidInput, unwritable
from ._lazy import Lazy
from .experiment import Experiment
from .phases import Phases
from .problems import LeastSquares

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure
else:
    xr = Lazy("xarray")

# What `Run.save` writes, and the arrays that `Experiment.to_toml` puts beside the spec.
FILES = ("experiment.toml", "run.nc", "run.svg", "run.png", "result.json", "params.safetensors")
ARRAYS = tuple(
    f"{name}.npy"
    for name in (
        *("X", "y_star", "a_star", "init", "mask", "Y", "A_star", "y", "left", "right"),
        *("x_train", "y_train", "x_test", "y_test"),
    )
)


@dataclass(frozen=True, eq=False)
class Run:
    """The result of simulating an experiment.

    **Fields:**

    - `experiment`: the spec.
    - `engine`: the name of the engine that ran it.
    - `phases`: t1, t2 and the verdict.
    - `trajectory`: observables at the recorded steps (see `latebloom.trajectory.observables` and
      `latebloom.network_trajectory.network_observables`).
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
        from .plots import plot_run, save_figure

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
            from .plots import plot_run, save_figure

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


def jsonable(value: Any) -> Any:
    """Return the value with plain lists, and None for NaN and infinities, which JSON lacks.

    >>> jsonable({"floor": float("nan"), "at": (1, 2)})
    {'floor': None, 'at': [1, 2]}
    """
    if isinstance(value, dict):
        return {k: jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(v) for v in value]
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def dump_json(document: Any) -> str:
    """Return the document as strict, indented JSON."""
    return json.dumps(jsonable(document), indent=2, allow_nan=False)


def check_folder(folder: str | Path, files: tuple[str, ...], overwrite: bool = False) -> Path:
    """Return `folder` if results may be written there, before any work is done for them.

    **Arguments:**

    - `folder`: where to write.
    - `files`: the names of the files that a result may consist of, besides `ARRAYS`.
    - `overwrite`: whether a folder with an earlier result may be replaced.

    **Raises:** `InvalidInput` if the folder holds something already or cannot be written.
    """
    folder = Path(folder)
    path = Path(os.path.realpath(folder))
    try:
        if path.exists() and not path.is_dir():
            raise InvalidInput(f"{folder}: is a file; choose a folder")
        found = sorted(p.name for p in path.iterdir()) if path.is_dir() else []
        # Replacing means deleting, so only what we wrote ourselves: never `--out ~ --overwrite`.
        others = [name for name in found if name not in (*files, *ARRAYS)]
        if others:
            raise InvalidInput(
                f"{folder}: holds files that are not an earlier result ({', '.join(others[:3])}"
                f"{', ...' if len(others) > 3 else ''}); choose a new folder"
            )
        if found and not overwrite:
            raise InvalidInput(
                f"{folder}: holds an earlier result; choose a new folder, or --overwrite it"
            )
        ancestor = next(p for p in (path, *path.parents) if p.exists())
    except OSError as error:
        raise unwritable(folder, error) from None
    if not ancestor.is_dir():
        raise InvalidInput(f"{folder}: cannot be written ({ancestor} is a file)")
    if not os.access(ancestor, os.W_OK | os.X_OK):
        raise InvalidInput(f"{folder}: cannot be written (no permission in {ancestor})")
    return folder


@contextmanager
def new_folder(
    folder: str | Path, files: tuple[str, ...], overwrite: bool = False
) -> Iterator[Path]:
    """Give a draft folder that becomes `folder` when the block ends, and disappears if it fails.

    **Arguments:** as in `check_folder`.

    **Raises:** `InvalidInput` if the folder holds something already or cannot be written.
    """
    target = Path(os.path.realpath(check_folder(folder, files, overwrite)))
    draft = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A sibling, because only a rename within one file system is atomic.
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        draft.chmod(0o777 & ~_umask())  # mkdtemp makes private folders
        yield draft
        _replace(draft, target)
    except OSError as error:
        raise unwritable(folder, error) from None
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)


def _replace(draft: Path, target: Path) -> None:
    """Rename `draft` to `target`; a former target is set aside first and put back if that fails."""
    if not target.exists():
        draft.rename(target)
        return
    former = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent)) / target.name
    target.rename(former)
    try:
        draft.rename(target)
    except BaseException:
        former.rename(target)
        raise
    finally:
        if target.exists():
            shutil.rmtree(former.parent, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
