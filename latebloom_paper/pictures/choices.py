"""Choices compared: the fraction of instances that each recovers, and how long it takes."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from latebloom.plots import style as st

COLOURS = (st.TRAIN, st.TEST, st.RATIO, st.NORM)
# The dots of different choices stand beside each other, this fraction of the gap between two x.
APART = 0.12


def plot_choices(
    fractions: Mapping[str, Sequence[tuple[float, float]]],
    times: Mapping[str, Sequence[tuple[float, Sequence[float] | np.ndarray]]],
    xlabel: str,
) -> Figure:
    """Return the fraction recovered and the t2 of each choice over a quantity.

    **Arguments:**

    - `fractions`: choice -> points (x, fraction); its order gives the colours.
    - `times`: choice -> points (x, t2 of the instances): dots, and their median.
    - `xlabel`: what x is.

    >>> figure = plot_choices({"l1": [(1, 0.5), (2, 0.4)]}, {"l1": [(1, [10.0, 20.0])]}, "k")
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['k', 'k']
    """
    names = list(fractions)
    places = sorted({at for points in times.values() for at, _ in points})
    gap = float(np.diff(places).min()) if len(places) > 1 else 1.0
    handles = {}
    with st.new_figure(9.0, 3.9) as figure:
        left, right = figure.subplots(1, 2)
        for i, name in enumerate(names):
            colour = COLOURS[i % 4]
            style = {"marker": "osD^"[i % 4], "color": colour, "ls": "-"}
            (handles[name],) = left.plot(*np.array(sorted(fractions[name])).T, label=name, **style)
            aside = APART * gap * (i - 0.5 * (len(names) - 1))
            middles = []
            for at, values in times.get(name, ()):
                seen = np.array([value for value in values if np.isfinite(value)])
                right.plot(np.full(seen.size, at + aside), seen, ".", color=colour, alpha=0.3)
                middles.append((at + aside, float(np.median(seen))))
            if middles:
                right.plot(*np.array(sorted(middles)).T, mec="black", mew=0.7, **style)
        if places:
            right.set_xlim(places[0] - 0.5 * gap, places[-1] + 0.5 * gap)
            right.set_xticks(places)
        left.set(xlabel=xlabel, ylabel="fraction recovered", ylim=(-0.03, 1.03))
        right.set(xlabel=xlabel, yscale="log", ylabel="$t_2$ (steps), median")
        figure.legend(
            handles=list(handles.values()), loc="outside upper center", ncols=min(len(names), 4)
        )
    return figure
