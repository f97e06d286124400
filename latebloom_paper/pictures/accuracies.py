"""Accuracies of families of networks, one panel per family, coloured by the penalty's strength."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from latebloom.core.errors import InvalidInput
from latebloom.plots import Strengths, shown
from latebloom.plots import style as st
from latebloom.runs import Run

NORMS = (("l1_norm", r"$\ell_1$"), ("l2_norm", r"$\ell_2$"), ("nuclear_norm", r"$\ell_*$"))
HEIGHT, WIDTH = 2.7, 4.2


class Panel(NamedTuple):
    """A family: its title, and pairs (strength, run)."""

    title: str
    runs: Sequence[tuple[float, Run]]


def plot_accuracies(
    panels: Sequence[Sequence[Panel]],
    norms: Panel | None = None,
    log: bool = False,
) -> Figure:
    """Return accuracies against the step, training solid and test dashed; dots mark t2.

    **Arguments:**

    - `panels`: rows of panels, all of one length.
    - `norms`: a family whose l1, l2 and nuclear norms a last row shows.
    - `log`: whether the steps are on a logarithmic axis (of step + 1).

    **Raises:** `InvalidInput` if a panel has no run.

    Source: arXiv 2506.05718, Figures 1, 2, 30 and 35.
    """
    require_runs(panels)
    columns = max(len(panels[0]), len(NORMS) if norms is not None else 1)
    count = len(panels) + (norms is not None)
    with st.new_figure(WIDTH * columns, HEIGHT * count + 0.4) as figure:
        grid = figure.subplots(count, columns, squeeze=False)
        for row, axes in zip(panels, grid, strict=False):
            _draw_row(figure, row, list(axes), log)
        if norms is not None:
            _draw_norms(figure, norms, list(grid[-1]))
        draw_kinds(figure)
    return figure


def require_runs(panels: Sequence[Sequence[Panel]]) -> None:
    """Refuse a panel without runs."""
    if not panels or any(not panel.runs for row in panels for panel in row):
        raise InvalidInput("panels: every panel needs at least one run")


def draw_kinds(figure: Figure, *others: Line2D) -> None:
    """Draw the legend: training, test, t2, and other lines."""
    handles = [
        Line2D([], [], color="0.3", ls="-", lw=0.9, label="training"),
        Line2D([], [], color="0.3", ls="--", label="test"),
        Line2D([], [], color="0.3", ls="", marker="o", mec="white", label="$t_2$"),
        *others,
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def _draw_row(figure: Figure, row: Sequence[Panel], axes: list[Axes], log: bool) -> None:
    families = [{beta for beta, _ in panel.runs} for panel in row]
    shared = all(family == families[0] for family in families)
    scales = [Strengths(family) for family in families]
    for panel, scale, ax in zip(row, scales, axes, strict=False):
        for beta, run in panel.runs:
            _draw(ax, run, scale.colour(beta), log)
        ax.set(title=panel.title, ylim=(-0.03, 1.03), xlabel="step + 1" if log else "step")
        _limit(ax, panel.runs, log)
        if not shared:
            scale.bar(figure, [ax])
    axes[0].set_ylabel("accuracy")
    if shared:
        scales[0].bar(figure, axes[: len(row)])


def _draw(axes: Axes, run: Run, colour: str, log: bool) -> None:
    steps = run.trajectory["step"].to_numpy() + float(log)
    train, test = (
        1.0 - shown(run.trajectory[name].to_numpy()) for name in ("train_error", "test_error")
    )
    axes.plot(steps, train, color=colour, lw=0.9)
    axes.plot(steps, test, color=colour, lw=1.4, ls=(0, (3, 1)))
    t2 = run.phases.t2.high
    if t2 is not None:
        height = np.interp(t2 + float(log), steps, test)
        axes.axvline(t2 + float(log), color=colour, lw=0.8, ls=":", zorder=1)
        axes.plot([t2 + float(log)], [height], "o", color=colour, ms=5, mec="white", mew=0.6)


def _draw_norms(figure: Figure, family: Panel, axes: list[Axes]) -> None:
    scale = Strengths(beta for beta, _ in family.runs)
    for (name, symbol), ax in zip(NORMS, axes, strict=False):
        for beta, run in family.runs:
            steps, values = run.trajectory["step"].to_numpy(), run.trajectory[name].to_numpy()
            ax.plot(steps, shown(values), color=scale.colour(beta), lw=1.2)
            t2 = run.phases.t2.high
            if t2 is not None:
                height = np.interp(t2, steps, values)
                ax.plot([t2], [height], "o", color=scale.colour(beta), ms=5, mec="white", mew=0.6)
        ax.set(title=f"{family.title}: {symbol} norm of the weights", xlabel="step")
        ax.set_ylim(bottom=0)
        _limit(ax, family.runs, log=False)
        scale.bar(figure, [ax])


def _limit(axes: Axes, runs: Sequence[tuple[float, Run]], log: bool) -> None:
    last = max(run.last_step for _, run in runs)
    if log:
        axes.set(xscale="log", xlim=(1, last + 1))
    else:
        axes.set_xlim(0, last)
