"""Losses of families of networks, one panel per family, coloured by the penalty's strength."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from latebloom.plots import Strengths, log_steps, shown
from latebloom.plots import style as st
from latebloom.runs import Run

from .accuracies import HEIGHT, WIDTH, Panel, draw_kinds, require_runs

ZERO = "test loss of predicting 0"
LOW = 1e-6  # training losses below this fraction of the largest are cut off


def plot_losses(panels: Sequence[Sequence[Panel]], zero: float) -> Figure:
    """Return losses against step + 1, training solid and test dashed, log-log.

    Dots mark t2, triangles the least test loss.

    **Arguments:**

    - `panels`: rows of panels, all of one length.
    - `zero`: the test loss of predicting 0, drawn as a line.

    **Raises:** `InvalidInput` if a panel has no run.

    Source: arXiv 2506.05718, Figures 10, 11 and 31 to 34, whose losses are on a linear axis.
    """
    require_runs(panels)
    betas = {beta for row in panels for panel in row for beta, _ in panel.runs}
    scale = Strengths(betas)
    rows, columns = len(panels), len(panels[0])
    with st.new_figure(WIDTH * columns, (HEIGHT + 0.5) * rows + 0.4) as figure:
        grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
        for row, axes in zip(panels, grid, strict=True):
            for panel, ax in zip(row, axes, strict=True):
                for beta, run in panel.runs:
                    _draw(ax, run, scale.colour(beta))
                ax.axhline(zero, color=st.MARK, lw=1)
                last = max(run.last_step for _, run in panel.runs)
                ax.set(title=panel.title, xlabel="step + 1", xlim=(1, last + 1))
            axes[0].set_ylabel("loss")
            scale.bar(figure, list(axes))
        top = max(float(np.nanmax(_test(run))) for row in panels for p in row for _, run in p.runs)
        grid[0, 0].set(xscale="log", yscale="log", ylim=(LOW * top, 2 * top))
        for ax in grid.flat:
            ax.set_xscale("log")
        least = Line2D([], [], color="0.3", ls="", marker="v", mec="white", label="least test loss")
        draw_kinds(figure, least, Line2D([], [], color=st.MARK, lw=1, label=ZERO))
    return figure


def _test(run: Run) -> np.ndarray:
    return shown(run.trajectory["test_loss"].to_numpy())


def _draw(axes: Axes, run: Run, colour: str) -> None:
    steps, test = log_steps(run), _test(run)
    train = shown(run.trajectory["train_loss"].to_numpy())
    axes.plot(steps, np.where(train > 0, train, np.nan), color=colour, lw=0.7)
    axes.plot(steps, test, color=colour, lw=1.4, ls=(0, (3, 1)))
    mark = {"color": colour, "ms": 5, "mec": "white", "mew": 0.6}
    least = int(np.nanargmin(test))
    axes.plot(steps[least], test[least], "v", **mark)
    t2 = run.phases.t2.high
    if t2 is not None:
        axes.plot(t2 + 1, np.interp(t2 + 1, steps, test), "o", **mark)
