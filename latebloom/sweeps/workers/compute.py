"""What a worker process does: one batch of cells, from their specs to a file in the store."""

import contextlib
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from threadpoolctl import threadpool_limits

from latebloom.core.errors import InvalidInput
from latebloom.core.files import publish, replace
from latebloom.core.spec import fingerprint
from latebloom.core.versions import versions
from latebloom.sweeps.grid.grid import Grid
from latebloom.sweeps.store.batch_file import encode
from latebloom.sweeps.store.index import BATCHES
from latebloom.sweeps.store.outcome import Outcome, failure
from latebloom.sweeps.store.revision import git_revision

from .batches import Batch, file_name
from .tasks import outcomes

# A batch that takes longer writes what it has so far: what one is willing to lose.
SECONDS_PER_FILE = 60.0


@runtime_checkable
class Stop(Protocol):
    """Says whether work should end early; an event of threading or multiprocessing."""

    def is_set(self) -> bool:
        """Return whether it should."""
        ...


class Report(NamedTuple):
    """What became of a batch: numbers of cells, seconds of work, (cell, message) of failed ones."""

    done: int
    failed: int
    seconds: float
    messages: list[tuple[int, str]]


# Set by the initializer of a worker process.
_STOP: list[Stop] = []
_SWEEPS: dict[str, Grid] = {}


def set_stop(stop: Stop) -> None:
    """Let `compute` in this process end early when `stop` is set."""
    _STOP[:] = [stop]


def compute(store: str, key: str, spec: Mapping[str, Any], batch: Batch) -> Report:
    """Compute the cells of a batch and write them into the store.

    **Arguments:**

    - `store`: its folder.
    - `key`, `spec`: hash of the sweep, and the sweep as plain values.
    - `batch`: which cells.

    **Returns:** a `Report`; of fewer cells if it was stopped.

    **Raises:** `InvalidInput` if the store cannot be written.
    """
    sweep = _SWEEPS.get(key)
    if sweep is None:
        sweep = Grid.from_dict(spec)
        _SWEEPS.clear()  # one is enough: they may carry large arrays
        _SWEEPS[key] = sweep
    if [sweep.key(i) for i in batch.cells] != list(batch.keys):
        raise InvalidInput(
            f"{store}: sweep {key} has other cells here than where it was started; do all machines "
            "have the same version of latebloom?"
        )
    makers = [partial(_made, sweep, i) for i in batch.cells]
    waiting: list[tuple[int, str, Outcome]] = []
    report = Report(0, 0, 0.0, [])
    began = time.perf_counter()
    # One thread: the other cores have batches of their own.
    with threadpool_limits(1), contextlib.suppress(KeyboardInterrupt):
        found = outcomes(batch.task, makers, batch.together)
        for i, name, outcome in zip(batch.cells, batch.keys, found, strict=False):
            waiting.append((i, name, outcome))
            stop = bool(_STOP) and _STOP[0].is_set()
            if stop or time.perf_counter() - began > SECONDS_PER_FILE:
                report = _written(store, sweep, batch, waiting, began, report)
                waiting, began = [], time.perf_counter()
            if stop:
                return report
    # After Ctrl-C in a worker that receives it: what was finished before.
    return _written(store, sweep, batch, waiting, began, report) if waiting else report


def _made(sweep: Grid, i: int) -> Any:
    experiment = sweep.experiment(i)
    if experiment is None:
        raise InvalidInput("the cell is not part of the sweep")
    return experiment


def write_failures(store: str, sweep: Grid, batch: Batch, message: str) -> Report:
    """Write the cells of a batch down as failed."""
    waiting = [(i, k, failure(message)) for i, k in zip(batch.cells, batch.keys, strict=True)]
    return _written(store, sweep, batch, waiting, time.perf_counter(), Report(0, 0, 0.0, []))


def _written(
    store: str,
    sweep: Grid,
    batch: Batch,
    waiting: list[tuple[int, str, Outcome]],
    began: float,
    before: Report,
) -> Report:
    """Write outcomes, those that failed apart, and return the report with them."""
    seconds = time.perf_counter() - began
    done = [w for w in waiting if not w[2].failed]
    failed = [w for w in waiting if w[2].failed]
    folder = Path(store) / BATCHES
    for part, bad in ((done, False), (failed, True)):
        if not part:
            continue
        keys = [key for _, key, _ in part]
        seconds_of_part = seconds * len(part) / len(waiting)
        attrs = _provenance(sweep, batch, seconds_of_part, [i for i, _, _ in part])
        data = encode([outcome for _, _, outcome in part], keys, attrs)
        name = file_name(batch.task, keys, bad)
        if bad:  # a failure is no result: a later attempt takes its place
            replace(folder / name, data)
        else:
            publish(folder, name, data)
    messages = [(i, str(o.values.get("message", ""))) for i, _, o in failed]
    return Report(
        before.done + len(done),
        before.failed + len(failed),
        before.seconds + seconds,
        before.messages + messages,
    )


def _provenance(sweep: Grid, batch: Batch, seconds: float, cells: list[int]) -> dict[str, Any]:
    """Return where these results come from."""
    device = _device() if batch.together else "cpu"
    specs = []
    for i in cells:
        experiment = sweep.spec(i)
        specs.append(fingerprint(experiment) if experiment else None)
    dtypes = {str((spec or {}).get("precision", "float64")) for spec in specs}
    return {
        "title": "outcomes of experiments on delayed generalization",
        "format": 1,
        "task": str(batch.task),
        "made_by": batch.task.made_by,
        "sweep": sweep.hash,
        "sweep_name": sweep.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": seconds,
        "device": device,
        "dtype": ", ".join(sorted(dtypes)),
        "git_revision": git_revision(),
        **{f"version_{name}": text for name, text in versions().items()},
        "specs": json.dumps(specs),
    }


@cache
def _device() -> str:
    import jax  # a compiled batch has loaded it already

    return str(jax.devices()[0].device_kind)
