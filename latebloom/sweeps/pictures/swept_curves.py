"""The error curves of a sweep, coloured by the swept value, one panel per value of another axis."""

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize, to_hex
from matplotlib.figure import Figure

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.plots import style as st
from latebloom.plots.strengths import COLOURS
from latebloom.sweeps.analysis.data import with_axis
from latebloom.sweeps.analysis.survival import quantiles

from .phase_diagram import axis_label, geometric, words

PASSAGE = {"test_error": "t2", "train_error": "t1"}
LABELS = {"test_error": "relative test error", "train_error": "relative training error"}
RUN = "run"  # an axis of one value
POINTS = 400  # one per pixel of a panel's width
MANY = 12  # values that a colour bar has room to name
COLUMNS = 3  # panels in a row that stay readable on a page
# Okabe and Ito's colours, in the order of the style; words have no order, so no scale.
WORDS = (st.TRAIN, st.TEST, st.RATIO, st.NORM, "#E69F00", "#56B4E9", "#000000")

Curve = tuple[np.ndarray, np.ndarray]


def plot_curves(
    ds: xr.Dataset,
    by: str,
    over: str = "seed",
    variable: str = "test_error",
    facet: str | None = None,
    seed: Any = None,
    dots: bool = True,
) -> Figure:
    r"""Return the error of every value of an axis against step + 1, coloured by the value.

    **Arguments:**

    - `ds`: the results of a sweep, with trajectories; select one value of every axis beside these.
    - `by`: the axis that is coloured: by a scale, logarithmic if its values are powers, or one
      colour per word. It may be `over`: then every run is drawn.
    - `over`: the axis whose median is drawn, of log error at equal steps, as far as all runs go.
    - `variable`: `test_error`, or `train_error`.
    - `facet`: an axis with one panel per value, all of them with the same scales.
    - `seed`: a value of `over`: draws that one instead of the median.
    - `dots`: marks t2 (of the training error t1), the median over `over`, where it is known.

    **Raises:** `InvalidInput` without trajectories and for an axis that does not exist.

    Source: arXiv 2506.05718, Figures 8 and 23.

    >>> beta = xr.DataArray([1e-3, 1e-2], dims="beta", coords={"beta": [1e-3, 1e-2]})
    >>> step = xr.DataArray(np.arange(5.0), dims="record")
    >>> curves = {
    ...     "trajectory_step": step + 0 * beta,
    ...     "trajectory_test_error": 1 / (1 + beta * step),
    ... }
    >>> plot_curves(xr.Dataset(curves), "beta").axes[0].get_xscale()
    'log'
    """
    check.one_of("variable", variable, tuple(PASSAGE))
    name = f"trajectory_{variable}"
    if "trajectory_step" not in ds or name not in ds:
        raise InvalidInput(
            f"the sweep has no trajectories of '{variable}': sweep again with trajectories"
        )
    if by == over:  # every run is its own median
        ds, over = ds.expand_dims(RUN), RUN
    ds = _selected(ds, by, over, facet, seed)
    panels = [None] if facet is None else list(ds[facet].values)
    colour, mappable = _colours(ds[by].values)
    columns = min(len(panels), COLUMNS)
    rows = -(-len(panels) // columns)
    size = (6.4, 4.2) if facet is None else (3.0 * columns + 1.2, 2.7 * rows + 0.5)
    with st.new_figure(*size) as figure:
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes, value in zip(grid.flat, panels, strict=False):
            part = ds if facet is None else ds.sel({facet: value})
            _draw_panel(axes, part, by, over, variable, colour, dots)
            if facet is not None:
                axes.set_title(f"{axis_label(facet)} = {_word(value)}")
        for axes in grid.flat[len(panels) :]:
            axes.set_axis_off()
        for axes in grid.flat[max(len(panels) - columns, 0) : len(panels)]:
            axes.tick_params(labelbottom=True)  # nothing below it has the numbers
        grid[0, 0].set(
            xscale="log", yscale="log", xlim=(1, max(float(ds["trajectory_step"].max()) + 1, 10.0))
        )
        for axes in grid.flat[: len(panels)]:
            axes.set(xscale="log", yscale="log")
        marked = any(line.get_gid() == "passage" for axes in grid.flat for line in axes.lines)
        middle = "median " if ds.sizes[over] > 1 else ""
        dot = f" (dots: {middle}${PASSAGE[variable][0]}_{PASSAGE[variable][1]}$)" if marked else ""
        figure.supxlabel(f"step + 1{dot}", fontsize=9)
        figure.supylabel(LABELS[variable], fontsize=9)
        _explain(figure, grid, ds[by].values, by, mappable)
    return figure


def _selected(ds: xr.Dataset, by: str, over: str, facet: str | None, seed: Any) -> xr.Dataset:
    """Return the sweep over these axes only."""
    named = [by] if facet is None else [by, facet]
    for axis in named:
        with_axis(ds, axis, optional=over)
    if seed is not None:
        if seed not in with_axis(ds, over)[over].values:
            raise InvalidInput(f"seed = {seed!r}: no such value on the axis '{over}'")
        ds = ds.sel({over: [seed]})
    extra = [k for k in ds.dims if k not in (*named, over, "record")]
    swept = [f"{k}" for k in extra if ds.sizes[k] > 1]
    if swept or len({*named, over}) <= len(named):
        raise InvalidInput(
            f"by, facet, over = {by}, {facet}, {over}; other axes: {', '.join(swept) or 'none'}: "
            "must be different axes, and no others; select one value of the others with ds.sel"
        )
    return with_axis(ds.squeeze(extra).sortby(named), over)


def _colours(values: np.ndarray) -> tuple[Callable[[Any], str], ScalarMappable | None]:
    """Return the colour of every value, and the scale, which words do not have."""
    if values.dtype.kind not in "iuf":
        names = [str(v) for v in values]
        return lambda v: WORDS[names.index(str(v)) % len(WORDS)], None
    low, high = float(values.min()), float(values.max())
    high = high if high > low else low + 1
    mappable = ScalarMappable((LogNorm if geometric(values) else Normalize)(low, high), COLOURS)
    return lambda v: to_hex(mappable.to_rgba(np.array([float(v)]))[0]), mappable


def _draw_panel(
    axes: Axes,
    ds: xr.Dataset,
    by: str,
    over: str,
    variable: str,
    colour: Callable[[Any], str],
    dots: bool,
) -> None:
    """Draw the curve of every value, and when it passed the threshold."""
    passage = PASSAGE[variable]
    times = quantiles(ds, passage, over, (0.5,))["value"] if dots and passage in ds else None
    for k, value in enumerate(ds[by].values):
        cell = ds.isel({by: k}).transpose(over, "record", ...)
        steps = cell["trajectory_step"].values.astype(float)
        errors = cell[f"trajectory_{variable}"].values.astype(float)
        steps = np.broadcast_to(steps, errors.shape)
        curve = _median([_seen(*pair) for pair in zip(steps, errors, strict=True)])
        if curve is None:
            continue
        x, y = curve
        axes.plot(x + 1, y, color=colour(value), lw=1.3, label=_word(value))
        if times is None or not np.isfinite(at := float(times.isel({by: k}).item())):
            continue
        if x[0] <= at <= x[-1]:
            height = 10 ** np.interp(np.log1p(at), np.log1p(x), np.log10(y))
            look = {"ms": 4.5, "mec": "white", "mew": 0.6, "gid": "passage"}
            axes.plot([at + 1], [height], "o", color=colour(value), **look)


def _seen(steps: np.ndarray, errors: np.ndarray) -> Curve:
    """Return the records that a logarithmic axis can show."""
    seen = np.isfinite(steps) & np.isfinite(errors) & (errors > 0)
    return steps[seen], errors[seen]


def _median(curves: list[Curve]) -> Curve | None:
    """Return the median of the curves where all of them are known, None if there are none."""
    curves = [(x, y) for x, y in curves if x.size]
    if not curves:
        return None
    if len(curves) == 1:
        return curves[0]
    first, last = max(x[0] for x, _ in curves), min(x[-1] for x, _ in curves)
    if first > last:
        return None
    grid = np.expm1(np.linspace(np.log1p(first), np.log1p(last), POINTS))
    # Rounding must not carry the ends out of the range in which all curves are known.
    grid[0], grid[-1] = first, last
    values = [np.interp(np.log1p(grid), np.log1p(x), np.log10(y)) for x, y in curves]
    return grid, 10 ** np.median(values, axis=0)


def _word(value: Any) -> str:
    """Return a value of an axis as a title or a legend shows it."""
    return value if isinstance(value, str) else words(np.array([float(value)]))[0]


def _explain(
    figure: Figure, grid: np.ndarray, values: np.ndarray, by: str, mappable: ScalarMappable | None
) -> None:
    """Draw the colour bar of numbers or the legend of words."""
    if mappable is None:
        handles = {line.get_label(): line for axes in grid.flat for line in axes.lines}
        named = [handles[w] for v in values if (w := _word(v)) in handles]
        figure.legend(handles=named, loc="outside right upper", title=axis_label(by))
        return
    bar = figure.colorbar(mappable, ax=grid.ravel().tolist(), label=axis_label(by), pad=0.02)
    bar.ax.minorticks_off()
    if values.size <= MANY:
        bar.set_ticks(values.astype(float).tolist(), labels=words(values))
