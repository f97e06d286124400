"""Runs that were saved: from their folder, or from the file in it."""

import os
from pathlib import Path

from latebloom.core.errors import InvalidInput, shortened
from latebloom.core.files import as_path
from latebloom.experiment.experiment import Experiment

from .file import from_file
from .run import Run

FILE = "run.nc"


def open_run(path: str | Path, experiment: Experiment | None = None) -> Run:
    """Return a run that was saved by `Run.save`, or by `latebloom run --out`.

    **Arguments:**

    - `path`: the folder, or the file `run.nc` in it.
    - `experiment`: of the run; needed if one of its parts is no data, such as a function.

    **Returns:** the `Run`, equal in all its fields to the one that was saved.

    **Raises:** `InvalidInput` if there is no run, its file is damaged, or `experiment` is another
    one.

    >>> import tempfile
    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery.code(n=20, s=1, N=10, seed=1)
    >>> run = lb.simulate(lb.Experiment(problem, lb.L1(1e-3), steps=100))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = lb.open_run(run.save(folder))
    >>> again.experiment == run.experiment, again.phases == run.phases
    (True, True)
    """
    path = as_path("open_run", path)
    # Questions to os.path: those of Path raise for a name that is too long.
    file = path / FILE if os.path.isdir(path) else path
    if not os.path.isfile(file):
        if not os.path.exists(path):
            why = "there is no such folder"
        elif os.path.exists(path / "latebloom-store.json"):
            why = f"it is a store of sweeps; lb.open_store({str(path)!r}) opens it"
        else:
            why = f"it has no {FILE}; Run.save and latebloom run --out write one"
        raise InvalidInput(f"{shortened(str(path))}: holds no saved run ({why})")
    try:
        dataset = from_file(file)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise InvalidInput(f"{file}: cannot be read as a saved run ({_line(error)})") from None
    try:
        run = Run.from_dataset(dataset, experiment)
    except InvalidInput as error:
        hint = ""
        if experiment is None and "python" in str(error).lower():
            hint = ", and give the experiment: open_run(path, experiment)"
        raise InvalidInput(f"{file}: {error}{hint}") from None
    kept = run.trajectory.attrs["hash"]
    if run.experiment.hash != kept:
        raise InvalidInput(
            f"{file}: is a run of experiment {kept}, and the one given is {run.experiment.hash}"
        )
    return run


def _line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
