"""Four panels over one axis: errors and times of a grid of runs, one line per value of another."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from latebloom.plots import style as st

from .panels import colours, draw_bar, quartiles


def plot_summary(
    ds: xr.Dataset,
    x: str,
    by: str,
    names: Mapping[str, str],
    panels: Mapping[str, str],
    over: str | None = None,
) -> Figure:
    """Return one panel per variable against `x`, a line for each value of `by`.

    **Arguments:**

    - `ds`: variables over `x`, `by` and, if given, `over`.
    - `x`, `by`: the abscissa, and the axis that is coloured.
    - `names`: what the two are called, in mathtext.
    - `panels`: variable -> its label; logarithmic axes. Infinite and missing values are gaps.
    - `over`: an axis whose median is drawn, with the range from the first to the third quartile.

    Source: arXiv 2506.05718, Figures 18, 22 and 28.

    >>> t = xr.DataArray([[1.0, 2.0]], dims=("s", "N"), coords={"s": [5], "N": [10, 20]})
    >>> figure = plot_summary(xr.Dataset({"t2": t}), "N", "s", {"N": "N", "s": "s"}, {"t2": "t2"})
    >>> figure.axes[0].get_yscale()
    'log'
    """
    values = ds[by].values
    colour, bar = colours(values)
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    with st.new_figure(3.4 * columns + 0.8, 2.6 * rows + 0.3) as figure:
        grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
        for axes, (name, label) in zip(grid.flat, panels.items(), strict=False):
            for k, value in enumerate(values):
                data = ds[name].isel({by: k})
                middle, low, high = _spread(data, over)
                shown = np.where(np.isfinite(middle) & (middle > 0), middle, np.nan)
                marker = "osD^v<>ph*X"[k % 11]
                axes.plot(ds[x].values, shown, marker, ls="-", color=colour(value), ms=4, lw=1.1)
                if over is not None:
                    band = np.isfinite(low) & np.isfinite(high) & (low > 0)
                    axes.fill_between(
                        ds[x].values, low, high, where=band, color=colour(value), alpha=0.15, lw=0
                    )
            axes.set(yscale="log", ylabel=label)
        for axes in grid[-1]:
            axes.set_xlabel(names[x])
        draw_bar(figure, bar, grid.ravel().tolist(), values, names[by], pad=0.02)
    return figure


def _spread(data: xr.DataArray, over: str | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return median and quartiles over an axis; what was never seen counts as infinite."""
    if over is None:
        return data.values, data.values, data.values
    low, middle, high = quartiles(data.transpose(over, ...).values)
    return middle, low, high
