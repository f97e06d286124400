"""Panels drawn from data: lines with bands, rows of dots, marked values.

A study gives the data and the labels; this module draws them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latebloom.plots import style as st

from .strips import DASHES, MARKERS, Values, colours_of, draw_strips


@dataclass(frozen=True, eq=False)
class Line:
    """One line of a panel; values that are not finite are gaps.

    **Fields:**

    - `x`, `y`: the points, one number each.
    - `label`: in the legend; None for none.
    - `colour`: of line, markers and band.
    - `form`: marker and dash as matplotlib writes them, such as `o-` or `--`.
    - `band`: lower and upper ends of a shaded band, one number each per point.
    - `style`: further properties of a matplotlib line.
    """

    x: Values
    y: Values
    label: str | None = None
    colour: Any = st.MARK
    form: str = "-"
    band: tuple[Values, Values] | None = None
    style: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def through(
        cls, points: Sequence[tuple[float, float]], label: str, colour: Any, form: str
    ) -> "Line":
        """Return the line through points (x, y)."""
        x, y = np.array(points, dtype=float).T
        return cls(x, y, label, colour, form)

    def draw(self, axes: Axes) -> None:
        """Draw the line and its band."""
        x, y = np.asarray(self.x, dtype=float), _finite(self.y)
        axes.plot(x, y, self.form, color=self.colour, label=self.label, **self.style)
        if self.band is not None:
            low, high = map(_finite, self.band)
            axes.fill_between(x, low, high, color=self.colour, alpha=0.2, lw=0)


def spread(
    x: Values,
    values: np.ndarray,
    label: str | None = None,
    colour: Any = st.MARK,
    form: str = "o-",
    *,
    quartiles: bool = False,
    **style: Any,
) -> Line:
    """Return the line of the median over instances, its band from the least to the largest value.

    **Arguments:**

    - `x`: shape (k,).
    - `values`: shape (instances, k); NaN counts as infinite.
    - `label`, `colour`, `form`, `style`: of the line.
    - `quartiles`: whether the band is from the first to the third quartile instead.

    >>> spread([1.0], np.array([[1.0], [2.0], [6.0]])).y.tolist()
    [2.0]
    """
    values = np.where(np.isnan(values), np.inf, values)
    if quartiles:
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0, method="nearest")
    else:
        low, middle, high = values.min(axis=0), np.median(values, axis=0), values.max(axis=0)
    return Line(x, middle, label, colour, form, (low, high), style)


def lines_of(
    data: Mapping[str, tuple[Values, Values]],
    marks: bool = True,
    colours: Mapping[str, Any] | None = None,
) -> list[Line]:
    """Return lines told apart by colour and marker; curves of many points by colour and dash.

    **Arguments:**

    - `data`: label -> (x, y).
    - `marks`: whether the points are marked.
    - `colours`: label -> colour; in the order of the palette by default.

    >>> [line.form for line in lines_of({"N = 10": ([1, 2], [3, 4]), "N = 20": ([1, 2], [3, 5])})]
    ['o-', 's-']
    """
    colours = colours or colours_of(list(data))
    return [
        Line(
            x,
            y,
            label,
            colours[label],
            f"{MARKERS[i % len(MARKERS)]}-" if marks else DASHES[i % len(DASHES)],
            style={"ms": 4, "lw": 1.3},
        )
        for i, (label, (x, y)) in enumerate(data.items())
    ]


def _finite(values: Values) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


@dataclass(frozen=True, eq=False)
class Panel:
    """What one panel of a picture shows.

    **Fields:**

    - `lines`: drawn in their order.
    - `strips`: label -> one value per instance, see `draw_strips`; `colours` of the labels, and
      `line`, a value to mark.
    - `across`, `along`: values of y and of x to mark with a thin line, each with its style.
    - `shaded`: ranges of x to shade, each with its style.
    - `log`: which axes are logarithmic: "x", "y", "xy" or "".
    - `ticks`: the only ticks of the x axis.
    - `legend`: where the legend of the panel is; None for no legend.
    - `finish`: what is left to do with the axes.
    - `xlabel`, `ylabel`, `title`, `xlim`, `ylim`: of the axes.
    """

    lines: Sequence[Line] = ()
    strips: Mapping[str, Values] = field(default_factory=dict)
    colours: Mapping[str, str] | None = None
    line: float | None = None
    across: Sequence[tuple[float, Mapping[str, Any]]] = ()
    along: Sequence[tuple[float, Mapping[str, Any]]] = ()
    shaded: Sequence[tuple[float, float, Mapping[str, Any]]] = ()
    log: str = ""
    ticks: Sequence[float] | np.ndarray | None = None
    legend: str | None = None
    finish: Callable[[Axes], object] | None = None
    xlabel: str = ""
    ylabel: str = ""
    title: str = ""
    xlim: tuple[float, float] | None = None
    ylim: tuple[float, float] | None = None

    def draw(self, axes: Axes) -> None:
        """Draw everything but the legend."""
        for line in self.lines:
            line.draw(axes)
        if self.strips:
            draw_strips(axes, self.strips, self.line, "x" in self.log, self.colours)
        thin = {"lw": 1, "zorder": 1, "color": st.MARK}
        for at, style in self.across:
            axes.axhline(at, **{**thin, **style})
        for at, style in self.along:
            axes.axvline(at, **{**thin, **style})
        for low, high, style in self.shaded:
            axes.axvspan(low, high, **{"lw": 0, **style})
        for name in self.log:
            (axes.set_xscale if name == "x" else axes.set_yscale)("log")
        axes.set(xlabel=self.xlabel, ylabel=self.ylabel, title=self.title)
        if self.xlim is not None:
            axes.set_xlim(*self.xlim)
        if self.ylim is not None:
            axes.set_ylim(*self.ylim)
        if self.ticks is not None:
            axes.set_xticks(self.ticks, [f"{value:g}" for value in self.ticks])
            axes.minorticks_off()
        if self.finish is not None:
            self.finish(axes)


def plot_panels(
    panels: Sequence[Panel],
    size: tuple[float, float],
    layout: str = "",
    legend: int = 0,
    title: str = "",
    **options: Any,
) -> Figure:
    """Return a picture of the panels.

    **Arguments:**

    - `panels`: in the order of the letters of the layout.
    - `size`: width and height in inches.
    - `layout`: rows of letters as in `Figure.subplot_mosaic`, such as "AC;BC"; all panels in one
      row by default.
    - `legend`: columns of one legend of the first panel's lines below all panels; 0 for none.
    - `title`: of the whole picture.
    - `options`: of `Figure.subplot_mosaic`, such as `sharey`.

    >>> line = Line([1, 2], [3.0, float("inf")], "seen")
    >>> figure = plot_panels([Panel([line], xlabel="N")], (3, 2))
    >>> figure.axes[0].get_xlabel(), figure.axes[0].lines[0].get_ydata().tolist()
    ('N', [3.0, nan])
    """
    layout = layout or "".join(chr(ord("A") + k) for k in range(len(panels)))
    with st.style():
        figure = Figure(figsize=size)
        drawn = figure.subplot_mosaic(layout, **options)
        for panel, name in zip(panels, sorted(drawn), strict=True):
            panel.draw(drawn[name])
        for panel, name in zip(panels, sorted(drawn), strict=True):
            if "x" in panel.log and panel.ticks is None:
                st.label_powers(drawn[name].xaxis)
            if "y" in panel.log:
                st.label_powers(drawn[name].yaxis)
            if panel.legend is not None:
                drawn[name].legend(loc=panel.legend)  # pyright: ignore - a place
        if legend:
            handles, labels = drawn["A"].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside lower center", ncols=legend)
        if title:
            figure.suptitle(title, fontsize=10)
    return figure


def colours_between(values: Sequence[Any], end: float = 0.85) -> list[Any]:
    """Return one colour per value, dark to light, evenly spaced."""
    from matplotlib import colormaps

    return list(colormaps["viridis"](np.linspace(0.0, end, len(values))))
