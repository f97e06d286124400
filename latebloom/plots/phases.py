"""The picture of a run, in the layout of the paper's Figure 3."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latebloom.methods import ProjectedSubgradient
from latebloom.problems import MatrixLeastSquares, Supervised
from latebloom.runs.run import Run

from . import style as st
from .components import draw_components
from .curves import (
    draw_errors,
    draw_legend,
    draw_norm,
    draw_passages,
    headline,
    log_steps,
    right_axis,
    set_step_axis,
    shown,
    shown_norm,
)
from .network import plot_network
from .singular_values import draw_singular_values


def plot_run(run: Run) -> Figure:
    r"""Return the picture of a run: errors, norm and components against step + 1, in three panels.

    Of a network see `latebloom.plots.network.plot_network`; of least squares:

    (a) training and test error with t1, t2 and the delay, and the ratio of the penalty's to the
    loss's gradient; (b) the errors with the norm of the predictor, the truth's dashed; (c) the
    components, of a matrix the singular values. What is not known (t2, a truth) is left out; a
    bracketed time is a band.

    Source: arXiv 2506.05718, Figures 3 and 5.
    """
    if isinstance(run.experiment.problem, Supervised):
        return plot_network(run)
    with st.new_figure(7.0, 8.4) as figure:
        top, middle, bottom = figure.subplots(3, 1, sharex=True)
        _errors_and_ratio(top, run)
        _errors_and_norm(middle, run)
        matrix = isinstance(run.experiment.data, MatrixLeastSquares)
        (draw_singular_values if matrix else draw_components)(bottom, run)
        draw_passages(bottom, run, labels=False)
        for axes in (top, middle):
            set_step_axis(axes, run)
        ratio = " and gradient ratio" if _has_ratio(run) else ""
        top.set_title(f"(a) errors{ratio}", pad=19)  # leaves a line for the labels of t1 and t2
        middle.set_title(f"(b) errors and {shown_norm(run).name}")
        what = "singular values of the iterate" if matrix else "components of the predictor"
        bottom.set_title(f"(c) {what}")
        bottom.set_xlabel("step + 1")
        figure.suptitle(headline(run), fontsize=10)
    return figure


def _has_ratio(run: Run) -> bool:
    """Return whether the ratio of the gradients says anything: after a projection that of the loss
    is rounding."""
    experiment = run.experiment
    projects = isinstance(experiment.method, ProjectedSubgradient)
    return experiment.penalty is not None and not projects


def _errors_and_ratio(axes: Axes, run: Run) -> None:
    lines = draw_errors(axes, run)
    draw_passages(axes, run)
    if _has_ratio(run):
        right = right_axis(axes)
        ratio = shown(run.trajectory["gradient_ratio"].to_numpy())
        label = r"$\|\beta H\| / \|\nabla g\|$"
        lines += right.plot(log_steps(run), ratio, color=st.RATIO, lw=1, label=label)
        right.set_ylabel(label)
        right.set_ylim(bottom=0)
    draw_legend(axes, lines, above=1.1)  # above the labels of t1 and t2


def _errors_and_norm(axes: Axes, run: Run) -> None:
    lines = draw_errors(axes, run)
    draw_passages(axes, run, labels=False)
    lines += draw_norm(right_axis(axes), run)
    draw_legend(axes, lines)
