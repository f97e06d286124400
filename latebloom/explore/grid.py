"""Grids of runs: the phase diagram of a world, and its plane of alpha and beta."""

from dataclasses import dataclass

from latebloom.core.errors import InvalidInput
from latebloom.core.phases import Verdict
from latebloom.core.text import number
from latebloom.runs.run import Run

from .point import Point
from .work import Job, run_of
from .world import Axis, Number

# The plane of alpha and beta.
LAW = "law"


@dataclass(frozen=True)
class Cell:
    """A run of a grid.

    - `values`: of the two controls, by name; `words`: what stands in it.
    - `verdict`: None if the run was refused.
    - `product`: t2 alpha beta, of a plane, if t2 is known.
    """

    values: dict[str, Number]
    words: str
    verdict: Verdict | None = None
    product: float | None = None


@dataclass(frozen=True)
class Grid:
    """Cells row by row, from the top left: y falls, x grows.

    - `kind`: `law` or `phase`; `x`, `y`: its axes.
    """

    kind: str
    x: Axis
    y: Axis
    cells: tuple[Cell, ...]

    @property
    def span(self) -> float:
        """The largest alpha beta of a plane over the least."""
        if self.kind != LAW:
            return 1.0
        (a, *_, b), (c, *_, d) = self.x.values, self.y.values
        return b * d / (a * c)


def grid_of(point: Point, kind: str, job: Job | None = None) -> Grid:
    """Compute a grid of runs; the controls that it does not vary stay where they are.

    **Arguments:**

    - `point`: where it is.
    - `kind`: `law`, the plane of alpha and beta, or `phase`, the world's phase diagram.
    - `job`: whose progress moves, and with which it is cancelled.

    **Raises:** `InvalidInput` if the world has no such grid.
    """
    if kind not in point.world.grids:
        raise InvalidInput(
            f"{point.world.name}: a named experiment has no grid of runs here; open a world, or "
            "compute one with latebloom sweep"
        )
    x, y = point.world.grids[kind]
    cells: list[Cell] = []
    total = len(x.values) * len(y.values)
    for y_value in reversed(y.values):
        for x_value in x.values:
            if job is not None:
                job.progress(len(cells), total, f"run {len(cells) + 1} of {total}")
            cells.append(_cell(point, {x.name: x_value, y.name: y_value}, kind))
    return Grid(kind, x, y, tuple(cells))


def _cell(point: Point, values: dict[str, Number], kind: str) -> Cell:
    moved = point.with_values(**values)
    try:
        run = run_of(moved.experiment(), point.world.engine)
    except InvalidInput:
        return Cell(values, "refused")
    t2, product = middle(run), product_of(moved, run)
    if kind != LAW:
        return Cell(values, "" if t2 is None else number(t2), run.phases.verdict)
    words = run.phases.t2.brief if product is None else f"{product:.4g}"
    return Cell(values, words, run.phases.verdict, product)


def product_of(point: Point, run: Run) -> float | None:
    """Return t2 alpha beta of the run at a point; None if t2 is not known."""
    t2 = middle(run)
    return None if t2 is None else t2 * point.values["alpha"] * point.values["beta"]


def middle(run: Run) -> int | None:
    """Return t2, or the middle of its bracket; None if it is not known."""
    t2 = run.phases.t2
    return None if t2.low is None or t2.high is None else (t2.low + t2.high) // 2
