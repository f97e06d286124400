"""The plane of the norms on and off the support of the truth, and the ways of runs through it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from latebloom.plots import style as st

from .panels import colours, draw_bar


class Way(NamedTuple):
    """One run: its N, the norms on (u) and off (v) the support at its records, and those of the
    least squares solution."""

    N: int
    u: np.ndarray
    v: np.ndarray
    least_squares: tuple[float, float]


def plot_support_plane(ways: Sequence[Way], truth: float) -> Figure:
    """Return the ways in the plane (u, v), linear axes.

    **Arguments:**

    - `ways`: one per N; the colour is N.
    - `truth`: the norm of the truth, whose place is (truth, 0).

    Source: arXiv 2506.05718, Figure 24.

    >>> way = Way(30, np.array([0.0, 0.1]), np.array([0.0, 0.0]), (0.05, 0.1))
    >>> plot_support_plane([way], 0.1).axes[0].get_ylabel()
    '$\\\\|a_{I^c}\\\\|_2$, off the support'
    """
    colour, bar = colours(np.array([way.N for way in ways]))
    with st.new_figure(6.0, 4.6) as figure:
        axes = figure.subplots()
        for way in ways:
            axes.plot(way.u, way.v, color=colour(way.N), lw=1.4)
            axes.plot(*way.least_squares, "x", color=colour(way.N), ms=8, mew=2)
        axes.plot(truth, 0, "o", ms=9, mfc="none", mec=st.TEST, mew=2, clip_on=False)
        axes.annotate("$a^*$", (truth, 0), (-16, 10), textcoords="offset points", color=st.TEST)
        axes.set(xlabel=r"$\|a_I\|_2$, on the support", ylabel=r"$\|a_{I^c}\|_2$, off the support")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=-0.003)
        draw_bar(figure, bar, axes, [way.N for way in ways], "N")
    return figure
