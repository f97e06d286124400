"""How long a sweep will take, and how much it will write: measured on a few of its cells."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from latebloom.core.errors import InvalidInput
from latebloom.core.json_text import dump_json
from latebloom.core.spec import canonical
from latebloom.sweeps.grid.grid import Grid, tasks_of
from latebloom.sweeps.grid.task import Task
from latebloom.sweeps.store.batch_file import encode
from latebloom.sweeps.store.outcome import Outcome
from latebloom.sweeps.store.store import Progress, Store

from .batches import Batch, remaining
from .pools import cpus, require
from .tasks import outcomes

# Enough for a first idea: the cells of a grid differ, the large ones take nearly all the time.
SECONDS = 10.0
# Updates of a long run that are timed, once everything is compiled.
UPDATES = 200
# A file of no cells, and drafts, folders and the index.
PER_FILE = 30_000


@dataclass(frozen=True)
class Estimate:
    """What a sweep will cost.

    **Fields:**

    - `cells`: with each task; `left_out`: by `only`; `done`, `failed`: in the store already.
    - `batches`: that are left to compute.
    - `timed`: cells that the estimate rests on.
    - `low`, `high`: seconds on `workers` processes, from the spread between the timed cells; None
      if none could be timed.
    - `disk`: bytes to come.
    - `error`: why a cell that was timed failed, if one did.
    """

    cells: int
    left_out: int
    done: int
    failed: int
    batches: int
    timed: int
    workers: int
    low: float | None
    high: float | None
    disk: int | None
    error: str = ""


def estimate(
    sweep: Grid,
    store: Store | None,
    workers: int | None = None,
    seconds: float = SECONDS,
    retry_failed: bool = False,
    any_version: bool = False,
) -> Estimate:
    """Return what is left of a sweep, and what it will cost.

    **Arguments:**

    - `sweep`: it.
    - `store`: where it would be kept, None if that does not exist yet.
    - `workers`: processes; by default one per core.
    - `seconds`: for timing cells drawn at random; of long runs by updates only the first few
      hundred updates are timed.
    - `retry_failed`: count the cells that failed before as cells to compute.
    - `any_version`: as of `run_sweep`.

    **Raises:** `InvalidInput` for a cell that makes no experiment.
    """
    require("local", workers, None)
    keys = [sweep.key(i) or "" for i in range(sweep.size)] if store is None else store.keys(sweep)
    inside = dict.fromkeys(key for key in keys if key)
    total = len(inside) * len(tasks_of(sweep))
    before = Progress(total, 0, 0, 0.0) if store is None else store.progress(sweep, any_version)
    todo: list[Batch] = []
    for task in tasks_of(sweep):
        made_by = None if any_version else sweep.made_by(task)
        places = {} if store is None else store.index.places(task, made_by)
        have = {key for key, place in places.items() if not (place[2] and retry_failed)}
        todo += remaining(sweep, task, keys, have)
    count = sum(len(batch.cells) for batch in todo)
    times, size, error = _timed(sweep, todo, seconds)
    workers = workers or cpus()
    low = high = disk = None
    if times:
        mean = sum(times) / len(times)
        spread = (sum((t - mean) ** 2 for t in times) / max(len(times) - 1, 1) / len(times)) ** 0.5
        low = max(mean - 2 * spread, min(times)) * count / workers
        high = (mean + 2 * spread) * count / workers
        disk = int(size / len(times) * count + PER_FILE * len(todo))
    return Estimate(
        cells=total,
        left_out=sum(not key for key in keys),
        done=before.done,
        failed=before.failed,
        batches=len(todo),
        timed=len(times),
        workers=workers,
        low=low,
        high=high,
        disk=disk,
        error=error,
    )


def _timed(sweep: Grid, todo: Sequence[Batch], seconds: float) -> tuple[list[float], float, str]:
    """Return seconds per cell of some cells, the bytes of their files' contents, and an error."""
    drawn = [(batch, cell) for batch in todo for cell in batch.cells]
    random.Random(0).shuffle(drawn)
    times: list[float] = []
    found: dict[Task, list[tuple[Outcome, str]]] = {}
    error, began = "", time.perf_counter()
    for batch, cell in drawn:
        if time.perf_counter() - began > seconds:
            break
        try:
            spent, outcome = _cell(sweep, batch, cell)
        except InvalidInput as raised:
            error = error or f"{sweep.describe(cell)}: {raised}"
            continue
        if outcome.failed:
            error = error or f"{sweep.describe(cell)}: {outcome.values['message']}"
        times.append(spent)
        spec = dump_json(canonical(sweep.experiment(cell)))
        found.setdefault(batch.task, []).append((outcome, spec))
    return times, sum(map(_size, found.values())), error


def _size(found: Sequence[tuple[Outcome, str]]) -> float:
    """Return the bytes that some cells of one task add to a file."""
    cells = [*found] * -(-9 // len(found))  # of few cells what each adds would drown in the rest

    def written(count: int) -> int:
        rows, specs = zip(*cells[:count], strict=True)
        return len(encode(rows, ["0" * 16] * count, {"specs": "".join(specs)}))

    return (written(len(cells)) - written(1)) / (len(cells) - 1) * len(found)


def _cell(sweep: Grid, batch: Batch, cell: int) -> tuple[float, Outcome]:
    """Return the seconds that one cell takes, and an outcome like its own."""
    experiment = sweep.experiment(cell)
    assert experiment is not None
    if not batch.together or experiment.steps <= UPDATES:
        began = time.perf_counter()
        [outcome] = outcomes(batch.task, [lambda: experiment], together=False)
        return time.perf_counter() - began, outcome
    # Updates take equally long, so that a part is enough. The first time everything is compiled.
    short = experiment.with_(steps=UPDATES)
    list(outcomes(batch.task, [lambda: short], together=False))
    began = time.perf_counter()
    [outcome] = outcomes(batch.task, [lambda: short], together=False)
    spent = (time.perf_counter() - began) * experiment.steps / UPDATES
    outcome.curves = {
        name: curve.repeat(max(1, experiment.record_steps.size // max(curve.size, 1)))
        for name, curve in outcome.curves.items()
    }
    return spent, outcome
