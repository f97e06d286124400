"""The picture of the delay of networks: t2 alpha beta over beta."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from latebloom.plots import style as st

from .strips import MARKERS, colours_of, draw_lines


def plot_networks_delay(
    lines: Mapping[str, Any], adam: Mapping[str, Mapping[float, tuple[Sequence[float], np.ndarray]]]
) -> Figure:
    """Return t2 alpha beta over beta: a law is a horizontal line.

    **Arguments:**

    - `lines`: what is followed -> `flow` and `stepped`, t2 alpha beta by beta.
    - `adam`: what is trained under Adam -> learning rate -> (strengths, medians over seeds).
    """
    colours = colours_of(list(lines))
    with st.new_figure(10.4, 5.4) as figure:
        left, right = figure.subplots(1, 2)
        own = {
            name: tuple(zip(*sorted(line.flow.items()), strict=True))
            for name, line in lines.items()
        }
        draw_lines(left, own, colours=colours)  # pyright: ignore - pairs
        for name, line in lines.items():
            x, y = list(line.stepped), list(line.stepped.values())
            left.plot(x, y, "o", mfc="none", ms=10, color=colours[name])
        left.set(title="gradient descent: flow, and every update (rings)")
        shades = colours_of(list(adam))
        for name, by_alpha in adam.items():
            for i, (alpha, (betas, values)) in enumerate(by_alpha.items()):
                y = np.where(np.isfinite(values), values, np.nan)
                label = f"{name}, alpha = {alpha:g}" if i == 0 else f"alpha = {alpha:g}"
                right.plot(
                    betas, y, ls="-", marker=MARKERS[i], ms=4, color=shades[name], label=label
                )
        right.set(title="Adam, medians of five seeds")
        for axes in (left, right):
            axes.set(xscale="log", yscale="log", xlabel=r"$\beta$", ylabel=r"$t_2\,\alpha\beta$")
            axes.legend(fontsize=6)
    return figure
