"""Grids of runs around a point: the phase diagram of a world, and its plane of alpha and beta."""

from dataclasses import dataclass
from typing import Literal

from latebloom.core.errors import InvalidInput
from latebloom.core.phases import Verdict
from latebloom.core.text import number
from latebloom.runs.run import Run

from .point import Point
from .work import Job, run_of
from .world import Axis, Number

Kind = Literal["law", "phase"]

# The plane: alpha falls by these factors from the point, or the largest that is stable, and so does
# beta. Powers of ten would need weeks of a network at the corner.
ALPHAS = (1.0, 0.5, 0.25, 0.1)
BETAS = (3.0, 1.0, 0.3, 0.1, 0.03)


@dataclass(frozen=True)
class Cell:
    """A run of a grid.

    - `values`: of the two controls, by name; `words`: what stands in it.
    - `verdict`: None if the run was refused, and `words` says why.
    - `number`: t2 alpha beta, of a plane, if t2 is known.
    """

    values: dict[str, Number]
    words: str
    verdict: Verdict | None = None
    number: float | None = None


@dataclass(frozen=True)
class Grid:
    """Cells row by row, from the top left: y falls, x grows.

    - `span`: of a plane: the largest alpha beta over the least.
    """

    kind: Kind
    x: Axis
    y: Axis
    cells: tuple[Cell, ...]
    span: float = 1.0


def axes_of(point: Point, kind: Kind) -> tuple[Axis, Axis]:
    """Return the axes x and y of a grid around a point.

    **Raises:** `InvalidInput` if the world has no such grid.

    >>> from latebloom.explore.point import Point
    >>> axes_of(Point.of("sparse"), "phase")[1].name
    's'
    """
    if kind == "phase":
        if point.world.phase is None:
            raise InvalidInput(
                f"{point.world.name}: a named experiment has no phase diagram here; open a world, "
                "or compute one with latebloom sweep"
            )
        return point.world.phase
    if not {"alpha", "beta"} <= set(point.values):
        raise InvalidInput(f"{point.world.name}: has no alpha and beta to change")
    axes = []
    for name, factors in (("alpha", ALPHAS), ("beta", BETAS)):
        low, *_, high = point.world.control(name).values
        found = {float(f"{point.values[name] * factor:.2g}") for factor in factors}
        axes.append(Axis(name, tuple(sorted(v for v in found if low <= v <= high))))
    return axes[0], axes[1]


def grid_of(point: Point, kind: Kind, job: Job | None = None) -> Grid:
    """Compute a grid of runs; the other controls stay where they are.

    **Arguments:**

    - `point`: where it is.
    - `kind`: `law`, the plane of alpha and beta, or `phase`, the world's phase diagram.
    - `job`: whose progress moves, and with which it is cancelled.

    **Raises:** `InvalidInput` if the world has no such grid.
    """
    x, y = axes_of(point, kind)
    cells: list[Cell] = []
    total = len(x.values) * len(y.values)
    for y_value in reversed(y.values):
        for x_value in x.values:
            if job is not None:
                job.progress(len(cells), total, f"run {len(cells) + 1} of {total}")
            cells.append(_cell(point, {x.name: x_value, y.name: y_value}, kind))
    strengths = [c.values["alpha"] * c.values["beta"] for c in cells] if kind == "law" else [1.0]
    return Grid(kind, x, y, tuple(cells), max(strengths) / min(strengths))


def _cell(point: Point, values: dict[str, Number], kind: Kind) -> Cell:
    moved = point.with_values(**values)
    try:
        run = run_of(moved.experiment(), point.world.engine)
    except InvalidInput:
        return Cell(values, "refused")
    t2 = middle(run)
    if kind == "phase":
        return Cell(values, "" if t2 is None else number(t2), run.phases.verdict)
    if t2 is None:
        return Cell(values, run.phases.t2.brief, run.phases.verdict)
    product = t2 * moved.values["alpha"] * moved.values["beta"]
    return Cell(values, f"{product:.3g}", run.phases.verdict, product)


def middle(run: Run) -> int | None:
    """Return t2, or the middle of its bracket; None if it is not known."""
    t2 = run.phases.t2
    return None if t2.low is None or t2.high is None else (t2.low + t2.high) // 2
