"""Measured values against what a law makes of the settings, a panel per question."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from latebloom.plots import style as st

# Numbers of a series.
Numbers = Sequence[float] | np.ndarray


class Against(NamedTuple):
    """One panel.

    - `x`, `y`: what the axes show.
    - `points`: label -> (x, y) of a series.
    - `line`: c of a line y = c x, None for none; it needs logarithmic axes.
    - `says`: what the line is called.
    - `logs`: whether x and y are on logarithmic axes.
    """

    x: str
    y: str
    points: Mapping[str, tuple[Numbers, Numbers]]
    line: float | None = None
    says: str = ""
    logs: tuple[bool, bool] = (True, True)


def plot_against(panels: Mapping[str, Against]) -> Figure:
    """Return one panel of points per question.

    **Arguments:** `panels`: title -> `Against`; points that are not finite are left out.

    >>> panel = Against("law", "measured", {"runs": ([1.0, 10.0], [2.0, 21.0])}, line=2.0)
    >>> len(plot_against({"delays": panel}).axes)
    1
    """
    with st.new_figure(5.0 * len(panels), 4.4) as figure:
        every = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, (title, panel) in zip(every, panels.items(), strict=True):
            colours = colormaps["viridis"](np.linspace(0, 0.8, max(len(panel.points), 1)))
            for (label, (x, y)), colour in zip(panel.points.items(), colours, strict=True):
                x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
                seen = np.isfinite(x) & np.isfinite(y)
                axes.plot(x[seen], y[seen], "o", color=tuple(colour), label=label)
            for name, log in zip("xy", panel.logs, strict=True):
                axes.set(**{f"{name}scale": "log" if log else "linear"})
            if panel.line is not None:
                ends = np.array(axes.get_xlim())
                axes.plot(ends, panel.line * ends, "--", color=st.MARK, label=panel.says)
                axes.set_xlim(*ends)
            axes.set(xlabel=panel.x, ylabel=panel.y, title=title)
            axes.legend()
    return figure
