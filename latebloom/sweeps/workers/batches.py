"""Batches: which cells of a sweep are computed together, in one process and into one file."""

import dataclasses
import hashlib
import math
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from latebloom.core import schedules
from latebloom.core.errors import InvalidInput
from latebloom.core.interrupts import check
from latebloom.engines.base import choose_engine
from latebloom.problems import Supervised
from latebloom.sweeps.grid.grid import Grid
from latebloom.sweeps.grid.structure import structure_of
from latebloom.sweeps.grid.task import Task

# Cells per batch: of the event-driven and closed-form engines, a few seconds of work, which is what
# a killed process loses;
APART = 32
# of least squares advancing together, where the gain of one compiled loop levels off;
TOGETHER = 64
# of networks, whose time per update grows with their number on a CPU.
OF_NETWORKS = 4
# Batches that a small sweep has at least, so that no core waits for another: cells on their own
# cost the same in any batch; those that advance together gain from each other.
LEAST_APART, LEAST_TOGETHER = 16, 2
# A step size that is below the limit of every problem.
STABLE = 1e-30


@dataclass(frozen=True)
class Batch:
    """Some cells of a sweep.

    **Fields:**

    - `task`: what to do with them.
    - `cells`: their numbers.
    - `keys`: the hashes of their experiments.
    - `together`: whether they advance as one compiled batch.
    """

    task: Task
    cells: tuple[int, ...]
    keys: tuple[str, ...]
    together: bool

    def without(self, keys: Container[str]) -> "Batch | None":
        """Return the batch without the cells of these hashes, None if nothing is left."""
        left = [(c, k) for c, k in zip(self.cells, self.keys, strict=True) if k not in keys]
        if not left:
            return None
        cells, rest = zip(*left, strict=True)
        return Batch(self.task, cells, rest, self.together)


def file_name(task: Task, made_by: str, keys: Sequence[str], failed: bool) -> str:
    """Return the name of the file of some cells: the same cells, computed by the same code, have
    the same name.

    **Arguments:**

    - `task`: what was done with them; `made_by`: the digest of the code that did it.
    - `keys`: the hashes of their experiments.
    - `failed`: whether they failed.

    >>> from latebloom.sweeps.grid.task import Task
    >>> file_name(Task("simulate"), "f00d", ["00aa", "00bb"], False)[:9]
    'simulate-'
    """
    text = "\n".join([str(task), made_by, *sorted(keys)])
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{'failed' if failed else task.kind}-{digest}.nc"


def batches(sweep: Grid, task: Task, keys: Sequence[str]) -> Iterator[Batch]:
    """Yield the batches of all cells of a sweep, whatever is done already.

    They depend on the sweep alone: a resumed sweep has the batches of an uninterrupted one, and so
    the same results to the bit.

    **Arguments:**

    - `sweep`, `task`: what to do.
    - `keys`: the hash of every cell, "" for those that are left out.
    """
    waiting: dict[tuple[str, bool], list[int]] = {}
    kinds: dict[str, tuple[int, bool]] = {}
    seen: set[str] = set()
    distinct = len({key for key in keys if key})
    for i, key in enumerate(keys):
        check()  # a million cells take minutes
        if not key or key in seen:
            continue  # two cells may have the same experiment
        seen.add(key)
        structure, shape = structure_of(sweep.spec(i) or {})
        if structure not in kinds:
            try:
                size, together = _kind(sweep, task, i)
            except InvalidInput:  # it fails by itself, and does not speak for the others
                yield _batch(task, [i], keys, False)
                continue
            fair = math.ceil(distinct / (LEAST_TOGETHER if together else LEAST_APART))
            kinds[structure] = min(size, fair), together
        size, together = kinds[structure]
        group = (shape if together else structure, together)
        cells = waiting.setdefault(group, [])
        cells.append(i)
        if len(cells) == (sweep.batch or size):
            yield _batch(task, waiting.pop(group), keys, together)
    for (_, together), cells in waiting.items():
        yield _batch(task, cells, keys, together)


def remaining(sweep: Grid, task: Task, keys: Sequence[str], done: Container[str]) -> list[Batch]:
    """Return the batches of a sweep without what is done already.

    **Arguments:**

    - `sweep`, `task`, `keys`: as of `batches`.
    - `done`: the hashes of the cells to leave out.
    """
    every = (batch.without(done) for batch in batches(sweep, task, keys))
    return [batch for batch in every if batch is not None]


def _batch(task: Task, cells: list[int], keys: Sequence[str], together: bool) -> Batch:
    return Batch(task, tuple(cells), tuple(keys[i] for i in cells), together)


def _kind(sweep: Grid, task: Task, i: int) -> tuple[int, bool]:
    """Return how many cells of the structure of cell i make a batch, and whether they advance
    together."""
    if task.kind != "simulate":
        return APART, False
    experiment = sweep.experiment(i)
    assert experiment is not None
    if isinstance(experiment.problem, Supervised):
        # Other engines do not apply, which every run says for itself.
        return (OF_NETWORKS, True) if task.engine in ("auto", "step") else (APART, False)
    chosen = task.engine
    if chosen == "auto":
        method = experiment.method
        if schedules.constant(method.alpha) is not None:
            # This one may be unstable where others of its structure are not.
            method = dataclasses.replace(method, alpha=STABLE)  # pyright: ignore - a dataclass
        chosen = choose_engine(experiment.with_(method=method))
    return (TOGETHER, True) if chosen == "step" else (APART, False)
