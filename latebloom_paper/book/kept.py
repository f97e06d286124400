"""What a workspace keeps beside its sweeps: single runs and tables, and how workers make them."""

import hashlib
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from threadpoolctl import threadpool_limits

from latebloom.core.errors import InvalidInput
from latebloom.core.files import replace
from latebloom.core.json_text import dump_json
from latebloom.experiment import Experiment
from latebloom.runs import Run, from_file, to_bytes
from latebloom.sweeps import Training


def text_of(compute: Callable[..., Any]) -> str:
    """Return a digest of the module that defines a function."""
    source = inspect.getsourcefile(compute)
    return "" if source is None else hashlib.sha256(Path(source).read_bytes()).hexdigest()[:16]


def timed(compute: Callable[[dict[str, Any]], Any], case: dict[str, Any]) -> tuple[Any, float]:
    """Return what a worker makes of a case, and how long it took."""
    began = perf_counter()
    with threadpool_limits(1):  # the other cores have cases of their own
        value = compute(case)
    return value, perf_counter() - began


def simulated(experiment: Experiment, engine: str, path: Path, state: Path) -> None:
    """Keep a run that a worker makes.

    **Arguments:**

    - `experiment`, `engine`: of the run.
    - `path`, `state`: the file for the run, and the folder for its state until then.
    """
    with threadpool_limits(1):  # the other cores have runs of their own
        found = Training(state).run([experiment], engine)[0]
    if found.interrupted:
        raise KeyboardInterrupt
    save_run(found, path)


def save_run(run: Run, path: Path) -> None:
    """Write a run into a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, to_bytes(run.to_dataset()))


def load_run(path: Path, experiment: Experiment) -> Run | None:
    """Return the run of `experiment` in a file; None if the file is missing or damaged."""
    try:
        return Run.from_dataset(from_file(path), experiment)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, InvalidInput):
        return None


def keep_table(path: Path, settings: dict[str, Any], value: Any, seconds: float) -> dict[str, Any]:
    """Write a table and return it as it will be read.

    **Arguments:**

    - `path`: of the file.
    - `settings`, `value`: what identifies the table, and its content.
    - `seconds`: of work in it.
    """
    text = dump_json({"seconds": seconds, "settings": settings, "value": value})
    path.parent.mkdir(exist_ok=True)
    replace(path, text.encode())
    return json.loads(text)


def read_table(path: Path) -> dict[str, Any] | None:
    """Return a JSON file that was written whole, None if there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
