"""The picture of a network's run: accuracy, loss and the norms of its weights."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from latebloom.runs.run import Run

from . import style as st
from .curves import (
    draw_curves,
    draw_errors,
    draw_legend,
    draw_passages,
    headline,
    set_step_axis,
    shown,
)

ACCURACIES = (
    ("train_error", st.TRAIN, "-", "training accuracy"),
    ("test_error", st.TEST, "--", "test accuracy"),
)
LOSSES = (
    ("train_loss", st.TRAIN, "-", "training loss"),
    ("test_loss", st.TEST, "--", "test loss"),
    ("penalty_value", st.OFF, ":", r"penalty $\beta h$"),
)
NORMS = (
    ("l1_norm", st.NORM, "-.", "l1"),
    ("l2_norm", st.RATIO, "-", "l2"),
    ("nuclear_norm", st.MARK, "--", "nuclear"),
)


def plot_network(run: Run) -> Figure:
    """Return the picture of a network's run against step + 1, in three panels.

    (a) accuracies of classes, errors of real outputs, with t1, t2 and the delay; (b) losses; (c)
    norms of the weights, each relative to its value at step 0.
    """
    with st.new_figure(7.0, 8.4) as figure:
        top, middle, bottom = figure.subplots(3, 1, sharex=True)
        classes = run.experiment.counts
        lines = _draw_accuracies(top, run) if classes else draw_errors(top, run)
        draw_passages(top, run)
        draw_legend(top, lines, above=1.1)  # above the labels of t1 and t2
        draw_legend(middle, draw_curves(middle, run, LOSSES))
        middle.set_ylabel("loss")
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


def _draw_accuracies(axes: Axes, run: Run) -> list[Line2D]:
    """Draw the training and the test accuracy, 1 - error."""
    axes.set_ylabel("accuracy")
    axes.set_ylim(-0.03, 1.03)
    axes.set_yticks(np.linspace(0.0, 1.0, 6))
    return draw_curves(axes, run, ACCURACIES, log=False, of=lambda error: 1.0 - shown(error))


def _draw_norms(axes: Axes, run: Run) -> list[Line2D]:
    """Draw the norms of the weights, each relative to its value at step 0."""
    first = {name: float(run.trajectory[name][0]) for name, *_ in NORMS}
    curves = [
        (name, colour, dash, f"{words} / {first[name]:.4g}")
        for name, colour, dash, words in NORMS
        if first[name] > 0
    ]
    axes.set_ylabel("norm / norm at step 0")
    lines = draw_curves(axes, run, curves, log=False, of=lambda norm: shown(norm) / norm[0])
    axes.set_ylim(bottom=0)
    return lines
