"""The picture of a network's run: accuracy, loss and the norms of its weights."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from latebloom.runs.run import Run

from . import style as st
from .curves import draw_errors, draw_legend, draw_passages, log_steps, set_step_axis, shown
from .headline import headline
from .style import label_powers

NORMS = (("l1_norm", "l1", "-."), ("l2_norm", "l2", "-"), ("nuclear_norm", "nuclear", "--"))
COLOURS = (st.NORM, st.RATIO, st.MARK)


def plot_network(run: Run) -> Figure:
    """Return the picture of a network's run against step + 1, in three panels.

    (a) accuracies of classes, errors of real outputs, with t1, t2 and the delay; (b) losses; (c)
    norms of the weights, each relative to its value at step 0.
    """
    with st.style():
        figure = Figure(figsize=(7.0, 8.4))
        top, middle, bottom = figure.subplots(3, 1, sharex=True)
        classes = run.experiment.supervised.classification
        lines = draw_accuracies(top, run) if classes else draw_errors(top, run)
        draw_passages(top, run)
        draw_legend(top, lines, above=1.1)  # above the labels of t1 and t2
        draw_legend(middle, _draw_losses(middle, run))
        draw_legend(bottom, _draw_norms(bottom, run))
        for axes in (middle, bottom):
            draw_passages(axes, run, labels=False)
        set_step_axis(top, run)
        top.set_title("(a) accuracy" if classes else "(a) errors", pad=19)
        middle.set_title("(b) loss")
        bottom.set_title("(c) norms of the weights")
        bottom.set_xlabel("step + 1")
        figure.suptitle(headline(run), fontsize=10)
    return figure


def draw_accuracies(axes: Axes, run: Run) -> list[Line2D]:
    """Draw the training and the test accuracy, 1 - error."""
    lines = []
    for name, label, colour, dash in (
        ("train_error", "training accuracy", st.TRAIN, "-"),
        ("test_error", "test accuracy", st.TEST, "--"),
    ):
        values = 1.0 - shown(run.trajectory[name].to_numpy())
        lines += axes.plot(log_steps(run), values, color=colour, ls=dash, label=label)
    axes.set_ylabel("accuracy")
    axes.set_ylim(-0.03, 1.03)
    axes.set_yticks(np.linspace(0.0, 1.0, 6))
    return lines


def _draw_losses(axes: Axes, run: Run) -> list[Line2D]:
    lines = []
    for name, label, colour, dash in (
        ("train_loss", "training loss", st.TRAIN, "-"),
        ("test_loss", "test loss", st.TEST, "--"),
        ("penalty_value", r"penalty $\beta h$", st.OFF, ":"),
    ):
        values = shown(run.trajectory[name].to_numpy())
        positive = np.where(values > 0, values, np.nan)
        if not np.isnan(positive).all():
            lines += axes.plot(log_steps(run), positive, color=colour, ls=dash, label=label)
    axes.set_yscale("log")
    label_powers(axes.yaxis)
    axes.set_ylabel("loss")
    return lines


def _draw_norms(axes: Axes, run: Run) -> list[Line2D]:
    lines = []
    for (name, words, dash), colour in zip(NORMS, COLOURS, strict=True):
        values = shown(run.trajectory[name].to_numpy())
        if values[0] > 0:
            label = f"{words} / {values[0]:.4g}"
            lines += axes.plot(
                log_steps(run), values / values[0], color=colour, ls=dash, label=label
            )
    axes.set_ylabel("norm / norm at step 0")
    axes.set_ylim(bottom=0)
    return lines
