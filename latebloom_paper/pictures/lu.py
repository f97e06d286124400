"""Training and test loss against the norm of the weights: an L and a U."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from latebloom.plots import style as st

from .strips import draw_range


class SphereLosses(NamedTuple):
    """Losses at the end of training on spheres.

    - `title`: the task.
    - `w`: the radii, increasing, shape (K,).
    - `train`, `test`: losses, shape (seeds, K).
    - `best`: the radius of the least test loss of each seed, shape (seeds,).
    """

    title: str
    w: Float[np.ndarray, " K"]
    train: Float[np.ndarray, "seeds K"]
    test: Float[np.ndarray, "seeds K"]
    best: Float[np.ndarray, " seeds"]


def plot_lu(tasks: Sequence[SphereLosses]) -> Figure:
    """Return one panel per task: medians over seeds, with bands from the least to the largest.

    The shaded range of radii is where the test loss of the seeds is least.

    Source: arXiv 2210.01117, Figure 1.
    """
    with st.new_figure(4.6 * len(tasks), 3.9) as figure:
        grid = figure.subplots(1, len(tasks), squeeze=False)[0]
        for task, axes in zip(tasks, grid, strict=True):
            for losses, colour, dash, label in (
                (task.train, st.TRAIN, "-", "training loss"),
                (task.test, st.TEST, "--", "test loss"),
            ):
                draw_range(axes, task.w, losses, colour, ls=dash, marker="o", ms=3, label=label)
            low, high = float(task.best.min()), float(task.best.max())
            axes.axvspan(low / 1.02, high * 1.02, color=st.RATIO, alpha=0.25, lw=0, label="$w_c$")
            # A training loss of rounding would take the whole axis.
            top, floor = float(task.test.max()), float(np.median(task.test, axis=0).min()) * 1e-3
            axes.set(xscale="log", yscale="log", title=task.title, ylim=(floor, 2 * top))
            axes.set(xlabel="norm of the weights $w$", ylabel="loss")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.xaxis.set_minor_locator(NullLocator())
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure
