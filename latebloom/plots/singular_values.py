"""The singular values of a matrix against the step: those the truth lacks vanish one by one."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from latebloom.problems import MatrixLeastSquares
from latebloom.runs.run import Run

from . import style as st
from .curves import draw_legend, log_steps, set_step_axis, shown

# Below this fraction of the largest singular value the axis is linear, so that zero is on it.
LINEAR = 1e-3
LEADING = "#111111"
# More lines than this are a grey block; the largest are drawn.
MAX_LINES = 60


def draw_singular_values(axes: Axes, run: Run) -> None:
    """Draw the singular values of the iterate; the r largest dark, with the truth's as dashed
    lines, the others thin and grey.

    The axis is logarithmic above a thousandth of the largest and linear below.

    Source: arXiv 2506.05718, Figure 5 (c).
    """
    data = run.experiment.data
    assert isinstance(data, MatrixLeastSquares)
    values = shown(run.trajectory["singular_values"].to_numpy())
    truth = np.zeros(0) if data.truth_svd is None else data.truth_svd.s
    x = log_steps(run)
    last = min(values.shape[1], MAX_LINES)
    rest = [np.column_stack([x, values[:, i]]) for i in range(truth.size, last)]
    dropped = values.shape[1] - last
    count = f"{values.shape[1] - truth.size}" + (f", the largest {len(rest)} drawn" * (dropped > 0))
    label = f"others ({count})" if truth.size else f"all ({count})"
    axes.add_collection(LineCollection(rest, colors=st.OFF, linewidths=0.9, label=label))
    for i, target in enumerate(truth):
        first = i == 0
        name = f"leading {truth.size}" if first else None
        axes.plot(x, values[:, i], lw=1.4, color=LEADING, label=name, gid=f"singular-value-{i}")
        name = r"of $A^*$" if first else None
        axes.axhline(target, ls="--", lw=0.9, color=st.NORM, label=name, gid=f"truth-{i}")
    largest = float(np.nanmax(values, initial=0.0)) or 1.0
    axes.set_yscale("symlog", linthresh=LINEAR * largest, linscale=0.3)
    axes.set_ylim(0, 1.5 * largest)
    top, bottom = math.floor(math.log10(1.5 * largest)), math.ceil(math.log10(LINEAR * largest))
    decades = [10.0**k for k in range(bottom, top + 1)]
    axes.set_yticks([0.0, *decades], ["0", *(st.power(d) for d in decades)])
    set_step_axis(axes, run)
    axes.set_ylabel(r"singular values $\sigma_i(A)$")
    draw_legend(axes, axes.get_legend_handles_labels()[0])
