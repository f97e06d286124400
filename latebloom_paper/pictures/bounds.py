"""Times against one swept number at a time, with the bounds on them."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from latebloom.plots import style as st

from .strips import draw_range

LABELS = {
    "decay": "λ",
    "n": "examples n",
    "m": "features m",
    "nu2": "variance of the start, ν²",
}


def plot_bounds(swept: Mapping[str, Mapping[float, Mapping[str, Sequence[float]]]]) -> Figure:
    """Return a picture with one panel per swept number.

    **Arguments:**

    - `swept`: name -> value -> `t1`, `t2`, `t1 bound`, `t2 bound`, one number per seed.
    """
    with st.new_figure(9.0, 6.6) as figure:
        for axes, (name, cells) in zip(figure.subplots(2, 2).flat, swept.items(), strict=True):
            x = np.array(sorted(cells))
            for time, colour, side in (("t1", st.TRAIN, "upper"), ("t2", st.TEST, "lower")):
                values = np.array([cells[v][time] for v in x])
                symbol = f"${time[0]}_{time[1]}$"
                draw_range(axes, x, values.T, colour, marker="o", label=symbol)
                bound = np.median([cells[v][f"{time} bound"] for v in x], axis=1)
                label = f"{side} bound on {symbol}"
                axes.plot(x, bound, "--", color=colour, lw=1.1, label=label)
            axes.set(xscale="log", yscale="log", xlabel=LABELS[name], ylabel="steps")
            if x[-1] < 100 * x[0]:  # too short for powers of ten
                axes.set_xticks(x, [f"{v:g}" for v in x])
                axes.set_xticks([], minor=True)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure
