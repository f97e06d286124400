"""A mirage beside grokking: one run on a linear and on a logarithmic axis."""

from matplotlib.figure import Figure

from latebloom.runs.run import Run

from . import style as st
from .curves import draw_errors, draw_norm, draw_passages, right_axis, set_step_axis


def plot_mirage(run: Run) -> Figure:
    """Return the errors twice: on a linear axis, which shows a drop, and on a logarithmic one.

    The logarithmic axis shows where the drop stops; the norm of the predictor is at its right.

    Source: arXiv 2506.05718, Figure 16.
    """
    with st.new_figure(9.0, 3.8) as figure:
        left, right = figure.subplots(1, 2, sharex=True)
        for axes, log in ((left, False), (right, True)):
            lines = draw_errors(axes, run, log=log)
            draw_passages(axes, run, labels=False)
            set_step_axis(axes, run)
            if log:
                lines += draw_norm(right_axis(axes), run)
            axes.set_xlabel("step + 1")
        figure.legend(handles=lines, loc="outside lower center", ncols=len(lines))
        final = float(run.trajectory["test_error"][-1])
        left.set_ylim(bottom=0)
        left.set_title("linear errors: a sudden, late drop")
        right.set_title(f"logarithmic errors: it stops at {final:.2g}")
        name = run.experiment.name or run.experiment.hash
        figure.suptitle(f"{name}  ·  {run.phases.verdict}", fontsize=10)
    return figure
