"""Small multiples: training and test errors of a grid of runs, a panel per value of one axis."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from latebloom.plots import style as st

# Readable in print and for colour-blind readers; its last, pale yellow tenth is not used.
COLOURS = "viridis"
LAST = 0.92
KINDS = {"train_error": ("training error", "-"), "test_error": ("test error", "--")}


def plot_panels(
    ds: xr.Dataset,
    by: str,
    facet: str,
    names: Mapping[str, str],
    columns: int = 2,
    log: bool = True,
    marks: str | None = None,
) -> Figure:
    """Return one panel per value of an axis: training (solid) and test errors (dashed) of each run
    against step + 1.

    **Arguments:**

    - `ds`: the results of a sweep over `by` and `facet` alone, with the trajectories of both
      errors.
    - `by`: the axis that is coloured.
    - `facet`: the axis with a panel for each value.
    - `names`: what the two axes are called, in mathtext.
    - `columns`: panels in a row.
    - `log`: whether errors are on a logarithmic axis.
    - `marks`: a variable with a step to mark on the test errors, such as `t2_high`.

    **Returns:** the figure; all panels have the same axes.

    Source: arXiv 2506.05718, Figures 12, 13, 17, 21, 26, 27 and 29.

    >>> step = xr.DataArray(np.arange(3.0), dims="record")
    >>> grid = xr.Dataset(coords={"N": [10, 20], "s": [1, 5]})
    >>> one = 1 / (1 + step) + 0 * grid.N + 0 * grid.s
    >>> for name in ("train_error", "test_error"):
    ...     grid[f"trajectory_{name}"] = one
    >>> grid["trajectory_step"] = step + 0 * one
    >>> len(plot_panels(grid, "N", "s", {"N": "N", "s": "s"}).axes)
    3
    """
    ds = ds.transpose(facet, by, ...)
    values, panels = ds[by].values, ds[facet].values
    colour, bar = colours(values)
    rows = -(-len(panels) // columns)
    with st.new_figure(3.1 * columns + 1.0, 2.3 * rows + 0.7) as figure:
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes, i in zip(grid.flat, range(len(panels)), strict=False):
            for k, value in enumerate(values):
                _draw(axes, ds.isel({facet: i, by: k}), colour(value), log, marks)
            axes.set_title(f"{names[facet]} = {word(panels[i])}", fontsize=9)
        for axes in grid.flat[len(panels) :]:
            axes.set_axis_off()
        for axes in grid.flat[max(len(panels) - columns, 0) : len(panels)]:
            axes.tick_params(labelbottom=True)
        last = float(np.nanmax(ds["trajectory_step"].values)) + 1
        for axes in grid.flat[: len(panels)]:
            axes.set(xscale="log", xlim=(1, max(last, 10.0)))
            if log:
                axes.set_yscale("log")
        figure.supxlabel("step + 1", fontsize=9)
        figure.supylabel("relative error", fontsize=9)
        kinds = [Line2D([], [], color=st.MARK, ls=ls, label=text) for text, ls in KINDS.values()]
        figure.legend(handles=kinds, loc="outside upper center", ncols=2)
        draw_bar(figure, bar, grid.ravel().tolist(), values, names[by], pad=0.02)
    return figure


def _draw(axes: Axes, cell: xr.Dataset, colour: str, log: bool, marks: str | None) -> None:
    """Draw both errors of one run, and the mark."""
    steps = cell["trajectory_step"].values
    seen = np.isfinite(steps)
    for name, (_, dash) in KINDS.items():
        error = cell[f"trajectory_{name}"].values[seen]
        if log:  # exact zeros are gaps, not minus infinity
            error = np.where(error > 0, error, np.nan)
        axes.plot(steps[seen] + 1, error, ls=dash, color=colour, lw=1.0)
    if marks is None or not np.isfinite(at := float(cell[marks])):
        return
    height = np.interp(at, steps[seen], cell["trajectory_test_error"].values[seen])
    axes.plot([at + 1], [height], "o", color=colour, ms=3.5, mec="white", mew=0.5)


def colours(values: np.ndarray) -> tuple[Callable[[Any], str], ScalarMappable]:
    """Return the colour of every value, and a bar with one block for each."""
    scale = matplotlib.colormaps[COLOURS]
    chosen = [to_hex(scale(x)) for x in np.linspace(0, LAST, max(len(values), 2))][: len(values)]
    names = [str(v) for v in values]
    bar = ScalarMappable(
        BoundaryNorm(np.arange(len(values) + 1), len(values)), ListedColormap(chosen)
    )
    return lambda value: chosen[names.index(str(value))], bar


def draw_bar(
    figure: Figure,
    bar: ScalarMappable,
    axes: Any,
    values: Sequence[Any] | np.ndarray,
    label: str,
    **place: Any,
) -> None:
    """Draw the bar of `colours` beside axes, with a tick for each value.

    **Arguments:**

    - `figure`: of the axes.
    - `bar`, `values`: what `colours` returned, and the values that it was given.
    - `axes`: beside which the bar is drawn; `label`: of the bar.
    - `place`: options of `Figure.colorbar`.
    """
    figure.colorbar(bar, ax=axes, label=label, **place)
    ticks = figure.axes[-1]
    ticks.set_yticks(np.arange(len(values)) + 0.5, [word(value) for value in values])
    ticks.minorticks_off()


def quartiles(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the quartiles over the first axis; what was never seen counts as infinite."""
    with np.errstate(invalid="ignore"):  # between two infinite values
        filled = np.where(np.isnan(values), np.inf, values)
        low, middle, high = np.quantile(filled, [0.25, 0.5, 0.75], axis=0, method="nearest")
    return low, middle, high


def word(value: Any) -> str:
    """Return a value as a title or a tick shows it.

    >>> word(0.1), word(1e-06), word(30)
    ('0.1', '1e-6', '30')
    """
    text = f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)
    return text.replace("e-0", "e-").replace("e+0", "e")
