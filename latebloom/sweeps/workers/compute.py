"""What a worker process does: one batch of cells, from their specs to a file in the store."""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from latebloom.core.errors import InvalidInput
from latebloom.core.files import publish, replace
from latebloom.core.spec import canonical
from latebloom.core.versions import versions
from latebloom.experiment.experiment import Experiment
from latebloom.sweeps.grid.grid import Grid
from latebloom.sweeps.store.batch_file import encode
from latebloom.sweeps.store.index import BATCHES
from latebloom.sweeps.store.outcome import Outcome, failure

from .batches import Batch, file_name
from .tasks import outcomes
from .training import STATES, Training

# A batch that takes longer writes what it has so far: what one is willing to lose.
SECONDS_PER_FILE = 60.0


# A cell, the hash of its experiment, and what it came to.
Row = tuple[int, str, Outcome]


@dataclass
class Report:
    """What became of a batch: numbers of cells, seconds of work, (cell, message) of failed ones."""

    done: int = 0
    failed: int = 0
    seconds: float = 0.0
    messages: list[tuple[int, str]] = field(default_factory=list)


# Says whether work should end early.
Stop = Callable[[], bool]
# Set by the initializer of a worker process.
_STOP: list[Stop] = []
_SWEEPS: dict[str, Grid] = {}


def set_stop(stop: Stop) -> None:
    """Let `compute` in this process end early when `stop` says so."""
    _STOP[:] = [stop]


def _stops() -> bool:
    return any(stop() for stop in _STOP)


def compute(store: str, key: str, spec: Mapping[str, Any], batch: Batch) -> Report:
    """Compute the cells of a batch and write them into the store.

    **Arguments:**

    - `store`: its folder.
    - `key`, `spec`: hash of the sweep, and the sweep as plain values.
    - `batch`: which cells.

    **Returns:** a `Report`; of fewer cells if it was stopped.

    **Raises:** `InvalidInput` if the store cannot be written.
    """
    if key not in _SWEEPS:
        _SWEEPS.clear()  # one is enough: they may carry large arrays
        _SWEEPS[key] = Grid.from_dict(spec)
    sweep = _SWEEPS[key]
    if [sweep.key(i) for i in batch.cells] != list(batch.keys):
        raise InvalidInput(
            f"{store}: sweep {key} has other cells here than where it was started; do all machines "
            "have the same version of latebloom?"
        )
    makers = [partial(_made, sweep, i) for i in batch.cells]
    waiting: list[Row] = []
    report = Report()
    name = file_name(batch.task, sweep.made_by(batch.task), batch.keys, False)
    training = Training(Path(store) / STATES / Path(name).stem, _stops)
    began = time.perf_counter()
    # One thread: the other cores have batches of their own.
    with threadpool_limits(1), contextlib.suppress(KeyboardInterrupt):
        found = outcomes(batch.task, makers, batch.together, training)
        for row in zip(batch.cells, batch.keys, found, strict=False):
            waiting.append(row)
            stop = _stops()
            if stop or time.perf_counter() - began > SECONDS_PER_FILE:
                _write(store, sweep, batch, waiting, began, report)
                waiting, began = [], time.perf_counter()
            if stop:
                return report
    # After Ctrl-C in a worker that receives it: what was finished before.
    _write(store, sweep, batch, waiting, began, report)
    return report


def _made(sweep: Grid, i: int) -> Experiment:
    experiment = sweep.experiment(i)
    assert experiment is not None  # the cell has a hash
    return experiment


def write_failures(store: str, sweep: Grid, batch: Batch, message: str) -> Report:
    """Write the cells of a batch down as failed.

    **Arguments:**

    - `store`: its folder.
    - `sweep`, `batch`: the cells.
    - `message`: why they failed.
    """
    rows = [(i, key, failure(message)) for i, key in zip(batch.cells, batch.keys, strict=True)]
    report = Report()
    _write(store, sweep, batch, rows, time.perf_counter(), report)
    return report


def _write(
    store: str, sweep: Grid, batch: Batch, rows: list[Row], began: float, report: Report
) -> None:
    """Write outcomes, those that failed apart, and add them to the report."""
    seconds = time.perf_counter() - began
    report.seconds += seconds if rows else 0.0
    folder = Path(store) / BATCHES
    for bad in (False, True):
        part = [row for row in rows if row[2].failed == bad]
        if not part:
            continue
        cells, keys, found = zip(*part, strict=True)
        attrs = _provenance(sweep, batch, seconds * len(part) / len(rows), cells)
        data = encode(found, keys, attrs)
        name = file_name(batch.task, sweep.made_by(batch.task), keys, bad)
        if bad:  # a failure is no result: a later attempt takes its place
            replace(folder / name, data)
            report.failed += len(part)
            report.messages += [(i, str(o.values.get("message", ""))) for i, _, o in part]
        else:
            publish(folder, name, data)
            report.done += len(part)


def _provenance(sweep: Grid, batch: Batch, seconds: float, cells: Sequence[int]) -> dict[str, Any]:
    """Return where these results come from."""
    specs = [spec and canonical(spec) for spec in map(sweep.spec, cells)]
    dtypes = {str((spec or {}).get("precision", "float64")) for spec in specs}
    return {
        "title": "outcomes of experiments on delayed generalization",
        "format": 1,
        "task": str(batch.task),
        "made_by": sweep.made_by(batch.task),
        "sweep": sweep.hash,
        "sweep_name": sweep.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": seconds,
        "device": _device() if batch.together else "cpu",
        "dtype": ", ".join(sorted(dtypes)),
        "git_revision": _git_revision(),
        **{f"version_{name}": text for name, text in versions().items()},
        "specs": json.dumps(specs),
    }


@cache
def _git_revision() -> str:
    """Return the commit that is checked out where the package lies, "" if it is installed."""
    folder = Path(__file__).parents[3]
    if (folder / ".git").exists():
        command = ["git", "-C", str(folder), "rev-parse", "HEAD"]
        with contextlib.suppress(OSError):
            return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return ""


@cache
def _device() -> str:
    import jax  # a compiled batch has loaded it already

    return str(jax.devices()[0].device_kind)
